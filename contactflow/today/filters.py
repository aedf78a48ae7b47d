"""What opens the list of people behind a number of the start page; the same people, found by the same statements."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from contactflow.core import clock, numbers
from contactflow.core.admin.filters import choice_filter
from contactflow.today import response_times, volume
from contacts import brands
from contacts.models import Contact


def _brands(request: HttpRequest) -> list[tuple[str, str]]:
    return [(str(brand.pk), f"To {brand.name}") for brand in brands.all_brands(request)]


@choice_filter("came in the last 30 days", "came", _brands)
def by_arrival(people: QuerySet[Contact], chosen: str, request: HttpRequest) -> QuerySet[Contact]:
    brand = numbers.parse_int(chosen)
    if brand is None:
        return people
    first = timezone.localdate(clock.database_now()) - dt.timedelta(days=volume.DAYS - 1)
    since = dt.datetime.combine(first, dt.time.min, tzinfo=timezone.get_current_timezone())
    came = Contact.objects.filter(memberships__business_entity_id=brand, memberships__since__gte=since)
    return people.filter(pk__in=came.values("pk"))


def _answers(request: HttpRequest) -> list[tuple[str, str]]:
    outcomes = response_times.OUTCOMES.items()
    return [(f"{one.pk}.{how}", f"{one.name}: {said}") for one in brands.all_brands(request) for how, said in outcomes]


@choice_filter(f"first answer (came in the last {response_times.DAYS} days)", "answer", _answers)
def by_answer(people: QuerySet[Contact], chosen: str, request: HttpRequest) -> QuerySet[Contact]:
    said, _, how = chosen.partition(".")
    brand = numbers.parse_int(said)
    if brand is None or how not in response_times.OUTCOMES:
        return people
    return people.filter(pk__in=response_times.people(brand_id=brand, how=how, now=clock.database_now()))
