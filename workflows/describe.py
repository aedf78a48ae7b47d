"""What this room says, in words."""

from __future__ import annotations

from contacts.models import Contact


def about(contact: Contact, because: str) -> str:
    """What a colleague needs to begin: who, how to reach them, why this reached you."""
    lines = [
        contact.full_name,
        contact.email,
        contact.phone,
        " · ".join(filter(None, [contact.job_title, contact.company])),
    ]
    about = "\n".join(line for line in lines if line)
    return f"{about}\nStarted because: {because}" if because else about
