"""From a draft to the words that are sent; and words that need no draft, such as those a release brings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from engagement import drafts, template_validation
from engagement.models import EngagementTemplate, TemplateVersion
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
    locked = EngagementTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    draft = drafts.draft_of(locked)
    if draft is None:
        raise NotPublishable("There is no draft to publish: what is saved is sent already.")
    if seen is not None and seen != drafts.state_of(locked):
        raise NotPublishable("The draft was changed since you looked at it. Read what it says now, then publish it.")
    if errors := template_validation.find_errors(Words.of(draft)):
        raise InvalidTemplate(errors)
    locked.level, locked.business_entity, locked.current_version = draft.level, draft.business_entity, draft
    locked.updated_at = now
    draft.business_entity = None  # the email has it now
    draft.published_at, draft.published_by_id = now, by.pk if by else None
    draft.save(update_fields=["business_entity", "published_at", "published_by"])
    locked.save(update_fields=["level", "business_entity", "current_version", "updated_at"])
    return draft


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
    """The new current version, past the draft; the present one when nothing changed. Raises InvalidTemplate."""
    locked = EngagementTemplate.objects.select_for_update().get(pk=template.pk)
    words = drafts.normal(Words(subject, preheader, body, template.level, fallbacks or {}, passages or {}))
    if errors := template_validation.find_errors(words):
        raise InvalidTemplate(errors)
    version = _unchanged(locked, words) or _next(locked, words, by, now)
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
