"""A provider that takes everything, and tells half an hour later that a third of it came back."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from contactflow.core.clock import database_now
from contacts import consent
from engagement import breakers, message_consequences
from engagement.channels import registry
from engagement.models import Alert, Message, ProviderDelivery, SendingBreaker
from engagement.providers import catalogue, processing
from tests.factories import (
    BusinessEntityFactory,
    EngagementTemplateFactory,
    ScheduledActionFactory,
    StepFactory,
    TargetFactory,
    WorkflowInstanceFactory,
    WorkflowVersionFactory,
)
from tests.provider import Provider
from tests.workflows import world
from workflows import analytics, late_answers
from workflows.models import ScheduledAction

pytestmark = pytest.mark.django_db
PEOPLE, SHARE = int(os.environ.get("STORM", "80")), 0.3  # more of them: tests.engagement.trials


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with Provider() as server:
        settings.EMAIL_PROVIDER, settings.EMAIL_URL = "postmark", ""
        settings.ANYMAIL = {
            "IGNORE_UNSUPPORTED_FEATURES": True,
            "REQUESTS_TIMEOUT": (2, 5),
            "POSTMARK_SERVER_TOKEN": "token",
            "POSTMARK_API_URL": server.url,
        }
        channels = {**settings.ENGAGEMENT_CHANNELS, "email": "engagement.channels.provider.ProviderChannel"}
        settings.ENGAGEMENT_CHANNELS = channels
        yield server
        registry.release_all()


def plan(people: int) -> list[ScheduledAction]:
    """Two emails each of one brand, the second an hour after the first."""
    brand = BusinessEntityFactory()
    TargetFactory(slug=breakers.LEADERSHIP)
    version = WorkflowVersionFactory(template__business_entity=brand)
    steps = [
        StepFactory(
            version=version, action_type="send_email", target=None,
            template=EngagementTemplateFactory(business_entity=brand),
        )
        for _ in range(2)
    ]  # fmt: skip
    now = database_now()
    second = []
    for _ in range(people):
        instance = WorkflowInstanceFactory(version=version, contact__first_name="Ada", business_entity=brand)
        for step in steps:
            at = now if step is steps[0] else now.replace(year=now.year + 1)
            made = ScheduledActionFactory(instance=instance, step=step, due_at=at)
            second += [made] if step is steps[1] else []
    return second


def bounces_arrive(server: Provider, share: float) -> None:
    """A third of the addresses came back: the provider tells of each twice, in no order."""
    path = urlsplit(catalogue.address("postmark", ProviderDelivery.Kind.TRACKING)).path
    told = server.requests[: int(len(server.requests) * share)]
    for _, request in reversed(told + told):
        event = {
            "RecordType": "Bounce", "Type": "HardBounce", "Email": request["To"], "Details": "550 5.1.1 User unknown",
            "BouncedAt": f"{database_now():%Y-%m-%dT%H:%M:%SZ}", "Metadata": request["Metadata"],
            "ID": sum(map(ord, request["To"])),
        }  # fmt: skip
        answer = Client().post(path, data=json.dumps(event), content_type="application/json")
        assert answer.status_code == 200


def follow_up() -> None:
    until = time.monotonic() + 120
    processing.run_pump_step(until)
    message_consequences.run_pump_step(until)
    late_answers.run_pump_step(until)


def storm(server: Provider, people: int) -> None:
    second = plan(people)
    world.run_due()
    first_wave = list(server.recipients)
    world.let_pass(minutes=30)

    bounces_arrive(server, SHARE)
    follow_up()
    ScheduledAction.objects.filter(pk__in=[one.pk for one in second]).update(next_attempt_at=database_now())
    world.run_due()

    gone = int(people * SHARE)
    assert Counter(Counter(first_wave).values()) == {1: people}  # each written to once
    assert server.recipients == first_wave  # the brand is stopped: nothing more leaves
    assert sum(consent.suppression_of(email=one) is not None for one in set(first_wave)) == gone
    assert [bool(one.stopped_at) for one in SendingBreaker.objects.all()] == [True]
    assert Alert.objects.filter(priority="urgent").count() == 1
    assert any("Marketing of" in problem for problem in analytics.problems_of(now=database_now()))
    assert Message.objects.filter(status=Message.Status.SENT).exclude(provider_id="").count() == people

    breakers.resume(breaker=SendingBreaker.objects.get(), by="grace", now=database_now())
    ScheduledAction.objects.filter(status="pending").update(next_attempt_at=database_now())
    world.run_due()

    again = Counter(server.recipients[people:])
    assert sorted(again) == sorted(one for one in first_wave if consent.suppression_of(email=one) is None)
    assert set(again.values()) == {1}  # whoever is there gets the second, and nobody else


def test_a_storm_of_bounces_stops_the_brand_and_writes_to_nobody_twice(provider: Provider) -> None:
    storm(provider, PEOPLE)

    print(f"{PEOPLE} people written to once each, {int(PEOPLE * SHARE)} came back, the brand stopped, and said so")
