"""From a draft to the words that are sent; and words that need no draft, such as those a release brings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from engagement import drafts, publishing_checks
from engagement.experiments import running
from engagement.models import EngagementTemplate, TemplateVersion, Variant
from engagement.rendering import Words, words_of


class InvalidTemplate(Exception):
    """The words cannot be sent. `errors`: field -> sentences that name the place and the remedy."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(" ".join(sentence for sentences in errors.values() for sentence in sentences))
        self.errors = errors


class NotPublishable(Exception):
    """There is nothing to publish, or something else than was looked at; str() says so."""


@transaction.atomic
def publish(
    *, template: EngagementTemplate, by: AbstractBaseUser | None, now: datetime, seen: str | None = None
) -> TemplateVersion:
    """Let the draft be what is sent from now on. Raises NotPublishable, InvalidTemplate.

    `seen` is the state that whoever publishes was shown: nothing else is published in its place.
    """
    locked, draft = _draft(template, seen)
    locked.business_entity = draft.business_entity
    _finish(draft, by, now)
    _make_current(locked, draft, by, now)
    return draft


@transaction.atomic
def keep(
    *, template: EngagementTemplate, by: AbstractBaseUser | None, now: datetime, seen: str | None = None
) -> TemplateVersion:
    """Let the draft be a finished version that an A/B test can send, while what is sent stays; the next draft begins
    anew. Raises NotPublishable, InvalidTemplate; `seen` as of `publish`."""
    locked, draft = _draft(template, seen)
    if draft.business_entity_id != locked.business_entity_id:
        raise NotPublishable("A test compares words of one brand. Give the draft the brand of the email.")
    _finish(draft, by, now)
    EngagementTemplate.objects.filter(pk=locked.pk).update(updated_at=now)
    return draft


@transaction.atomic
def publish_variant(
    *, variant: Variant, by: AbstractBaseUser | None, now: datetime, seen: str | None = None
) -> TemplateVersion:
    """Let what was tested be what everybody gets; a running test of the email ends. Raises NotPublishable where other
    words were published than those `seen`, InvalidTemplate."""
    locked = EngagementTemplate.objects.select_for_update(of=("self",)).get(pk=variant.experiment.template_id)
    _refuse(Words.of(variant.version), locked, seen)
    running.choose(variant=variant, by=by.get_username() if by else "", now=now)
    _make_current(locked, variant.version, by, now)
    return variant.version


def _draft(template: EngagementTemplate, seen: str | None) -> tuple[EngagementTemplate, TemplateVersion]:
    locked = EngagementTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    draft = drafts.draft_of(locked)
    if draft is None:
        raise NotPublishable("There is no draft to publish: what is saved is sent already.")
    _refuse(Words.of(draft), locked, seen)
    return locked, draft


def _refuse(words: Words, locked: EngagementTemplate, seen: str | None) -> None:
    if seen is not None and seen != drafts.state_of(locked):
        raise NotPublishable("The email was changed since you looked at it. Read what it says now, then publish.")
    if errors := publishing_checks.refusals(words):
        raise InvalidTemplate(errors)


def _finish(draft: TemplateVersion, by: AbstractBaseUser | None, now: datetime) -> None:
    draft.business_entity = None  # the email has it
    draft.published_at, draft.published_by_id = now, by.pk if by else None
    draft.save(update_fields=["business_entity", "published_at", "published_by"])


def _make_current(
    locked: EngagementTemplate, version: TemplateVersion, by: AbstractBaseUser | None, now: datetime
) -> None:
    """A test that compares with other words than these has nothing to compare any more."""
    if version.pk != locked.current_version_id:
        running.stop_for_other_words(template=locked, by=by.get_username() if by else "", now=now)
    locked.level, locked.current_version, locked.updated_at = version.allowed_level, version, now
    locked.save(update_fields=["level", "business_entity", "current_version", "updated_at"])


@transaction.atomic
def save_version(
    *, template: EngagementTemplate, by: AbstractBaseUser | None = None, now: datetime, **content: Any
) -> TemplateVersion:
    """The new current version, past the draft; the present one when nothing changed. Raises InvalidTemplate.

    `content` are the parts of Words but the level, which the email has.
    """
    locked = EngagementTemplate.objects.select_for_update().get(pk=template.pk)
    words = drafts.normal(Words(**{"preheader": "", **content}, level=template.level))
    if errors := publishing_checks.refusals(words):
        raise InvalidTemplate(errors)
    version = _unchanged(locked, words) or _next(locked, words, by, now)
    if version.pk != locked.current_version_id:
        running.stop_for_other_words(template=locked, by=by.get_username() if by else "", now=now)
    template.current_version = version
    template.updated_at = now
    template.save(update_fields=["current_version", "updated_at"])
    return version


def _unchanged(template: EngagementTemplate, words: Words) -> TemplateVersion | None:
    current = template.current_version
    return current if current is not None and words_of(current) == words_of(words) else None


def _next(template: EngagementTemplate, words: Words, by: AbstractBaseUser | None, now: datetime) -> TemplateVersion:
    latest = template.versions.order_by("-number").values_list("number", flat=True).first() or 0
    who = by.pk if by else None
    return TemplateVersion.objects.create(
        template=template,
        number=latest + 1,
        level=words.level,
        created_by_id=who,
        created_at=now,
        published_by_id=who,
        published_at=now,
        **words_of(words),
    )
