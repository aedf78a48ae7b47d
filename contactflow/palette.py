"""What the command palette finds: places of the sidebar, people and what they wrote, workflows and emails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from contacts.models import Contact
from engagement import inbox
from engagement.models import EngagementTemplate, Reply
from workflows.models import WorkflowTemplate

MOST_PEOPLE = 20
LOOKED_AT = 200
MOST_OTHERS = 5
SHORTEST = 3  # letters; the trigram index knows nothing shorter
MOST_WORDS = 4


@dataclass(frozen=True)
class Found:
    title: str
    description: str
    link: str
    icon: str
    also: str = ""
    """Other words that find it, not shown."""


def find(request: HttpRequest, words: str, places: Iterable[Found]) -> list[Found]:
    """Everything that holds all the words, places first. Two bounded queries besides the one for people."""
    term = " ".join(words.split())
    if not term:
        return []
    return [
        *(place for place in places if _holds(f"{place.title} {place.description} {place.also}", term)),
        *_named(request, WorkflowTemplate.objects.order_by("name"), term, "Workflow", "account_tree"),
        *_named(request, EngagementTemplate.objects.order_by("name"), term, "Email", "edit_note"),
        *_people(request, term),
        *_replies(request, term),
    ]


def people(term: str) -> list[Contact]:
    """The newest of the first people that the words find."""
    if not any(len(word) >= SHORTEST for word in term.split()):
        return []
    found = Contact.objects.search(term).only("email", "first_name", "last_name", "company", "created_at")
    looked_at = list(found[:LOOKED_AT])
    return sorted(looked_at, key=lambda contact: contact.created_at, reverse=True)[:MOST_PEOPLE]


def _people(request: HttpRequest, term: str) -> Iterator[Found]:
    if not request.user.has_perm("contacts.view_contact"):
        return
    for contact in people(term):
        yield Found(
            title=contact.full_name or contact.email,
            description=" · ".join(part for part in ("Contact", contact.email, contact.company) if part),
            link=reverse("admin:contacts_contact_change", args=[contact.pk]),
            icon="person",
        )


def _replies(request: HttpRequest, term: str) -> Iterator[Found]:
    """The newest that people wrote, by subject or person."""
    words = [word for word in term.split() if len(word) >= SHORTEST][:MOST_WORDS]
    if not words or not request.user.has_perm("engagement.view_reply"):
        return
    rows = Reply.objects.filter(inbox.WRITTEN).select_related("contact").defer("raw", "body", "text")
    for word in words:
        of_person = list(Contact.objects.search(word).values_list("pk", flat=True)[:LOOKED_AT])
        rows = rows.filter(Q(subject__icontains=word) | Q(contact__in=of_person))
    for reply in rows.order_by("-received_at", "-id")[:MOST_OTHERS]:
        yield Found(
            title=f"{reply.contact or reply.sender}: {reply}",
            description=f"Inbox · {reply.get_state_display()}",
            link=reverse("admin:engagement_reply_change", args=[reply.pk]),
            icon="inbox",
        )


def _named(request: HttpRequest, rows: QuerySet[WorkflowTemplate] | QuerySet[EngagementTemplate], term: str, what: str,
           icon: str) -> Iterator[Found]:  # fmt: skip
    meta = rows.model._meta
    if not request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
        return
    for word in term.split()[:MOST_WORDS]:
        rows = rows.filter(Q(name__icontains=word) | Q(slug__icontains=word))
    for row in rows[:MOST_OTHERS]:
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
        yield Found(title=row.name, description=what, link=address, icon=icon)


def _holds(text: str, term: str) -> bool:
    return all(word in text.casefold() for word in term.casefold().split())
