from __future__ import annotations

import smtplib
from email.message import EmailMessage

import pytest

from tests.smtp import Sink


def send(sink: Sink) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Olá", "a@example.com", "b@example.com"
    message.set_content("A line.")
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as client:
        client.send_message(message)


def test_sink_records_what_it_accepted(smtp_sink: Sink) -> None:
    send(smtp_sink)

    assert smtp_sink.messages[0]["Subject"] == "Olá"
    assert smtp_sink.received[0].recipients == ["b@example.com"]


def test_sink_refuses_a_recipient_and_records_nothing(smtp_sink: Sink) -> None:
    smtp_sink.refuse_rcpt = "550 no such person"

    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtp_sink)

    assert smtp_sink.received == []


def test_sink_keeps_the_message_when_it_cuts_the_connection(smtp_sink: Sink) -> None:
    smtp_sink.cut_after_body = True

    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(smtp_sink)

    assert len(smtp_sink.received) == 1


def test_stopped_sink_refuses_connections(smtp_sink: Sink) -> None:
    port = smtp_sink.port

    smtp_sink.stop()

    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port, timeout=5)
