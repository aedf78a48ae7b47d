"""The trial of templates in small numbers; `python -m tests.engagement.trials templates` runs it in large ones."""

from __future__ import annotations

import pytest

from tests.engagement.trials import payloads, templates


def test_templates_at_random_are_refused_held_or_sent_within_their_limits() -> None:
    found = templates.fuzzed(number=150)

    assert (found.faults, sum(found.outcomes.values())) == ([], 150)


def test_no_injection_is_worked_out() -> None:
    assert len(payloads.injections()) > 300
    assert templates.injected().faults == []


def test_no_markup_comes_alive_in_mails_and_previews() -> None:
    assert templates.alive(100) + templates.written(100) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("deployed")
def test_no_markup_comes_alive_in_the_admin_and_the_api() -> None:
    assert templates.served(80) == []
