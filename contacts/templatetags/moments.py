"""{% load moments %}{% moment task.due_at %} - a moment in the reader's time zone, with the exact one on hover."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import template
from django.utils.safestring import SafeString

from contactflow.core import datetimes
from contacts import describe

register = template.Library()


@register.simple_tag
def moment(value: dt.datetime | None) -> SafeString | str:
    return datetimes.moment(value)


@register.filter
def because(reason: dict[str, Any]) -> str:
    """A stored reason in words."""
    return describe.because(reason)
