"""/t/o/{token}.gif and /t/c/{token}: a picture that tells of an open, a link that tells of a click.

They are answered before any other middleware: brands have hosts of their own, and there is no session, no cookie and
nothing to redirect. A hit is one statement. Who it was is judged later; machines and people are answered alike, and so
are those who are not followed any more, of whom nothing is kept.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.utils.module_loading import import_string

from contactflow.core import prepared, tokens
from engagement.tracking.links import CLICK, CLICK_PATH, HIDDEN, OPEN, PIXEL_PATH

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
LONGEST_AGENT = 512
KEPT_HEADERS = ("Purpose", "Sec-Purpose", "X-Moz", "X-Purpose")
MOST_HITS = 1_000  # of a message: whoever asks again and again fills no table
_ALWAYS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",  # the address says which message it was
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
ORIGIN = settings.ACTION_ORIGINS["is_followed_sql"]
_HIT = f"""
    WITH known AS (
        SELECT message.id, message.links[%(number)s] AS target,
            contact.is_tracked AND coalesce(brand.{{follows}}, true) AND {import_string(ORIGIN)} AS is_followed
        FROM engagement_message AS message JOIN contacts_contact AS contact ON contact.id = message.contact_id
        LEFT JOIN contacts_businessentity AS brand ON brand.id = message.business_entity_id
        WHERE message.id = %(message)s
    ), kept AS (
        INSERT INTO engagement_messageevent (message_id, type, at, label, label_reasons, url, detail)
        SELECT id, '{{kind}}', clock_timestamp(), 'unknown', '{{{{}}}}', coalesce(target, ''), %(detail)s::jsonb
        FROM known WHERE is_followed AND ('{{kind}}' = 'opened' OR target IS NOT NULL) AND {MOST_HITS} > (
            SELECT count(*) FROM (
                SELECT FROM engagement_messageevent WHERE message_id = known.id LIMIT {MOST_HITS}
            ) AS hits
        )
    )
    SELECT target FROM known
"""  # noqa: S608  # a number and a fragment of ours
_FOLLOWS = {"opened": "tracks_opens", "clicked": "tracks_clicks"}
_STATEMENTS = {kind: _HIT.format(kind=kind, follows=follows) for kind, follows in _FOLLOWS.items()}
logger = logging.getLogger(__name__)


class TrackingMiddleware:
    """Answers the two addresses and leaves every other request alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        is_open = path.startswith(PIXEL_PATH)
        if not is_open and not path.startswith(CLICK_PATH):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            answer = _opened(request) if is_open else _clicked(request)
        except (OperationalError, InterfaceError):
            logger.warning("A hit could not be kept: the database did not answer", exc_info=True)
            answer = _picture() if is_open else _page(503, {"Retry-After": "30"})
        answer.headers["Content-Length"] = str(len(answer.content))
        if request.method == "HEAD":
            answer.content = b""
        return answer


def _opened(request: HttpRequest) -> HttpResponse:
    token = request.path_info.removeprefix(PIXEL_PATH).removesuffix(".gif")
    if ids := tokens.read(OPEN, token):
        _keep(request, ids[0], "opened")
    return _picture()


def _clicked(request: HttpRequest) -> HttpResponse:
    token = request.path_info.removeprefix(CLICK_PATH).removesuffix("/")
    ids = tokens.read(CLICK, token, count=2)
    target = _keep(request, ids[0], "clicked", link=ids[1].int) if ids else None
    if not target:
        return _page(404)
    return HttpResponse(status=302, headers={**_ALWAYS, "Location": target})


def _picture() -> HttpResponse:
    return HttpResponse(GIF, content_type="image/gif", headers=_ALWAYS)


def _page(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    """Says nothing of anybody: who has a wrong address may be anybody."""
    words = render_to_string("tracking/no_target.html", {"is_known": status != 404})
    policy = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
    return HttpResponse(words, status=status, headers={**_ALWAYS, **policy, **(headers or {})})


def _keep(request: HttpRequest, message_id: UUID, kind: str, *, link: int | None = None) -> str | None:
    """Note the hit; where the link leads, None for a message or a link that is not there."""
    number = 0 if link is None else 1 if link >= HIDDEN else link + 1
    detail = _raw(request) | ({} if link is None else {"link": link})
    values = {"message": message_id, "number": number, "detail": json.dumps(detail)}
    try:
        rows = prepared.rows(_STATEMENTS[kind], values)
    except (OperationalError, InterfaceError):
        connection.close()  # it may have died while nobody used it
        rows = prepared.rows(_STATEMENTS[kind], values)
    return rows[0][0] if rows else None


def _raw(request: HttpRequest) -> dict[str, Any]:
    """What was said by whoever came, as far as it may decide who that was."""
    kept = {name: _clean(request.headers[name])[:100] for name in KEPT_HEADERS if name in request.headers}
    raw: dict[str, Any] = {"ip": _address(request), "agent": _clean(request.headers.get("User-Agent", ""))}
    if kept:
        raw["headers"] = kept
    if request.method == "HEAD":
        raw["method"] = "HEAD"
    return raw


def _address(request: HttpRequest) -> str:
    """As far as the proxies before us are trusted, which NUM_PROXIES says."""
    proxies = cast(int, settings.REST_FRAMEWORK["NUM_PROXIES"])
    passed = request.headers.get("X-Forwarded-For", "").split(",")
    address = passed[-min(proxies, len(passed))].strip() if proxies and passed != [""] else ""
    return _clean(address or request.META.get("REMOTE_ADDR", ""))[:64]


def _clean(text: str) -> str:
    return text.replace("\0", "")[:LONGEST_AGENT]
