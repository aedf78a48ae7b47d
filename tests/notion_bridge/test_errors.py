"""Refusals are understood whatever they hold: the pure part of speaking to Notion."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notion_bridge import errors

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
STATUSES = st.integers(300, 599)
WORDS = st.text(st.characters(codec="utf-8"))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS, lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner)
)


def understand(
    status: int, body: str = "", headers: dict[str, str] | None = None, *, writes: bool
) -> errors.NotionError:
    return errors.understand(status, body, headers or {}, writes=writes, now=NOW)


def in_notions_words(code: str) -> str:
    return json.dumps({"object": "error", "code": code, "message": "As Notion says."})


@given(status=STATUSES, body=WORDS | ANYTHING.map(json.dumps), wait=WORDS, date=WORDS, writes=st.booleans())
def test_every_refusal_becomes_one_error(status: int, body: str, wait: str, date: str, writes: bool) -> None:
    error = understand(status, body, {"retry-after": wait, "date": date}, writes=writes)

    assert error.status == status
    assert error.code
    assert error.message


@given(status=STATUSES, code=WORDS)
def test_reading_is_never_unclear(status: int, code: str) -> None:
    error = understand(status, in_notions_words(code), writes=False)

    assert not isinstance(error, errors.Unclear)


@given(status=st.integers(500, 599).filter(lambda status: status != 529))
def test_write_that_a_server_failed_on_is_always_unclear(status: int) -> None:
    by_notion, by_another = understand(status, in_notions_words("x"), writes=True), understand(status, writes=True)

    assert (type(by_notion), type(by_another)) == (errors.Unclear, errors.Unclear)


@given(status=STATUSES, body=st.text().filter(lambda body: "{" not in body))
def test_only_notion_itself_can_declare_anything_permanent(status: int, body: str) -> None:
    assert not understand(status, body, writes=True).permanent


@given(status=st.integers(400, 499).filter(lambda status: status not in {401, 403, 404, 408, 409, 429}))
def test_other_refusals_of_notion_are_about_the_request(status: int) -> None:
    error = understand(status, in_notions_words("some_new_code"), writes=True)

    assert (type(error), error.code) == (errors.Invalid, "some_new_code")


@given(seconds=st.integers(0, 10**9))
def test_seconds_to_wait_are_read_as_they_are(seconds: int) -> None:
    assert errors.retry_after({"retry-after": str(seconds)}, now=NOW) == seconds


@given(now=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_date_to_wait_for_goes_by_the_clock_that_wrote_it(now: datetime) -> None:
    headers = {"retry-after": "Mon, 23 Nov 2026 10:02:00 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}

    assert errors.retry_after(headers, now=now) == 120


@given(seconds=st.integers(-86_400, 86_400))
def test_date_to_wait_for_is_never_in_the_past(seconds: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW.timestamp() + seconds, UTC), usegmt=True)

    assert errors.retry_after({"retry-after": date}, now=NOW) == max(seconds, 0)


@given(value=WORDS)
def test_nonsense_to_wait_for_is_no_time_or_a_possible_one(value: str) -> None:
    seconds = errors.retry_after({"retry-after": value}, now=NOW)

    assert seconds is None or 0 <= seconds < float("inf")


@given(when=st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_date_of_a_header_is_read_to_the_second(when: datetime) -> None:
    assert errors.read_date(format_datetime(when, usegmt=True)) == when.replace(microsecond=0)


@pytest.mark.parametrize("value", ["Mon, 23 Nov 2026 10:00:00 -0000", "Mon, 23 Nov 2026 11:00:00 +0100"])
def test_date_of_a_header_is_always_aware(value: str) -> None:
    assert errors.read_date(value) == NOW


@pytest.mark.parametrize(("writes", "kind"), [(False, errors.Unavailable), (True, errors.Unclear)])
def test_lost_answer_is_unclear_for_a_write_alone(writes: bool, kind: type[errors.NotionError]) -> None:
    assert type(errors.lost("cut", writes=writes)) is kind
