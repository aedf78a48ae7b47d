"""Email by a provider's API, through django-anymail, so that every failure says whether the message can have left.

Nothing was taken where no connection came about, or the provider says no. A cut or a time-out after the request left,
and an answer from a gateway that knows no better, are unclear; the provider's events then tell. Where it recognises a
request that it had already, asking again is safe.
"""

from __future__ import annotations

import os
import threading
import warnings
from contextlib import suppress
from typing import Any

import requests
import urllib3.exceptions
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailRecipientsRefused,
    AnymailWarning,
)
from anymail.message import AnymailMessage
from botocore import exceptions as boto
from django.conf import settings
from django.utils.module_loading import import_string

from contactflow.core.reasons import Reason
from engagement.channels import mime, smtp_answers
from engagement.channels.base import ChannelError, Envelope, Parcel, Receipt, Sender, Unclear
from engagement.models import Message

METADATA = "contactflow_message"  # our id, which travels with a message and comes back with its events
LOGIN, SLOW_DOWN = (401, 403), 429
NOT_BY_THEM = (502, 504)  # a gateway gave up: whether the message was taken is not known
KNOWS_AGAIN = ("resend",)  # by a key that goes with the request
_TAKEN, _NOT_TAKEN = {"sent", "queued"}, {"invalid", "rejected", "failed"}
_NEVER_SENT = (
    requests.ConnectTimeout,
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
    boto.EndpointConnectionError,
    boto.ConnectTimeoutError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.NoRegionError,
)
_NO_CONNECTION = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError)
_SLOWLY = ("Throttling", "ThrottlingException", "TooManyRequestsException", "LimitExceededException")
_LOCKED_OUT = (
    *("AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    *("AccountSuspendedException", "SendingPausedException", "ExpiredTokenException"),
)
# Mandrill answers 500 to all that it does not want, Postal 200; these of their names are no refusal of the message.
_NO_ACCESS = ("Invalid_Key", "PaymentRequired", "Unknown_Subaccount", "InvalidServerAPIKey", "ServerSuspended")
_THEIR_FAULT = ("GeneralError", "InternalError", "ServiceUnavailable")


class ProviderChannel:
    """One session per thread, kept over a batch."""

    name = "email"
    address_field = "email"

    def __init__(self) -> None:
        self._local = threading.local()

    def is_configured(self) -> bool:
        return bool(settings.EMAIL_PROVIDER)

    def prepare(self, envelope: Envelope) -> Parcel:
        reference = mime.message_id(envelope)
        content = _message(envelope, reference)
        self._backend()
        return Parcel(envelope=envelope, reference=reference, content=content)

    def hand_over(self, parcel: Parcel) -> Receipt:
        message: AnymailMessage = parcel.content
        backend = self._backend()
        _recognise(backend, parcel.envelope)
        try:
            backend.send_messages([message])
        except AnymailError as error:
            self.release()
            raise _meaning(error) from error
        except (AttributeError, KeyError, TypeError, IndexError) as error:  # an answer that django-anymail cannot read
            self.release()
            raise Unclear(Reason.of("strange_answer", said=_first_line(error))) from error
        status = message.anymail_status
        if not set(status.status or ()) & _TAKEN:
            raise _not_taken(message)
        return Receipt(
            transport=Message.Transport.PROVIDER,
            response=f"{settings.EMAIL_PROVIDER}: {', '.join(sorted(map(str, status.status or ['accepted'])))}",
            provider_id=str(status.message_id or "").strip("<>")[:255],
        )

    def release(self) -> None:
        kept = getattr(self._local, "kept", None)
        self._local.kept = None
        if kept is not None:
            with suppress(Exception):
                kept[1].close()

    def _backend(self) -> Any:
        """Kept, unless it was inherited through a fork or is of another configuration."""
        key = (os.getpid(), settings.EMAIL_PROVIDER, id(settings.ANYMAIL))
        kept = getattr(self._local, "kept", None)
        if kept is not None and kept[0] == key:
            return kept[1]
        backend = _opened()
        self._local.kept = (key, backend)
        return backend


def unusable() -> str:
    """Why the provider cannot be used as it is set up; "" where nothing speaks against it."""
    try:
        _opened().close()
    except ChannelError as error:
        return str(error.reason.params["said"])
    return ""


def _opened() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AnymailWarning)
            backend = import_string(f"anymail.backends.{settings.EMAIL_PROVIDER}.EmailBackend")(**_options())
        backend.open()
    except (AnymailConfigurationError, ImportError, boto.BotoCoreError) as error:
        reason = Reason.of("provider_unusable", provider=settings.EMAIL_PROVIDER, said=_first_line(error))
        raise ChannelError(reason, permanent=False, channel_wide=True) from error
    return backend


def _options() -> dict[str, Any]:
    """Amazon's own library would ask again by itself after a time-out, and send twice."""
    if settings.EMAIL_PROVIDER != "amazon_ses":
        return {}
    given = dict(settings.ANYMAIL.get("AMAZON_SES_CLIENT_PARAMS") or {})
    connect, answer = settings.ANYMAIL["REQUESTS_TIMEOUT"]
    once = {"retries": {"total_max_attempts": 1}, "connect_timeout": connect, "read_timeout": answer}
    return {"client_params": {**given, "config": {**(given.get("config") or {}), **once}}}


