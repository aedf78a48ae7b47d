"""The address of somebody who was erased, as nobody reads it who has only the database: an HMAC-SHA256.

The key is derived from SECRET_KEY; its id stands before the hash, so that a new SECRET_KEY finds the old ones as long
as the old key stands in SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import hmac
from functools import lru_cache

from django.conf import settings

from contactflow.core import mail_addresses

PREFIX = "hmac:"
SALTED = "sha256:"  # of installations older than the keys; contacts_address_hash() in the database knows its salt


def hashed(address: str) -> str:
    """How the address is kept: hmac:<id of the key>:<hash>."""
    return every(address)[0]


def every(address: str) -> list[str]:
    """How it may have been kept, with the present key first."""
    folded = mail_addresses.folded(address).encode()
    keys = map(_key, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    return [f"{PREFIX}{name}:{hmac.digest(key, folded, 'sha256').hex()}" for name, key in keys]


def known_keys() -> list[str]:
    """The ids of the keys that are here."""
    return [_key(secret)[0] for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def is_hash(email: str) -> bool:
    return email.startswith((PREFIX, SALTED))


@lru_cache(maxsize=8)
def _key(secret: str) -> tuple[str, bytes]:
    key = hmac.digest(secret.encode(), b"contactflow.addresses", "sha256")
    return hmac.digest(key, b"id", "sha256")[:4].hex(), key
