"""The providers that django-anymail knows, by its names, and the secret addresses at which they find us."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from engagement.models import ProviderDelivery

Kind = ProviderDelivery.Kind
SECRET_BYTES = 24
View = type[Any]
# The words between a provider's name and "WebhookView" in its module of anymail. Scaleway tells nothing; Mandrill tells
# both at one address; Unisender Go takes no mail in.
_NAMES = {
    "amazon_ses": "AmazonSES",
    "brevo": "Brevo",
    "mailersend": "MailerSend",
    "mailgun": "Mailgun",
    "mailjet": "Mailjet",
    "mailtrap": "Mailtrap",
    "mandrill": "Mandrill",
    "postal": "Postal",
    "postmark": "Postmark",
    "resend": "Resend",
    "sendgrid": "SendGrid",
    "sparkpost": "SparkPost",
    "unisender_go": "UnisenderGo",
}
KINDS: dict[str, tuple[str, ...]] = dict.fromkeys(_NAMES, (Kind.TRACKING, Kind.INBOUND))
KINDS["unisender_go"] = (Kind.TRACKING,)


def view(provider: str, kind: str) -> View:
    """What of anymail understands it; imported when it is needed, since some bring half a megabyte of models."""
    what = "Combined" if provider == "mandrill" else {Kind.TRACKING: "Tracking", Kind.INBOUND: "Inbound"}[Kind(kind)]
    return import_string(f"anymail.webhooks.{provider}.{_NAMES[provider]}{what}WebhookView")  # type: ignore[no-any-return]


def secret(provider: str, kind: str) -> str:
    """Derived from SECRET_KEY, so that there is nothing to keep; those of older keys stay good."""
    return _secret(settings.SECRET_KEY, provider, kind)


def address(provider: str, kind: str) -> str:
    """Where the provider is to send its events, or the mail that arrived."""
    return f"{settings.PUBLIC_URL}/hooks/email/{provider}/{secret(provider, kind)}"


def kind_of(provider: str, given: str) -> str | None:
    """What the secret is for; None where it is none of ours."""
    found = None
    for kind in KINDS.get(provider, ()):
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if hmac.compare_digest(_secret(key, provider, kind).encode(), given.encode()):
                found = kind
    return found


def _secret(key: str, provider: str, kind: str) -> str:
    digest = hmac.digest(key.encode(), f"contactflow.hook:{provider}:{kind}".encode(), "sha256")[:SECRET_BYTES]
    text = base64.urlsafe_b64encode(digest).decode()
    return f"mime-{text}" if kind == Kind.INBOUND else text  # by that word Mailgun sends mail as it arrived
