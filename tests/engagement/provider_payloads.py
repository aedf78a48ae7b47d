"""What providers send to their webhooks, as their documentation shows it, about a message of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from engagement.channels.provider import METADATA
from engagement.models import Message
from tests.engagement.provider_signatures import FORM, Sent, T

ISO, POSTMARK_ID = "2025-11-30T08:00:00Z", b"00000000-0000-0000-0000-000000000001"
USER_UNKNOWN, MAILBOX_FULL = "550 5.1.1 The email account does not exist", "552 5.2.2 Mailbox full"
# Resend says this of every hard bounce, in words of its own.
RESEND_HARD = "Their provider sent a hard bounce. Writing there again harms your reputation as a sender."


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
    return _json({"event-data": event})


def postmark(message: Message, kind: str) -> Sent:
    about = {"MessageID": POSTMARK_ID.decode(), "Metadata": {METADATA: str(message.pk)}}
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
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": told["MessageId"]}
    return Sent(json.dumps(told).encode(), "text/plain; charset=UTF-8", headers)


def resend(message: Message, kind: str) -> Sent:
    data: dict[str, Any] = {"email_id": "re-1", "to": [message.recipient]}
    data["headers"] = [{"name": "X-Metadata", "value": json.dumps({METADATA: str(message.pk)})}]
    name = {"hard": "bounced", "full": "bounced"}.get(kind, kind)
    if name == "bounced":
        data["bounce"] = {"type": "Permanent", "subType": "General", "message": RESEND_HARD}
    if kind == "full":
        data["bounce"] = {"type": "Transient", "subType": "MailboxFull", "message": "Their mailbox was full."}
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


def mandrill(message: Message, kind: str) -> Sent:
    name = {"hard": "hard_bounce", "full": "soft_bounce", "complained": "spam", "delivered": "send"}[kind]
    about = {"email": message.recipient, "_id": "md-1", "metadata": {METADATA: str(message.pk)}, "ts": T}
    if kind in ("hard", "full"):
        about["diag"] = f"smtp;{USER_UNKNOWN if kind == 'hard' else MAILBOX_FULL}"
    events = json.dumps([{"event": name, "ts": T, "_id": "md-1", "msg": about}])
    return Sent(urlencode({"mandrill_events": events}).encode(), FORM)


def mailersend(message: Message, kind: str) -> Sent:
    name = {"hard": "hard_bounced", "full": "soft_bounced", "complained": "spam_complaint"}.get(kind, kind)
    email = {"message": {"id": message.provider_id}, "recipient": {"email": message.recipient}}
    data: dict[str, Any] = {"type": name, "id": f"ms-{kind}", "created_at": ISO, "email": email}
    if kind in ("hard", "full"):
        said = USER_UNKNOWN if kind == "hard" else MAILBOX_FULL
        data["morph"] = {"object": "recipient_bounce", "readable_reason": said, "reason": said}
    return _json({"type": f"activity.{name}", "data": data})


def mailtrap(message: Message, kind: str) -> Sent:
    name = {"hard": "bounce", "full": "soft bounce", "complained": "spam", "delivered": "delivery"}[kind]
    event = {"event": name, "email": message.recipient, "timestamp": T, "event_id": f"mt-{kind}", "message_id": "mt"}
    event["custom_variables"] = {METADATA: str(message.pk)}
    if kind in ("hard", "full"):
        event["response"] = f"{name} ({USER_UNKNOWN if kind == 'hard' else MAILBOX_FULL})"
    return _json({"events": [event]})


def postal(message: Message, kind: str) -> Sent:
    """Carries no metadata; complaints it does not tell."""
    status = {"delivered": "Sent", "hard": "HardFail", "full": "SoftFail"}[kind]
    about = {"id": message.provider_id, "direction": "outgoing", "to": message.recipient}
    payload = {"status": status, "details": "", "message": about, "timestamp": T}
    if kind != "delivered":
        payload["output"] = USER_UNKNOWN if kind == "hard" else MAILBOX_FULL
    return _json({"event": f"Message{status}", "timestamp": T, "uuid": f"po-{kind}", "payload": payload})


def unisender_go(message: Message, kind: str) -> Sent:
    status = {"hard": "hard_bounced", "full": "soft_bounced", "complained": "spam"}.get(kind, kind)
    event = {"job_id": "ug-1", "email": message.recipient, "status": status, "event_time": "2025-11-30 08:00:00"}
    event["metadata"] = {METADATA: str(message.pk)}
    if kind in ("hard", "full"):
        code, said = ("err_user_unknown", USER_UNKNOWN) if kind == "hard" else ("err_mailbox_full", MAILBOX_FULL)
        event["delivery_info"] = {"delivery_status": code, "destination_response": said}
    events = [{"event_name": "transactional_email_status", "event_data": event}]
    return _json({"events_by_user": [{"user_id": 1, "events": events}]})


ALL: dict[str, Callable[..., Sent]] = {
    made.__name__: made
    for made in (
        *(mailgun, postmark, sendgrid, amazon_ses, resend, brevo, mailjet, sparkpost, mandrill, mailersend),
        *(mailtrap, postal, unisender_go),
    )
}
