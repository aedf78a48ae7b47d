"""The page "Notion": connect it, watch it, switch it on and off."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from contactflow.core import clock
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import ReadOnlyAdmin
from notion_bridge import baseline, conflicts, connection_check, monitoring, provisioning, schemas, webhooks
from notion_bridge.admin import overview
from notion_bridge.models import NotionConnection
from workflows import wake
from workflows.models import WorkflowTemplate

WINDOW = dt.timedelta(minutes=15)
ASKING = (
    "start_workflows",
    "leave_as_they_are",
    "create_databases",
    "switch_off",
)  # these show what they mean before they act
ID_LENGTH = 36


class ParentForm(forms.Form):
    parent = forms.CharField(
        label="Page in Notion",
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The address of the page, or its id. In Notion, share the page with the integration first: open it, "
        "then ••• and Connections.",
    )

    def clean_parent(self) -> str:
        found = schemas.plain_id(self.cleaned_data["parent"])
        if len(found) != ID_LENGTH:
            raise forms.ValidationError("This is no address of a page in Notion. Copy it from there with “Copy link”.")
        return found


@admin.register(NotionConnection)
class NotionConnectionAdmin(ReadOnlyAdmin):
    """There is one, so its list is its page."""

    search_fields = ("workspace",)
    actions_detail = (
        *("check_now", "create_databases", "full_pass", "switch_on", "switch_off"),
        *("start_workflows", "leave_as_they_are", "open_window", "show_token"),
    )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        if object_id != str(NotionConnection.ONLY):
            return None
        row = NotionConnection.current()
        row.page_title = "Notion"  # type: ignore[attr-defined]  # read by the templates
        return row

    def has_connect_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("notion_bridge.change_notionconnection")

    def possible_buttons(self, row: NotionConnection) -> tuple[str, ...]:
        is_connected = monitoring.is_connected()
        possible = {
            "check_now": is_connected,
            "create_databases": overview.can_create(row),
            "full_pass": is_connected and row.monitoring,
            "switch_on": not row.monitoring,
            "switch_off": row.monitoring,
            "start_workflows": is_connected,
            "leave_as_they_are": is_connected and bool(baseline.waiting_for_an_answer()),
            "open_window": is_connected,
            "show_token": bool(row.webhook_token) and not row.token_shown,
        }
        return tuple(name for name, is_possible in possible.items() if is_possible)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return self._overview(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if request.method != "GET":
            raise PermissionDenied
        return self._overview(request)

    def _overview(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        only = str(NotionConnection.ONLY)
        allowed = self.get_actions_detail(request, only)
        context = {
            **overview.gather(now=clock.database_now()),
            "title": "Notion",
            "press": {one.method.__name__: _press(one, only) for one in allowed},
        }
        return self.framed(request, "admin/notion_bridge/connection.html", context)

    @confirmed(
        "Check the connection now",
        permission="connect",
        icon="network_check",
        explanation="Notion is asked who we are there and how the databases look. That takes some seconds.",
        refusals=(conflicts.NotPossible,),
    )
    def check_now(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        lines, lasting = connection_check.ask(now=clock.database_now()), connection_check.judge()
        if passing := [line.text for line in lines if line not in lasting]:
            raise conflicts.NotPossible(" ".join(passing))
        if any(line.level == "FAIL" for line in lines):
            raise conflicts.NotPossible("Something is out of order. What it is and what to do stands below.")
        if any(line.level == "warning" for line in lines):
            return "Notion answered. What is still to do stands below."
        return "Notion answered, and everything is in order."

    @confirmed(
        "Create the databases",
        permission="connect",
        icon="add",
        title="Create the databases in Notion",
        explanation="Contactflow makes the databases that are not named in its settings, with all their "
        "properties, below a page of yours. They are empty at first.",
        form=ParentForm,
        submit="Create them",
        refusals=(conflicts.NotPossible,),
    )
    def create_databases(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        made = provisioning.create_databases(parent=answers["parent"], now=clock.database_now())
        if made.names and made.trouble:
            messages.success(request, _made(made.names))
        if made.trouble:
            raise conflicts.NotPossible(_trouble(made.trouble))
        return _made(made.names) if made.names else "All three databases are named already."

    @confirmed(
        "Make a full pass soon",
        permission="connect",
        icon="sync",
        explanation="Every page in Notion is read and compared, not only those that were edited. It runs beside "
        "the ordinary work.",
    )
    def full_pass(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        conflicts.make_full_pass_soon()
        return "Every page is compared once more, as soon as a worker is free."

    @confirmed(
        "Switch monitoring on",
        permission="connect",
        icon="play_arrow",
        explanation="Changes travel both ways from now on, also after a restart.",
    )
    def switch_on(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        return _switch(request, on=True)

    @confirmed(
        "Switch monitoring off",
        permission="connect",
        icon="pause",
        explanation="Nothing is read from Notion or written there until it is switched on again. What changes "
        "meanwhile on either side is carried over then.",
    )
    def switch_off(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        return _switch(request, on=False)

    @confirmed(
        "Start their workflows",
        permission="connect",
        icon="directions_run",
        title="Start the workflows of the first pull",
        explanation=lambda page, request, row: _foreseen() if request.method == "GET" else "",
        submit="Start them",
    )
    def start_workflows(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        baseline.answer(start=True)
        return "The workers start their workflows now."

    @confirmed(
        "Leave them as they are",
        permission="connect",
        icon="block",
        title="Leave the people of the first pull as they are",
        explanation="No workflow starts for them, and they are not asked about any more. An edit still starts what "
        "becomes true by it.",
        submit="Leave them",
    )
    def leave_as_they_are(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        baseline.answer(start=False)
        return "Nothing is started for them. Whoever is typed into Notion from now on starts what matches."

    @confirmed(
        "Open the handshake window",
        permission="connect",
        icon="handshake",
        explanation="For 15 minutes, the first one to present a token at the webhook's address is taken for "
        "Notion. A token from before does not count any more afterwards.",
        submit="Open it",
    )
    def open_window(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        webhooks.open_window(until=clock.database_now() + WINDOW)
        return "Notion may introduce itself for 15 minutes. Enter the address there now."

    @confirmed(
        "Show the token",
        permission="connect",
        icon="key",
        title="Show the verification token",
        explanation="It is shown once. Have the page of the webhook open in Notion, to paste it there.",
        refusals=(conflicts.NotPossible,),
    )
    def show_token(self, request: HttpRequest, row: NotionConnection, answers: dict[str, Any]) -> str:
        token = webhooks.show_token_once()
        if not token:
            raise conflicts.NotPossible("The token was shown already. Open the window for another handshake.")
        messages.warning(request, f"The verification token, shown this once: {token}")
        return "Paste the token into Notion, where it asks for it."


def _switch(request: HttpRequest, *, on: bool) -> str:
    said = monitoring.switch(on=on, actor=request.user.get_username(), now=clock.database_now())
    wake.on_commit()
    return said


def _press(one: Any, object_id: str) -> dict[str, Any]:
    """A button as the page's own template shows it."""
    address = reverse(f"admin:{one.action_name}", args=[object_id])
    return {"text": one.description, "address": address, "asks": one.method.__name__ in ASKING}


def _made(names: list[str]) -> str:
    return f"Made in Notion: {', '.join(names)}. Switch monitoring on to fill them."


def _trouble(trouble: Exception) -> str:
    said = connection_check.in_words(trouble)
    if provisioning.may_be_done(trouble):
        return f"{said} Look at the page in Notion: remove what was half made there before you try again."
    return said


def _foreseen() -> str:
    """What saying yes would start, at this moment."""
    found = baseline.foresee(now=clock.database_now())
    if not found.workflows:
        return f"{found.people} people came with the first pull. No workflow matches any of them at this moment."
    names = dict(WorkflowTemplate.objects.filter(slug__in=found.by_workflow).values_list("slug", "name"))
    by_name = "; ".join(f"{names.get(slug, slug)} for {number}" for slug, number in found.by_workflow.most_common())
    judged = "of them" if found.judged == found.people else f"of the first {found.judged}"
    return (
        f"{found.people} people came with the first pull and started no workflow. For {found.starting} {judged} "
        f"{found.workflows} workflows would start: {by_name}. In time they would send up to {found.emails} emails. "
        "Whoever starts can be paused or cancelled later; an email that went out cannot be taken back."
    )
