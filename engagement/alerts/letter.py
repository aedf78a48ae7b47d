"""The email that brings an alert to a colleague: who it is about, what to do, where to look."""

from __future__ import annotations

import uuid

from django.conf import settings

from contacts.models import Contact
from engagement import risky_values
from engagement.models import Alert
from engagement.template_syntax import cut, plain

SUBJECT_LIMIT = 150


def parts_of(alert: Alert) -> dict[str, str]:
    """What it says."""
    return {"subject": subject_of(alert), "text": text_of(alert)}


def subject_of(alert: Alert) -> str:
    """ "[urgent] New artist: Ada Lovelace" """
    who = plain(str(alert.contact)) if alert.contact else ""
    title = plain(alert.title)
    named = title if not who or who in title else f"{title}: {who}"
    return cut(f"[{alert.priority}] {named}", SUBJECT_LIMIT)


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
        "Interests": ", ".join(contact.interests),
        "Tags": ", ".join(contact.tags),
        "Brand": alert.business_entity.name if alert.business_entity else "",
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


def contact_address(contact: Contact) -> str:
    return f"{settings.PUBLIC_URL}/admin/contacts/contact/{contact.pk}/change/"
