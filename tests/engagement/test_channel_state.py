from __future__ import annotations

import datetime as dt
import uuid

import pytest

from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from engagement.channels import registry, state
from engagement.channels.base import Envelope, Sender
from engagement.channels.email import EmailChannel
from engagement.channels.outbox import OutboxChannel
from engagement.models import ChannelState
from tests.factories import NOW

SECOND = dt.timedelta(seconds=1)
DOWN = Reason.of("server_unreachable", host="mail.example", said="down")


@pytest.mark.django_db
def test_a_channel_runs_until_it_is_paused():
    assert state.paused_until("email", now=NOW) is None


@pytest.mark.django_db
def test_the_first_trouble_pauses_for_half_a_minute():
    until = state.pause("email", DOWN, NOW)

    assert until == NOW + 30 * SECOND
    assert state.paused_until("email", now=NOW) == until


@pytest.mark.django_db
def test_a_pause_that_is_over_counts_as_none():
    until = state.pause("email", DOWN, NOW)

    assert state.paused_until("email", now=until) is None


@pytest.mark.django_db
def test_without_now_the_databases_clock_judges():
    state.pause("old", DOWN, NOW - dt.timedelta(days=9000))
    state.pause("email", DOWN, database_now())

    assert state.paused_until("old") is None
    assert state.paused_until("email") is not None


@pytest.mark.django_db
def test_trouble_in_a_row_doubles_the_pause_up_to_a_quarter_of_an_hour():
    now, pauses = NOW, []
    for _ in range(7):
        until = state.pause("email", DOWN, now)
        pauses.append((until - now).total_seconds())
        now = until

    assert pauses == [30, 60, 120, 240, 480, 900, 900]


@pytest.mark.django_db
def test_trouble_during_a_pause_counts_once():
    until = state.pause("email", DOWN, NOW)

    assert state.pause("email", DOWN, NOW + SECOND) == until
    assert ChannelState.objects.get().troubles == 1


@pytest.mark.django_db
def test_clearing_ends_the_pause_and_forgets_the_troubles():
    state.pause("email", DOWN, NOW)

    state.clear("email")

    assert state.paused_until("email", now=NOW) is None
    assert state.pause("email", DOWN, NOW) == NOW + 30 * SECOND


@pytest.mark.django_db
def test_channels_are_paused_apart():
    state.pause("email", DOWN, NOW)

    assert state.paused_until("other", now=NOW) is None


def test_without_email_url_mail_goes_to_the_outbox(settings):
    settings.EMAIL_URL = ""

    assert isinstance(registry.channel("email"), OutboxChannel)


def test_with_email_url_mail_goes_over_smtp(settings):
    settings.EMAIL_URL = "smtp://localhost:25"

    assert isinstance(registry.channel("email"), EmailChannel)
    assert registry.channel("email") is registry.channel("email")


def test_the_outbox_takes_everything():
    outbox = OutboxChannel()
    envelope = Envelope(
        identity=uuid.uuid4(), sender=Sender("", "crm@b.example"), address="a@b.example", parts={"text": "Hi"}, at=NOW
    )

    receipt = outbox.hand_over(outbox.prepare(envelope))

    outbox.release()
    assert receipt.transport == "outbox"
