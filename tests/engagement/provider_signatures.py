"""How providers sign what they send, with keys of the tests; those that sign nothing have the secret address alone."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from svix.webhooks import Webhook

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
T = 1_764_489_600
KEY = "a key of the tests"
SVIX = f"whsec_{base64.b64encode(KEY.encode()).decode()}"
_POSTAL = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_SENDGRID = ec.generate_private_key(ec.SECP256R1())
AMAZON = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SNS_CERTIFICATE = "https://sns.{}.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
SNS_KEYS = {SNS_CERTIFICATE.format(region): AMAZON.public_key() for region in ("eu-west-1", "us-east-1")}


def _public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return "".join(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode().splitlines()[1:-1])


SETTINGS = {
    "IGNORE_UNSUPPORTED_FEATURES": True,
    "MAILGUN_API_KEY": KEY,
    "MANDRILL_API_KEY": KEY,
    "MANDRILL_WEBHOOK_KEY": KEY,
    "MAILERSEND_API_TOKEN": KEY,
    "MAILERSEND_SIGNING_SECRET": KEY,
    "MAILERSEND_INBOUND_SECRET": KEY,
    "MAILTRAP_API_TOKEN": KEY,
    "MAILTRAP_TRACKING_SECRET": KEY,
    "MAILTRAP_INBOUND_SECRET": KEY,
    "BREVO_API_KEY": KEY,
    "UNISENDER_GO_API_KEY": KEY,
    "POSTAL_WEBHOOK_KEY": _public(_POSTAL),
    "RESEND_API_KEY": KEY,
    "RESEND_SIGNING_SECRET": SVIX,
    "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": _public(_SENDGRID),
}


@dataclass(frozen=True)
class Sent:
    """One request."""

    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    def having(self, **headers: str) -> Sent:
        return replace(
            self, headers={**self.headers, **{name.replace("_", "-"): said for name, said in headers.items()}}
        )


def signed(provider: str, sent: Sent, *, url: str = "") -> Sent:
    """The request as the provider would sign it, which may have been signed with another key before."""
    sign = _SIGN.get(provider)
    return sign(sent, url) if sign else sent


def _hmac(said: str | bytes, digest: str = "sha256") -> bytes:
    return hmac.digest(KEY.encode(), said.encode() if isinstance(said, str) else said, digest)


def _mailgun(sent: Sent, url: str) -> Sent:
    if sent.content_type == JSON:
        told = json.loads(sent.body)
        return replace(sent, body=json.dumps({**told, "signature": _mailgun_signature(str(T))}).encode())
    fields = dict(parse_qsl(sent.body.decode(), keep_blank_values=True))
    return replace(sent, body=urlencode({**fields, **_mailgun_signature(fields["timestamp"])}).encode())


def _mailgun_signature(at: str) -> dict[str, str]:
    return {"token": "token", "timestamp": at, "signature": _hmac(f"{at}token").hex()}


def _mandrill(sent: Sent, url: str) -> Sent:
    fields = sorted(parse_qsl(sent.body.decode(), keep_blank_values=True))
    text = url + "".join(name + value for name, value in fields)
    return sent.having(X_Mandrill_Signature=base64.b64encode(_hmac(text, "sha1")).decode())


def _postal(sent: Sent, url: str) -> Sent:
    signature = _POSTAL.sign(sent.body, padding.PKCS1v15(), hashes.SHA1())
    return sent.having(X_Postal_Signature=base64.b64encode(signature).decode())


def _sendgrid(sent: Sent, url: str) -> Sent:
    signature = base64.b64encode(_SENDGRID.sign(str(T).encode() + sent.body, ec.ECDSA(hashes.SHA256()))).decode()
    head = "X_Twilio_Email_Event_Webhook"
    return sent.having(**{f"{head}_Timestamp": str(T), f"{head}_Signature": signature})


def _resend(sent: Sent, url: str) -> Sent:
    known, at = sent.headers.get("svix-id", "msg_1"), dt.datetime.now(dt.UTC)
    signature = Webhook(SVIX).sign(known, at, sent.body.decode())
    return sent.having(svix_id=known, svix_timestamp=str(int(at.timestamp())), svix_signature=signature)


def _unisender_go(sent: Sent, url: str) -> Sent:
    told = {**json.loads(sent.body), "auth": KEY}
    auth = hashlib.md5(json.dumps(told).encode()).hexdigest()
    return replace(sent, body=json.dumps({**told, "auth": auth}).encode())


def _amazon_ses(sent: Sent, url: str) -> Sent:
    """What SNS puts around the event; the second version of its signatures."""
    told = {
        "TopicArn": "arn:aws:sns:eu-west-1:1:ours",
        "Timestamp": "2025-11-30T08:00:00.000Z",
        **json.loads(sent.body),
    }
    region = told["TopicArn"].split(":")[3]
    told |= {"SignatureVersion": "2", "SigningCertURL": SNS_CERTIFICATE.format(region)}
    signature = AMAZON.sign(sns_text(told), padding.PKCS1v15(), hashes.SHA256())
    return replace(sent, body=json.dumps({**told, "Signature": base64.b64encode(signature).decode()}).encode())


def sns_text(told: dict[str, str]) -> bytes:
    """What Amazon signs of a message."""
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if told["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    return "".join(f"{name}\n{told[name]}\n" for name in names if name in told).encode()


_SIGN: dict[str, Callable[[Sent, str], Sent]] = {
    "amazon_ses": _amazon_ses,
    "mailersend": lambda sent, url: sent.having(Signature=_hmac(sent.body).hex()),
    "mailgun": _mailgun,
    "mailtrap": lambda sent, url: sent.having(Mailtrap_Signature=_hmac(sent.body).hex()),
    "mandrill": _mandrill,
    "postal": _postal,
    "resend": _resend,
    "sendgrid": _sendgrid,
    "unisender_go": _unisender_go,
}
