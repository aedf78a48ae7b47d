from __future__ import annotations

import socket
import threading
import uuid

import pytest

from contactflow.core.reasons import Reason
from engagement.channels import email as email_module
from engagement.channels.base import ChannelError, Envelope, Sender, Unclear
from engagement.channels.email import EmailChannel
from tests.engagement.scripted_smtp import CUT, SILENT, ScriptedServer
from tests.factories import NOW

ID = uuid.UUID(int=1)


def letter(recipient="ada@example.org", text="Hello\n"):
    sender = Sender("Brand", "crm@brand.example")
    return Envelope(identity=ID, sender=sender, address=recipient, parts={"subject": "Hello", "text": text}, at=NOW)


def hand_over(channel, *arguments, **options):
    return channel.hand_over(channel.prepare(letter(*arguments, **options)))


@pytest.fixture
def channel():
    channel = EmailChannel()
    yield channel
    channel.release()


@pytest.fixture
def scripted(settings):
    """Starts a server with a script and points EMAIL_URL at it."""
    servers = []

    def start(**script):
        server = ScriptedServer(**script)
        servers.append(server.__enter__())
        settings.EMAIL_URL = server.url
        return server

    yield start
    for server in servers:
        server.__exit__()


def refusal_of(channel):
    with pytest.raises(ChannelError) as refused:
        hand_over(channel)
    return refused.value.permanent, refused.value.channel_wide


def test_a_message_arrives_and_the_receipt_quotes_the_server(sink, channel):
    channel.prepare(letter())

    receipt = hand_over(channel)

    assert (receipt.transport, receipt.response) == ("smtp", "250 OK")
    assert sink.received[0].recipients == ["ada@example.org"]
    assert sink.received[0].sender == "crm@brand.example"


def test_one_connection_serves_a_batch(sink, channel):
    for _ in range(5):
        channel.prepare(letter())
        hand_over(channel)

    assert sink.connections == 1
    assert len(sink.received) == 5


def test_after_release_a_new_connection_is_made(sink, channel):
    hand_over(channel)

    channel.release()
    hand_over(channel)

    assert sink.connections == 2


def test_each_thread_has_a_connection_of_its_own(sink, channel):
    hand_over(channel)

    other = threading.Thread(target=lambda: (hand_over(channel), channel.release()))
    other.start()
    other.join()

    assert sink.connections == 2


@pytest.mark.parametrize("text", [".\n", ".dot\n..two\n", "no end", "a\rb\r\nc\n", "\n.\n.\n"])
def test_the_body_arrives_whole(sink, channel, text):
    hand_over(channel, text=text)

    arrived = sink.received[0].message.get_content().splitlines()
    assert arrived == text.replace("\r\n", "\n").replace("\r", "\n").splitlines()


@pytest.mark.parametrize(
    ("step", "answer", "permanent", "channel_wide"),
    [
        ("MAIL", "550 sender unknown", True, False),
        ("MAIL", "451 try later", False, False),
        ("MAIL", "530 authentication required", False, True),
        ("RCPT", "550 no such person", True, False),
        ("RCPT", "450 greylisted", False, False),
        ("RCPT", "452 mailbox full", False, False),
        ("DATA", "554 no", True, False),
        ("DATA", "451 not now", False, False),
        ("BODY", "550 spam", True, False),
        ("BODY", "451 not now", False, False),
        ("RCPT", "421 too many recipients at this provider", False, False),
        ("RCPT", "454 relay access denied", False, False),
        ("DATA", "421 closing", False, False),
        ("BODY", "421 closing", False, False),
        ("BODY", "454 not for this one", False, False),
    ],
)
def test_an_answer_of_4xx_or_5xx_is_a_definite_no(scripted, channel, step, answer, permanent, channel_wide):
    scripted(**{step: [answer]})

    assert refusal_of(channel) == (permanent, channel_wide)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "BODY"])
