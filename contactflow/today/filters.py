"""What opens the list of people behind a number of the start page; the same people, found by the same statements."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter

from contactflow.core import clock, numbers
from contactflow.today import response_times, volume
from contacts import brands
from contacts.models import Contact


class CameFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    title = "came in the last 30 days"
    parameter_name = "came"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(brand.pk), f"To {brand.name}") for brand in brands.all_brands(request)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        brand = numbers.parse_int(self.value())
        if brand is None:
            return queryset
        first = timezone.localdate(clock.database_now()) - dt.timedelta(days=volume.DAYS - 1)
        since = dt.datetime.combine(first, dt.time.min, tzinfo=timezone.get_current_timezone())
        return queryset.filter(
            pk__in=Contact.objects.filter(memberships__business_entity_id=brand, memberships__since__gte=since).values(
                "pk"
            )
        )


class AnswerFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    title = f"first answer (came in the last {response_times.DAYS} days)"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (f"{brand.pk}.{how}", f"{brand.name}: {words}")
            for brand in brands.all_brands(request)
            for how, words in response_times.OUTCOMES.items()
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        said, _, how = str(self.value() or "").partition(".")
        brand = numbers.parse_int(said)
        if brand is None or how not in response_times.OUTCOMES:
            return queryset
        people = response_times.people(brand_id=brand, how=how, now=clock.database_now())
        return queryset.filter(pk__in=people)
