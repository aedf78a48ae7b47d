"""What a line of the log says, and what it keeps to itself."""

from __future__ import annotations

import logging

import pytest

from contactflow.core.log_filters import WithoutTokens


def line(words: str, path: str) -> logging.LogRecord:
    return logging.LogRecord("django.request", logging.WARNING, "", 0, words, (path,), None)


@pytest.mark.parametrize("place", ["/u/", "/p/", "/p/confirm/", "/t/c/", "/t/o/", "/hooks/email/postmark/"])
def test_no_line_has_an_address_that_needs_no_login(place: str) -> None:
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, "Refused: %s", (f"{place}s3cret-Token_1/",), None
    )

    assert WithoutTokens().filter(record)

    assert record.getMessage() == f"Refused: {place}.../"


def test_other_addresses_stay_as_they_are() -> None:
    record = line("Not found: %s", "/admin/up/x/")

    WithoutTokens().filter(record)

    assert record.getMessage() == "Not found: /admin/up/x/"
