"""What narrows lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from contactflow.core import numbers


class BelongsFilter(RelatedDropdownFilter):  # type: ignore[misc]  # Unfold has no types
    """By one of several things that a row belongs to.

    Asked as "is there such a link", not by joining: then no row comes twice, and the database need not compare whole
    rows to find that out. Served by contact_types_of_type and membership_of_brand.
    """

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = numbers.parse_int(self.value())
        if value is None:
            return queryset
        links = self.field.remote_field.through.objects
        mine, theirs = self.field.m2m_field_name(), self.field.m2m_reverse_field_name()
        return queryset.filter(Exists(links.filter(**{mine: OuterRef("pk"), theirs: value})))


class IsNullFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    """By whether something has happened to a row: a moment, or a text, is empty or not."""

    title = "state"
    parameter_name = "state"
    is_null: ClassVar = ("open", "Open")
    is_set: ClassVar = ("closed", "Closed")
    lookup = "closed_at__isnull"
    when_null: ClassVar[Any] = True  # what the lookup is compared with; "" for a text that is empty or not

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [self.is_null, self.is_set]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        null = {self.lookup: self.when_null}
        if self.value() == self.is_null[0]:
            return queryset.filter(**null)
        return queryset.exclude(**null) if self.value() == self.is_set[0] else queryset


Choices = Sequence[tuple[str, str]]
Narrow = Callable[[QuerySet[Any], str, HttpRequest], QuerySet[Any]]


def choice_filter(
    title: str, parameter: str, choices: Choices | Callable[[HttpRequest], Choices]
) -> Callable[[Narrow], type[DropdownFilter]]:
    """Makes the function a filter: it gets the rows, what was chosen ("" for nothing), and the request."""

    def decorate(narrow: Narrow) -> type[DropdownFilter]:
        class Filter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
            def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
                return list(choices(request) if callable(choices) else choices)

            def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
                return narrow(queryset, str(self.value() or ""), request)

        Filter.title, Filter.parameter_name = title, parameter
        return Filter

    return decorate
