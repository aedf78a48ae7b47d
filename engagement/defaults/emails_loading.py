"""Brings the shipped emails into the database and leaves alone whatever staff changed.

`EngagementTemplate.loaded_digest` remembers what a deployment loaded last: as long as the present content still has
that digest nobody touched it, and a later release may improve it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from contacts.models import BusinessEntity
from engagement import publishing
from engagement.defaults import shipped
from engagement.defaults.shipped import Content, ShippedEmail
from engagement.models import EngagementTemplate


def load(*, check_only: bool, now: datetime) -> list[str]:
    """Add and update; a sentence for each email that was, or would be, concerned. Call it inside a transaction."""
    # Locked, so that what staff save meanwhile waits instead of being mistaken for untouched.
    rows = EngagementTemplate.objects.select_for_update(of=("self",)).select_related(
        "current_version", "business_entity"
    )
    present = {template.slug: template for template in rows}
    brands = BusinessEntity.objects.in_bulk(field_name="slug")
    lines: list[str | None] = []
    for email in shipped.emails():
        template = present.get(email.slug)
        if template is not None:
            lines.append(_bring_up_to_date(email, template, brands, check_only=check_only, now=now))
        elif check_only:
            lines.append(f'Email "{email.name}" would be added.')
        else:
            lines.append(_add(email, brands, now=now))
    return [line for line in lines if line]


def _add(email: ShippedEmail, brands: Mapping[str, BusinessEntity], *, now: datetime) -> str:
    content = email.content
    if content.brand and content.brand not in brands:
        return (
            f'Email "{email.name}" not added: there is no business entity "{content.brand}". '
            "Add it in the admin and deploy again, if the email is wanted."
        )
    template = EngagementTemplate.objects.create(slug=email.slug, name=email.name, category=email.category)
    _write(template, content, brands, now=now)
    return f'Email "{email.name}" added.'


def _bring_up_to_date(
    email: ShippedEmail,
    template: EngagementTemplate,
    brands: Mapping[str, BusinessEntity],
    *,
    check_only: bool,
    now: datetime,
) -> str | None:
    shipped_digest = email.content.digest()
    present = Content.of(template)
    present_digest = present.digest() if present else ""
    if shipped_digest in (template.loaded_digest, present_digest):
        return None
    if present_digest != template.loaded_digest or not present:
        return f'Email "{template.name}" left as staff wrote it; this release has other words for "{email.slug}".'
    if check_only:
        return f'Email "{template.name}" would get the words of this release.'
    _write(template, email.content, brands, now=now)
    return f'Email "{template.name}" has the words of this release.'


def _write(
    template: EngagementTemplate, content: Content, brands: Mapping[str, BusinessEntity], *, now: datetime
) -> None:
    template.level = content.level
    template.business_entity = brands.get(content.brand)
    template.loaded_digest = content.digest()
    template.save(update_fields=["level", "business_entity", "loaded_digest"])
    publishing.save_version(
        template=template,
        subject=content.subject,
        preheader=content.preheader,
        body=content.body,
        fallbacks=content.fallbacks,
        passages=content.passages,
        now=now,
    )
