"""A provider's API: what surely did not leave, what may have, and what surely did."""

from __future__ import annotations

import base64
import dataclasses
import uuid
from urllib.parse import unquote_plus

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


ADA = "ada@example.org"
# What each answers to one email that it takes, and what it is called from then on; None: by a number of ours.
TAKES = {
    "amazon_ses": ({"MessageId": "ses-1"}, "ses-1"),
    "brevo": ({"messageId": "<1@brevo>"}, "1@brevo"),
    "mailersend": ({}, "ms-1"),  # in a header
    "mailgun": ({"id": "<1@mg>", "message": "Queued. Thank you."}, "1@mg"),
    "mailjet": ({"Messages": [{"Status": "success", "To": [{"Email": ADA, "MessageID": 19}]}]}, "19"),
    "mailtrap": ({"success": True, "message_ids": ["mt-1"]}, "mt-1"),
    "mandrill": ([{"email": ADA, "status": "sent", "_id": "md-1"}], "md-1"),
    "postal": ({"status": "success", "data": {"messages": {ADA: {"id": 7, "token": "x"}}}}, "7"),
    "postmark": ({"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": ADA}, "pm-1"),
    "resend": ({"id": "re-1"}, "re-1"),
    "scaleway": ({"emails": [{"id": "sc-1", "mail_rcpt": ADA, "status": "new"}]}, "sc-1"),
    "sendgrid": ("", None),
    "sparkpost": ({"results": {"total_accepted_recipients": 1, "total_rejected_recipients": 0, "id": "sp-1"}}, "sp-1"),
    "unisender_go": ({"status": "success", "job_id": "ug-1", "emails": [ADA]}, None),
}
# They carry no data of ours with a message: their events are found by their own id for it.
WITHOUT_OUR_ID = {"mailersend", "postal"}
KEYS = {f"{name.upper()}_{part}": "key" for name in TAKES for part in ("API_KEY", "API_TOKEN", "SECRET_KEY")}


@pytest.fixture
def outcome(server, settings):
    """What becomes of one email at a provider that answers so."""
    aws = {"region_name": "eu-west-1", "aws_access_key_id": "key", "aws_secret_access_key": "key"}
    settings.ANYMAIL = {
        "IGNORE_UNSUPPORTED_FEATURES": True,
        "REQUESTS_TIMEOUT": (1, 2),
        "AMAZON_SES_CLIENT_PARAMS": {**aws, "endpoint_url": server.url},
        "MAILGUN_SENDER_DOMAIN": "mg.example.com",
        "SCALEWAY_PROJECT_ID": "project",
        "POSTMARK_SERVER_TOKEN": "key",
        **KEYS,
        **{f"{name.upper()}_API_URL": server.url for name in TAKES},
    }

    def outcome(name, answer, status=200, *, cut=False):
        settings.EMAIL_PROVIDER, server.status, server.answer, server.cut = name, status, answer, cut
        server.headers = {"X-Message-Id": "ms-1"} if name == "mailersend" and status == 200 else {}
        channel = ProviderChannel()
        try:
            return hand_over(channel).provider_id
        except ChannelError as error:
            return error.reason.code, "permanent" if error.permanent else "channel" if error.channel_wide else ""
        except Unclear as error:
            return error.reason.code, "unclear"
        finally:
            channel.release()

    return outcome


def test_every_provider_takes_an_email_that_it_can_tell_us_of(outcome, server):
    ids = {name: outcome(name, answer) for name, (answer, _) in TAKES.items()}

    asked = {name: _readable(told) for name, (_, told) in zip(TAKES, server.requests, strict=True)}
    keys = [headers.get("Idempotency-Key") for headers, _ in server.requests]
    assert {name: known for name, known in ids.items() if TAKES[name][1]} == {
        name: known for name, (_, known) in TAKES.items() if known
    }
    assert all(ids.values())
    assert {name for name, said in asked.items() if METADATA not in said} == WITHOUT_OUR_ID
    assert [name for name, said in asked.items() if "<news.brand.example>" not in said] == []
    assert [key for key in keys if key] == [f"contactflow-{ENVELOPE.identity}"]  # Resend knows it again


def test_every_providers_no_is_a_no_and_what_is_not_known_is_unclear(outcome):
    refused, down = {"message": "no"}, {"message": "later"}

    ends = {
        name: [
            outcome(name, refused, 400),
            outcome(name, refused, 401),
            outcome(name, down, 429),
            outcome(name, down, 503),
            outcome(name, {}, 504),
            outcome(name, {}, cut=True),
        ]
        for name in TAKES
    }

    no, login = ("provider_rejected", "permanent"), ("login_refused", "channel")
    slow, away, unclear = ("too_many", "channel"), ("server_unreachable", "channel"), ("no_answer", "unclear")
    assert ends == {
        name: [no, login, slow, away, *([away, away] if name == "resend" else [unclear, unclear])] for name in TAKES
    }


def test_a_no_that_hides_in_another_status_is_a_no(outcome):
    postal = {"status": "error", "data": {"code": "ValidationError", "message": "The From address is not authorised"}}
    postal_key = {"status": "error", "data": {"code": "InvalidServerAPIKey", "message": "The API token is not valid"}}
    mandrill = {"status": "error", "code": -2, "name": "ValidationError", "message": "Not an email address"}
    mandrill_key = {"status": "error", "code": -1, "name": "Invalid_Key", "message": "Invalid API key"}

    assert [outcome("postal", postal), outcome("postal", postal_key)] == [
        ("provider_rejected", "permanent"),
        ("login_refused", "channel"),
    ]
    assert [outcome("mandrill", mandrill, 500), outcome("mandrill", mandrill_key, 500)] == [
        ("provider_rejected", "permanent"),
        ("login_refused", "channel"),
    ]


def test_an_answer_of_no_sense_is_unclear_whoever_gives_it(outcome):
    told = {name: {outcome(name, answer) for answer in ({}, [1], {"emails": 1, "status": "?"})} for name in TAKES}

    silent = {"amazon_ses", "sendgrid", "mailersend"}  # say nothing that could be of no sense
    assert {name: said for name, said in told.items() if name not in silent} == {
        name: {("strange_answer", "unclear")} for name in TAKES if name not in silent
    }


def _readable(told):
    """Amazon takes the email as it leaves, Mailgun a form."""
    raw = told.get("Content", {}).get("Raw", {}).get("Data", "") if isinstance(told.get("Content"), dict) else ""
    return unquote_plus(f"{told} {base64.b64decode(raw).decode()}")
