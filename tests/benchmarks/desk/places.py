"""The pages that are measured by name: what people open most, and what reads most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from contacts.models import Contact
from engagement.models import EngagementTemplate, Message, Task
from workflows.models import ScheduledAction, WorkflowInstance, WorkflowTemplate

FLOOR = "contacts_contacttype"  # a list of seven rows: what any page of the admin costs


@dataclass(frozen=True)
class Place:
    name: str
    address: str
    is_of_brand: bool = False
    """Looked at with a brand chosen in the header."""
    posted: tuple[tuple[str, str], ...] = ()
    """What a page's script sends along; it only asks."""
    is_named: bool = True


def named(client: Client) -> Iterator[Place]:
    """The floor first."""
    yield Place("floor: contact types", reverse(f"admin:{FLOOR}_changelist"))
    yield Place("Today", reverse("admin:index"))
    yield Place("Today, of a brand", reverse("admin:index"), is_of_brand=True)
    yield from _people(client)
    yield from _work()
    yield from _workflows()
    yield from _emails()
    yield from _palette()
    yield from _all_lists()


def list_of(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _change(row: Any, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[quote(row.pk)])


def _people(client: Client) -> Iterator[Place]:
    heavy = Contact.objects.get(email="person1@company1.example")
    ordinary = Contact.objects.order_by("-created_at", "-id")[1000]
    yield Place("contact", _change(ordinary))
    yield Place("contact with 10,000 entries", _change(heavy))
    yield Place("the same, far down", f"{_change(heavy)}?{urlencode({'before': _far_down(heavy)})}")
    yield Place("contact, edit", _change(ordinary, "edit"))
    yield Place("contact, merge", _change(ordinary, "merge"))


def _far_down(contact: Contact) -> str:
    """Where "Show older" leads after 9,000 entries."""
    from contactflow import timeline

    return timeline.read(contact=contact, limit=9_000).next


def _work() -> Iterator[Place]:
    for whose in ("mine", "team", "unassigned", "all"):
        yield Place(f"board, {whose}", f"{reverse('admin:engagement_task_board')}?whose={whose}")
        yield Place(f"tasks, {whose}", f"{reverse('admin:engagement_task_changelist')}?whose={whose}")
    yield Place("board, words", f"{reverse('admin:engagement_task_board')}?whose=all&q=hilma")
    yield Place("board, of a brand", f"{reverse('admin:engagement_task_board')}?whose=all", is_of_brand=True)
    yield Place("bell", reverse("admin:engagement_alert_bell"))
    yield Place("task", _change(Task.objects.order_by("-created_at")[1000]))


def _workflows() -> Iterator[Place]:
    yield Place("execution", _change(WorkflowInstance.objects.order_by("-started_at", "-id")[1000]))
    failed = ScheduledAction.objects.filter(status="failed").earliest("due_at")
    yield Place("step that failed", _change(failed))
    yield Place("failure inbox", reverse("admin:workflows_failures"))
    decide = reverse("admin:workflows_failures_decide")
    asked = {"verb": "retry", "cause": failed.cause or "unknown"}
    yield Place("failure inbox, a decision", f"{decide}?{urlencode(asked)}")
    yield Place("digest", reverse("admin:workflows_digest"))
    workflow = WorkflowTemplate.objects.get(slug="website_lead_nurturing")
    yield Place("workflow", _change(workflow))
    for page in ("preview", "versions", "dry_run", "switch", "people"):
        yield Place(f"workflow, {page}", _change(workflow, page))
    find = reverse("admin:workflows_workflowtemplate_find", args=[workflow.pk])
    yield Place("workflow, find a person", f"{find}?q=hilma")
    person = Contact.objects.order_by("-created_at", "-id")[1000]
    yield Place("why", f"{reverse('admin:workflows_why')}?contact={person.pk}&workflow={workflow.slug}")


def _emails() -> Iterator[Place]:
    yield Place("email sent", _change(Message.objects.order_by("-created_at", "-id")[1000]))
    email = EngagementTemplate.objects.get(slug="artist_welcome")
    yield Place("email text", _change(email))
    words = (("template", str(email.pk)), ("subject", "{{ full_name }}"), ("body", "{{ job_title }} {{ last_touch }}"))
    yield Place("email text, coverage", reverse("admin:engagement_engagementtemplate_coverage"), posted=words)
    for variable in ("full_name", "job_title", "contact_type", "last_touch", "custom.artist"):
        address = reverse("admin:engagement_engagementtemplate_lacking", args=[email.pk, variable])
        yield Place(f"email text, who has no {variable}", address)


def _palette() -> Iterator[Place]:
    address = f"{reverse('admin:search')}?extended=1&s="
    for what, words in (
        ("a name", "hilma"),
        ("part of an address", "son77712"),
        ("nobody", "zzyzx"),
        ("two letters", "ad"),
    ):
        yield Place(f"palette: {what}", f"{address}{words}")


def _all_lists() -> Iterator[Place]:
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
        yield Place(f"list: {model._meta.verbose_name_plural}", list_of(model))
