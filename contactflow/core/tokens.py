"""Addresses that somebody may use who has nothing but the address: ids, signed for one purpose.

A token is base64url of the ids and of an HMAC-SHA256 (128 bits of it, RFC 2104) over purpose and ids under SECRET_KEY.
Those of the keys in SECRET_KEY_FALLBACKS are read as well: a new key breaks no address that was sent before. They do
not expire and may be used again: RFC 8058 wants that of those that unsubscribe.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import uuid
from collections.abc import Sequence

from django.conf import settings

SIGNATURE_BYTES = 16
LOCAL_SIGNATURE_BYTES = 10


def make(purpose: str, *ids: uuid.UUID) -> str:
    """A token of URL-safe characters that `read` gives the ids back for, for this purpose only."""
    payload = b"".join(one.bytes for one in ids)
    return base64.urlsafe_b64encode(payload + _signature(settings.SECRET_KEY, purpose, payload)).rstrip(b"=").decode()


def read(purpose: str, token: str, *, count: int = 1) -> Sequence[uuid.UUID] | None:
    """The ids, so many; None for anything that was not made for this purpose."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    payload, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    if len(payload) != 16 * count or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        return None  # the second: several texts may stand for the same bytes
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(_signature(key, purpose, payload), signature):
            return [uuid.UUID(bytes=payload[start : start + 16]) for start in range(0, len(payload), 16)]
    return None


def make_local(purpose: str, one: uuid.UUID) -> str:
    """A token for the local part of a mail address, which has 64 characters at most and may lose its case on the way:
    42 letters and digits, with 80 bits of the signature."""
    signature = _signature(settings.SECRET_KEY, purpose, one.bytes)[:LOCAL_SIGNATURE_BYTES]
    return base64.b32encode(one.bytes + signature).rstrip(b"=").decode().lower()


def read_local(purpose: str, token: str) -> uuid.UUID | None:
    """The id of a token of `make_local`; None for anything that was not made for this purpose."""
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        return None
    payload, signature = raw[:-LOCAL_SIGNATURE_BYTES], raw[-LOCAL_SIGNATURE_BYTES:]
    if len(payload) != 16 or base64.b32encode(raw).rstrip(b"=").decode() != token.upper():
        return None
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(_signature(key, purpose, payload)[:LOCAL_SIGNATURE_BYTES], signature):
            return uuid.UUID(bytes=payload)
    return None


def _signature(key: str, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(key.encode(), f"contactflow.{purpose}:".encode() + payload, "sha256")[:SIGNATURE_BYTES]