def test_after_a_refusal_the_connection_serves_the_next_message(scripted, channel, step):
    server = scripted(**{step: ["550 no"]})

    refusal_of(channel)
    hand_over(channel)

    assert server.seen["CONNECT"] == 1
    assert server.seen["RSET"] == (0 if step == "BODY" else 1)


@pytest.mark.parametrize(
    "script",
    [
        {"CONNECT": ["421 too busy"]},
        {"CONNECT": ["554 go away"]},
        {"CONNECT": [CUT]},
        {"EHLO": ["500 what"], "HELO": ["500 what"]},
        {"EHLO": [CUT]},
    ],
)
def test_trouble_before_the_first_message_is_the_channels(scripted, channel, script):
    scripted(**script)

    with pytest.raises(ChannelError) as refused:
        channel.prepare(letter())

    assert (refused.value.permanent, refused.value.channel_wide) == (False, True)


def test_a_refused_connection_is_the_channels_trouble(settings, channel):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.EMAIL_URL = f"smtp://127.0.0.1:{closed.getsockname()[1]}"

        assert refusal_of(channel) == (False, True)


def test_a_silent_server_is_the_channels_trouble(monkeypatch, scripted, channel):
    monkeypatch.setattr(email_module, "CONNECT_SECONDS", 0.1)
    scripted(CONNECT=[SILENT])

    assert refusal_of(channel) == (False, True)


def test_a_refused_login_is_the_channels_trouble(settings, scripted, channel):
    server = scripted(EHLO=["250-hello\r\n250 AUTH PLAIN"], AUTH=["535 wrong password"])
    settings.EMAIL_URL = server.url.replace("smtp://", "smtp://user:secret@")

    with pytest.raises(ChannelError) as refused:
        channel.prepare(letter())

    assert refused.value.channel_wide
    assert refused.value.reason == Reason.of("login_refused", said="535 wrong password")


def test_a_server_without_encryption_is_not_used_when_it_is_asked_for(settings, scripted, channel):
    server = scripted()
    settings.EMAIL_URL = server.url.replace("smtp://", "smtp+tls://")

    assert refusal_of(channel) == (False, True)
    assert server.seen["MAIL"] == 0


@pytest.mark.parametrize("address", ["consolemail://", "nonsense", "smtp://localhost:port"])
def test_an_email_url_that_is_no_mail_server_is_the_channels_trouble(settings, channel, address):
    settings.EMAIL_URL = address

    assert refusal_of(channel) == (False, True)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_kept_connection_that_was_closed_is_made_anew(scripted, channel, step):
    server = scripted(**{step: [CUT]})
    channel.prepare(letter())

    hand_over(channel)

    assert server.seen["CONNECT"] == 2
    assert len(server.bodies) == 1


@pytest.mark.parametrize("answer", [CUT, "421 too many messages"])
def test_a_server_that_keeps_closing_is_the_channels_trouble(scripted, channel, answer):
    scripted(MAIL=[answer, answer])

    assert refusal_of(channel) == (False, True)


@pytest.mark.parametrize("step", ["RCPT", "DATA", "BODY"])
def test_after_a_421_for_one_message_the_next_has_a_new_connection(scripted, channel, step):
    server = scripted(**{step: ["421 this recipient is rate limited"]})

    refusal_of(channel)
    hand_over(channel, "eve@example.org")

    assert (server.seen["CONNECT"], server.seen["MAIL"]) == (2, 2)


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_server_that_keeps_closing_on_one_recipient_is_not_the_channels_trouble(scripted, channel, step):
    scripted(**{step: [CUT, CUT]})

    assert refusal_of(channel) == (False, False)


def test_a_server_that_falls_silent_on_one_message_is_waited_for_once(monkeypatch, scripted, channel):
    monkeypatch.setattr(email_module, "INTRODUCTION_SECONDS", 0.2)
    server = scripted(RCPT=[SILENT, SILENT])

    assert refusal_of(channel) == (False, False)
    assert server.seen["RCPT"] == 1


