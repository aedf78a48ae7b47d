from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.settings import api_settings

from contactflow.api import throttles
from contactflow.models import IntakeWindow
from tests.api.caller import Caller

NEW = "/contact-workflows/new-contact"
HOME, OTHER = "203.0.113.5", "203.0.113.6"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_settings, "DEFAULT_THROTTLE_RATES", {"intake": "2/min"}, raising=False)


def statuses(caller: Caller, count: int, **meta: Any) -> list[int]:
    caller.client.defaults.update(meta)
    return [caller.post(NEW, {}).status_code for _ in range(count)]


def test_intake_key_is_slowed_down(form: Caller) -> None:
    assert statuses(form, 3) == [400, 400, 429]


def test_refusal_says_when_to_come_back(form: Caller) -> None:
    statuses(form, 2)

    answer = form.post(NEW, {})

    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("scope", ["operate", "admin"])
def test_other_keys_are_not_slowed_down(caller: Callable[[str | None], Caller], scope: str) -> None:
    assert statuses(caller(scope), 5) == [400] * 5


def test_each_address_has_its_own_count(form: Caller) -> None:
    assert statuses(form, 3, REMOTE_ADDR=HOME)[-1] == 429

    assert statuses(form, 1, REMOTE_ADDR=OTHER) == [400]


def test_two_keys_of_one_address_share_a_count(caller: Callable[[str | None], Caller]) -> None:
    statuses(caller("intake"), 2)

    assert statuses(caller("intake"), 1) == [429]


def test_invented_forwarding_changes_nothing(form: Caller) -> None:
    statuses(form, 2, REMOTE_ADDR=HOME)

    assert statuses(form, 1, REMOTE_ADDR=HOME, HTTP_X_FORWARDED_FOR=OTHER) == [429]


def test_address_before_a_trusted_proxy_counts(form: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1, raising=False)
    statuses(form, 2, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"6.6.6.6, {HOME}")

    assert statuses(form, 1, HTTP_X_FORWARDED_FOR=f"7.7.7.7, {HOME}") == [429]
    assert statuses(form, 1, HTTP_X_FORWARDED_FOR=f"6.6.6.6, {OTHER}") == [400]


def test_window_that_is_over_begins_anew(form: Caller) -> None:
    statuses(form, 3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contactflow_intakewindow SET began_at = began_at - interval '61 seconds'")

    assert statuses(form, 3) == [400, 400, 429]


def test_one_address_leaves_one_row(form: Caller) -> None:
    statuses(form, 3)

    assert IntakeWindow.objects.count() == 1


def test_old_windows_are_swept(form: Caller) -> None:
    statuses(form, 1, REMOTE_ADDR=HOME)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contactflow_intakewindow SET began_at = began_at - interval '25 hours'")

    statuses(form, 1, REMOTE_ADDR=OTHER)

    assert list(IntakeWindow.objects.values_list("address", flat=True)) == [OTHER]


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.5", "::ffff:203.0.113.5"),
        ("not an address" * 9, ("not an address" * 9)[:64]),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_addresses_are_counted_by_household(address: str | None, counted_as: str) -> None:
    counted = throttles._network(address)

    assert counted == counted_as or counted.startswith("::ffff:")


@pytest.mark.parametrize(
    ("rate", "parsed"), [("60/min", (60, 60)), ("5/s", (5, 1)), ("9/hour", (9, 3600)), ("1/d", (1, 86_400))]
)
def test_rates_are_read(rate: str, parsed: tuple[int, int]) -> None:
    assert throttles.parse_rate(rate) == parsed
