"""The email that brings an alert to a colleague: who it is about, what to do, where to look."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.conf import settings

from contacts.models import Contact
from engagement import risky_values
from engagement.models import Alert, Priority
from engagement.plain_text import cut, plain

SUBJECT_LIMIT = 150
SHOWN = 50  # of the alerts that travel together


def parts_of(alerts: Sequence[Alert]) -> dict[str, str]:
    """What it says, of one alert or of several of one target."""
    if len(alerts) == 1:
        return {"subject": subject_of(alerts[0]), "text": text_of(alerts[0])}
    first = max(alerts, key=lambda alert: Priority.values.index(alert.priority))
    subject = f"[{first.priority}] {len(alerts)} alerts for {plain(str(first.target))}: {_named(first)}, ..."
    listed = "\n\n".join(_in_short(alert) for alert in alerts[:SHOWN])
    more = f"and {len(alerts) - SHOWN} more" if len(alerts) > SHOWN else ""
    todo = f"Look at them and acknowledge them, so that colleagues know you are on it:\n{open_alerts(first)}"
    text = "\n\n".join(part for part in (f"{len(alerts)} alerts for {first.target}", listed, more, todo) if part)
    return {"subject": cut(subject, SUBJECT_LIMIT), "text": f"{text}\n"}


def _in_short(alert: Alert) -> str:
    said = " ".join(alert.message.split())
    facts = [
        f"[{alert.priority}] {_named(alert)}",
        cut(said, SUBJECT_LIMIT),
        alert.contact.email if alert.contact else "",
    ]
    return "\n".join([*(fact for fact in facts if fact), admin_address("alert", alert.pk)])


def subject_of(alert: Alert) -> str:
    """ "[urgent] New artist: Ada Lovelace" """
    return cut(f"[{alert.priority}] {_named(alert)}", SUBJECT_LIMIT)


def _named(alert: Alert) -> str:
    who = plain(str(alert.contact)) if alert.contact else ""
    title = plain(alert.title)
    return title if not who or who in title else f"{title}: {who}"


def text_of(alert: Alert) -> str:
    parts = [
        plain(alert.title),
        alert.message.strip(),
        _who(alert),
        f"For: {alert.target}\nPriority: {alert.get_priority_display()}",
        _what_to_do(alert),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _who(alert: Alert) -> str:
    contact = alert.contact
    if contact is None:
        return ""
    facts = {
        "Name": contact.full_name,
        "Email": contact.email,
        "Phone": contact.phone,
        "Company": contact.company,
        "Job title": contact.job_title,
        "Type": ", ".join(kind.name for kind in contact.contact_types.all()),
        "Source": contact.lead_source.name if contact.lead_source else "",
        "Focus": contact.lead_source.focus if contact.lead_source else "",
        "Interests": ", ".join(contact.interests),
        "Tags": ", ".join(contact.tags),
        "Brand": alert.business_entity.name if alert.business_entity else "",
        "Channels": ", ".join(alert.business_entity.preferred_channels) if alert.business_entity else "",
    }
    lines = [f"{label}: {plain(value)}" for label, value in facts.items() if value]
    unused = [f"{name} {risky_values.WHY[code]}" for name, code in risky_values.of_contact(contact)]
    return "\n".join([*lines, *(f"Left out of emails: {one}" for one in unused)])


def _what_to_do(alert: Alert) -> str:
    lines = ["Look at it and acknowledge it, so that colleagues know you are on it:", admin_address("alert", alert.pk)]
    if alert.contact is not None:
        lines += ["The contact:", contact_address(alert.contact)]
    return "\n".join(lines)


def admin_address(model: str, pk: uuid.UUID) -> str:
    return f"{settings.PUBLIC_URL}/admin/engagement/{model}/{pk}/change/"


def open_alerts(alert: Alert) -> str:
    return f"{settings.PUBLIC_URL}/admin/engagement/alert/?state=open&target__id__exact={alert.target_id}"


def contact_address(contact: Contact) -> str:
    return f"{settings.PUBLIC_URL}/admin/contacts/contact/{contact.pk}/change/"
