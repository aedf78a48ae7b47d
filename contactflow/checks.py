"""System checks: a wrong combination of settings has an id and a remedy. `manage.py check` lists them."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib import admin
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.http.request import validate_host
from django.utils.module_loading import import_string

from engagement import describe
from engagement.channels import provider
from engagement.inbound import inboxes
from engagement.providers import payloads

_SERVER_NAME = re.compile(r"\w[\w.-]*")  # it is compared with the first word of the header
FORBIDDEN_IN_ADMIN = ("django_q.Schedule", "django_q.OrmQ")


@register
def settings_fit_together(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return [
        *_public_url(),
        *_tracking(),
        *_debug(),
        *_redis(),
        *_provider(),
        *_mailboxes(),
        *_dotted_paths(),
        *_notion(),
        *_language_model(),
        *_admin(),
    ]


def _public_url() -> Iterator[CheckMessage]:
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        yield Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL!r}, which is not the address of a site.",
            hint="Give scheme and host, such as https://crm.example.com, without a path.",
            id="contactflow.E001",
        )
    if parts.hostname and not validate_host(parts.hostname, settings.ALLOWED_HOSTS):
        yield Error(
            f"ALLOWED_HOSTS leaves out {parts.hostname}, the host of PUBLIC_URL: every request would be refused.",
            hint=f"Add {parts.hostname} to ALLOWED_HOSTS, or unset ALLOWED_HOSTS to have it derived.",
            id="contactflow.E002",
        )
    if parts.hostname and not _trusts(f"{parts.scheme}://{parts.netloc}"):
        yield Error(
            "CSRF_TRUSTED_ORIGINS leaves out the origin of PUBLIC_URL: staff could not log in behind a proxy.",
            hint=f"Add {parts.scheme}://{parts.netloc} to it, or unset CSRF_TRUSTED_ORIGINS to have it derived.",
            id="contactflow.E003",
        )


def _tracking() -> Iterator[CheckMessage]:
    parts = urlsplit(settings.TRACKING_URL)
    if settings.TRACKING_URL and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path):
        yield Error(
            f"TRACKING_URL is {settings.TRACKING_URL!r}, which is not the address of a site.",
            hint="Give scheme and host, such as https://links.example.com, without a path; or unset it.",
            id="contactflow.E020",
        )
    if settings.USES_HTTPS and parts.scheme == "http":
        yield checks.Warning(
            "TRACKING_URL is a http address although PUBLIC_URL is a https one: who clicks a link passes an open line.",
            hint="Give TRACKING_URL with https://, or unset it.",
            id="contactflow.W021",
        )
    host = parts.hostname or urlsplit(settings.PUBLIC_URL).hostname
    if (settings.EMAIL_URL or settings.EMAIL_PROVIDER) and host in ("localhost", "127.0.0.1", "::1"):
        yield checks.Warning(
            f"Emails leave, but their links lead to {host}, where nobody else finds this machine.",
            hint="Set PUBLIC_URL, or TRACKING_URL, to an address that recipients reach.",
            id="contactflow.W022",
        )


def _trusts(origin: str) -> bool:
    scheme, _, host = origin.partition("://")
    patterns = [trusted.partition("://") for trusted in settings.CSRF_TRUSTED_ORIGINS]
    return any(scheme == theirs and validate_host(host, [name.replace("*.", ".")]) for theirs, _, name in patterns)


def _debug() -> Iterator[CheckMessage]:
    if settings.DEBUG and settings.USES_HTTPS:
        yield checks.Warning(
            "DEBUG is on although PUBLIC_URL is a https address: error pages would show settings and data.",
            hint="Unset DEBUG, or use a http address while you develop.",
            id="contactflow.W004",
        )


def _redis() -> Iterator[CheckMessage]:
    if settings.REDIS_URL and not _is_redis(settings.REDIS_URL):
        yield Error(
            "REDIS_URL is not the address of a Redis server.",
            hint="Use redis://host:6379/0, rediss://... with TLS or unix:///path, or unset it: PostgreSQL then is the "
            "broker.",
            id="contactflow.E005",
        )


def _provider() -> Iterator[CheckMessage]:
    name = settings.EMAIL_PROVIDER
    if name and name not in settings.EMAIL_PROVIDERS:
        yield Error(
            f"EMAIL_PROVIDER is {name!r}, which is no mail provider that we know.",
            hint=f"Use one of {', '.join(settings.EMAIL_PROVIDERS)}, or unset it and give EMAIL_URL.",
            id="contactflow.E040",
        )
    elif name and (said := provider.unusable()):
        yield Error(
            f"The mail provider {name} cannot be used: {said}",
            hint="Set the variables that django-anymail names for it (anymail.dev), such as POSTMARK_SERVER_TOKEN, or "
            "give them in EMAIL_URL, such as postmark://TOKEN or mailgun://KEY@DOMAIN.",
            id="contactflow.E041",
        )
    if name and settings.EMAIL_URL:
        yield checks.Warning(
            "EMAIL_PROVIDER and EMAIL_URL are both set: mail goes out through the provider.",
            hint="Unset the one that is not meant.",
            id="contactflow.W042",
        )
    if name == "amazon_ses" and not settings.AMAZON_SES_TOPICS:
        yield checks.Warning(
            "Notifications of any SNS topic are heard that know the secret address, and no subscription is confirmed.",
            hint="Name your topics in AMAZON_SES_TOPICS.",
            id="contactflow.W043",
        )
    elif name and (said := payloads.cannot_check(name)):
        yield checks.Warning(
            f"What {name} tells of bounces and complaints cannot be checked, and so is not heard: {said}",
            hint="Set the key it signs its webhooks with, as django-anymail names it (anymail.dev).",
            id="contactflow.W044",
        )


def _mailboxes() -> Iterator[CheckMessage]:
    for refusal in inboxes.unusable():
        yield Error(describe.why(refusal.reason), hint=f"Such as {inboxes.EXAMPLE}", id="contactflow.E030")
    yield from _authentication_results()
    if not settings.INBOX_PLUS_ADDRESSING:
        return
    if not any(inbox.address for inbox in inboxes.configured()):
        yield checks.Warning(
            "INBOX_PLUS_ADDRESSING is on, but no mailbox is named by an address: answers go where they always went.",
            hint="Give INBOX_URL a user name that is its address, such as imaps://hello%40brand.example:...",
            id="contactflow.W031",
        )


def _authentication_results() -> Iterator[CheckMessage]:
    name = settings.INBOX_AUTHSERV_ID
    if name and not _SERVER_NAME.fullmatch(name):
        yield Error(
            f"INBOX_AUTHSERV_ID is {name!r}, which is no name of a mail server: no header ever has it.",
            hint="Give what stands first in the header Authentication-Results of your mail, such as mx.google.com.",
            id="contactflow.E032",
        )
    elif name and not settings.INBOX_URLS and not settings.EMAIL_PROVIDER:
        yield checks.Warning(
            "INBOX_AUTHSERV_ID is set, but no mail comes in: there is no INBOX_URL and no mail provider.",
            hint="Set INBOX_URL to the mailbox that answers come to, or unset INBOX_AUTHSERV_ID.",
            id="contactflow.W033",
        )


def _is_redis(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme == "unix":
        return bool(parts.path)
    return parts.scheme in ("redis", "rediss") and bool(parts.hostname) and port != 0


def _dotted_paths() -> Iterator[CheckMessage]:
    named = [("PUMP_STEPS", path) for path in settings.PUMP_STEPS]
    named += [("TAKE_BACK_STEPS", path) for path in settings.TAKE_BACK_STEPS]
    named += [("ERASURE_STEPS", path) for path in settings.ERASURE_STEPS]
    named += [("ACTION_ORIGINS", path) for path in settings.ACTION_ORIGINS.values()]
    named += [("ACTION_TYPES", path) for path in settings.ACTION_TYPES]
    named += [("ENGAGEMENT_CHANNELS", path) for path in settings.ENGAGEMENT_CHANNELS.values()]
    for setting, path in named:
        try:
            import_string(path)
        except ImportError as error:
            yield Error(
                f"{setting} names {path}, which cannot be imported: {error}.",
                hint=f"Correct the dotted path in {setting} or remove it.",
                id="contactflow.E006",
            )


def _notion() -> Iterator[CheckMessage]:
    if any(settings.NOTION_DATABASES.values()) and not settings.NOTION_API_KEY:
        yield checks.Warning(
            "Notion databases are named, but NOTION_API_KEY is empty: nothing is synchronised.",
            hint="Set NOTION_API_KEY to the secret of your Notion integration, or unset the NOTION_..._DB variables.",
            id="contactflow.W007",
        )


def _language_model() -> Iterator[CheckMessage]:
    if bool(settings.AI_BASE_URL) != bool(settings.AI_MODEL):
        yield checks.Warning(
            "Only one of AI_BASE_URL and AI_MODEL is set: no passage is written by a language model.",
            hint="Set both (and AI_API_KEY if the server asks for one), or none.",
            id="contactflow.W008",
        )


def _admin() -> Iterator[CheckMessage]:
    """Whoever may add a django-q2 schedule can run any function, a shell command included."""
    importlib.import_module(settings.ROOT_URLCONF)
    for label in FORBIDDEN_IN_ADMIN:
        if admin.site.is_registered(apps.get_model(label)):
            yield Error(
                f"{label} is in the admin: who may add one can run any command on this machine.",
                hint="Unregister it from the admin site.",
                id="contactflow.E009",
            )
