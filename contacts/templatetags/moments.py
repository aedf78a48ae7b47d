"""{% load moments %}{% moment task.due_at %} - a moment in the reader's time zone, with the exact one on hover."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def moment(value: dt.datetime | None) -> SafeString | str:
    from contacts.admin import moments  # noqa: PLC0415  # libraries are loaded while the admin is

    return moments.moment(value)
