"""Reads the emails that come with Contactflow: one Markdown file each in emails/, named after the email's slug.

A file begins with a header in TOML between two lines of +++ (name, category, level, subject, preheader; brand unless
the email speaks for any; tables fallbacks and passages where it has some). The rest is the body.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engagement.models import EngagementTemplate

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

    @classmethod
    def of(cls, template: EngagementTemplate) -> Content | None:
        """What the template says now; None when it has no words yet."""
        version = template.current_version
        if version is None:
            return None
        return cls(
            brand=template.business_entity.slug if template.business_entity else "",
            level=template.level,
            subject=version.subject,
            preheader=version.preheader,
            body=version.body,
            fallbacks=version.fallbacks,
            passages=version.passages,
        )

    def digest(self) -> str:
        """The same for the same content, whatever the space around it."""
        passages = {
            name: {part: text.strip() for part, text in passage.items()} for name, passage in self.passages.items()
        }
        texts = [self.brand, self.level, self.subject.strip(), self.preheader.strip(), self.body.strip()]
        canonical = json.dumps([*texts, dict(self.fallbacks), passages], sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class ShippedEmail:
    slug: str
    name: str
    category: str
    content: Content


def emails() -> list[ShippedEmail]:
    """Every email that this release brings, by slug."""
    return [read(path) for path in sorted(FOLDER.glob("*.md"))]


def read(path: Path) -> ShippedEmail:
    """One file. Raises ValueError naming the file when its header cannot be read."""
    try:
        before, header, body = path.read_text(encoding="utf-8").split(FENCE, 2)
        fields = tomllib.loads(header)
        name, category = fields.pop("name"), fields.pop("category")
        passages = {key: _stripped(passage) for key, passage in fields.pop("passages", {}).items()}
        content = Content(body=body, passages=passages, **fields)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: the header between the lines of +++ cannot be read ({error}).") from error
    if before.strip():
        raise ValueError(f"{path.name}: words stand before the header.")
    return ShippedEmail(path.stem, name, category, content)


def _stripped(passage: Mapping[str, str]) -> dict[str, str]:
    return {part: text.strip() for part, text in passage.items()}
