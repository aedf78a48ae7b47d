"""How often a key that sits in a public web form may be used from one address."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.db import connection
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from contactflow.models import ApiKey, IntakeWindow, Scope

PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

# One statement, so that requests on every process and machine are counted once each. A window that is over begins anew.
COUNT = f"""
    INSERT INTO {IntakeWindow._meta.db_table} AS held (address, began_at, requests)
    VALUES (%(address)s, clock_timestamp(), 1)
    ON CONFLICT (address) DO UPDATE SET
        requests = CASE WHEN held.began_at <= excluded.began_at - %(period)s * interval '1 second'
                        THEN 1 ELSE held.requests + 1 END,
        began_at = CASE WHEN held.began_at <= excluded.began_at - %(period)s * interval '1 second'
                        THEN excluded.began_at ELSE held.began_at END
    RETURNING requests, ceil(extract(epoch FROM began_at - clock_timestamp()) + %(period)s)
"""  # noqa: S608  # the only thing put in is our own table's name


# By the time of the statement, which is one value: of a clock that moves on, the index knows nothing.
SWEEP = f"""
    DELETE FROM {IntakeWindow._meta.db_table} WHERE id IN (
        SELECT id FROM {IntakeWindow._meta.db_table} WHERE began_at < statement_timestamp() - interval '1 day'
        ORDER BY began_at LIMIT 50 FOR UPDATE SKIP LOCKED)
"""  # noqa: S608  # likewise


class IntakeKeyThrottle(BaseThrottle):
    """Counts the requests of keys of scope `intake` per trusted address.

    NUM_PROXIES says which part of X-Forwarded-For is to be trusted.
    """

    retry_after: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiKey) or not request.auth.has_scope(Scope.INTAKE):
            return True
        allowed, period = parse_rate(str(api_settings.DEFAULT_THROTTLE_RATES["intake"]))
        requests, left = _count(_network(self.get_ident(request)), period)
        self.retry_after = max(1.0, left)
        return requests <= allowed

    def wait(self) -> float | None:
        return self.retry_after


def parse_rate(rate: str) -> tuple[int, int]:
    """'60/min' -> (60, 60): how many in how many seconds."""
    number, _, period = rate.partition("/")
    return int(number), PERIODS[period[0]]


def _count(address: str, period: int) -> tuple[int, float]:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"address": address, "period": period})
        requests, left = cursor.fetchone()
        if requests == 1:  # once per window, so that addresses nobody uses any more do not pile up
            cursor.execute(SWEEP)
    return requests, float(left)


def _network(address: str | None) -> str:
    """One household has one IPv4 address, but a whole /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return (address or "unknown")[:64]
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
