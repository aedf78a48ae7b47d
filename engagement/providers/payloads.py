"""A provider's request, as django-anymail wants to see it: checked when it comes, understood when it is its turn."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from email import message_from_bytes, policy
from typing import Any

from anymail.exceptions import AnymailConfigurationError, AnymailWarning, AnymailWebhookValidationFailure
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from engagement.providers import catalogue, sns

LARGEST = 26_000_000  # bytes: a mail of 20 MB, as providers encode it
_KEPT = ("CONTENT_TYPE", "REQUEST_METHOD", "PATH_INFO", "SERVER_NAME", "SERVER_PORT")


class Forged(Exception):
    """It is not from the provider, or not for us."""


class NotConfigured(Exception):
    """The provider signs what it sends, and the key to check it with is not set, or not to be had now."""


def check(*, provider: str, kind: str, request: HttpRequest, body: bytes) -> None:
    """Whatever proof the provider gives besides the secret address. Raises Forged or NotConfigured."""
    meta = {name: value for name, value in request.META.items() if name in _KEPT or name.startswith("HTTP_")}
    try:
        view = _view(provider, kind, address=f"{settings.PUBLIC_URL}{request.path}")
        rebuilt = _request(meta, body)
        view.run_validators(rebuilt)
        if provider == "amazon_ses":
            _check_notification(view._parse_sns_message(rebuilt))
    except (Forged, NotConfigured):
        raise
    except (AnymailConfigurationError, ImportError) as error:
        raise NotConfigured(str(error).partition("\n")[0]) from error
    except AnymailWebhookValidationFailure as error:
        raise Forged(str(error).partition("\n")[0]) from error
    except Exception as error:  # whatever a stranger sent that makes the check itself fail
        raise Forged(f"{type(error).__name__}") from error


def cannot_check(provider: str) -> str:
    """What is missing to check the provider's signatures with; "" where nothing is."""
    try:
        for kind in catalogue.KINDS.get(provider, ()):
            _view(provider, kind)
    except (AnymailConfigurationError, ImportError) as error:
        return str(error).partition("\n")[0]
    return ""


def events(*, provider: str, kind: str, content_type: str, body: bytes) -> Iterable[Any]:
    """The events of a payload that was checked when it came."""
    meta = {"CONTENT_TYPE": content_type, "REQUEST_METHOD": "POST", "PATH_INFO": "/", "SERVER_NAME": "localhost"}
    view = _view(provider, kind)
    view.basic_auth = ["the address is secret"]  # without it a subscription to a listed topic would not be confirmed
    found: Iterable[Any] = view.parse_events(_request(meta, body))
    return found


def _view(provider: str, kind: str, *, address: str = "") -> Any:
    """`address` is where the provider was told to send to: Mandrill signs it."""
    options: dict[str, Any] = {}
    if provider == "amazon_ses":
        options["auto_confirm_sns_subscriptions"] = bool(settings.AMAZON_SES_TOPICS)
        patience = {"connect_timeout": 5, "read_timeout": 10, "retries": {"total_max_attempts": 1}}
        given = settings.ANYMAIL.get("AMAZON_SES_CLIENT_PARAMS") or {}
        options["client_params"] = {**given, "config": {**(given.get("config") or {}), **patience}}
    if provider == "mandrill" and "MANDRILL_WEBHOOK_URL" not in settings.ANYMAIL:
        options["webhook_url"] = address
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnymailWarning)
        view = catalogue.view(provider, kind)(**options)
    view.basic_auth = []  # the secret address stands for the login that django-anymail would ask for
    return view


def _check_notification(told: dict[str, Any]) -> None:
    """Amazon has signed it, as it signs what anybody's topic sends: only the listed ones are heard."""
    if settings.AMAZON_SES_TOPICS and told.get("TopicArn", "") not in settings.AMAZON_SES_TOPICS:
        raise Forged("The notification is of another topic than AMAZON_SES_TOPICS names.")
    try:
        sns.check(told)
    except sns.NotSigned as error:
        raise Forged(str(error)) from error
    except sns.NoCertificate as error:
        raise NotConfigured(str(error)) from error


def _request(meta: dict[str, Any], body: bytes) -> HttpRequest:
    """Read from memory; a form with files is taken apart here, since Django's limits are those of our own pages."""
    environ = {**meta, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    request = WSGIRequest({"SERVER_NAME": "localhost", "SERVER_PORT": "80", **environ})
    request._body = body
    if request.content_type == "multipart/form-data":
        request._post, request._files = _form(meta["CONTENT_TYPE"], body)  # type: ignore[attr-defined]  # Django's
    return request


def _form(content_type: str, body: bytes) -> tuple[QueryDict, MultiValueDict[str, Any]]:
    fields, files = QueryDict(mutable=True), MultiValueDict[str, Any]()
    mail = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=policy.HTTP)
    for part in mail.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if not name or not isinstance(payload, bytes):
            continue
        filename = part.get_filename()
        if filename is None:
            fields.appendlist(str(name), payload.decode(part.get_content_charset() or "utf-8", "replace"))
        else:
            files.appendlist(str(name), SimpleUploadedFile(filename or "file", payload, part.get_content_type()))
    return fields, files