def _message(envelope: Envelope, reference: str) -> AnymailMessage:
    sender = envelope.sender
    address = mime.sender_address(sender.address)
    message = AnymailMessage(
        subject=envelope.parts.get("subject", ""),
        body=envelope.parts["text"],
        from_email=str(Sender(sender.name, address)),
        to=[mime.wire_address(envelope.address)],
        reply_to=[mime.sender_address(sender.reply_to, code="reply_to_unusable")] if sender.reply_to else [],
        headers={"Message-ID": reference, "Auto-Submitted": "auto-generated", **envelope.headers},
    )
    if html := envelope.parts.get("html", ""):
        message.attach_alternative(html, "text/html")
    message.metadata = {METADATA: str(envelope.identity)}
    return message


def _recognise(backend: Any, envelope: Envelope) -> None:
    """The key by which a provider knows a request again, where it knows one."""
    if settings.EMAIL_PROVIDER in KNOWS_AGAIN:
        backend.session.headers["Idempotency-Key"] = f"contactflow-{envelope.identity}"


def _meaning(error: AnymailError) -> ChannelError | Unclear:
    if isinstance(error, AnymailRecipientsRefused):
        return _not_taken(error.email_message)
    if isinstance(error, AnymailAPIError) and error.status_code is not None:
        return _by_status(error)
    cause = error.__cause__
    if isinstance(cause, boto.ClientError):
        return _by_code(cause)
    if isinstance(cause, requests.RequestException | boto.BotoCoreError | OSError):
        return _by_cut(cause)
    if isinstance(error, AnymailAPIError):  # an answer that cannot be read
        return Unclear(Reason.of("strange_answer", said=_first_line(error)))
    if isinstance(error, AnymailConfigurationError):
        return _wide("provider_unusable", _first_line(error))
    return ChannelError(Reason.of("email_unbuildable", said=_first_line(error)), permanent=True)


def _by_status(error: AnymailAPIError) -> ChannelError | Unclear:
    status, said, name = int(error.status_code), _said(error), _named(error)
    if status in LOGIN or name in _NO_ACCESS:
        return _wide("login_refused", said)
    if name and name not in _THEIR_FAULT:
        return _rejected(said)
    if status == SLOW_DOWN:
        return _wide("too_many", said)
    if status in NOT_BY_THEM and settings.EMAIL_PROVIDER not in KNOWS_AGAIN:
        return Unclear(Reason.of("no_answer"))
    if status >= 500 or 300 <= status < 400:
        return _wide("server_unreachable", said)
    if status < 300:
        return Unclear(Reason.of("strange_answer", said=said))
    return _rejected(said)


def _rejected(said: str) -> ChannelError:
    known = smtp_answers.read(said)
    code = known.code if known.code in ("sender_refused", "address_invalid") else "provider_rejected"
    return ChannelError(Reason.of(code, said=said), permanent=True)


def _named(error: AnymailAPIError) -> str:
    """Of providers whose every error has the same status: what they call it."""
    if settings.EMAIL_PROVIDER not in ("mandrill", "postal"):
        return ""
    with suppress(ValueError, AttributeError):
        told = error.response.json()
        if told.get("status") in ("error", "parameter-error"):
            return str(told.get("name") or told.get("data", {}).get("code") or told["status"])
    return ""


def _by_code(error: boto.ClientError) -> ChannelError | Unclear:
    code, said = str(error.response.get("Error", {}).get("Code", "")), _first_line(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    if code in _SLOWLY or status == SLOW_DOWN:
        return _wide("too_many", said)
    if code in _LOCKED_OUT or status in LOGIN:
        return _wide("login_refused", said)
    if status in NOT_BY_THEM:
        return Unclear(Reason.of("no_answer"))
    if status >= 500:
        return _wide("server_unreachable", said)
    refused = "sender_refused" if "not verified" in said or code == "MailFromDomainNotVerifiedException" else ""
    return ChannelError(Reason.of(refused or "provider_rejected", said=said), permanent=True)


def _by_cut(cause: BaseException) -> ChannelError | Unclear:
    """A connection that never came about, or one that was cut after the request began to leave."""
    inner = getattr(cause.args[0], "reason", cause.args[0]) if cause.args else None
    if isinstance(cause, _NEVER_SENT) or isinstance(inner, _NO_CONNECTION) or settings.EMAIL_PROVIDER in KNOWS_AGAIN:
        return _wide("server_unreachable", _first_line(cause))
    return Unclear(Reason.of("no_answer"))


def _wide(code: str, said: str) -> ChannelError:
    about = {"provider": settings.EMAIL_PROVIDER, "host": settings.EMAIL_PROVIDER, "said": said}
    return ChannelError(Reason.of(code, **about), permanent=False, channel_wide=True)


def _not_taken(message: AnymailMessage) -> ChannelError | Unclear:
    """It answered that all went well, and that it does not send to this recipient, or did not say."""
    status = message.anymail_status
    said = ", ".join(sorted(str(one) for one in status.status or ()))
    if set(status.status or ()) & _NOT_TAKEN:
        return ChannelError(Reason.of("provider_rejected", said=said), permanent=True)
    return Unclear(Reason.of("strange_answer", said=said))


def _said(error: AnymailAPIError) -> str:
    text = getattr(error.response, "text", "") or _first_line(error)
    return " ".join(str(text).replace("\0", "").split())[:500]


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).replace("\0", "").partition("\n")[0].split())[:500]
