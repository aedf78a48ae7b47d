"""/u/{token}, /p/{token} and /p/confirm/{token}, and the brand's colour for them.

Looking changes nothing. Whoever posts needs the token and nothing else: no cookie, no login, no token of a form, and
mail programs post whatever body they like. An unknown token says nothing of anybody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import formats, timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from contactflow.core import tokens
from contactflow.core.clock import database_now
from contactflow.permission_pages import choosing, confirming
from contactflow.permission_pages.addressee import Addressee, addressee
from contactflow.permission_pages.leaving import unsubscribe
from contactflow.permission_pages.words import words_in
from contacts import consent
from contacts.models import BusinessEntity
from engagement import contrast, unsubscribing
from engagement.layout import NEUTRAL_COLOUR
from engagement.unsubscribing import PREFERENCES, UNSUBSCRIBE

HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",  # the address is all one needs
    "X-Robots-Tag": "noindex, nofollow",
}
INK = "#111827"
Page = Callable[[HttpRequest, Addressee], HttpResponse]


def _with_token(purpose: str) -> Callable[[Page], Callable[..., HttpResponse]]:
    """A page for whoever the token was made for."""

    def decorate(page: Page) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(page)
        def view(request: HttpRequest, token: str) -> HttpResponse:
            who = addressee(purpose=purpose, token=token)
            return page(request, who) if who else _gone(request)

        return view

    return decorate


@_with_token(UNSUBSCRIBE)
def unsubscribe_page(request: HttpRequest, who: Addressee) -> HttpResponse:
    """One button; a POST of any kind is as good as pressing it."""
    if request.method == "POST":
        unsubscribe(who=who, brand=who.brand, source="unsubscribed by the link in an email", now=database_now())
    choose = f"/p/{tokens.make(PREFERENCES, who.contact.pk, who.message.pk if who.message else UUID(int=0))}"
    return _page(request, who, "public/unsubscribe.html", {"is_done": request.method == "POST", "choose": choose})


@_with_token(PREFERENCES)
def preferences_page(request: HttpRequest, who: Addressee) -> HttpResponse:
    now, words = database_now(), _words(who)
    said = _decide(request, who, words, now) if request.method == "POST" else ""
    refused = choosing.refused_kinds(who=who)
    suppressed = consent.suppression_of(email=who.contact.email)
    choices, may_return = choosing.choices(who=who, now=now), choosing.may_return(who=who, now=now)
    context = {
        "said": said,
        "choices": [_shown(choice, words, may_return) for choice in choices],
        "is_too_old": not may_return and any(choice.way == choosing.NONE for choice in choices),
        "kinds": [(kind, words[f"kind_{kind}"], kind not in refused) for kind in choosing.KINDS],
        "is_blocked": suppressed is not None or who.contact.status.blocks_contact,
    }
    return _page(request, who, "public/preferences.html", context)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    """Of the mail that asks for a confirmation; only pressing the button is one."""
    now, is_pressed = database_now(), request.method == "POST"
    pending = (confirming.confirm if is_pressed else confirming.waiting)(token=token, now=now)
    if pending is None:
        return _gone(request)
    who = Addressee(pending.contact, None, asked_by=pending.business_entity)
    agree = pending.wording or confirming.wording(pending.contact, pending.business_entity)
    return _page(request, who, "public/confirm.html", {"is_done": is_pressed, "agree": agree})


def brand_style(request: HttpRequest, colour: str) -> HttpResponse:
    """The colour as a style sheet: the page allows none within it."""
    on_it = INK if contrast.ratio(f"#{colour}", INK) > contrast.ratio(f"#{colour}", contrast.WHITE) else contrast.WHITE
    style = f":root {{ --brand: #{colour}; --on-brand: {on_it}; }}\n"
    return HttpResponse(style, content_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=86400"})


def _decide(request: HttpRequest, who: Addressee, words: Mapping[str, str], now: dt.datetime) -> str:
    """Do what the button says; what is said then."""
    if "data" in request.POST:
        choosing.ask_for_data(who=who, now=now)
        return words["asked_for_data"]
    if "everything" in request.POST:
        unsubscribe(who=who, brand=None, source=choosing.SOURCE, now=now)
        return words["unsubscribed_title"]
    if "save" not in request.POST:
        return ""
    ways = {name: way for name, way in request.POST.items() if name.startswith("brand-") and isinstance(way, str)}
    return words[choosing.choose(who=who, ways=ways, kinds=request.POST.getlist("kind"), now=now)]


def _shown(choice: choosing.Choice, words: Mapping[str, str], may_return: bool) -> dict[str, Any]:
    options = []
    for way in choosing.WAYS if may_return or choice.way != choosing.NONE else [choosing.NONE]:
        label = words[way]
        if way == choosing.PAUSE and choice.paused_until:
            with translation.override(words["language"]):
                until = formats.date_format(
                    timezone.localtime(choice.paused_until), "j. F" if words["language"] == "de" else "j F"
                )
            label = words["paused"].format(until=until)
        options.append((way, label, way == choice.way))
    return {"name": choice.name, "brand": choice.brand.name if choice.brand else words["no_brand"], "options": options}


def _words(who: Addressee | None) -> Mapping[str, str]:
    return words_in(unsubscribing.language_of(who.contact if who else None))


def _page(request: HttpRequest, who: Addressee, template: str, context: dict[str, Any]) -> HttpResponse:
    words, brand = _words(who), who.brand
    about = {"brand": brand.name if brand else words["everybody"], "address": who.masked, "until": ""}
    said = {name: text.format(**about) for name, text in words.items()}
    response = _rendered(request, template, {"words": said, **_look(brand), **context})
    if brand and brand.logo_url:
        logo = urlsplit(brand.logo_url)
        response._csp_update = {"img-src": [f"{logo.scheme}://{logo.netloc}"]}  # type: ignore[attr-defined]  # csp reads it
    return response


def _look(brand: BusinessEntity | None) -> dict[str, str]:
    colour = brand.colour if brand and contrast.is_colour(brand.colour) else NEUTRAL_COLOUR
    return {
        "brand_name": brand.name if brand else "",
        "logo_url": brand.logo_url if brand else "",
        "colour": colour[1:].lower(),
    }


def _gone(request: HttpRequest) -> HttpResponse:
    return _rendered(request, "public/gone.html", {"words": _words(None), **_look(None)}, status=404)


def _rendered(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(render_to_string(template, context, request), status=status, headers=HEADERS)
