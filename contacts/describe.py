"""What the stored decisions say, as sentences for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from contactflow.core import reasons
from contactflow.core.reasons import Reason
from contacts.models import Suppression

Said = list[Mapping[str, Any]]

DECIDED = {
    "contact_type": "Contact type",
    "lead_source": "Lead source",
    "business_entity": "Brand",
    "interest": "Interest",
    "status": "Status",
}


def moment(at: datetime | None) -> str:
    """Day and time in the time zone of this installation, without seconds: Tue 3 Mar 2026, 9:00."""
    return formats.date_format(timezone.localtime(at), "D j M Y, G:i") if at else "-"


def name_of_event(kind: str) -> str:
    return _words(kind).capitalize()


def decision(made: Mapping[str, Any]) -> str:
    """One decision of classification or routing: what was concluded, by which rule, because of what."""
    kind = str(made.get("kind") or "")
    sentence = f"{DECIDED.get(kind, _words(kind) or 'Decision')}: {made.get('value') or 'none'}"
    if made.get("because"):
        sentence += f", because {made['because']}"
    if made.get("rule"):
        sentence += f" (rule “{made['rule']}”)"
    return sentence


def outcome(answer: Mapping[str, Any]) -> str:
    """Enrolment's answer for one workflow."""
    verb = "started" if answer.get("matched") else "did not start"
    sentence = f"{answer.get('workflow') or 'A workflow'} {verb}"
    return f"{sentence}: {answer['because']}" if answer.get("because") else sentence


def did_not_start(answer: Mapping[str, Any]) -> bool:
    """Sorts what started before what did not."""
    return not answer.get("matched")


def started(answers: Iterable[Mapping[str, Any]]) -> str:
    """How many workflows an event started, in a few words."""
    count = sum(bool(answer.get("matched")) for answer in answers)
    if count == 0:
        return "started nothing"
    return "started 1 workflow" if count == 1 else f"started {count} workflows"


def change(field: str, before: object, after: object) -> str:
    """What an arrival changed on the contact."""
    return f"{_words(field).capitalize()}: was {_value(before)}, now {_value(after)}"


def changes(made: Mapping[str, Any]) -> list[str]:
    found = []
    for field, pair in made.items():
        before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        found.append(change(field, before, after))
    return found


def listed(sentences: Iterable[str]) -> SafeString | str:
    """The sentences below each other, or a dash for none."""
    items = format_html_join("", '<li class="mb-1">{}</li>', ((sentence,) for sentence in sentences))
    return format_html('<ul class="leading-relaxed">{}</ul>', items) if items else "-"


def pairs(values: Mapping[str, Any]) -> SafeString | str:
    """Names and values below each other: what arrived, without the brackets it arrived in."""
    return listed(f"{_words(str(name)).capitalize()}: {_value(value)}" for name, value in values.items() if value)


def _words(name: str) -> str:
    return name.replace("_", " ").strip()


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value) or "empty"
    if isinstance(value, dict):
        return ", ".join(f"{_words(str(name))} {_value(part)}" for name, part in value.items()) or "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"“{value}”" if value not in (None, "") else "empty"


PERMISSION = {
    "status_blocks": _("the contact is %(status)s"),
    "contact_gone": _("the contact is gone"),
    "address_suppressed": _("the address is suppressed: %(why)s"),
    "consent_withdrawn": _("consent for %(channel)s from %(brand)s was withdrawn on %(on)s"),
    "consent_given": _("consent was given"),
    "nothing_against": _("nothing speaks against it"),
}


def permission(reason: Reason) -> str:
    """Why a person may be written to, or not: part of a sentence."""
    params = dict(reason.params)
    if "why" in params:
        params["why"] = str(Suppression.Reason(params["why"]).label).lower()
    if "brand" in params:
        params["brand"] = params["brand"] or _("every brand")
    return reasons.sentence(Reason(reason.code, params), PERMISSION)
