"""Makes the next version of an email's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from engagement import template_validation
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.rendering import Words, words_of


class InvalidTemplate(Exception):
    """The words cannot be saved. `errors`: field -> sentences that name the place and the remedy."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(" ".join(sentence for sentences in errors.values() for sentence in sentences))
        self.errors = errors


def state_of(template: EngagementTemplate) -> str:
    """Names what somebody read before editing, for `overtaken` to compare."""
    return f"{template.current_version_id or 0}/{template.updated_at.isoformat()}"


def overtaken(*, template: EngagementTemplate, seen: str) -> EngagementTemplate | None:
    """The email as it is now when it was saved since it was `seen`. Within a transaction nobody else saves it after."""
    current = EngagementTemplate.objects.select_for_update().get(pk=template.pk)
    return current if state_of(current) != seen else None


def restore(*, version: TemplateVersion, by: AbstractBaseUser | None, now: datetime) -> TemplateVersion:
    """The words of an earlier version as the newest one. Raises InvalidTemplate when the level forbids them by now."""
    return save_version(template=version.template, **words_of(version), by=by, now=now)


@transaction.atomic
def save_version(  # noqa: PLR0913  the parts of an email and who changes them
    *,
    template: EngagementTemplate,
    subject: str,
    preheader: str = "",
    body: str,
    fallbacks: Mapping[str, str | None] | None = None,
    passages: Mapping[str, Mapping[str, str]] | None = None,
    by: AbstractBaseUser | None = None,
    now: datetime,
) -> TemplateVersion:
    """The new current version; the present one when nothing changed. Raises InvalidTemplate."""
    locked = EngagementTemplate.objects.select_for_update().get(pk=template.pk)
    content: dict[str, Any] = {
        "subject": subject.strip(),
        "preheader": preheader.strip(),
        "body": body.replace("\r\n", "\n").strip() + "\n",
        "fallbacks": {} if fallbacks is None else fallbacks,
        "passages": {} if passages is None else passages,
    }
    if errors := template_validation.find_errors(Words(**content, level=template.level)):
        raise InvalidTemplate(errors)
    version = _unchanged(locked, content) or _next(locked, content, by, now)
    template.current_version = version
    template.updated_at = now
    template.save(update_fields=["current_version", "updated_at"])
    return version


def _unchanged(template: EngagementTemplate, content: dict[str, Any]) -> TemplateVersion | None:
    current = template.current_version
    if current is None or any(getattr(current, name) != value for name, value in content.items()):
        return None
    return current


def _next(
    template: EngagementTemplate, content: dict[str, Any], by: AbstractBaseUser | None, now: datetime
) -> TemplateVersion:
    latest = template.versions.order_by("-number").values_list("number", flat=True).first() or 0
    about: dict[str, Any] = {"created_by_id": by.pk if by else None, "created_at": now}
    return TemplateVersion.objects.create(template=template, number=latest + 1, **about, **content)
