"""From where a request comes, as far as that can be trusted."""

from __future__ import annotations

from typing import Any

from django.conf import settings


def of(request: Any) -> str:
    """The address in front of NUM_PROXIES proxies, as REST framework counts them."""
    proxies = int(str(settings.REST_FRAMEWORK["NUM_PROXIES"]))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    address = forwarded[-min(proxies, len(forwarded))].strip() if proxies else ""
    return address[:64] if address.isprintable() and address else str(request.META.get("REMOTE_ADDR", ""))
