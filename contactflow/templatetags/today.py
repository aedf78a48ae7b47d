"""The start page's links to the lists behind its numbers, and its numbers as words."""

from __future__ import annotations

import datetime as dt
import json as plain_json
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from contacts.models import BusinessEntity
from notion_bridge import describe

register = template.Library()


@register.filter
def lateness(of: dt.timedelta | None) -> str:
    return "Nothing was done yet" if of is None else describe.duration(of)


@register.filter
def json(value: Any) -> str:
    return plain_json.dumps(value)


@register.simple_tag
def due_between(begins: dt.datetime) -> str:
    """The steps that are waiting for a time within this hour."""
    ends = begins + dt.timedelta(hours=1)
    moments = {"next_attempt_at__gte": begins.isoformat(), "next_attempt_at__lt": ends.isoformat()}
    return _list("workflows_scheduledaction", status__exact="pending", **moments)


@register.simple_tag
def done_since_yesterday() -> str:
    since = (timezone.now() - dt.timedelta(days=1)).isoformat(timespec="seconds")
    return _list("workflows_scheduledaction", status__exact="done", finished_at__gte=since)


@register.simple_tag
def arrived(brand: BusinessEntity) -> str:
    return _list("contacts_contact", came=str(brand.pk))


@register.simple_tag
def sent(brand: BusinessEntity, since: dt.date) -> str:
    begins = dt.datetime.combine(since, dt.time.min, tzinfo=timezone.get_current_timezone()).isoformat()
    return _list("engagement_message", status__exact="sent", sent_at__gte=begins, business_entity__id__exact=brand.pk)


@register.simple_tag
def answered(brand: BusinessEntity, how: str) -> str:
    return _list("contacts_contact", answer=f"{brand.pk}.{how}")


def _list(place: str, **query: Any) -> str:
    return f"{reverse(f'admin:{place}_changelist')}?{urlencode(query)}"
