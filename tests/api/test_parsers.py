from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from contactflow.api import parsers
from tests.api.caller import Caller

NEW = "/contact-workflows/new-contact"
DEEP = 100_000


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


HOSTILE = {
    "deep lists": (b"[" * DEEP + b"]" * DEEP, 400, "nested deeper than 32"),
    "deep objects": (nested(DEEP), 400, "nested deeper than 32"),
    "deep and never closed": (b'{"custom":' + b"[" * DEEP, 400, "nested deeper than 32"),
    "NUL escaped": (b'{"first_name": "a\\u0000b"}', 400, "first_name contains a NUL"),
    "NUL raw": (b'{"first_name": "a\x00b"}', 400, "control character"),
    "NUL in a name": (b'{"a\\u0000b": 1}', 400, "a name contains a NUL"),
    "NUL deep inside": (b'{"custom": {"a": [{"b": "\\u0000"}]}}', 400, "custom contains a NUL"),
    "lone high surrogate": (b'{"first_name": "\\ud800"}', 400, "half of a surrogate pair"),
    "lone low surrogate": (b'{"first_name": "x\\udfffx"}', 400, "half of a surrogate pair"),
    "surrogate in a name": (b'{"\\ud800": "x"}', 400, "half of a surrogate pair"),
    "raw surrogate bytes": (b'{"first_name": "\xed\xa0\x80"}', 400, "not UTF-8"),
    "not UTF-8": (b'{"first_name": "\xff\xfe"}', 400, "not UTF-8"),
    "UTF-16": ('{"email": "a@example.org"}'.encode("utf-16"), 400, "not UTF-8"),
    "two MB": (b'{"message": "' + b"a" * 2_000_000 + b'"}', 413, "1 MiB"),
    "NaN": (b'{"custom": {"a": NaN}}', 400, "NaN"),
    "Infinity": (b'{"custom": {"a": -Infinity}}', 400, "Infinity"),
    "float overflow": (b'{"custom": {"a": 1e999}}', 400, "too large"),
    "huge integer": (b'{"custom": {"a": ' + b"9" * 10_000 + b"}}", 400, "too large"),
    "integer past 64 bits": (b'{"custom": {"a": 9223372036854775808}}', 400, "too large"),
    "name twice": (b'{"email": "a@example.org", "email": "b@example.org"}', 400, "'email' occurs twice"),
    "name twice, odd": (b'{"\\ud800": 1, "\\ud800": 2}', 400, "occurs twice"),
    "no JSON": (b"email=a@example.org", 400, "not JSON"),
    "half of it": (b'{"email": "a@exam', 400, "not JSON"),
    "nothing after a comma": (b'{"email": "a@example.org",}', 400, "not JSON"),
    "two values": (b"{}{}", 400, "not JSON"),
    "a list": (b"[]", 400, "dictionary"),
    "a string": (b'"email"', 400, "dictionary"),
    "a number": (b"5", 400, "dictionary"),
    "null": (b"null", 400, "No data"),
    "true": (b"true", 400, "dictionary"),
    "only spaces": (b"   ", 400, "not JSON"),
    "empty": (b"", 400, "required"),
    "quotes alone": (b'"' * 100_001, 400, "not JSON"),
    "backslashes": (b'"' + b'\\"' * 400_000, 400, "not JSON"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_body_is_refused_with_a_sentence(operator: Caller, name: str) -> None:
    raw, status, mentions = HOSTILE[name]

    answer = operator.post(NEW, raw=raw)

    problem = answer.json()
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert mentions in problem["detail"] + str(problem.get("errors", ""))


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/contact-workflows/trigger", "/api/v1/contacts/", "/api/v1/tasks/"])
@pytest.mark.parametrize(
    "name", ["deep lists", "NUL escaped", "lone high surrogate", "two MB", "a list", "huge integer"]
)
def test_no_door_falls_over(operator: Caller, path: str, name: str) -> None:
    raw, status, _ = HOSTILE[name]

    assert operator.post(path, raw=raw).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "nonsense",
        "application/json; charset=\xff",
    ],
)
def test_body_of_another_type_is_refused(operator: Caller, kind: str) -> None:
    answer = operator.post(NEW, raw=b'{"email": "a@example.org"}', content_type=kind)

    assert answer.status_code in (400, 415)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_body_in_chunks_is_refused_with_a_sentence(operator: Caller) -> None:
    answer = operator.post(NEW, raw=b"", Transfer_Encoding="chunked")

    assert answer.status_code == 411
    assert "Content-Length" in answer.json()["detail"]


@pytest.mark.django_db
def test_json_with_parameters_is_json(operator: Caller) -> None:
    answer = operator.post(NEW, raw=b"{}", content_type="application/json; charset=utf-8")

    assert answer.json()["errors"] == {"email": ["This field is required."]}


def test_body_of_a_mebibyte_is_read() -> None:
    value = parsers.load(b'{"message": "' + b"a" * (parsers.MAX_BYTES - 15) + b'"}')

    assert len(value["message"]) == parsers.MAX_BYTES - 15


def test_byte_order_mark_is_passed_over() -> None:
    assert parsers.load(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("levels", [1, 31, 32])
def test_reasonable_nesting_is_read(levels: int) -> None:
    assert parsers.load(nested(levels)) is not None


def test_nesting_past_the_limit_is_refused() -> None:
    with pytest.raises(ParseError, match="deeper than 32"):
        parsers.load(nested(33))


def test_brackets_in_text_are_no_nesting() -> None:
    assert parsers.load(json.dumps({"a": "[{" * 100, 'b"[': '\\"[[['}).encode())["a"] == "[{" * 100


def test_pair_of_surrogates_is_one_character() -> None:
    assert parsers.load(b'{"a": "\\ud83d\\ude00"}') == {"a": "\N{GRINNING FACE}"}


def test_largest_integer_is_kept() -> None:
    assert parsers.load(b"[9223372036854775807, -9223372036854775807]") == [2**63 - 1, 1 - 2**63]


def test_reading_the_worst_body_takes_no_time() -> None:
    worst = b'"' + b'\\"' * (parsers.MAX_BYTES // 2)
    began = time.perf_counter()

    with pytest.raises(ParseError):
        parsers.load(worst)

    assert time.perf_counter() - began < 2


# How busy the machine is says nothing about us.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=1 - 2**63, max_value=2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@PATIENT
@given(json_values, st.booleans())
def test_harmless_json_is_read_as_it_was_written(value: Any, ascii_only: bool) -> None:
    assert parsers.load(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


def refusal_of(raw: bytes) -> str | None:
    """What the refusal says; None where the body was read."""
    try:
        parsers.load(raw)
    except ParseError as error:
        return str(error.detail)
    return None


@PATIENT
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_sentence(raw: bytes) -> None:
    assert (refusal_of(raw) or "Read.").endswith(".")


@PATIENT
@given(st.text(alphabet='[]{}",:\\u0d8 1aNe+.-', max_size=80))
def test_almost_json_is_read_or_refused_with_a_sentence(text: str) -> None:
    assert (refusal_of(text.encode()) or "Read.").endswith(".")
