"""The trials in small numbers; `python -m tests.engagement.trials unsubscribe` runs them in large ones."""

from __future__ import annotations

import pytest

from tests.engagement.trials import unsubscribe


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("intents", [1, 10])
def test_nothing_is_handed_over_after_somebody_unsubscribed(settings, intents: int) -> None:
    with unsubscribe.Clocked(delay=unsubscribe.AT_THE_SERVER) as sink:
        settings.EMAIL_URL = sink.url

        found = unsubscribe.races(sink, number=12, intents=intents)

    assert (found.after, found.never + found.before) == (0, 12)


@pytest.mark.django_db
def test_looking_changes_no_row_but_for_hits() -> None:
    assert unsubscribe.looks(number=200) == []


def test_no_changed_token_is_taken() -> None:
    assert unsubscribe.mutated(number=2_000) == 0
