"""What the page "Notion" shows: the connection, its databases, how the synchronisation goes, the webhook."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from contacts import describe as contacts_describe
from notion_bridge import baseline, connection_check, describe, health, provisioning, webhooks
from notion_bridge.admin import databases, display
from notion_bridge.health import DatabaseHealth, Health
from notion_bridge.models import NotionConnection

PROBLEMS = "admin:notion_bridge_syncproblem_changelist"
CONFLICTS = "admin:notion_bridge_syncconflict_changelist"
PAGES = "admin:notion_bridge_pagelink_changelist"
LONG = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Fact:
    """A line of a table: what, how much, and where to read on."""

    name: str
    value: object
    address: str = ""
    is_calm: bool = True


def gather(*, now: dt.datetime) -> dict[str, Any]:
    """Everything the page shows, without asking Notion."""
    row = NotionConnection.current()
    state = health.gather(now=now)
    return {
        "lines": connection_check.judge(),
        "state": state,
        "monitoring": _monitoring(row),
        "newcomers": baseline.waiting_for_an_answer(),
        "databases": [_database(one) for one in state.databases if one.row.data_source_id],
        "progress": _progress(state, now),
        "errors": describe.errors(state.errors),
        "webhook": _webhook(row, state, now),
    }


def can_create(row: NotionConnection) -> bool:
    """Whether a database is lacking that Contactflow could make."""
    return bool(settings.NOTION_API_KEY and provisioning.lacking())


def _monitoring(row: NotionConnection) -> str:
    if row.switched_at is None:
        return "It was never switched on. Until then nothing is synchronised."
    by = f" by {row.switched_by}" if row.switched_by else ""
    word = "on" if row.monitoring else "off"
    effect = "" if row.monitoring else " Nothing is synchronised, and what changes meanwhile is carried over later."
    return f"Switched {word}{by}, {contacts_describe.moment(row.switched_at)}.{effect}"


def _database(one: DatabaseHealth) -> dict[str, Any]:
    row = one.row
    pages = f"{reverse(PAGES)}?database__id__exact={row.pk}"
    aside = "".join(f"&state__exact={state.value}" for state in health.OUT_OF_STEP)
    waiting = "".join(f"&state__exact={state.value}" for state in health.NOT_TAKEN_OVER)
    lag = f", the oldest for {describe.duration(one.lag)}" if one.queue and one.lag else ""
    return {
        "name": str(row),
        "link": display.open_link(row.url, row.title or "Open in Notion"),
        "fields": reverse("admin:notion_bridge_notiondatabase_change", args=[row.pk]),
        "facts": [
            Fact("In step", one.linked, pages),
            Fact("Waiting to be carried over", f"{one.queue}{lag}", is_calm=one.lag < LONG),
            Fact("Not taken over", one.not_taken_over, pages + waiting, is_calm=not one.not_taken_over),
            Fact("Trashed, moved or out of reach", one.out_of_step, pages + aside, is_calm=not one.out_of_step),
            Fact("Last look", _moment(row.polled_at)),
            Fact("Last full pass", _moment(row.full_pass_at) if row.full_pass_at else "Comes next"),
            Fact("It found", databases.found(row.full_pass)),
        ],
    }


def _progress(state: Health, now: dt.datetime) -> list[Fact]:
    facts = [
        Fact("Requests a minute", f"{state.requests_a_minute:.1f}"),
        Fact("Open problems", state.open_problems, f"{reverse(PROBLEMS)}?state=open", not state.open_problems),
        Fact("Open conflicts", state.open_conflicts, f"{reverse(CONFLICTS)}?state=open", not state.open_conflicts),
    ]
    if state.slowed_until:
        wait = describe.duration(state.slowed_until - now)
        facts.append(Fact("Notion asked us to wait", f"for {wait} more", is_calm=False))
    return facts


def _webhook(row: NotionConnection, state: Health, now: dt.datetime) -> dict[str, Any]:
    open_until = webhooks.open_until(row, now=now)
    return {
        "address": f"{settings.PUBLIC_URL.rstrip('/')}{reverse('notion-webhook').rstrip('/')}",
        "is_public": settings.PUBLIC_URL.startswith("https://"),
        "open_until": contacts_describe.moment(open_until) if open_until else "",
        "is_verified": bool(row.webhook_token),
        "has_unseen_token": bool(row.webhook_token) and not row.token_shown,
        "waiting": state.events_waiting,
        "last_at": _moment(state.last_event_at),
    }


def _moment(at: dt.datetime | None) -> str:
    return contacts_describe.moment(at) if at else "Never"
