"""The providers that django-anymail knows, by its names, and the secret addresses at which they find us."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from anymail.webhooks import (
    amazon_ses,
    brevo,
    mailersend,
    mailgun,
    mailjet,
    mailtrap,
    mandrill,
    postal,
    postmark,
    resend,
    sendgrid,
    sparkpost,
    unisender_go,
)
from django.conf import settings

from engagement.models import ProviderDelivery

Kind = ProviderDelivery.Kind
SECRET_BYTES = 24
View = type[Any]
_BOTH = mandrill.MandrillCombinedWebhookView
# Scaleway tells nothing; Mandrill both at one address; Unisender Go takes no mail in.
VIEWS: dict[str, dict[str, View]] = {
    "amazon_ses": {
        Kind.TRACKING: amazon_ses.AmazonSESTrackingWebhookView,
        Kind.INBOUND: amazon_ses.AmazonSESInboundWebhookView,
    },
    "brevo": {Kind.TRACKING: brevo.BrevoTrackingWebhookView, Kind.INBOUND: brevo.BrevoInboundWebhookView},
    "mailersend": {
        Kind.TRACKING: mailersend.MailerSendTrackingWebhookView,
        Kind.INBOUND: mailersend.MailerSendInboundWebhookView,
    },
    "mailgun": {Kind.TRACKING: mailgun.MailgunTrackingWebhookView, Kind.INBOUND: mailgun.MailgunInboundWebhookView},
    "mailjet": {Kind.TRACKING: mailjet.MailjetTrackingWebhookView, Kind.INBOUND: mailjet.MailjetInboundWebhookView},
    "mailtrap": {
        Kind.TRACKING: mailtrap.MailtrapTrackingWebhookView,
        Kind.INBOUND: mailtrap.MailtrapInboundWebhookView,
    },
    "mandrill": {Kind.TRACKING: _BOTH, Kind.INBOUND: _BOTH},
    "postal": {Kind.TRACKING: postal.PostalTrackingWebhookView, Kind.INBOUND: postal.PostalInboundWebhookView},
    "postmark": {
        Kind.TRACKING: postmark.PostmarkTrackingWebhookView,
        Kind.INBOUND: postmark.PostmarkInboundWebhookView,
    },
    "resend": {Kind.TRACKING: resend.ResendTrackingWebhookView, Kind.INBOUND: resend.ResendInboundWebhookView},
    "sendgrid": {
        Kind.TRACKING: sendgrid.SendGridTrackingWebhookView,
        Kind.INBOUND: sendgrid.SendGridInboundWebhookView,
    },
    "sparkpost": {
        Kind.TRACKING: sparkpost.SparkPostTrackingWebhookView,
        Kind.INBOUND: sparkpost.SparkPostInboundWebhookView,
    },
    "unisender_go": {Kind.TRACKING: unisender_go.UnisenderGoTrackingWebhookView},
}


def secret(provider: str, kind: str) -> str:
    """Derived from SECRET_KEY, so that there is nothing to keep; those of older keys stay good."""
    return _secret(settings.SECRET_KEY, provider, kind)


def address(provider: str, kind: str) -> str:
    """Where the provider is to send its events, or the mail that arrived."""
    return f"{settings.PUBLIC_URL}/hooks/email/{provider}/{secret(provider, kind)}"


def kind_of(provider: str, given: str) -> str | None:
    """What the secret is for; None where it is none of ours."""
    found = None
    for kind in VIEWS.get(provider, {}):
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if hmac.compare_digest(_secret(key, provider, kind).encode(), given.encode()):
                found = kind
    return found


def _secret(key: str, provider: str, kind: str) -> str:
    digest = hmac.digest(key.encode(), f"contactflow.hook:{provider}:{kind}".encode(), "sha256")[:SECRET_BYTES]
    text = base64.urlsafe_b64encode(digest).decode()
    return f"mime-{text}" if kind == Kind.INBOUND else text  # by that word Mailgun sends mail as it arrived
