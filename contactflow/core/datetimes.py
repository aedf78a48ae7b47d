"""Moments as people read them, in the reader's time zone, with the exact one on hover."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib import admin
from django.db import models
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

NONE = "-"
NEIGHBOURS = {-1: "yesterday", 1: "tomorrow"}


def moment(value: dt.datetime | None, *, now: dt.datetime | None = None) -> SafeString | str:
    """9:00 today, yesterday and tomorrow by their names, Tue 9:00 in the same week (Monday to Sunday), else
    3 Nov 2026, 9:00.

    Only what is read depends on `now`, so the web server's clock will do for it.
    """
    if value is None:
        return NONE
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(),
        formats.date_format(local, "l j F Y, G:i:s e"),
        words(value, now=now),
    )


def words(value: dt.datetime, *, now: dt.datetime | None = None) -> str:
    """The same without markup, for sentences that cannot hold any."""
    local, today = timezone.localtime(value), timezone.localdate(now)
    if local.date() == today:
        return formats.date_format(local, "G:i")
    if neighbour := NEIGHBOURS.get((local.date() - today).days):
        return f"{neighbour} {formats.date_format(local, 'G:i')}"
    if local.isocalendar()[:2] == today.isocalendar()[:2]:
        return formats.date_format(local, "D G:i")
    return formats.date_format(local, "j M Y, G:i")


@cache
def zones() -> list[tuple[str, str]]:
    """To choose from."""
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones() - {"localtime"})]


@cache
def moment_column(field: models.DateTimeField[Any, Any]) -> Callable[[models.Model], SafeString | str]:
    """What a list shows for this field."""

    @admin.display(description=str(field.verbose_name).capitalize(), ordering=field.name, empty_value=NONE)
    def show(row: models.Model) -> SafeString | str:
        return moment(getattr(row, field.name))

    show.__name__ = field.name  # names the column's CSS class
    return show
