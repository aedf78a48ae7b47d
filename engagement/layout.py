"""The brand's frame around the words: templates/emails/layout.html and layout.txt.

layout.html sees: language, subject, preheader, brand_name, brand_colour (#rrggbb), logo_url, body_html and
signature_html (both sanitised, to be output as they are), postal_address (a list of lines), website, way_out.
layout.txt sees: brand_name, body_text, signature_text, postal_address, website, way_out. Anything may be "" but
language, subject, body and colour; way_out is None where nobody can unsubscribe. The frames hold no brace once
rendered, so that a brace in an email is always a fault.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import parseaddr

from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.utils.safestring import mark_safe

from contacts.models import BusinessEntity
from engagement import markdown, translations
from engagement.plain_text import plain
from engagement.unsubscribing import WayOut

NEUTRAL_COLOUR = "#334155"


@dataclass(frozen=True, kw_only=True)
class Brand:
    """What a recipient sees of who writes."""

    name: str
    colour: str = NEUTRAL_COLOUR
    logo_url: str = ""
    signature: str = ""
    postal_address: str = ""
    website: str = ""
    language: str = "en"
    translated_signatures: str = ""


def in_language(brand: Brand, language: str) -> Brand:
    """As whoever reads that language sees it."""
    signature = translations.section(brand.translated_signatures, language) or brand.signature
    if (brand.language, brand.signature) == (language, signature):
        return brand
    return replace(brand, language=language, signature=signature)


def brand_of(business_entity: BusinessEntity | None) -> Brand:
    """The brand's face; a neutral one with the name of DEFAULT_FROM_EMAIL where no brand speaks."""
    if business_entity is None:
        return Brand(name=parseaddr(settings.DEFAULT_FROM_EMAIL)[0] or "Contactflow")
    return Brand(
        name=business_entity.name,
        colour=business_entity.colour or NEUTRAL_COLOUR,
        logo_url=business_entity.logo_url,
        signature=business_entity.signature,
        postal_address=business_entity.postal_address,
        website=business_entity.website,
        translated_signatures=business_entity.translated_signatures,
    )


def html(*, brand: Brand, subject: str, preheader: str, body: markdown.Document, way_out: WayOut | None = None) -> str:
    """The whole HTML part."""
    signature = markdown.read(brand.signature, keep_line_breaks=True)
    values = {
        "language": brand.language,
        "subject": subject,
        "preheader": preheader,
        "brand_name": plain(brand.name),
        "brand_colour": brand.colour,
        "logo_url": brand.logo_url,
        "body_html": mark_safe(body.html(colour=brand.colour)),
        "signature_html": mark_safe(signature.html(colour=brand.colour)),
        "postal_address": _lines(brand.postal_address),
        "website": brand.website,
        "way_out": way_out,
    }
    return str(get_template("emails/layout.html").render(values))


def text(*, brand: Brand, body: markdown.Document, way_out: WayOut | None = None) -> str:
    """The whole plain text part, its headings still to be underlined; nothing in it is HTML, so nothing is escaped."""
    values = {
        "brand_name": plain(brand.name),
        "body_text": body.draft(),
        "signature_text": markdown.read(brand.signature, keep_line_breaks=True).text(),
        "postal_address": _lines(brand.postal_address),
        "website": brand.website,
        "way_out": way_out,
    }
    template = get_template("emails/layout.txt").template  # type: ignore[attr-defined]  # Django's own backend
    return str(template.render(Context(values, autoescape=False))).strip() + "\n"


def _lines(address: str) -> list[str]:
    return [plain(line) for line in address.splitlines() if line.strip()]
