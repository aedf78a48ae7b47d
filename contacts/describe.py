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
from contacts.models import ContactEvent, Rule, Suppression

Said = list[Mapping[str, Any]]

# Why rules decided as they did, and why workflows started or not. Lists come as words: what is asked for or there
# instead with "or", what holds with "and".
REASONS = {
    "field_is": _('%(field)s is "%(value)s"'),
    "field_ends_with": _('%(field)s "%(value)s" ends with "%(word)s"'),
    "field_has_word": _('%(field)s "%(value)s" has the word "%(word)s"'),
    "message_has_word": _('the message has the word "%(word)s"'),
    "no_rule_names_source": _("it came without a source, and no rule names one"),
    "no_rule_names_type": _("it came without a type, and no rule names one"),
    "takes_the_rest": _("no routing rule matched, and this brand takes such contacts"),
    "source_named_it": _("the source named it"),
    "status_blocks": _("the contact is %(status)s, which starts nothing"),
    "address_blocked": _("the address is one that is not to be contacted"),
    "staff_asked_for_others": _("staff asked for %(named)s only"),
    "caller_asked_for_others": _("the caller asked for %(named)s only"),
    "caller_named_it": _("named by the caller"),
    "other_event": _("starts with %(asked_events)s, not with %(event)s"),
    "other_brand": _("is only for contacts of %(asked)s, not of %(instead)s"),
    "other_contact_type": _("needs contact type %(asked)s, and the contact's is %(instead)s"),
    "other_lead_source": _("needs lead source %(asked)s, and the contact's is %(instead)s"),
    "no_interest": _("needs an interest in %(asked)s"),
    "no_tag": _("needs the tag %(asked)s"),
    "no_interest_or_tag": _("needs an interest in %(interests)s or the tag %(tags)s"),
    "brand": _("belongs to %(has)s"),
    "contact_type": _("contact type %(has)s"),
    "lead_source": _("lead source %(has)s"),
    "interest": _("is interested in %(has)s"),
    "tag": _("has the tag %(has)s"),
    "asks_nothing": _("asks for nothing in particular"),
    "once": _("starts once per contact, and did on %(at)s"),
    "not_yet_again": _("started on %(at)s and may start again from %(again)s"),
    "held_before": _("held already when the contact was imported, and an edit starts only what becomes true"),
    "never_published": _("was never published"),
    "not_active": _("is not active: it is switched off"),
}
EVENTS = {
    "new_contact": _("a new contact"),
    "contact_updated": _("changed details"),
    "engagement_detected": _("reading or clicking"),
    "manual_trigger": _("a start by hand"),
}
OR, AND = _(" or "), _(" and ")

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


def because(reason: Reason | Mapping[str, Any]) -> str:
    """A reason, as it was given or as it is stored, in words; "" for none."""
    found = reason if isinstance(reason, Reason) else Reason.stored(reason)
    if found.code == "conditions_hold":
        return "; ".join(because(one) for one in found.params["held"])
    said = {name: _said(name, value) for name, value in found.params.items()}
    return reasons.sentence(Reason(found.code, said), REASONS) if found.code else ""


def answers(outcome: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Enrolment's answers as the API gives them."""
    return [{**answer, "because": because(answer["because"])} for answer in outcome]


def _said(name: str, value: Any) -> str:
    match name:
        case "field":
            return str(Rule.Field(value).label).lower()
        case "event" | "asked_events":
            kinds = value if isinstance(value, list | tuple) else [value]
            return str(OR).join(str(EVENTS.get(kind) or f"“{_words(kind)}”") for kind in kinds) or "none"
        case "at" | "again":
            day = datetime.fromisoformat(value)
            return f"{day.day} {day:%b %Y}"
    if isinstance(value, list | tuple):
        return str(OR if name in ("asked", "instead", "interests", "tags") else AND).join(value) or "none"
    return str(value)


def name_of_event(kind: str) -> str:
    return _words(kind).capitalize()


def decision(made: Mapping[str, Any]) -> str:
    """One decision of classification or routing: what was concluded, by which rule, because of what."""
    kind = str(made.get("kind") or "")
    told = f"{DECIDED.get(kind, _words(kind) or 'Decision')}: {made.get('value') or 'none'}"
    if made.get("because"):
        told += f", because {because(made['because'])}"
    if made.get("rule"):
        told += f" (rule “{made['rule']}”)"
    return told


def outcome(answer: Mapping[str, Any]) -> str:
    """Enrolment's answer for one workflow."""
    verb = "started" if answer.get("matched") else "did not start"
    told = f"{answer.get('workflow') or 'A workflow'} {verb}"
    return f"{told}: {because(answer['because'])}" if answer.get("because") else told


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


def proposals(event: ContactEvent) -> list[str]:
    """What its sender, whom we cannot know, would have changed."""
    return [
        f"Proposed for {_words(field)}: {_value(said)} instead of {_value(known)}"
        for field, (known, said) in event.proposed.items()
    ]


def warnings(left: Iterable[Mapping[str, Any]]) -> list[str]:
    """What of an arrival was left out, or taken in another way."""
    return [f"{_words(one['field'])} was not understood as it came. {one['message']}" for one in left]


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
    "consent_pending": _("consent for %(channel)s from %(brand)s waits for their confirmation since %(on)s"),
    "consent_missing": _("%(brand)s needs their consent for marketing, and they gave none"),
    "paused": _("they asked for a pause until %(until)s"),
    "kind_refused": _("they do not want emails of this kind"),
    "one_a_week": _("they want at most one email a week, and had it"),
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
