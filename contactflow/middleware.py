"""What happens to every request before its view, and to some answers: each class says why."""

from __future__ import annotations

import datetime as dt
import logging
import zoneinfo
from collections.abc import Callable
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.admin.exceptions import DisallowedModelAdminLookup, DisallowedModelAdminToField
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from contactflow.api import problems
from contactflow.models import Profile

COOKIE = "timezone"  # set by static/contactflow/timezone.js
LONGEST_NAME = 64
DATA = ("application/json", problems.CONTENT_TYPE)
NUL = "\0"
SAID = (
    "This address or form holds an invisible character (NUL) that cannot be stored or searched for. "
    "Go back, type the words anew instead of pasting them, and try again."
)
MEANT_NOTHING = (
    "Part of this address or form names something in a way nothing is called here. Go back and choose it anew."
)
NAMES_NOTHING = (
    ValidationError, IncorrectLookupParameters, DisallowedModelAdminLookup, DisallowedModelAdminToField, DataError,
)  # fmt: skip
logger = logging.getLogger(__name__)


class ApiRequestMiddleware:
    """Refuses bodies that come in chunks, of which Django would find an empty one, and adds the closing slash.

    Addresses work with and without it, without a redirect: a POST would lose its body. So this stands before
    CommonMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(problems.OURS):
            if "Transfer-Encoding" in request.headers:
                return problems.answer(411, "Send the body whole, with Content-Length, instead of in chunks.")
            if not request.path_info.endswith("/"):
                request.path_info += "/"
            answer = self.get_response(request)
            answer.headers.setdefault("Cache-Control", "no-store")  # there are people in it
            return answer
        return self.get_response(request)


class PolicyMiddleware(CSPMiddleware):
    """Replaces the directives of ADMIN_CONTENT_SECURITY_POLICY for pages of the admin, and for nothing else."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Data loads nothing, whatever shows it."""
        if response.headers.get("Content-Type", "").partition(";")[0] in DATA:
            response.headers.setdefault(HEADER, "default-src 'none'; frame-ancestors 'none'")
            return response
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        if not report_only and _is_admin(request):
            parts.replace = settings.ADMIN_CONTENT_SECURITY_POLICY | (parts.replace or {})
        return parts


class NulBytesMiddleware:
    """What nobody can have meant is refused by the admin in words: the character NUL, which no text in the database can
    hold, and rows or filters named by something that names none.

    After the check of the form's token, so that only forms of ours are read. The API judges its own bodies.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        if not _is_admin(request):
            return None
        if NUL in request.path_info:
            raise Http404
        sent = [request.GET, request.POST] if request.method == "POST" else [request.GET]
        texts = (text for data in sent for name, values in data.lists() for text in (name, *values))
        return _refused(SAID) if any(NUL in text for text in texts) else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django itself asks the database for whatever an address gives (a select box, a filter of a list)."""
        if not _is_admin(request) or not isinstance(exception, NAMES_NOTHING):
            return None
        logger.warning("an address or form was not understood: %s", type(exception).__name__)
        return _refused(MEANT_NOTHING)


def _refused(words: str) -> HttpResponse:
    return HttpResponseBadRequest(
        render_to_string("apology.html", {"title": "That was not understood", "words": words})
    )


class TimezoneMiddleware:
    """Pages of the admin tell times in the zone of whoever reads them, which they chose in their profile, or their
    browser says in a cookie; the API speaks of times with their offset."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        zone = zone_named(_chosen(request) or request.COOKIES.get(COOKIE, "")) if _is_admin(request) else None
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


def _chosen(request: HttpRequest) -> str:
    """Remembered by the session, so that a page does not ask the database."""
    if not request.user.is_authenticated:
        return ""
    if COOKIE not in request.session:
        known = Profile.objects.filter(user=request.user).first()
        request.session[COOKIE] = known.timezone if known else ""
    return str(request.session[COOKIE])


def _is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith(reverse("admin:index"))
