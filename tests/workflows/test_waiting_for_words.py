"""An email steps aside while a language model writes for it; whatever else is due passes."""

from __future__ import annotations

import pytest

from contactflow.core.clock import database_now
from contacts import consent
from engagement.language_model import passages
from engagement.models import GeneratedPassage, Message
from tests.engagement.language_model.server import GOOD
from tests.factories import (
    NOW,
    ContactFactory,
    EngagementTemplateFactory,
    ScheduledActionFactory,
    TemplateVersionFactory,
)
from tests.workflows import world
from workflows.models import ScheduledAction

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def outbox(settings):
    settings.EMAIL_URL = ""


def email(level: str) -> ScheduledAction:
    template = EngagementTemplateFactory(slug=level, name=level.title(), level=level)
    described = {"instruction": "Write about their work and our rooms.", "fallback": "We would love to see your work."}
    words = {"body": "{{ passage.opening }}", "passages": {"opening": described}} if level == "premium" else {}
    template.current_version = TemplateVersionFactory(template=template, number=7, **words)
    template.save(update_fields=["current_version"])
    return ScheduledActionFactory(
        instance__contact=ContactFactory(first_name="Ada"),
        step__action_type="send_email",
        step__template=template,
        step__target=None,
    )


def now_due() -> None:
    ScheduledAction.objects.filter(status="pending").update(next_attempt_at=database_now())
    world.run_due()


def states(*actions: ScheduledAction) -> list[str]:
    return [ScheduledAction.objects.get(pk=one.pk).status for one in actions]


def test_it_goes_with_the_passage_and_nobody_waits_with_it(model) -> None:
    premium, plain = email("premium"), email("basic")
    world.run_due()
    before = states(premium, plain)
    waiting = ScheduledAction.objects.get(pk=premium.pk)

    passages.write_all()
    now_due()

    assert (before, states(premium)) == (["pending", "done"], ["done"])
    assert (waiting.reason["code"], waiting.attempts) == ("passage_is_written", 0)
    assert GOOD in Message.objects.get(action=premium.pk).text


def test_it_goes_with_the_approved_text_when_its_wait_is_over(model) -> None:
    premium = email("premium")
    world.run_due()
    GeneratedPassage.objects.update(wait_until=database_now())

    now_due()

    assert (states(premium), model.requests) == (["done"], [])
    assert "We would love to see your work." in Message.objects.get(action=premium.pk).text


def test_of_somebody_who_is_not_to_be_written_to_nothing_is_told(model) -> None:
    premium = email("premium")
    consent.withdraw(contact=premium.instance.contact, source="link", now=NOW)

    world.run_due()

    assert (states(premium), GeneratedPassage.objects.count()) == (["skipped"], 0)
