"""A mix whose truth is known, small; tests/engagement/trials/labels.py prints the whole table."""

from __future__ import annotations

import pytest

from tests.engagement.trials import labels

# One link alone, from a line and by a name as people have; opens that a gateway may make for people, too.
NOT_FOUND = ("open: gateway", "open: scanner", "scanner of no list, one link", "scanner of no list that renders")


@pytest.fixture(scope="module")
def outcomes():
    return labels.run(messages=60, seed=5)


def test_machines_of_every_kind_but_the_hidden_one_are_found(outcomes):
    found = {
        kind: one.labels["machine"] / one.labels.total()
        for kind, one in outcomes.items()
        if one.truth == "machine" and not kind.startswith(NOT_FOUND)
    }

    assert len(found) == 10
    assert min(found.values()) > 0.97


def test_what_shows_nothing_passes_for_a_person(outcomes):
    """A machine at home, with a browser's name, that follows one link late: no rule can tell."""
    assert outcomes["scanner of no list, one link, late"].labels["human"] == 60


def test_what_renders_and_clicks_at_once_is_no_person(outcomes):
    assert outcomes["scanner of no list that renders, soon"].labels["human"] == 0


def test_every_group_has_its_rates_and_what_decided(outcomes):
    rates = labels.by_group(outcomes)

    assert {name for name, rate in rates.items() if rate.recall == 1} >= {
        "SafeLinks-like",
        "Apple proxy",
        "prefetch, HEAD",
    }
    assert min(rate.precision for name, rate in rates.items() if labels.GROUPS[name][0] == "machine") == 1
    assert (rates["people, clicks"].precision > 0.85, rates["people, clicks"].recall > 0.7) == (True, True)
    assert rates["SafeLinks-like"].rules.startswith("microsoft_network")


def test_people_are_seldom_taken_for_machines(outcomes):
    rows = [one for one in outcomes.values() if one.truth == "human"]

    assert sum(one.labels["machine"] for one in rows) < 0.01 * sum(one.labels.total() for one in rows)


def test_opens_of_proxies_count_as_nobodys(outcomes):
    for kind, one in outcomes.items():
        if one.truth == "nobody":
            assert set(one.labels) == {"unknown"}, kind
