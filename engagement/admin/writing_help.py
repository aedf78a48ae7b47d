"""Help with writing: what the editor's buttons ask a language model. The answer is a proposal in a panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse

from contactflow.core import clock, numbers
from contactflow.core.admin.model_admin import BaseAdmin, page
from contacts.models import BusinessEntity
from engagement import describe
from engagement.language_model import proposals
from engagement.language_model.proposals import NotProposed, Proposal

LANGUAGES = {
    "de": "German", "en": "English", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch",
    "pt": "Portuguese",
}  # fmt: skip
KINDS = {"draft": "A draft", "subjects": "Five subjects", "shorter": "Shorter", "translation": "Translate"}
LABELS = {"subjects": "Subject", "summary": "Summary", "contact_type": "Contact type", "reason": "Why"}
FIELDS = {"subject": "subject", "subjects": "subject", "body": "body"}
"""Part of a proposal -> the field of the page that it may be taken over into."""


class WritingHelp(BaseAdmin):
    """Before the admin of emails."""

    @page("help/", permission="change add", method="POST")
    def writing_help(self, request: HttpRequest) -> JsonResponse:
        """What one of KINDS proposes for the email as typed. Nothing is stored."""
        typed = request.POST
        brand = BusinessEntity.objects.filter(pk=numbers.key(typed.get("business_entity"))).first()
        about: dict[str, Any] = {"business_entity": brand, "now": clock.database_now()}
        subject, body = typed.get("subject", ""), typed.get("body", "")
        asks: Mapping[str, Callable[[], Proposal]] = {
            "draft": lambda: proposals.draft(brief=typed.get("brief", ""), **about),
            "subjects": lambda: proposals.subjects(body=body, **about),
            "shorter": lambda: proposals.shorter(body=body, **about),
            "translation": lambda: proposals.translation(
                subject=subject, body=body, language=typed.get("language", "")[:10], **about
            ),
        }
        kind = typed.get("kind", "")
        if not typed.get("brief" if kind == "draft" else "body", "").strip():
            return told("Say in the brief what the email is about." if kind == "draft" else "There is no text yet.")
        return proposed(asks[kind]) if kind in asks else told("There is no such help.")


def proposed(ask: Callable[[], Proposal]) -> JsonResponse:
    """The proposal, each part with the field that may take it over, or why there is none."""
    try:
        found = ask()
    except NotProposed as refusal:
        against = describe.against([one.as_json() for one in refusal.against])
        return told(f"{describe.no_answer(refusal.code)} {'; '.join(against)}".strip())
    parts = [(name, one) for name, part in found.parts.items() for one in (part if isinstance(part, list) else [part])]
    options = [{"label": _label(name), "field": FIELDS.get(name, ""), "text": text} for name, text in parts]
    return JsonResponse(
        {"said": "", "options": options, "doubts": describe.against([one.as_json() for one in found.doubts])}
    )


def told(words: str) -> JsonResponse:
    return JsonResponse({"said": words, "options": [], "doubts": []})


def _label(name: str) -> str:
    return LABELS.get(name, name.capitalize())
