"""What providers tell: the same rows whoever tells it, once however often, and nothing of strangers."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from django.test import Client

from contacts import consent, contact_actions
from engagement import message_consequences
from engagement.models import Message, MessageEvent, ProviderDelivery, Reply
from engagement.providers import catalogue, erasure, processing, sns
from tests.engagement import provider_payloads as payloads
from tests.engagement.provider_signatures import SETTINGS, SNS_KEYS, Sent, signed
from tests.engagement.test_message_consequences import mail

pytestmark = pytest.mark.django_db
Kind, Status = ProviderDelivery.Kind, ProviderDelivery.Status


@pytest.fixture(autouse=True)
def keys(settings, monkeypatch):
    settings.ANYMAIL = SETTINGS
    monkeypatch.setattr(sns, "keys", SNS_KEYS)


@pytest.fixture
def message():
    return mail(provider_id="from-the-provider")


def path_of(provider, kind=Kind.TRACKING):
    return urlsplit(catalogue.address(provider, kind)).path


def post(provider, sent, *, path="", kind=Kind.TRACKING, is_signed=True):
    sent = signed(provider, sent, url=catalogue.address(provider, kind)) if is_signed else sent
    return Client().post(
        path or path_of(provider, kind), data=sent.body, content_type=sent.content_type, headers=sent.headers
    )


def deliver(provider, message, kind, **about):
    return post(provider, payloads.ALL[provider](message, kind, **about))


def understand():
    done = processing.run_pump_step(time.monotonic() + 60)
    message_consequences.run_pump_step(time.monotonic() + 60)
    return done


def told_of(message):
    return list(message.events.values_list("type", flat=True))


@pytest.mark.parametrize(
    ("kind", "told", "why"),
    [
        ("delivered", "delivered", None),
        ("complained", "complained", "complained"),
        ("hard", "bounced", "bounced"),
        ("full", "bounced", None),
    ],
)
def test_every_provider_drives_the_same_rows_however_often_it_tells(kind, told, why):
    providers = [name for name in payloads.ALL if (name, kind) != ("postal", "complained")]
    messages = {name: mail(provider_id=f"of-{name}") for name in providers}

    for _ in range(2):
        assert {deliver(name, message, kind).status_code for name, message in messages.items()} == {200}
        understand()

    stops = {name: consent.suppression_of(email=message.recipient) for name, message in messages.items()}
    assert {name: (told_of(message), stops[name] and stops[name].reason) for name, message in messages.items()} == {
        name: (["sent" if (name, kind) == ("mandrill", "delivered") else told], why) for name in providers
    }
    assert ProviderDelivery.objects.count() == len(providers)


def test_an_event_under_forty_six_ids_is_one(message):
    for number in range(46):
        deliver("sendgrid", message, "hard", event_id=f"sg-{number}")
    understand()

    assert told_of(message) == ["bounced"]
    assert ProviderDelivery.objects.count() == 46


def test_a_bounce_of_several_recipients_suppresses_no_other(message):
    other = mail(recipient="other@example.org")

    deliver("amazon_ses", message, "hard")
    understand()

    assert consent.suppression_of(email=message.recipient) is not None
    assert consent.suppression_of(email=other.recipient) is None


SIGNING = (
    "amazon_ses",
    "mailersend",
    "mailgun",
    "mailtrap",
    "mandrill",
    "postal",
    "resend",
    "sendgrid",
    "unisender_go",
)


def test_what_a_provider_did_not_sign_is_refused_and_nothing_is_kept(message):
    answers = {}
    for name, told in payloads.ALL.items():
        sent = told(message, "hard")
        good = signed(name, sent, url=catalogue.address(name, Kind.TRACKING))
        changed = replace(good, body=re.sub(rb'("signature": "|Permanent)', rb"\\g<1>0", good.body) + b" ")
        answers[name] = [post(name, one, is_signed=False).status_code for one in (sent, changed) if one != good]

    assert {name: said for name, said in answers.items() if name in SIGNING} == {name: [403, 403] for name in SIGNING}
    assert not ProviderDelivery.objects.exclude(provider__in=set(payloads.ALL) - set(SIGNING)).exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"\xff\x00", b'{"signature": 1}', b"[[[[" * 1000])
def test_what_no_signature_can_be_found_in_is_refused(body):
    assert post("mailgun", Sent(body), is_signed=False).status_code == 403
    assert not ProviderDelivery.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/email/mailgun/wrong",
        "/hooks/email/nobody/wrong",
        "/hooks/email/scaleway/wrong",
        "/hooks/email/mailgun/" + catalogue.secret("postmark", Kind.TRACKING),
        "/hooks/email/mailgun/" + catalogue.secret("mailgun", Kind.TRACKING)[:-1],
    ],
)
def test_a_wrong_secret_is_like_an_address_that_is_not_there(path, message):
    answer = post("mailgun", payloads.mailgun(message, "hard"), path=path)

    assert answer.status_code == 404
    assert not ProviderDelivery.objects.exists()


def test_addresses_survive_a_new_key(message, settings):
    before = path_of("postmark")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"

    assert post("postmark", payloads.postmark(message, "hard"), path=before).status_code == 200
    assert before != path_of("postmark")


def test_looking_says_that_somebody_is_here_and_keeps_nothing(django_assert_num_queries):
    addresses = [path_of(name, kind) for name, kinds in catalogue.KINDS.items() for kind in kinds]
    told = {"mandrill_events": "[]", "hub.challenge": "x"}

    with django_assert_num_queries(0):
        looks = {ask(path, told).status_code for path in addresses for ask in (Client().get, Client().head)}
        others = {ask(path).status_code for path in addresses for ask in (Client().put, Client().delete)}

    assert (looks, others) == ({200}, {405})


def test_a_topic_of_somebody_else_is_not_heard(message, settings):
    settings.AMAZON_SES_TOPICS = ["arn:aws:sns:eu-west-1:1:ours"]

    foreign = deliver("amazon_ses", message, "hard", topic="arn:aws:sns:eu-west-1:666:theirs")
    own = deliver("amazon_ses", message, "hard")

    assert (foreign.status_code, own.status_code) == (403, 200)
    assert ProviderDelivery.objects.count() == 1


def test_events_without_our_id_find_their_message_by_the_providers_and_its_recipient():
    messages = [mail(provider_id="from-the-provider") for _ in range(2)]
    for message in messages:
        told = payloads.postmark(message, "delivered")
        body = told.body.replace(str(message.pk).encode(), b"").replace(payloads.POSTMARK_ID, b"from-the-provider")
        post("postmark", replace(told, body=body))

    understand()

    assert [told_of(message) for message in messages] == [["delivered"]] * 2


def test_an_open_that_brevo_saw_through_a_proxy_is_no_persons(message):
    post("brevo", payloads.brevo(message, "proxy_open"))
    understand()

    assert message.events.get(type="opened").detail["bot"]


def test_what_somebody_opens_who_is_not_followed_is_not_kept(message):
    contact_actions.follow(contact=message.contact, is_tracked=False)

    deliver("mailgun", message, "opened")
    deliver("mailgun", message, "delivered")
    understand()

    assert told_of(message) == ["delivered"]


def test_an_open_keeps_where_it_came_from_and_that_the_provider_takes_it_for_a_machine(message):
    deliver("mailgun", message, "opened")
    understand()

    detail = message.events.get(type="opened").detail
    assert (detail["ip"], detail["bot"]) == ("203.0.113.9", True)


@pytest.mark.parametrize("event", ["a new kind", "opened_by_proxy"])
def test_an_event_nobody_knows_is_nothing(event, message):
    told = payloads.brevo(message, event)

    post("brevo", told)
    understand()

    assert told_of(message) == []
    assert ProviderDelivery.objects.get().status == Status.DONE


def test_an_event_about_a_message_of_somebody_else_is_nothing():
    stranger = Message(recipient="who@example.org")

    deliver("brevo", stranger, "hard")
    understand()

    assert not MessageEvent.objects.exists()
    assert consent.suppression_of(email="who@example.org") is None


def test_a_poison_payload_is_parked_and_holds_up_no_other(message):
    post("sparkpost", Sent(b"not json"))
    deliver("brevo", message, "hard")

    understand()
    for _ in range(processing.TRIES):
        ProviderDelivery.objects.filter(status=Status.WAITING).update(next_attempt_at="2020-01-01T00:00Z")
        understand()

    assert told_of(message) == ["bounced"]
    parked = ProviderDelivery.objects.get(provider="sparkpost")
    assert (parked.status, bool(parked.error), bytes(parked.body)) == (Status.PARKED, True, b"not json")


def test_what_ends_its_workers_is_parked(message):
    deliver("brevo", message, "hard")
    ProviderDelivery.objects.update(attempts=processing.TRIES, next_attempt_at="2020-01-01T00:00Z")

    understand()

    assert ProviderDelivery.objects.get().status == Status.PARKED
    assert told_of(message) == []


def test_what_is_understood_keeps_no_payload(message):
    deliver("brevo", message, "hard")

    understand()

    assert bytes(ProviderDelivery.objects.get().body) == b""


def test_what_waits_about_somebody_is_forgotten_with_them(message):
    deliver("brevo", message, "hard")
    other = mail()
    deliver("postmark", other, "hard")

    from contacts.deletion import Erased

    erasure.forget(Erased(ids=(message.contact_id,), emails=(message.recipient.upper(),), names=()))

    assert [row.provider for row in ProviderDelivery.objects.all()] == ["postmark"]


def test_mail_that_arrives_with_a_provider_is_handed_on():
    raw = "From: Ada <ada@example.org>\r\nTo: hello@brand.example\r\nSubject: Hello\r\n\r\nI have a question.\r\n"
    told = {"Headers": [], "RawEmail": raw, "FromFull": {"Email": "ada@example.org"}, "MessageID": "pm-1"}

    for _ in range(2):
        post("postmark", Sent(json.dumps(told).encode()), kind=Kind.INBOUND)
        understand()

    reply = Reply.objects.get()
    assert (reply.sender, "question" in reply.body) == ("ada@example.org", True)


def test_mail_at_the_address_for_events_is_understood_all_the_same():
    raw = "From: ada@example.org\r\nSubject: Hello\r\n\r\nHello.\r\n"
    told = {"Headers": [], "RawEmail": raw, "FromFull": {"Email": "ada@example.org"}, "MessageID": "pm-2"}

    post("postmark", Sent(json.dumps(told).encode()))
    understand()

    assert Reply.objects.count() == 1


def test_mail_with_a_large_attachment_arrives_in_a_form():
    raw = f"From: ada@example.org\r\nSubject: Photo\r\n\r\n{'x' * 3_000_000}\r\n"
    body = (
        '--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
        f'{raw}\r\n--b\r\nContent-Disposition: form-data; name="envelope"\r\n\r\n'
        '{"to": ["hello@brand.example"], "from": "ada@example.org"}\r\n--b--\r\n'
    )

    sent = Sent(body.encode(), "multipart/form-data; boundary=b")
    answer = post("sendgrid", sent, kind=Kind.INBOUND)
    understand()

    assert answer.status_code == 200
    assert Reply.objects.get().subject == "Photo"
