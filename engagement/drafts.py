"""The draft into which the words of an email are written: what is sent stays untouched until it is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from contacts.models import BusinessEntity
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.rendering import WORDS, Words

TEXTS = ("subject", "preheader", "body")


def draft_of(template: EngagementTemplate) -> TemplateVersion | None:
    """What waits to be published."""
    return template.versions.select_related("business_entity", "created_by").filter(published_at=None).first()


def in_work(template: EngagementTemplate) -> TemplateVersion | None:
    """What an editor sees: the draft if there is one, else what is sent."""
    return draft_of(template) or template.current_version


def state_of(template: EngagementTemplate) -> str:
    """Names what somebody read before editing or publishing; it changes with whatever is saved since."""
    return f"{template.current_version_id or 0}/{template.updated_at.isoformat()}"


def overtaken(*, template: EngagementTemplate, seen: str) -> EngagementTemplate | None:
    """The email as it is now when it was saved since it was `seen`. Within a transaction nobody else saves it after."""
    current = EngagementTemplate.objects.select_for_update().get(pk=template.pk)
    return current if state_of(current) != seen else None


@transaction.atomic
def save(
    *,
    template: EngagementTemplate,
    words: Words,
    business_entity: BusinessEntity | None,
    by: AbstractBaseUser | None,
    now: datetime,
) -> TemplateVersion | None:
    """The draft with these words, finished or not; None where they are what is sent and there was no draft."""
    locked = EngagementTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    held, wanted = in_work(locked), normal(words)
    template.updated_at = now
    EngagementTemplate.objects.filter(pk=template.pk).update(updated_at=now)
    if held is not None and (normal(Words.of(held)), held.speaks_for) == (wanted, business_entity):
        return held if held.is_draft else None
    draft = held if held is not None and held.is_draft else _next(locked)
    for name in (*WORDS, "level"):
        setattr(draft, name, getattr(wanted, name))
    draft.business_entity, draft.created_by_id, draft.created_at = business_entity, by.pk if by else None, now
    draft.save()
    return draft


def restore(*, version: TemplateVersion, by: AbstractBaseUser | None, now: datetime) -> TemplateVersion | None:
    """Let the draft say what an earlier version said; the level and the brand stay as they are."""
    template = EngagementTemplate.objects.select_related("current_version").get(pk=version.template_id)
    held = in_work(template) or version
    words = replace(Words.of(version), level=held.allowed_level)
    return save(template=template, words=words, business_entity=held.speaks_for, by=by, now=now)


@transaction.atomic
def discard(*, template: EngagementTemplate, now: datetime, seen: str | None = None) -> bool:
    """Throw the draft away; False when there is none, when nothing was published that could stand in its place, or when
    it is not the one that was `seen`."""
    locked = EngagementTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    draft = draft_of(locked)
    if draft is None or locked.current_version_id is None or seen not in (None, state_of(locked)):
        return False
    draft.delete()
    EngagementTemplate.objects.filter(pk=template.pk).update(updated_at=now)
    return True


def normal(words: Words) -> Words:
    """As they are kept: no space around them, one kind of line break, no translation without a word in it."""
    kept = {language: _normal(one) for language, one in words.translations.items()}
    texts = _normal({name: getattr(words, name) for name in TEXTS})
    return replace(words, **texts, translations={language: one for language, one in kept.items() if any(one.values())})


def _normal(parts: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: str(parts.get(name) or "").replace("\r\n", "\n").strip() for name in TEXTS}
    said["body"] += "\n" if said["body"] else ""
    return {**parts, **said}


def _next(template: EngagementTemplate) -> TemplateVersion:
    latest = template.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return TemplateVersion(template=template, number=latest + 1, published_at=None)
