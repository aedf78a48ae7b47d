"""Whether Amazon signed a notification (SNS), with a certificate that is asked of Amazon's own addresses alone."""

from __future__ import annotations

import datetime as dt
import re
import time
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from contactflow.core.clock import database_now

TIMEOUT = (3, 5)  # seconds to connect, and between two parts of an answer
LARGEST, MOST = 20_000, 16  # bytes of a certificate; certificates that are remembered
FAILED_FOR = 60  # seconds in which nobody asks again for one that was not to be had
_ADDRESS = re.compile(
    r"https://sns\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?/SimpleNotificationService-[0-9A-Za-z]{8,64}\.pem"
)
_SIGNED = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")
_NOT_OF_NOTIFICATIONS, _NOT_OF_OTHERS = {"SubscribeURL", "Token"}, {"Subject"}
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303  Amazon's default
_DATES = dt.timedelta(days=1)  # by which a clock may be wrong
session = requests.Session
keys: dict[str, rsa.RSAPublicKey] = {}
_failed: dict[str, float] = {}


class NotSigned(Exception):
    """It is not what Amazon signed."""


class NoCertificate(Exception):
    """It cannot be known now: Amazon gave no certificate."""


def check(told: Mapping[str, Any]) -> None:
    """Raises NotSigned, or NoCertificate where it has to come again."""
    address, digest = str(told.get("SigningCertURL")), _HASHES.get(str(told.get("SignatureVersion")))
    found = _ADDRESS.fullmatch(address)
    if found is None or digest is None or str(told.get("TopicArn")).split(":")[3:4] != [found[1]]:
        raise NotSigned("The certificate it names is not Amazon's for its topic.")
    key = _key(address)
    try:
        key.verify(b64decode(str(told.get("Signature")), validate=True), _text(told), padding.PKCS1v15(), digest)
    except (InvalidSignature, ValueError) as error:
        raise NotSigned("The signature is not Amazon's.") from error


def _text(told: Mapping[str, Any]) -> bytes:
    left_out = _NOT_OF_NOTIFICATIONS if told["Type"] == "Notification" else _NOT_OF_OTHERS
    lines = [f"{name}\n{told[name]}\n" for name in _SIGNED if name not in left_out and told.get(name) is not None]
    return "".join(lines).encode()


def _key(address: str) -> rsa.RSAPublicKey:
    if (known := keys.get(address)) is not None:
        return known
    if _failed.get(address, 0) > time.monotonic():
        raise NoCertificate("Amazon's certificate was not to be had a moment ago.")
    try:
        key = _read(_fetched(address))
    except (requests.RequestException, ValueError) as error:
        _remember(_failed, address, time.monotonic() + FAILED_FOR)
        raise NoCertificate(f"Amazon's certificate was not to be had: {type(error).__name__}") from error
    _remember(keys, address, key)
    return key


def _remember(among: dict[str, Any], address: str, what: Any) -> None:
    while len(among) >= MOST:
        among.pop(next(iter(among)), None)
    among[address] = what


def _fetched(address: str) -> bytes:
    with session() as asking, asking.get(address, timeout=TIMEOUT, stream=True, allow_redirects=False) as answer:
        if answer.status_code != 200:
            raise ValueError(f"status {answer.status_code}")
        found = answer.raw.read(LARGEST + 1, decode_content=True)
    if len(found) > LARGEST:
        raise ValueError("too large")
    return bytes(found)


def _read(found: bytes) -> rsa.RSAPublicKey:
    certificate, now = x509.load_pem_x509_certificate(found), database_now()
    if not certificate.not_valid_before_utc - _DATES <= now <= certificate.not_valid_after_utc + _DATES:
        raise ValueError("out of date")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("no RSA key")  # noqa: TRY004  it is what was sent, not how we were called
    return key
