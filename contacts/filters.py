"""Filters that lists of every room share: an address as people type it, a moment, a choice that names the others."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet, TextChoices
from django_filters.fields import IsoDateTimeField

from contacts import addresses, cleaning, consent
from contacts.models import Consent, Contact, ContactQuerySet, Suppression


class AddressFilter(django_filters.CharFilter):  # type: ignore[misc]  # the package is untyped
    """Finds an address in whatever form it is typed; one that cannot exist finds nothing."""

    is_plus_meant = True  # ada+news@example.org, though in a query a plus stands for a space

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, max_length=320, **options)

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        filtered: QuerySet[Any] = super().filter(queryset, _normalised(value))
        return filtered


class PersonsAddressFilter(AddressFilter):
    """Finds a person by an address they were known by before a merge, too."""

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(pk__in=addresses.keys(emails=[_normalised(value)])) if value else queryset


class MomentField(IsoDateTimeField):  # type: ignore[misc]  # likewise
    def to_python(self, value: Any) -> Any:
        """A "+" that nobody escaped arrives as a space: 2026-03-02T09:00:00 01:00."""
        repaired = re.sub(r"(T\S+) (\d\d:\d\d)\Z", r"\1+\2", value) if isinstance(value, str) else value
        moment: dt.datetime | None = super().to_python(repaired)
        try:
            return moment.astimezone(dt.UTC) if moment else None  # PostgreSQL knows offsets below 16 hours only
        except OverflowError:
            raise ValidationError("This moment is outside the calendar.") from None


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]  # likewise
    field_class = MomentField


class ChoiceFilter(django_filters.ChoiceFilter):  # type: ignore[misc]  # likewise
    """One of a list of words; another one is refused with the list."""

    def __init__(self, choices: type[TextChoices], **options: Any) -> None:
        message = f"%(value)s is none of: {', '.join(choices.values)}."
        super().__init__(choices=choices.choices, error_messages={"invalid_choice": message}, **options)


class SlugFilter(django_filters.ModelChoiceFilter):  # type: ignore[misc]  # likewise
    """A row by its slug; an unknown one is refused."""

    def __init__(self, model: type[Model], **options: Any) -> None:
        name = model._meta.verbose_name
        super().__init__(
            queryset=model._default_manager.all(),
            to_field_name="slug",
            error_messages={"invalid_choice": f"There is no {name} with this slug."},
            **options,
        )


class MarkFilter(django_filters.CharFilter):  # type: ignore[misc]  # likewise
    """People who have what is named; named several times, all of it."""

    def filter(self, queryset: ContactQuerySet, value: str) -> ContactQuerySet:
        return marked(queryset, self.field_name, self.parent.data.getlist(self.field_name)) if value else queryset


def marked(people: ContactQuerySet, mark: str, asked: Iterable[str]) -> ContactQuerySet:
    """By `tags`, `interests` or `custom`; of a custom field is asked "Size=large", or "Size" for any value."""
    words = [word for one in asked if (word := cleaning.line(one))]
    if mark != "custom":
        return people.marked(**{mark: words})  # type: ignore[arg-type]  # of texts, as both are
    custom: dict[str, list[str]] = {}
    for name, equals, value in (word.partition("=") for word in words):
        custom.setdefault(name.strip(), []).extend([value.strip()] if equals else [])
    return people.marked(custom=custom)


class ContactFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    email = PersonsAddressFilter()
    search = django_filters.CharFilter(
        method="find",
        max_length=200,
        help_text="Any part of name, address, company or telephone number; every word has to occur.",
    )

    tags = MarkFilter(help_text="Who has the tag; given several times: all of them. Case makes no difference.")
    interests = MarkFilter(help_text="Likewise of interests.")
    custom = MarkFilter(help_text="Likewise of custom fields: Size=large, or Size for any value.")

    class Meta:
        model = Contact
        fields = ()

    def find(self, queryset: ContactQuerySet, name: str, value: str) -> ContactQuerySet:
        return queryset.search(value)


class EventFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    contact_email = AddressFilter(field_name="contact__email")


class ConsentFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    contact_email = AddressFilter(field_name="contact__email")
    state = ChoiceFilter(Consent.State)


class SuppressionFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    email = AddressFilter(method="find", help_text="Also of somebody who was erased, by the whole address.")
    reason = ChoiceFilter(Suppression.Reason)

    def find(self, queryset: QuerySet[Suppression], name: str, value: str) -> QuerySet[Suppression]:
        found = consent.suppression_of(email=_normalised(value))
        return queryset.filter(pk=found.pk) if found else queryset.none()


def _normalised(value: str) -> str:
    try:
        return cleaning.email(value) if value else value
    except cleaning.Unacceptable:
        return value.strip().lower()
