"""What providers send to their webhooks, as their documentation shows it, about a message of ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from engagement.channels.provider import METADATA
from engagement.models import Message

JSON = "application/json"
MAILGUN_KEY, MANDRILL_KEY, MAILERSEND_KEY = "mailgun-signing", "mandrill-signing", "mailersend-signing"
SETTINGS = {
    "IGNORE_UNSUPPORTED_FEATURES": True,
    "MAILGUN_API_KEY": MAILGUN_KEY,
    "MANDRILL_API_KEY": "key",
    "MANDRILL_WEBHOOK_KEY": MANDRILL_KEY,
    "MAILERSEND_API_TOKEN": "token",
    "MAILERSEND_SIGNING_SECRET": MAILERSEND_KEY,
    "BREVO_API_KEY": "key",
    "UNISENDER_GO_API_KEY": "unisender",
}
T, ISO = 1_764_489_600, "2025-11-30T08:00:00Z"
USER_UNKNOWN, MAILBOX_FULL = "550 5.1.1 The email account does not exist", "552 5.2.2 Mailbox full"


@dataclass
class Sent:
    """One request."""

    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def _json(data: Any, **headers: str) -> Sent:
    return Sent(json.dumps(data).encode(), headers=headers)


def mailgun(message: Message, kind: str) -> Sent:
    event = {"event": kind, "id": f"mg-{kind}", "timestamp": T, "recipient": message.recipient}
    event |= {"user-variables": {METADATA: str(message.pk)}, "message": {"headers": {"message-id": "20@mg.example"}}}
    if kind in ("hard", "full"):
        said = USER_UNKNOWN if kind == "hard" else MAILBOX_FULL
        event |= {
            "event": "failed",
            "severity": "permanent",
            "delivery-status": {"message": said, "code": int(said[:3])},
        }
    if kind == "opened":
        event |= {"ip": "203.0.113.9", "client-info": {"bot": "gmail", "user-agent": "Mozilla/5.0"}}
    signature = hmac.new(MAILGUN_KEY.encode(), f"{T}token".encode(), hashlib.sha256).hexdigest()
    return _json({"signature": {"token": "token", "timestamp": str(T), "signature": signature}, "event-data": event})


def postmark(message: Message, kind: str) -> Sent:
    about = {"MessageID": "00000000-0000-0000-0000-000000000001", "Metadata": {METADATA: str(message.pk)}}
    if kind == "delivered":
        return _json({"RecordType": "Delivery", "Recipient": message.recipient, "DeliveredAt": ISO, **about})
    if kind == "complained":
        bounce = {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 2}
    else:
        bounce = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 1}
        bounce["Details"] = f"smtp;{USER_UNKNOWN if kind == 'hard' else MAILBOX_FULL}"
    return _json({**bounce, "Email": message.recipient, "BouncedAt": ISO, **about})


def sendgrid(message: Message, kind: str, event_id: str = "sg-1") -> Sent:
    event = {"event": kind, "email": message.recipient, "timestamp": T, "sg_event_id": event_id, "smtp-id": "<1@sg>"}
    event |= {METADATA: str(message.pk)}
    if kind == "complained":
        event["event"] = "spamreport"
    if kind in ("hard", "full"):
        event |= {"event": "bounce", "type": "bounce", "status": "5.1.1" if kind == "hard" else "5.2.2"}
        event["reason"] = USER_UNKNOWN if kind == "hard" else MAILBOX_FULL
    return _json([event])


def amazon_ses(message: Message, kind: str, topic: str = "arn:aws:sns:eu-west-1:1:ours") -> Sent:
    mail = {"messageId": "0100-ses", "destination": [message.recipient, "other@example.org"]}
    mail["headers"] = [{"name": "X-Metadata", "value": json.dumps({METADATA: str(message.pk)})}]
    event: dict[str, Any] = {"eventType": "Delivery", "mail": mail}
    if kind == "delivered":
        event["delivery"] = {"recipients": [message.recipient], "smtpResponse": "250 ok", "timestamp": ISO}
    elif kind == "complained":
        people = [{"emailAddress": message.recipient}]
        event |= {"eventType": "Complaint", "complaint": {"complainedRecipients": people, "timestamp": ISO}}
    else:
        said = USER_UNKNOWN if kind == "hard" else MAILBOX_FULL
        people = [{"emailAddress": one, "diagnosticCode": f"smtp; {said}"} for one in mail["destination"]]
        bounce = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": people}
        event |= {"eventType": "Bounce", "bounce": bounce}
    told = {"Type": "Notification", "MessageId": f"sns-{kind}", "TopicArn": topic, "Timestamp": ISO}
    told["Message"] = json.dumps(event)
    sent = Sent(json.dumps(told).encode(), "text/plain; charset=UTF-8")
    sent.headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": told["MessageId"]}
    return sent


def resend(message: Message, kind: str) -> Sent:
    data: dict[str, Any] = {"email_id": "re-1", "to": [message.recipient]}
    data["headers"] = [{"name": "X-Metadata", "value": json.dumps({METADATA: str(message.pk)})}]
    name = {"hard": "bounced", "full": "bounced"}.get(kind, kind)
    if name == "bounced":
        data["bounce"] = {"type": "Permanent" if kind == "hard" else "Transient", "message": "a bounce message"}
    return _json({"type": f"email.{name}", "created_at": ISO, "data": data}, **{"svix-id": f"msg_{kind}"})


def brevo(message: Message, kind: str) -> Sent:
    name = {"hard": "hard_bounce", "full": "soft_bounce", "complained": "spam"}.get(kind, kind)
    event = {"event": name, "email": message.recipient, "ts_event": T, "message-id": "<1@brevo>"}
    event["X-Mailin-custom"] = json.dumps({METADATA: str(message.pk)})
    if kind in ("hard", "full"):
        event["reason"] = USER_UNKNOWN if kind == "hard" else MAILBOX_FULL
    return _json(event)


def mailjet(message: Message, kind: str) -> Sent:
    name = {"hard": "bounce", "full": "bounce", "complained": "spam", "delivered": "sent"}[kind]
    event = {"event": name, "email": message.recipient, "time": T, "MessageID": 19, "Message_GUID": "mj"}
    event["Payload"] = json.dumps({METADATA: str(message.pk)})
    if name == "bounce":
        event |= {"hard_bounce": kind == "hard", "error": "user unknown" if kind == "hard" else "mailbox full"}
    return _json([event])


def sparkpost(message: Message, kind: str) -> Sent:
    name = {"hard": "bounce", "full": "bounce", "complained": "spam_complaint", "delivered": "delivery"}[kind]
    event = {"type": name, "rcpt_to": message.recipient, "timestamp": str(T), "event_id": f"sp-{kind}"}
    event |= {"transmission_id": "sp-1", "rcpt_meta": {METADATA: str(message.pk)}}
    if name == "bounce":
        event |= {"bounce_class": "10" if kind == "hard" else "22"}
        event["raw_reason"] = USER_UNKNOWN if kind == "hard" else MAILBOX_FULL
    return _json([{"msys": {"message_event": event}}])


def mandrill(message: Message, kind: str, url: str = "") -> Sent:
    name = {"hard": "hard_bounce", "full": "soft_bounce", "complained": "spam", "delivered": "send"}[kind]
    about = {"email": message.recipient, "_id": "md-1", "metadata": {METADATA: str(message.pk)}, "ts": T}
    if kind in ("hard", "full"):
        about["diag"] = f"smtp;{USER_UNKNOWN if kind == 'hard' else MAILBOX_FULL}"
    events = json.dumps([{"event": name, "ts": T, "_id": "md-1", "msg": about}])
    signed = hmac.new(MANDRILL_KEY.encode(), f"{url}mandrill_events{events}".encode(), hashlib.sha1).digest()
    sent = Sent(urlencode({"mandrill_events": events}).encode(), "application/x-www-form-urlencoded")
    sent.headers = {"X-Mandrill-Signature": base64.b64encode(signed).decode()}
    return sent


def mailersend(message: Message, kind: str) -> Sent:
    name = {"hard": "hard_bounced", "full": "soft_bounced", "complained": "spam_complaint"}.get(kind, kind)
    email = {"message": {"id": message.provider_id}, "recipient": {"email": message.recipient}}
    data: dict[str, Any] = {"type": name, "id": f"ms-{kind}", "created_at": ISO, "email": email}
    if kind in ("hard", "full"):
        data["morph"] = {"object": "recipient_bounce", "reason": USER_UNKNOWN if kind == "hard" else MAILBOX_FULL}
    sent = _json({"type": f"activity.{name}", "data": data})
    sent.headers["Signature"] = hmac.new(MAILERSEND_KEY.encode(), sent.body, hashlib.sha256).hexdigest()
    return sent


ALL: dict[str, Callable[..., Sent]] = {
    made.__name__: made
    for made in (mailgun, postmark, sendgrid, amazon_ses, resend, brevo, mailjet, sparkpost, mandrill, mailersend)
}
