"""A provider's API: what surely did not leave, what may have, and what surely did."""

from __future__ import annotations

import dataclasses
import uuid

import pytest

from engagement.channels import provider as channel_module
from engagement.channels.base import ChannelError, Envelope, Sender, Unclear
from engagement.channels.provider import METADATA, ProviderChannel
from tests.factories import NOW
from tests.provider import Provider

ENVELOPE = Envelope(
    identity=uuid.UUID("12345678-1234-5678-1234-567812345678"),
    sender=Sender("The 7 Space", "hello@brand.example", "answers@brand.example"),
    address="ada@example.org",
    parts={"subject": "Grüße", "text": "Hello Ada", "html": "<p>Hello Ada</p>"},
    at=NOW,
    headers={"List-Id": "<news.brand.example>"},
)


@pytest.fixture
def server():
    with Provider() as running:
        yield running


@pytest.fixture(params=["postmark", "resend"])
def channel(request, server, settings):
    settings.EMAIL_PROVIDER = request.param
    settings.ANYMAIL = {
        "IGNORE_UNSUPPORTED_FEATURES": True,
        "REQUESTS_TIMEOUT": (1, 2),
        "POSTMARK_SERVER_TOKEN": "token",
        "POSTMARK_API_URL": server.url,
        "RESEND_API_KEY": "key",
        "RESEND_API_URL": server.url,
    }
    made = ProviderChannel()
    yield made
    made.release()


@pytest.fixture
def postmark(channel, settings):
    settings.EMAIL_PROVIDER = "postmark"
    return channel


def hand_over(channel):
    return channel.hand_over(channel.prepare(ENVELOPE))


def refusal(channel, kind=ChannelError):
    with pytest.raises(kind) as refused:
        hand_over(channel)
    return refused.value


def test_an_email_is_taken_and_the_provider_says_what_it_calls_it(channel, server):
    receipt = hand_over(channel)

    _, told = server.requests[0]
    assert (receipt.transport, receipt.provider_id) == ("provider", "00000000-0000-0000-0000-000000000001")
    assert server.recipients == ["ada@example.org"]
    assert str(ENVELOPE.identity) in str(told)
    assert METADATA in str(told)
    assert "<news.brand.example>" in str(told)


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "login_refused"), (403, "login_refused"), (429, "too_many"), (503, "server_unreachable")],
)
def test_trouble_of_the_account_or_the_provider_is_the_channels(postmark, server, status, code):
    server.status, server.answer = status, {"Message": "no"}

    error = refusal(postmark)

    assert (error.reason.code, error.permanent, error.channel_wide) == (code, False, True)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_what_the_provider_does_not_want_is_refused_for_good(postmark, server, status):
    server.status, server.answer = status, {"ErrorCode": 300, "Message": "Invalid email request"}

    error = refusal(postmark)

    assert (error.reason.code, error.permanent, error.channel_wide) == ("provider_rejected", True, False)
    assert "Invalid email request" in error.reason.params["said"]


def test_a_recipient_the_provider_keeps_out_is_refused(postmark, server):
    said = "Some are inactive. Found inactive addresses: ada@example.org. Inactive recipients"
    server.status, server.answer = 422, {"ErrorCode": 406, "Message": said}

    assert refusal(postmark).permanent


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_gave_up_leaves_it_unclear(postmark, server, status):
    server.status, server.answer = status, {}

    assert refusal(postmark, Unclear).reason.code == "no_answer"


def test_a_cut_after_the_request_left_is_unclear(postmark, server):
    server.cut = True

    assert refusal(postmark, Unclear).reason.code == "no_answer"
    assert len(server.requests) == 1  # nobody asks again by himself


def test_an_answer_nobody_can_read_is_unclear(postmark, server):
    server.answer = {}

    assert refusal(postmark, Unclear).reason.code == "strange_answer"


def test_without_a_connection_nothing_left(channel, server):
    server.stop()

    error = refusal(channel)

    assert (error.reason.code, error.permanent, error.channel_wide) == ("server_unreachable", False, True)


def test_where_the_provider_knows_a_request_again_a_cut_is_asked_again(channel, server, settings):
    settings.EMAIL_PROVIDER = "resend"
    server.cut = True
    refusal(channel)
    server.cut = False

    hand_over(channel)

    keys = {headers["Idempotency-Key"] for headers, _ in server.requests}
    assert keys == {f"contactflow-{ENVELOPE.identity}"}


def test_a_provider_without_its_key_is_the_channels_trouble(postmark, settings):
    settings.ANYMAIL = {"REQUESTS_TIMEOUT": (1, 2)}

    error = refusal(postmark)

    assert (error.reason.code, error.channel_wide) == ("provider_unusable", True)
    assert "POSTMARK_SERVER_TOKEN" in channel_module.unusable()


def test_an_address_no_server_takes_is_found_before_anything_leaves(channel, server):
    envelope = dataclasses.replace(ENVELOPE, address="ädä@example.org")

    with pytest.raises(ChannelError):
        channel.prepare(envelope)

    assert server.requests == []


@pytest.mark.parametrize("name", ["amazon_ses", "mailgun", "sendgrid", "brevo", "mailjet", "sparkpost", "mandrill"])
def test_every_provider_can_be_opened(name, settings):
    settings.EMAIL_PROVIDER = name
    settings.ANYMAIL = {
        "REQUESTS_TIMEOUT": (1, 2),
        "AMAZON_SES_CLIENT_PARAMS": {"region_name": "eu-west-1"},
        **{f"{one}_API_KEY": "key" for one in ("MAILGUN", "SENDGRID", "BREVO", "SPARKPOST", "MANDRILL", "MAILJET")},
        "MAILJET_SECRET_KEY": "secret",
    }

    assert channel_module.unusable() == ""
