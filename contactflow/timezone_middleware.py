"""Pages of the admin tell times in the zone of whoever reads them, which their browser says in a cookie."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

COOKIE = "timezone"  # set by static/contactflow/timezone.js
LONGEST_NAME = 64


class TimezoneMiddleware:
    """Nothing but pages of the admin depends on who reads: the API speaks of times with their offset."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        zone = None
        if request.path_info.startswith(reverse("admin:index")):
            zone = zone_named(request.COOKIES.get(COOKIE, ""))
        if zone is None:
            return self.get_response(request)
        with timezone.override(zone):
            return self.get_response(request)


def zone_named(name: str) -> dt.tzinfo | None:
    """The zone, or None for a name nobody knows; a cookie may hold anything."""
    if not name or len(name) > LONGEST_NAME:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