@pytest.mark.parametrize("credentials", ["user:p%C3%A4ss", "%C3%BCser:secret"])
def test_a_password_no_server_takes_is_the_channels_trouble(settings, scripted, channel, credentials):
    server = scripted(EHLO=["250-hello\r\n250 AUTH PLAIN LOGIN"])
    settings.EMAIL_URL = server.url.replace("smtp://", f"smtp://{credentials}@")

    with pytest.raises(ChannelError, match="mail_url_unusable") as refused:
        channel.prepare(letter())

    assert refused.value.channel_wide
    assert refused.value.__cause__ is None  # it would hold the password


@pytest.mark.parametrize("address", ["smtp://127.0.0.1:70000", "smtp://a..b:25"])
def test_an_address_that_cannot_be_is_the_channels_trouble(settings, channel, address):
    settings.EMAIL_URL = address

    assert refusal_of(channel) == (False, True)


def test_control_characters_of_an_answer_are_not_kept(scripted, channel):
    scripted(BODY=["250 queued as \0a\x1bb\x7f"])

    assert hand_over(channel).response == "250 queued as a b"


def test_control_characters_of_a_refusal_are_not_kept(scripted, channel):
    scripted(RCPT=["450 later \0 perhaps"])

    with pytest.raises(ChannelError) as refused:
        hand_over(channel)

    assert refused.value.reason == Reason.of("refused_for_now", said="450 later perhaps")


@pytest.mark.parametrize("answer", [CUT, "cut early", "299 perhaps"])
def test_a_cut_after_the_body_began_is_unclear(scripted, channel, answer):
    scripted(BODY=[answer])

    if answer == "299 perhaps":
        with pytest.raises(Unclear, match="strange_answer"):
            hand_over(channel)
    else:
        with pytest.raises(Unclear):
            hand_over(channel)


def test_no_final_answer_in_time_is_unclear(monkeypatch, scripted, channel):
    monkeypatch.setattr(email_module, "FINAL_ANSWER_SECONDS", 0.1)
    scripted(BODY=[SILENT])

    with pytest.raises(Unclear):
        hand_over(channel)


def test_after_an_unclear_end_the_next_message_has_a_new_connection(scripted, channel):
    server = scripted(BODY=[CUT])

    with pytest.raises(Unclear):
        hand_over(channel)
    hand_over(channel)

    assert server.seen["CONNECT"] == 2


def test_a_message_the_server_kept_without_an_answer_is_unclear(sink, channel):
    sink.cut_after_body = True

    with pytest.raises(Unclear):
        hand_over(channel)

    assert len(sink.received) == 1


def test_an_idle_connection_is_asked_whether_it_lives(monkeypatch, scripted, channel):
    server = scripted()
    channel.prepare(letter())
    monkeypatch.setattr(email_module, "IDLE_SECONDS", -1)

    channel.prepare(letter())

    assert (server.seen["NOOP"], server.seen["CONNECT"]) == (1, 1)


def test_an_idle_connection_that_died_is_made_anew(monkeypatch, scripted, channel):
    server = scripted(NOOP=[CUT])
    channel.prepare(letter())
    monkeypatch.setattr(email_module, "IDLE_SECONDS", -1)

    channel.prepare(letter())

    assert server.seen["CONNECT"] == 2


def test_another_email_url_means_another_connection(scripted, channel):
    first = scripted()
    hand_over(channel)
    second = scripted()

    hand_over(channel)

    assert (len(first.bodies), len(second.bodies)) == (1, 1)


def test_releasing_nothing_is_fine(channel):
    channel.release()


def test_releasing_a_dead_connection_is_fine(scripted, channel):
    scripted(QUIT=[CUT])
    channel.prepare(letter())

    channel.release()


def test_an_address_with_a_line_break_never_reaches_the_wire(scripted, channel):
    server = scripted()

    with pytest.raises(ChannelError, match="address_invalid"):
        hand_over(channel, recipient="a@b.example>\r\nRCPT TO:<x@evil.example")

    assert server.seen["RCPT"] == 0
