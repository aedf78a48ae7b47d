"""Every page of the admin that is neither a list nor the page of a row, by the name of its address.

A key is the name of an address in the admin, with what is special about this look at it after a colon. What has a name
and is no page stands below, with the reason why nobody needs to look at it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.urls import reverse

from contactflow.contact_merge import merging
from contactflow.core.clock import database_now
from contactflow.models import ApiKey, AuditEntry, ContactMerge
from contacts.models import BusinessEntity, ClassificationRule, Contact, ContactEvent
from engagement import drafts as email_drafts
from engagement.models import Alert, EngagementTemplate, Target, Task
from engagement.rendering import Words
from notion_bridge.models import SyncConflict, SyncProblem
from tests import factories as f
from workflows import drafts
from workflows.models import (
    ExportRun,
    ImportRun,
    ScheduledAction,
    WorkflowInstance,
    WorkflowTemplate,
    WorkflowVersion,
)
from workflows.transfers import runs

LIST = "Email,First name,Company\nada@engines.example,Ada,Engines Ltd\nnew@people.example,Noor,\nnobody,,\n"
ARTISTS = "the7space_artist_discovery"
EMAIL = "artist_welcome"


def furnish() -> None:
    """What an ordinary day leaves behind and the office lacks: a draft, lists that came, people who were one."""
    now = database_now()
    draft = drafts.draft_of(artists())
    f.StepFactory(version=draft, position=9, action_type="create_task", title="Look at the portfolio", delay_hours=3)
    for name in ("columns.csv", "preview.csv", "result.csv"):
        run = runs.receive(file=io.BytesIO(LIST.encode()), file_name=name, source=name, business_entity=None, now=now)
        if name != "columns.csv":
            runs.check(run=run, fields=run.fields)
        if name == "result.csv":
            run.refresh_from_db()
            runs.apply(run=run, start_workflows=False)
    keep, drop = (f.ContactFactory(email=f"maria{n}@example.org", first_name="Maria", last_name="Lopez") for n in "12")
    merging.merge(keep=keep, drop=drop, choices={}, by=User.objects.get(username="boss"), now=now)
    f.ContactFactory(email="ada.lovelace@engines.example", first_name="Ada", last_name="Lovelace")


def _of(name: str, *args: Any, **query: Any) -> str:
    return reverse(
        f"admin:{name}", args=[quote(one) if isinstance(one, UUID) else one for one in args], query=query or None
    )


def artists() -> WorkflowTemplate:
    return WorkflowTemplate.objects.get(slug=ARTISTS)


def _email() -> EngagementTemplate:
    return EngagementTemplate.objects.get(slug=EMAIL)


def _drafted() -> EngagementTemplate:
    """With words that wait to be published."""
    email = EngagementTemplate.objects.select_related("current_version").get(slug="community_welcome")
    words = replace(Words.of(email.current_version), subject="Good to have you, {{ first_name }}")
    email_drafts.save(template=email, words=words, business_entity=email.business_entity, by=None, now=database_now())
    return email


def _ada() -> Contact:
    return Contact.objects.get(email="ada@engines.example")


def _import(name: str) -> ImportRun:
    return ImportRun.objects.get(file_name=name)


def _failed() -> ScheduledAction:
    return ScheduledAction.objects.filter(status="failed").order_by("pk")[:1].get()


def _unclear() -> ScheduledAction:
    return ScheduledAction.objects.filter(status="ambiguous").order_by("pk")[:1].get()


def _merge() -> ContactMerge:
    return ContactMerge.objects.get()


def _first(model: Any, **wanted: Any) -> Any:
    return model.objects.filter(**wanted).order_by("pk")[:1].get().pk


FLOW = "workflows_workflowtemplate"
TEXT = "engagement_engagementtemplate"
PAGES: dict[str, Callable[[], str]] = {
    "index": lambda: _of("index"),
    "password_change": lambda: _of("password_change"),
    "password_change_done": lambda: _of("password_change_done"),
    "auth_user_password_change": lambda: _of("auth_user_password_change", User.objects.get(username="reader").pk),
    # Workflows
    f"{FLOW}_change: a draft with a new step": lambda: _of(f"{FLOW}_change", artists().pk),
    f"{FLOW}_versions": lambda: _of(f"{FLOW}_versions", artists().pk),
    f"{FLOW}_versions: the difference": lambda: _of(f"{FLOW}_versions", artists().pk, before=1, after=2),
    f"{FLOW}_publish": lambda: _of(f"{FLOW}_publish", artists().pk),
    f"{FLOW}_discard": lambda: _of(f"{FLOW}_discard", artists().pk),
    f"{FLOW}_duplicate": lambda: _of(f"{FLOW}_duplicate", artists().pk),
    f"{FLOW}_dry_run": lambda: _of(f"{FLOW}_dry_run", artists().pk),
    f"{FLOW}_dry_run: for somebody": lambda: _of(f"{FLOW}_dry_run", artists().pk, contact=_ada().pk),
    f"{FLOW}_switch": lambda: _of(f"{FLOW}_switch", artists().pk),
    f"{FLOW}_people": lambda: _of(f"{FLOW}_people", artists().pk),
    f"{FLOW}_restore": lambda: _of(f"{FLOW}_restore", artists().pk, 1),
    "workflows_why": lambda: _of("workflows_why"),
    "workflows_why: somebody": lambda: _of("workflows_why", contact=_ada().pk),
    "workflows_why: somebody and a workflow": lambda: _of("workflows_why", contact=_ada().pk, workflow=ARTISTS),
    # What went wrong
    "workflows_failures": lambda: _of("workflows_failures"),
    "workflows_failures_decide": lambda: _of("workflows_failures_decide", verb="retry", cause=_failed().cause),
    "workflows_digest": lambda: _of("workflows_digest"),
    "workflows_scheduledaction_retry": lambda: _of("workflows_scheduledaction_retry", _failed().pk),
    "workflows_scheduledaction_resolve": lambda: _of("workflows_scheduledaction_resolve", _unclear().pk),
    "workflows_scheduledaction_change: unclear": lambda: _of("workflows_scheduledaction_change", _unclear().pk),
    "workflows_workflowinstance_pause": lambda: _of(
        "workflows_workflowinstance_pause", _first(WorkflowInstance, status="active")
    ),
    # Emails
    f"{TEXT}_change: with its editor": lambda: _of(f"{TEXT}_change", _email().pk),
    f"{TEXT}_versions": lambda: _of(f"{TEXT}_versions", _email().pk),
    f"{TEXT}_restore": lambda: _of(f"{TEXT}_restore", _email().pk, 1),
    f"{TEXT}_change: with a draft": lambda: _of(f"{TEXT}_change", _drafted().pk),
    f"{TEXT}_publish": lambda: _of(f"{TEXT}_publish", _drafted().pk),
    f"{TEXT}_discard": lambda: _of(f"{TEXT}_discard", _drafted().pk),
    f"{TEXT}_compare": lambda: _of(f"{TEXT}_compare", _drafted().pk),
    f"{TEXT}_lacking": lambda: _of(f"{TEXT}_lacking", _email().pk, "first_name"),
    "contacts_businessentity_change: its frame": lambda: _of("contacts_businessentity_change", _first(BusinessEntity)),
    "engagement_target_send_test": lambda: _of("engagement_target_send_test", _first(Target)),
    # People
    "contacts_contact_edit": lambda: _of("contacts_contact_edit", _ada().pk),
    "contacts_contact_change: a whole story": lambda: _of("contacts_contact_change", _ada().pk),
    "contacts_contact_change: filtered": lambda: _of("contacts_contact_change", _ada().pk, show="mail"),
    "contacts_contact_merge": lambda: _of("contacts_contact_merge", _ada().pk),
    "contacts_contact_merge: found": lambda: _of("contacts_contact_merge", _ada().pk, q="grace"),
    "contacts_contact_merge: compared": lambda: _of(
        "contacts_contact_merge", _ada().pk, **{"with": Contact.objects.get(email="grace@navy.example").pk}
    ),
    "contacts_contact_undo_merge": lambda: _of("contacts_contact_undo_merge", _merge().kept_id, _merge().pk),
    "contacts_contact_start": lambda: _of("contacts_contact_start", _ada().pk),
    "contacts_contact_add_task": lambda: _of("contacts_contact_add_task", _ada().pk),
    "contacts_contact_add_note": lambda: _of("contacts_contact_add_note", _ada().pk),
    "contacts_contact_write": lambda: _of("contacts_contact_write", _ada().pk),
    "contacts_contact_log_touch": lambda: _of("contacts_contact_log_touch", _ada().pk),
    "contacts_contact_assign_owner": lambda: _of("contacts_contact_assign_owner", _ada().pk),
    "contacts_contact_record_permission": lambda: _of("contacts_contact_record_permission", _ada().pk),
    "contacts_contact_convert": lambda: _of("contacts_contact_convert", _ada().pk),
    "contacts_contact_takeout": lambda: _of("contacts_contact_takeout", _ada().pk),
    "contacts_contact_erase": lambda: _of("contacts_contact_erase", _ada().pk),
    "contactflow_retentionrun_periods": lambda: _of("contactflow_retentionrun_periods"),
    "contacts_contact_do_not_contact": lambda: _of("contacts_contact_do_not_contact", _ada().pk),
    "contacts_contactevent_change: decided": lambda: _of("contacts_contactevent_change", _first(ContactEvent)),
    "contactflow_auditentry_change: changed": lambda: _of("contactflow_auditentry_change", _first(AuditEntry)),
    # Lists in and out
    "workflows_importrun_change: its columns": lambda: _of("workflows_importrun_change", _import("columns.csv").pk),
    "workflows_importrun_change: its preview": lambda: _of("workflows_importrun_change", _import("preview.csv").pk),
    "workflows_importrun_change: its result": lambda: _of("workflows_importrun_change", _import("result.csv").pk),
    "workflows_exportrun_change: ready": lambda: _of("workflows_exportrun_change", _first(ExportRun)),
    # Tasks and alerts
    "engagement_task_board": lambda: _of("engagement_task_board", whose="all"),
    "engagement_task_finish": lambda: _of("engagement_task_finish", _first(Task, status="to_do")),
    "engagement_alert_acknowledge": lambda: _of("engagement_alert_acknowledge", _first(Alert, acknowledged_at=None)),
    # Settings and Notion
    "contactflow_apikey_revoke": lambda: _of("contactflow_apikey_revoke", _first(ApiKey)),
    "notion_bridge_syncproblem_dismiss": lambda: _of("notion_bridge_syncproblem_dismiss", _first(SyncProblem)),
    "notion_bridge_syncconflict_keep_notion": lambda: _of(
        "notion_bridge_syncconflict_keep_notion", _first(SyncConflict)
    ),
    "contacts_classificationrule_delete": lambda: _of("contacts_classificationrule_delete", _first(ClassificationRule)),
    "workflows_workflowversion_change: earlier": lambda: _of(
        "workflows_workflowversion_change", _first(WorkflowVersion)
    ),
}

PRESSED = "only answers a press of a button"
PIECE = "a piece of a page that is looked at here"
ASKS = "asks on the same page as the others that ask (templates/admin/confirmation.html)"
LEADS_ON = "leads on to another page"
NO_PAGE = "a file, or an answer to a script"
SIGNED_OUT = "looked at by a test of its own, since it is for whoever is not signed in"
OF_NOTION = "asks on the same page as the others that ask, of an installation that is connected to Notion"

NO_PAGES: dict[str, str] = {
    "login": SIGNED_OUT,
    "logout": PRESSED,
    "brand": PRESSED,
    "search": PIECE,
    "autocomplete": NO_PAGE,
    "jsi18n": NO_PAGE,
    "view_on_site": LEADS_ON,
    "app_list": "nothing leads there: the sidebar and the names above a page lead to lists",
    "contacts_businessentity_frame": PIECE,
    "engagement_message_try_again": LEADS_ON,
    **dict.fromkeys((f"engagement_message_{name}" for name in ("send_again", "arrived", "not_arrived")), ASKS),
    "engagement_channelstate_resume": ASKS,
    f"{TEXT}_preview": PIECE,
    f"{TEXT}_people": NO_PAGE,
    f"{TEXT}_coverage": PIECE,
    f"{TEXT}_checks": PIECE,
    f"{TEXT}_test": PRESSED,
    f"{TEXT}_writing_help": PIECE,
    f"{TEXT}_keep": PRESSED,
    **dict.fromkeys(("engagement_experiment_stop", "engagement_experiment_publish"), ASKS),
    f"{FLOW}_preview": PIECE,
    f"{FLOW}_find": PIECE,
    f"{FLOW}_find_person": PIECE,
    "workflows_exportrun_download": NO_PAGE,
    "workflows_exportrun_cancel": PRESSED,
    "workflows_exportrun_progress": PIECE,
    **dict.fromkeys(
        (f"workflows_importrun_{name}" for name in ("columns", "values", "again", "apply", "go_on")), PRESSED
    ),
    "workflows_importrun_cancel": PRESSED,
    "workflows_importrun_progress": PIECE,
    "workflows_importrun_rejected": NO_PAGE,
    "workflows_scheduledaction_export": NO_PAGE,
    "workflows_scheduledaction_skip": ASKS,
    "workflows_workflowinstance_export": NO_PAGE,
    "workflows_workflowinstance_resume": ASKS,
    "workflows_workflowinstance_cancel": ASKS,
    "contacts_contact_import_people": LEADS_ON,
    "contacts_contact_export_people": LEADS_ON,
    "contacts_contact_pause_all": ASKS,
    "contacts_contact_resume_all": ASKS,
    "contacts_contact_contact_again": ASKS,
    **dict.fromkeys((f"engagement_task_{name}" for name in ("move", "take", "later")), PRESSED),
    **dict.fromkeys(
        (f"engagement_reply_{name}" for name in ("take", "assign", "settle", "reopen", "accept", "answer")), PRESSED
    ),
    "contacts_contact_help": PIECE,
    "contacts_contact_mail_preview": PIECE,
    "contacts_contact_mail_words": NO_PAGE,
    "engagement_alert_bell": PIECE,
    "engagement_alert_seen": PRESSED,
    "notion_bridge_notiondatabase_add_properties": OF_NOTION,
    **dict.fromkeys(
        (
            f"notion_bridge_notionconnection_{name}"
            for name in (
                "check_now",
                "create_databases",
                "full_pass",
                "switch_on",
                "switch_off",
                "start_workflows",
                "leave_as_they_are",
                "open_window",
                "show_token",
            )
        ),
        OF_NOTION,
    ),
    "notion_bridge_syncproblem_add_option": ASKS,
    "notion_bridge_syncproblem_take_over_again": ASKS,
    "notion_bridge_syncconflict_keep_contactflow": ASKS,
    "notion_bridge_pagelink_look_again": OF_NOTION,
}
