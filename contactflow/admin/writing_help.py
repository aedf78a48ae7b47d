"""Help of a language model with one person: an answer to their mail, a summary, and where they belong."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse

from contactflow import timeline
from contactflow.admin import mail_writing
from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.model_admin import BaseAdmin, address_of, page
from contacts.models import Contact, ContactEvent
from engagement.admin.writing_help import proposed, told
from engagement.language_model import is_available, proposals
from engagement.models import Reply

REMEMBERED = 40  # entries of the timeline that a summary is made of
UNPLACED = ("no_rule_names_type", "takes_the_rest")


def kinds_for(contact: Contact) -> dict[str, str]:
    """The buttons of a person's page; none without a model."""
    if not is_available():
        return {}
    return {"summary": "Sum up their history"} | (
        {"suggestion": "Suggest type and brand"} if _is_unplaced(contact) else {}
    )


def context_of(contact: Contact, kinds: dict[str, str], *, reply: Reply | None = None) -> dict[str, Any]:
    return {"help_kinds": kinds, "help_address": address_of(contact, "help"), "help_reply": reply}


class PersonHelp(BaseAdmin):
    """Before an admin of contacts."""

    @page("<path:object_id>/help/", method="POST", name="contacts_contact_help")
    def person_help(self, request: HttpRequest, object_id: str) -> JsonResponse:
        """A proposal about this person. Nothing is stored."""
        contact, now = confirmation.opened(self, request, object_id), clock.database_now()
        match request.POST.get("kind"):
            case "summary":
                history = _history(request, contact)
                return proposed(lambda: proposals.summary(contact=contact, history=history, now=now))
            case "suggestion":
                return proposed(lambda: proposals.suggestion(contact=contact, words=_words(contact), now=now))
            case "answer":
                return self._proposed_answer(request, contact)
        return told("There is no such help.")

    def _proposed_answer(self, request: HttpRequest, contact: Contact) -> JsonResponse:
        if not (mail_writing.may_write(request) and request.user.has_perm("engagement.view_reply")):
            raise PermissionDenied
        asked = request.POST.get("reply", "")
        reply = next((one for one in Reply.objects.filter(contact=contact).defer("raw") if str(one.pk) == asked), None)
        if reply is None:
            return told("There is no mail to answer.")
        about: dict[str, Any] = {"business_entity": reply.business_entity, "now": clock.database_now()}
        return proposed(lambda: proposals.answer(contact=contact, subject=reply.subject, text=reply.text, **about))


def _is_unplaced(contact: Contact) -> bool:
    """Whether no rule said what they are, or whose."""
    if any(one.because.get("code") in UNPLACED for one in contact.memberships.all()):
        return True
    event = ContactEvent.objects.filter(contact=contact).exclude(decisions=[]).order_by("-received_at").first()
    return event is not None and any(one["because"].get("code") in UNPLACED for one in event.decisions)


def _history(request: HttpRequest, contact: Contact) -> list[str]:
    sources = timeline.visible_to(request.user)
    entries = timeline.read(contact=contact, sources=sources, limit=REMEMBERED).entries
    return [f"{entry.at:%Y-%m-%d} {entry.title} {' '.join(entry.lines)} {entry.text[:200]}" for entry in entries]


def _words(contact: Contact) -> str:
    """What they wrote when they arrived last."""
    payloads = ContactEvent.objects.filter(contact=contact, payload__has_key="message").order_by("-received_at")
    payload = payloads.values_list("payload", flat=True).first()
    return str(payload["message"]) if payload else ""
