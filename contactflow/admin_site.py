"""The frame of the admin: what stands in the sidebar, and the start page with what needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from contactflow import palette
from contactflow.core import clock
from contactflow.today import page as today
from contacts import brands


@dataclass(frozen=True)
class Place:
    """One line of the sidebar: a list, shown to whoever may see its rows."""

    title: str
    model: str
    icon: str
    query: str = ""
    """What the list is filtered by at first."""
    page: str = ""
    """The name of a page of its own that is opened instead of the list."""


PLACES: dict[str, tuple[Place, ...]] = {
    "Contacts": (
        Place("Contacts", "contacts.Contact", "group"),
        Place("Permissions", "contacts.Consent", "how_to_reg"),
        Place("Blocked addresses", "contacts.Suppression", "block"),
        Place("Imports", "workflows.ImportRun", "upload"),
        Place("Exports", "workflows.ExportRun", "download"),
    ),
    "Workflows": (
        Place("Workflows", "workflows.WorkflowTemplate", "account_tree"),
        Place("Who is in which", "workflows.WorkflowInstance", "directions_run"),
        Place("Planned steps", "workflows.ScheduledAction", "schedule", "status__exact=pending"),
        Place("What went wrong", "workflows.ScheduledAction", "report", page="workflows_failures"),
    ),
    "Emails": (
        Place("Email texts", "engagement.EngagementTemplate", "edit_note"),
        Place("Sent and held", "engagement.Message", "outbox"),
    ),
    "Tasks": (
        Place("Tasks", "engagement.Task", "task_alt"),
        Place("Board", "engagement.Task", "view_kanban", page="engagement_task_board"),
    ),
    "Alerts": (
        Place("Alerts", "engagement.Alert", "notifications"),
        Place("Who is alerted", "engagement.Target", "groups"),
    ),
    "History": (
        Place("What arrived", "contacts.ContactEvent", "history"),
        Place("What staff changed", "contactflow.AuditEntry", "manage_history"),
        Place("What staff decided", "workflows.ControlEntry", "gavel"),
        Place("Attempts", "workflows.ActionAttempt", "replay"),
        Place("Earlier workflow versions", "workflows.WorkflowVersion", "layers"),
        Place("Earlier email texts", "engagement.TemplateVersion", "notes"),
        Place("Failed background runs", "django_q.Failure", "report"),
        Place("Background runs", "django_q.Success", "done_all"),
    ),
    "Notion": (
        Place("Connection", "notion_bridge.NotionConnection", "sync"),
        Place("Problems", "notion_bridge.SyncProblem", "report_problem", "state=open"),
        Place("Conflicts", "notion_bridge.SyncConflict", "call_split", "state=open"),
        Place("Pages", "notion_bridge.PageLink", "article"),
        Place("Fields", "notion_bridge.NotionDatabase", "table"),
        Place("Passes over Notion", "notion_bridge.SyncRun", "sync_alt"),
        Place("Events from Notion", "notion_bridge.WebhookDelivery", "webhook"),
    ),
    "Settings": (
        Place("Brands", "contacts.BusinessEntity", "storefront"),
        Place("Contact types", "contacts.ContactType", "category"),
        Place("Lead sources", "contacts.LeadSource", "input"),
        Place("Contact statuses", "contacts.ContactStatus", "flag"),
        Place("Classification rules", "contacts.ClassificationRule", "rule"),
        Place("Routing rules", "contacts.RoutingRule", "alt_route"),
        Place("Channels", "engagement.ChannelState", "cell_tower"),
        Place("Language model use", "engagement.PassageBudget", "edit_square"),
        Place("Workers", "workflows.WorkerHeartbeat", "memory"),
        Place("API keys", "contactflow.ApiKey", "key"),
        Place("Accounts", "auth.User", "person"),
        Place("Roles", "auth.Group", "badge"),
    ),
}
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
        own = [path("brand/", self.admin_view(self.choose_brand), name="brand")]
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

    @method_decorator(require_POST)
    def choose_brand(self, request: HttpRequest) -> HttpResponse:
        brands.choose(request, request.POST.get("brand", ""))
        back = request.POST.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
        return HttpResponseRedirect(back if is_ours else reverse("admin:index"))


def place_of(address: str) -> tuple[str, str] | None:
    """The group and the name under which a list stands in the sidebar."""
    lists = ((group, place) for group, places in PLACES.items() for place in places if not place.page)
    return next(((group, place.title) for group, place in lists if _list_of(place) == address), None)


def favicon(request: HttpRequest) -> str:
    return static("contactflow/favicon.svg")


def stylesheet(request: HttpRequest) -> str:
    return static("contactflow/desk.css")


def frame_stylesheet(request: HttpRequest) -> str:
    return static("contactflow/frame.css")


def timezone_script(request: HttpRequest) -> str:
    return static("contactflow/timezone.js")


def once_script(request: HttpRequest) -> str:
    return static("contactflow/once.js")


def access_script(request: HttpRequest) -> str:
    return static("contactflow/access.js")


def start_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    return context | today.shown_to(request, now=clock.database_now())


def _all_places(request: HttpRequest) -> list[palette.Found]:
    today = palette.Found("Today", "Page", reverse("admin:index"), "today")
    return [
        today,
        *(
            palette.Found(item["title"], f"Page · {group}", item["link"], item["icon"])
            for group, places in PLACES.items()
            for item in (_item(place) for place in places if _may_see(request, place))
        ),
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
