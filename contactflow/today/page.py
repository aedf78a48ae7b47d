"""Everything the start page shows to one person: only what they may see, for the brand they chose."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpRequest

from contactflow.models import Profile
from contactflow.today import attention, first_steps, response_times, upcoming, volume
from contacts import brands
from contacts.models import BusinessEntity
from engagement import response_clock

WAITING_SHOWN = 5
OPTIONS = {
    "animation": False,
    "responsive": True,
    "maintainAspectRatio": False,
    "plugins": {"legend": {"display": True, "align": "start", "labels": {"boxWidth": 12, "color": "#808089"}}},
    "scales": {
        "x": {"stacked": True, "grid": {"display": False}, "ticks": {"color": "#808089", "maxRotation": 0}},
        "y": {"stacked": True, "beginAtZero": True, "ticks": {"color": "#808089", "precision": 0, "maxTicksLimit": 5}},
    },
}


def shown_to(request: HttpRequest, *, now: dt.datetime) -> dict[str, Any]:
    may, brand = request.user.has_perm, brands.chosen(request)
    shown = [brand] if brand else brands.all_brands(request)
    found = attention.gather(now=now, brand=brand)
    away = Profile.put_away_by(request.user)
    is_new = may("engagement.change_target")
    context: dict[str, Any] = {
        "title": "Today",
        "notices": [notice for notice in found.notices if may(notice.permission) and notice.name not in away],
        "cards": [card for card in found.cards if may(card.permission)],
        "alerts": found.alerts if may("engagement.view_alert") else [],
        "chart_options": OPTIONS,
        "first_steps": first_steps.first_steps(cast(User, request.user))
        if is_new and "first_steps" not in away
        else [],
    }
    if may("workflows.view_scheduledaction"):
        context["hours"], context["hours_are_cut"] = upcoming.due_by_hour(now=now, brand=brand)
        context["punctuality"] = upcoming.punctuality(now=now, brand=brand)
    if may("contacts.view_contact"):
        context |= {"arrivals": volume.arrivals(now=now, brands=shown), **_clocks(now, shown)}
    if may("engagement.view_message"):
        context["sends"] = volume.sends(now=now, brands=shown)
    return context


def _clocks(now: dt.datetime, shown: list[BusinessEntity]) -> dict[str, Any]:
    return {
        "clocks": response_times.clocks(now=now, brands=shown),
        "how_clocks_are_measured": response_times.HOW,
        "waiting": response_clock.next_due(brands=shown, limit=WAITING_SHOWN),
        "now": now,
    }
