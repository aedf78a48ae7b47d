"""Pages that stay true without reloading: they ask again every few seconds, and are sent only what has changed.

A page says in `X-Live-Version` what it shows. As long as that is still so, the answer is an empty 204, after one query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme

HEADER = "X-Live-Version"
EVERY_SECONDS = 10


def is_unchanged(request: HttpRequest, version: str) -> bool:
    return request.headers.get(HEADER) == version


def unchanged() -> HttpResponse:
    return HttpResponse(status=204)


def address(request: HttpRequest) -> str:
    """Where the page asks: what it shows now, even if another tab has made the person remember otherwise."""
    return f"{request.path}?{request.GET.urlencode()}"


def back(request: HttpRequest, fallback: str) -> HttpResponse:
    """To the page the button stood on."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(wanted if is_ours else fallback)


@dataclass(frozen=True, kw_only=True)
class Tab:
    label: str
    address: str
    is_current: bool


def tabs(request: HttpRequest, *, parameter: str, choices: list[tuple[str, str]], current: str) -> list[Tab]:
    """Links to the same list, narrowed otherwise; the page number starts anew."""
    kept = [(name, value) for name, values in request.GET.lists() for value in values if name not in (parameter, "p")]
    return [
        Tab(label=label, address=f"?{urlencode([*kept, (parameter, value)])}", is_current=value == current)
        for value, label in choices
    ]


def remembered(request: HttpRequest, *, parameter: str, key: str, choices: list[str], default: str) -> str:
    """The tab chosen in the address; on a bare address the one chosen last. Written into `request.GET`."""
    chosen = request.GET.get(parameter)
    if chosen in choices:
        if request.session.get(key) != chosen:
            request.session[key] = chosen
        return str(chosen)
    if chosen is None and not any(request.GET.values()):
        current = str(request.session.get(key, default))
        if current != default:
            _set(request, parameter, current)
        return current
    return default


def _set(request: HttpRequest, parameter: str, value: str) -> None:
    query: Any = QueryDict(request.GET.urlencode(), mutable=True)
    query[parameter] = value
    request.GET = query
