"""The frame of the admin: what stands in the sidebar, and the start page with what needs a person."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from django.apps import apps
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from contactflow import palette
from contactflow.core import clock, origin
from contactflow.models import Profile
from contactflow.today import page as today
from contacts import brands

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """One line of the sidebar: a list, shown to whoever may see its rows."""

    model: str
    icon: str
    also: str = ""
    """What else people call it, so that the search finds it."""
    name: str = ""
    """What it is called, where that is not the plural name of the model."""
    query: str = ""
    """What the list is filtered by at first."""
    page: str = ""
    """The name of a page of its own that is opened instead of the list."""

    @property
    def title(self) -> str:
        return self.name or capfirst(str(apps.get_model(self.model)._meta.verbose_name_plural))


PLACES: dict[str, tuple[Place, ...]] = {
    "Contacts": (
        Place("contacts.Contact", "group", "people persons leads customers"),
        Place("contacts.Consent", "how_to_reg", "permissions opt-in opt-out subscriptions unsubscribes"),
        Place("contacts.Suppression", "block", "blocked suppressions blacklist bounces unsubscribes"),
        Place("workflows.ImportRun", "upload", "uploads csv excel lists spreadsheets"),
        Place("workflows.ExportRun", "download", "downloads csv excel lists spreadsheets"),
    ),
    "Workflows": (
        Place("workflows.WorkflowTemplate", "account_tree", "templates automations sequences journeys campaigns"),
        Place("workflows.WorkflowInstance", "directions_run", "runs instances enrolments who is in which"),
        Place("workflows.ScheduledAction", "schedule", "queue actions planned jobs due", query="status__exact=pending"),
        Place(
            "workflows.ScheduledAction", "report", "errors what went wrong unclear dead letters", name="Failures",
            page="workflows_failures",
        ),
    ),
    "Emails": (
        Place(
            "engagement.Reply", "inbox", "replies messages answers mailbox conversations who wrote",
            name="Inbox", query="whose=all",
        ),
        Place("engagement.EngagementTemplate", "edit_note", "templates texts newsletters"),
        Place("engagement.Message", "outbox", "messages held outbox delivered"),
        Place("engagement.Experiment", "experiment", "split tests experiments variants subject lines"),
        Place("engagement.KeptTest", "science", "outbox send me a test tests kept trial"),
    ),
    "Goals": (
        Place("engagement.Conversion", "flag", "conversions outcomes successes"),
        Place("engagement.Goal", "target", "metrics kpis"),
    ),
    "Tasks": (
        Place("engagement.Task", "task_alt", "to-dos todo work"),
        Place("engagement.Task", "view_kanban", "kanban columns", name="Board", page="engagement_task_board"),
    ),
    "Alerts": (
        Place("engagement.Alert", "notifications", "notifications bell"),
        Place("engagement.Target", "groups", "targets roles who is alerted recipients"),
    ),
    "History": (
        Place("contacts.ContactEvent", "history", "arrivals what arrived triggers"),
        Place("contactflow.ErasureRequest", "delete_forever", "gdpr forgotten deleted privacy"),
        Place("contactflow.RetentionRun", "auto_delete", "deleted old data"),
        Place("contactflow.AuditEntry", "manage_history", "audit log what staff changed edits"),
        Place("workflows.ControlEntry", "gavel", "controls what staff decided pauses"),
        Place("workflows.ActionAttempt", "replay", "tries retries log"),
        Place("workflows.WorkflowVersion", "layers", "earlier drafts published"),
        Place("engagement.ProviderDelivery", "webhook", "mail provider webhooks events bounces secret address"),
        Place("engagement.TemplateVersion", "notes", "earlier texts"),
        Place("django_q.Failure", "report", "tasks queue errors django-q", name="Background failures"),
        Place("django_q.Success", "done_all", "tasks queue runs django-q", name="Background jobs"),
    ),
    "Notion": (
        Place("notion_bridge.NotionConnection", "sync", "synchronisation token webhook"),
        Place("notion_bridge.SyncProblem", "report_problem", "errors", query="state=open"),
        Place("notion_bridge.SyncConflict", "call_split", "differences", query="state=open"),
        Place("notion_bridge.PageLink", "article", "links"),
        Place("notion_bridge.NotionDatabase", "table", "fields properties mapping"),
        Place("notion_bridge.SyncRun", "sync_alt", "runs synchronisations"),
        Place("notion_bridge.WebhookDelivery", "webhook", "deliveries"),
    ),
    "Settings": (
        Place("contacts.BusinessEntity", "storefront", "business entities companies senders"),
        Place("contacts.ContactType", "category", "kinds"),
        Place("contacts.LeadSource", "input", "origins channels"),
        Place("contacts.ContactStatus", "flag", "lifecycle"),
        Place("contacts.ClassificationRule", "rule", "types"),
        Place("contacts.RoutingRule", "alt_route", "brands"),
        Place("engagement.ChannelState", "cell_tower", "mail server paused"),
        Place("engagement.SendingBreaker", "block", "breakers bounces complaints paused marketing"),
        Place("engagement.BounceRule", "hourglass_disabled", "soft bounces full mailbox"),
        Place("engagement.Network", "lan", "bots scanners machines ip addresses opens clicks tracking"),
        Place("engagement.PassageBudget", "edit_square", "ai passages budget"),
        Place("workflows.WorkerHeartbeat", "memory", "processes heartbeat"),
        Place("contactflow.ApiKey", "key", "tokens"),
        Place(
            "contactflow.RetentionRun", "hourglass", "periods how long data privacy gdpr delete", name="Retention",
            page="contactflow_retentionrun_periods",
        ),
        Place("auth.User", "person", "users colleagues staff logins", name="Accounts"),
        Place("auth.Group", "badge", "groups rights permissions", name="Roles"),
    ),
}  # fmt: skip
PUT_AWAY = ("notion", "first_steps")
COLLAPSED = ("History", "Notion", "Settings")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar by task, without what the person may not see."""
    groups: list[dict[str, Any]] = [
        {"items": [{"title": "Today", "icon": "today", "link": reverse("admin:index")}]},
    ]
    for title, places in PLACES.items():
        items = [_item(place) for place in places if _may_see(request, place)]
        if items:
            folded = title in COLLAPSED
            groups.append({"title": title, "separator": not folded, "collapsible": folded, "items": items})
    _mark_where_one_is(request.path, [item for group in groups for item in group["items"]])
    return groups


