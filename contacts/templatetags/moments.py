"""{% load moments %}{% moment task.due_at %} - a moment in the reader's time zone, with the exact one on hover."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils.safestring import SafeString

from contactflow.core import datetimes

register = template.Library()


@register.simple_tag
def moment(value: dt.datetime | None) -> SafeString | str:
    return datetimes.moment(value)
