"""A mix whose truth is known, small; tests/engagement/trials/labels.py prints the whole table."""

from __future__ import annotations

import pytest

from tests.engagement.trials import labels


@pytest.fixture(scope="module")
def outcomes():
    return labels.run(messages=60, seed=5)


def test_machines_of_every_kind_but_the_hidden_one_are_found(outcomes):
    found = {
        kind: one.labels["machine"] / one.labels.total()
        for kind, one in outcomes.items()
        if one.truth == "machine" and not kind.startswith(("open: gateway", "scanner of no list, one link"))
    }

    assert len(found) == 10
    assert min(found.values()) > 0.97


def test_what_shows_nothing_passes_for_a_person(outcomes):
    """A machine at home, with a browser's name, that follows one link late: no rule can tell."""
    assert outcomes["scanner of no list, one link, late"].labels["human"] == 60


def test_people_are_seldom_taken_for_machines(outcomes):
    rows = [one for one in outcomes.values() if one.truth == "human"]

    assert sum(one.labels["machine"] for one in rows) < 0.01 * sum(one.labels.total() for one in rows)


def test_opens_of_proxies_count_as_nobodys(outcomes):
    for kind, one in outcomes.items():
        if one.truth == "nobody":
            assert set(one.labels) == {"unknown"}, kind
