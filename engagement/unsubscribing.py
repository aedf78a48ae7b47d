"""How people leave: the links and headers of a marketing email, in the language of whoever gets it.

RFC 8058 wants one List-Unsubscribe with one address that takes a POST, RFC 2919 a List-Id of ASCII, Google a
Feedback-ID whose last part never changes and none of whose parts says who the recipient is.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from uuid import UUID

from django.conf import settings

from contactflow.core import mail_addresses, tokens
from contacts.models import BusinessEntity, Contact
from engagement.models import EngagementTemplate

UNSUBSCRIBE, PREFERENCES = "unsubscribe", "preferences"  # purposes of tokens; their ids: contact, message
ENGLISH, GERMAN = "en", "de"
_NO_PHRASE = re.compile(r"[^A-Za-z0-9 &'+-]+")


@dataclass(frozen=True)
class Footer:
    """What stands below a marketing email, the same for everybody who reads the language."""

    why: str
    unsubscribe: str
    preferences: str


_FOOTERS = {
    ENGLISH: Footer("You get this email because you are in touch with us.", "Unsubscribe", "Choose what you get"),
    GERMAN: Footer(
        "Sie erhalten diese E-Mail, weil Sie mit uns in Kontakt stehen.", "Abmelden", "Auswählen, was Sie erhalten"
    ),
}


@dataclass(frozen=True)
class WayOut:
    """The footer of one email with its addresses."""

    footer: Footer
    unsubscribe: str
    preferences: str


def way_out(*, contact: Contact, message_id: UUID) -> WayOut:
    """For a message whose id is known before it is stored."""
    return WayOut(
        _FOOTERS[language_of(contact)],
        _address("u", UNSUBSCRIBE, contact.pk, message_id),
        _address("p", PREFERENCES, contact.pk, message_id),
    )


def in_language(way_out: WayOut, language: str) -> WayOut:
    """With the words of the email's own language, where we have them."""
    footer = _FOOTERS.get(language.lower().partition("-")[0], way_out.footer)
    return way_out if footer is way_out.footer else replace(way_out, footer=footer)


def example() -> WayOut:
    """For an email that goes to nobody: its links lead to nobody."""
    return WayOut(_FOOTERS[ENGLISH], f"{settings.PUBLIC_URL}/u/example", f"{settings.PUBLIC_URL}/p/example")


def language_of(contact: Contact | None) -> str:
    """The one of ours that they read."""
    return GERMAN if contact is not None and contact.locale.lower().startswith(GERMAN) else ENGLISH


def headers(
    *, way_out: WayOut, template: EngagementTemplate, brand: BusinessEntity | None, sender: str
) -> dict[str, str]:
    """What mail programs make their own button of, and sort by."""
    name, slug = (brand.name, brand.slug) if brand else ("", "everybody")
    domain = mail_addresses.ascii_domain(sender.rpartition("@")[2]) or "localhost"
    list_id = f"<{slug.replace('_', '-')}.{domain}>"
    phrase = " ".join(_NO_PHRASE.sub(" ", name).split())[:80]
    return {
        "List-Unsubscribe": f"<{way_out.unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f'"{phrase}" {list_id}' if phrase else list_id,
        "Feedback-ID": f"{template.slug}:{slug}:{template.category}:{_sender_id(domain)}",
    }


def _address(path: str, purpose: str, contact_id: UUID, message_id: UUID) -> str:
    return f"{settings.PUBLIC_URL}/{path}/{tokens.make(purpose, contact_id, message_id)}"


def _sender_id(domain: str) -> str:
    """5 to 15 characters that stay."""
    return "cf" + hashlib.sha256(domain.lower().encode()).hexdigest()[:10]
