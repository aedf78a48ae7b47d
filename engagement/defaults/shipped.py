"""The emails that come with Contactflow: one Markdown file each in emails/, named after the email's slug.

A file begins with a header in TOML between two lines of +++ (name, category, level, subject, preheader; brand unless
the email speaks for any; tables fallbacks and passages where it has some). The rest is the body. A file such as
artist_welcome.de.md translates artist_welcome.md: subject, preheader, fallbacks, the approved texts of passages, body.

What staff changed is left alone: `EngagementTemplate.loaded_digest` remembers what a deployment loaded last. As long as
the present content has that digest, and there is no draft, nobody touched it, and a later release may improve it.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from contacts.models import BusinessEntity
from engagement import drafts, publishing
from engagement.models import EngagementTemplate
from engagement.rendering import words_of
from engagement.translations import ENGLISH, Translation

FOLDER = Path(__file__).parent / "emails"
FENCE = "+++\n"


@dataclass(frozen=True, kw_only=True)
class Content:
    """All that decides what a recipient gets to read."""

    brand: str = ""  # the slug of a business entity; "" speaks for any
    level: str
    subject: str
    preheader: str
    body: str
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    passages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sender_name: str = ""
    language: str = ENGLISH
    translations: Mapping[str, Translation] = field(default_factory=dict)

    @classmethod
    def of(cls, template: EngagementTemplate) -> Content | None:
        """What the template says now; None when it has no words yet."""
        version = template.current_version
        if version is None:
            return None
        brand = template.business_entity.slug if template.business_entity else ""
        return cls(brand=brand, level=template.level, **words_of(version))

    def digest(self) -> str:
        """The same for the same content, whatever the space around it."""
        words = _stripped(words_of(self))
        about = [self.brand, self.level, words["subject"], words["preheader"], words["body"]]
        about += [self.sender_name] if self.sender_name else []
        about += [words["fallbacks"], words["passages"]]
        if self.translations or self.language != ENGLISH:  # those of releases that knew no languages stay as they were
            about += [self.language, words["translations"]]
        canonical = json.dumps(about, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class ShippedEmail:
    slug: str
    name: str
    category: str
    content: Content


def emails() -> list[ShippedEmail]:
    """Every email that this release brings, by slug."""
    return [read(path) for path in sorted(FOLDER.glob("*.md")) if "." not in path.stem]


def read(path: Path) -> ShippedEmail:
    """One file with its translations. Raises ValueError naming the file when its header cannot be read."""
    fields = _parts(path)
    translated = {one.suffixes[0][1:]: _parts(one) for one in sorted(path.parent.glob(f"{path.stem}.*.md"))}
    try:
        name, category = fields.pop("name"), fields.pop("category")
        content = Content(**fields, translations=translated)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: the header between the lines of +++ cannot be read ({error}).") from error
    return ShippedEmail(path.stem, name, category, content)


def _parts(path: Path) -> dict[str, Any]:
    try:
        before, header, body = path.read_text(encoding="utf-8").split(FENCE, 2)
        fields = tomllib.loads(header)
    except ValueError as error:
        raise ValueError(f"{path.name}: the header between the lines of +++ cannot be read ({error}).") from error
    if before.strip():
        raise ValueError(f"{path.name}: words stand before the header.")
    return {**fields, "body": body, "passages": _stripped(fields.get("passages", {}))}


def _stripped(value: Any) -> Any:
    """Without the space around any text in it."""
    if isinstance(value, Mapping):
        return {key: _stripped(one) for key, one in value.items()}
    return value.strip() if isinstance(value, str) else value


def load(*, check_only: bool, now: datetime) -> list[str]:
    """Add and update; a sentence for each email that was, or would be, concerned. Call it inside a transaction."""
    # Locked, so that what staff save meanwhile waits instead of being mistaken for untouched.
    rows = EngagementTemplate.objects.select_for_update(of=("self",)).select_related(
        "current_version", "business_entity"
    )
    present = {template.slug: template for template in rows}
    brands = BusinessEntity.objects.in_bulk(field_name="slug")
    lines: list[str | None] = []
    for email in emails():
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
    if present_digest != template.loaded_digest or not present or drafts.draft_of(template):
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
    publishing.save_version(template=template, **words_of(content), now=now)