def _mark_where_one_is(path: str, items: list[dict[str, Any]]) -> None:
    """One line at most, though a page of its own stands below the address of its list."""
    home = reverse("admin:index")
    above = {item["link"]: urlsplit(item["link"]).path for item in items}
    around = [item for item in items if path.startswith(above[item["link"]]) and above[item["link"]] != home]
    here = max(around, key=lambda item: len(above[item["link"]]), default=items[0] if path == home else None)
    for item in items:
        item["active"] = item is here


class DeskSite(UnfoldAdminSite):  # type: ignore[misc]  # Unfold has no types
    """Unfold's site, with a search of our own and the brand that somebody chose."""

    narrow_list = staticmethod(brands.narrow)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = [
            path("brand/", self.admin_view(self.choose_brand), name="brand"),
            path("put-away/", self.admin_view(self.put_away), name="put_away"),
        ]
        return [*own, *super().get_urls()]

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        if not self.has_permission(request):
            return context
        shown = {"desk_brands": brands.all_brands(request), "desk_brand": brands.chosen(request)}
        return context | shown

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Made when a page shows it, which ours do not: it would take a tenth of each page's time."""
        made = super().get_app_list
        return SimpleLazyObject(lambda: made(request, app_label))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Unfold's would keep what it found for minutes, for everybody with the same name of a session."""
        term = request.GET.get("s", "")
        shown = {"term": term, "results": palette.find(request, term, _all_places(request))}
        return TemplateResponse(request, "unfold/helpers/command_results.html", shown)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Every login, and every one that is refused, is a line of the log."""
        answer = super().login(request, extra_context)
        if request.method == "POST":
            who = "".join(filter(str.isprintable, request.POST.get("username", "")))[:150]
            if request.user.is_authenticated and answer.status_code == HTTPStatus.FOUND:
                logger.info("login of %s, from %s", who, origin.of(request))
            else:
                logger.warning("login of %s refused, from %s", who, origin.of(request))
        return cast(HttpResponse, answer)

    @method_decorator(require_POST)
    def choose_brand(self, request: HttpRequest) -> HttpResponse:
        brands.choose(request, request.POST.get("brand", ""))
        back = request.POST.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
        return HttpResponseRedirect(back if is_ours else reverse("admin:index"))

    @method_decorator(require_POST)
    def put_away(self, request: HttpRequest) -> HttpResponse:
        """A notice of the start page, for whoever has read it."""
        what = request.POST.get("what", "")
        if what in PUT_AWAY:
            profile, _ = Profile.objects.get_or_create(user=cast("User", request.user))
            profile.put_away = sorted({*profile.put_away, what})
            profile.save(update_fields=["put_away"])
        return HttpResponseRedirect(reverse("admin:index"))


def place_of(address: str) -> tuple[str, str] | None:
    """The group and the name under which a list stands in the sidebar."""
    lists = ((group, place) for group, places in PLACES.items() for place in places if not place.page)
    return next(((group, place.title) for group, place in lists if _list_of(place) == address), None)


def start_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    return context | today.shown_to(request, now=clock.database_now())


def _all_places(request: HttpRequest) -> list[palette.Found]:
    today = palette.Found("Today", "Page", reverse("admin:index"), "today", also="start home dashboard")
    shown = ((group, place) for group, places in PLACES.items() for place in places if _may_see(request, place))
    found = ((f"Page · {group}", place.also, _item(place)) for group, place in shown)
    return [
        today,
        *(palette.Found(item["title"], said, item["link"], item["icon"], also) for said, also, item in found),
    ]


def _item(place: Place) -> dict[str, Any]:
    address = reverse(f"admin:{place.page}") if place.page else _list_of(place)
    return {
        "title": place.title,
        "icon": place.icon,
        "link": f"{address}?{place.query}" if place.query else address,
    }


@cache
def _list_of(place: Place) -> str:
    meta = apps.get_model(place.model)._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")


def _may_see(request: HttpRequest, place: Place) -> bool:
    meta = apps.get_model(place.model)._meta
    return any(request.user.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}") for verb in ("view", "change"))
