"""The three-way merge of fields, by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notion_bridge.three_way_merge import Clash, Edited, Merge, Pair, Rule, Side, Term, Value, merge, nobody

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
RULES: tuple[Rule, ...] = ("notion", "contactflow", "newest", "ask")
Referee = Callable[[str, Value, Value], Side | None]


def alike(one: Value, other: Value) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return {word.casefold() for word in one} == {word.casefold() for word in other}
    return one == other


def term(name: str = "field", rule: Rule = "notion", **flags: bool) -> Term:
    return Term(name, rule, alike, **flags)


def merged(
    base: Value | Pair | None,
    local: Value,
    remote: Value,
    *,
    rule: Rule = "notion",
    edited: Edited | None = None,
    referee: Referee = nobody,
    **flags: bool,
) -> Merge:
    pair = base if isinstance(base, Pair) else Pair(base, base)
    return merge(
        terms=[term(rule=rule, **flags)],
        base={"field": pair},
        local={"field": local},
        remote={"field": remote},
        edited=edited or Edited(),
        referee=referee,
    )


# One side changed


@pytest.mark.parametrize("rule", RULES)
def test_a_change_in_notion_comes_here_whatever_the_rule(rule: Rule) -> None:
    assert merged("old", "old", "new", rule=rule) == Merge(to_local={"field": "new"})


@pytest.mark.parametrize("rule", RULES)
def test_a_change_here_goes_to_notion_whatever_the_rule(rule: Rule) -> None:
    assert merged("old", "new", "old", rule=rule) == Merge(to_remote={"field": "new"})


def test_what_nobody_changed_is_agreed_and_moves_nowhere() -> None:
    assert merged("old", "old", "old") == Merge(agreed=["field"])


def test_the_same_change_on_both_sides_is_agreed() -> None:
    assert merged("old", "new", "new") == Merge(agreed=["field"])


def test_a_value_erased_in_notion_is_erased_here() -> None:
    assert merged("old", "old", "") == Merge(to_local={"field": ""})


def test_a_value_erased_here_is_erased_in_notion() -> None:
    assert merged("old", "", "old") == Merge(to_remote={"field": ""})


def test_sides_that_agreed_in_different_spellings_have_changed_nothing() -> None:
    assert merged(Pair("+4930123456", "030 123456"), "+4930123456", "030 123456") == Merge()


def test_a_field_that_one_side_does_not_know_is_left_alone() -> None:
    unread = merge(
        terms=[term()], base={"field": Pair("a", "a")}, local={"field": "b"}, remote={}, edited=Edited(), referee=nobody
    )

    assert unread == Merge()


# What travels one way only


def test_a_field_that_is_not_pulled_is_put_back_in_notion() -> None:
    found = merged("ours", "ours", "theirs", pulled=False)

    assert (found.to_local, found.to_remote) == ({}, {"field": "ours"})
    assert [clash.winner for clash in found.clashes] == ["contactflow"]


def test_a_field_that_is_not_pushed_keeps_its_change_here_to_itself() -> None:
    assert merged("old", "new", "old", pushed=False) == Merge()


def test_a_clash_in_a_field_that_is_not_pushed_is_won_by_notion() -> None:
    found = merged("old", "ours", "theirs", rule="contactflow", pushed=False)

    assert (found.to_local, found.to_remote) == ({"field": "theirs"}, {})


def test_a_list_that_is_not_pulled_is_put_back_in_notion() -> None:
    found = merged(["a"], ["a"], ["a", "b"], pulled=False)

    assert (found.to_local, found.to_remote) == ({}, {"field": ["a"]})


def test_a_field_that_travels_neither_way_is_left_alone() -> None:
    assert merged("old", "ours", "theirs", pulled=False, pushed=False) == Merge()


# A first meeting


def test_a_first_meeting_fills_notion_with_what_only_contactflow_knows() -> None:
    assert merged(None, "ours", "") == Merge(to_remote={"field": "ours"})


def test_a_first_meeting_fills_contactflow_with_what_only_notion_knows() -> None:
    assert merged(None, "", "theirs") == Merge(to_local={"field": "theirs"})


def test_a_first_meeting_of_two_values_is_a_clash_without_a_base() -> None:
    (clash,) = merged(None, "ours", "theirs").clashes

    assert (clash.base, clash.local, clash.remote) == (None, "ours", "theirs")


def test_a_first_meeting_of_two_lists_unites_them() -> None:
    found = merged(None, ["a"], ["b"])

    assert (found.to_local, found.to_remote, found.clashes) == ({"field": ["a", "b"]}, {"field": ["b", "a"]}, [])


def test_a_first_meeting_of_two_empty_values_agrees() -> None:
    assert merged(None, "", "") == Merge(agreed=["field"])


# What Notion said when both agreed is not known any more: its property was out of order for a while


def test_an_empty_property_that_is_back_in_order_is_filled() -> None:
    assert merged(Pair("old", None), "old", "") == Merge(to_remote={"field": "old"})


def test_a_property_that_is_back_with_the_old_value_gets_the_change_made_here() -> None:
    assert merged(Pair("old", None), "new", "old") == Merge(to_remote={"field": "new"})


def test_a_property_that_is_back_with_a_new_value_changes_what_nobody_changed_here() -> None:
    assert merged(Pair("old", None), "old", "new") == Merge(to_local={"field": "new"})


def test_a_list_that_is_back_in_order_is_united() -> None:
    found = merged(Pair(["a", "b"], None), ["a", "b"], ["c"])

    assert (found.to_local, found.to_remote) == ({"field": ["a", "b", "c"]}, {"field": ["c", "a", "b"]})


# Both sides changed


@pytest.mark.parametrize(
    ("rule", "to_local", "to_remote"),
    [
        ("notion", {"field": "theirs"}, {}),
        ("contactflow", {}, {"field": "ours"}),
        ("ask", {}, {}),
    ],
)
def test_a_clash_follows_the_rule_of_the_field(
    rule: Rule, to_local: dict[str, Value], to_remote: dict[str, Value]
) -> None:
    found = merged("old", "ours", "theirs", rule=rule)

    assert (found.to_local, found.to_remote) == (to_local, to_remote)


@pytest.mark.parametrize("rule", RULES)
def test_a_clash_keeps_all_three_values_whatever_the_rule(rule: Rule) -> None:
    (clash,) = merged("old", "ours", "theirs", rule=rule).clashes

    assert (clash.base, clash.local, clash.remote, clash.rule) == ("old", "ours", "theirs", rule)
    assert clash.because


def test_nobody_wins_where_the_rule_is_to_ask() -> None:
    (clash,) = merged("old", "ours", "theirs", rule="ask").clashes

    assert clash.winner is None


@pytest.mark.parametrize(
    ("local", "remote", "winner"),
    [
        (NOON + dt.timedelta(minutes=1), NOON, "contactflow"),
        (NOON, NOON + dt.timedelta(minutes=1), "notion"),
        (NOON + dt.timedelta(seconds=59), NOON, "notion"),  # within Notion's minute nobody can tell
        (None, NOON, "notion"),
        (NOON, None, "contactflow"),
        (None, None, "notion"),
    ],
)
def test_the_newest_change_wins_by_the_minute(
    local: dt.datetime | None, remote: dt.datetime | None, winner: str
) -> None:
    (clash,) = merged("old", "ours", "theirs", rule="newest", edited=Edited(local, remote)).clashes

    assert clash.winner == winner


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("side", ["notion", "contactflow"])
def test_the_referee_is_above_the_rule(rule: Rule, side: Side) -> None:
    (clash,) = merged("old", "ours", "theirs", rule=rule, referee=lambda *_: side).clashes

    assert clash.winner == side


def test_the_referee_is_not_asked_where_only_one_side_changed() -> None:
    assert merged("old", "new", "old", referee=lambda *_: "notion") == Merge(to_remote={"field": "new"})


def test_erasing_against_a_change_is_a_clash() -> None:
    (clash,) = merged("old", "", "theirs").clashes

    assert clash == Clash("field", "old", "", "theirs", "notion", "notion", clash.because)


# Lists


@pytest.mark.parametrize("rule", RULES)
def test_lists_take_over_what_either_side_added(rule: Rule) -> None:
    found = merged(["a"], ["a", "ours"], ["a", "theirs"], rule=rule)

    assert found.to_local == {"field": ["a", "ours", "theirs"]}
    assert found.to_remote == {"field": ["a", "theirs", "ours"]}
    assert found.clashes == []


def test_lists_lose_what_either_side_removed() -> None:
    found = merged(["a", "b", "c"], ["b", "c"], ["a", "b"])

    assert (found.to_local, found.to_remote) == ({"field": ["b"]}, {"field": ["b"]})


def test_a_list_that_only_notion_emptied_is_emptied_here() -> None:
    assert merged(["a"], ["a"], []) == Merge(to_local={"field": []})


def test_what_one_side_removed_and_the_other_kept_under_another_capital_is_gone() -> None:
    assert merged(["Artist"], ["artist"], []) == Merge(to_local={"field": []})


# Whatever the values


words = st.sampled_from(["", "a", "b", "c", "d"])
lists = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), unique=True)
texts = st.tuples(st.none() | words, st.none() | words, words, words)
moments = st.none() | st.integers(-5, 5).map(lambda minutes: NOON + dt.timedelta(minutes=minutes))
edits = st.builds(Edited, moments, moments)
judged = st.sampled_from([None, "notion", "contactflow"])


@given(texts, st.sampled_from(RULES), edits, judged, st.booleans(), st.booleans())
def test_no_value_is_ever_invented(
    values: tuple[Any, Any, str, str], rule: Rule, edited: Edited, side: Side | None, pulled: bool, pushed: bool
) -> None:
    agreed_local, agreed_remote, local, remote = values

    found = merged(
        Pair(agreed_local, agreed_remote),
        local,
        remote,
        rule=rule,
        edited=edited,
        referee=lambda *_: side,
        pulled=pulled,
        pushed=pushed,
    )

    assert found.to_local in ({}, {"field": remote})
    assert found.to_remote in ({}, {"field": local})
    assert not (found.to_local and found.to_remote)
    assert pulled or not found.to_local
    assert pushed or not found.to_remote


@given(words, words, st.sampled_from(RULES), edits)
def test_what_only_one_side_changed_survives_on_both(base: str, changed: str, rule: Rule, edited: Edited) -> None:
    in_notion = merged(base, base, changed, rule=rule, edited=edited)
    local = merged(base, changed, base, rule=rule, edited=edited)

    assert in_notion.to_local.get("field", base) == changed
    assert local.to_remote.get("field", base) == changed
    assert not in_notion.clashes + local.clashes


@given(words, words, words, st.sampled_from(RULES), edits)
def test_whatever_is_overwritten_is_kept_in_a_clash(
    base: str, local: str, remote: str, rule: Rule, edited: Edited
) -> None:
    found = merged(base, local, remote, rule=rule, edited=edited)

    lost = {local for value in found.to_local if local != base} | {
        remote for value in found.to_remote if remote != base
    }
    kept = {value for clash in found.clashes for value in (clash.local, clash.remote)}
    assert lost <= kept


@given(lists, lists, lists)
def test_lists_end_up_the_same_on_both_sides(base: list[str], local: list[str], remote: list[str]) -> None:
    found = merged(base, local, remote)

    assert set(found.to_local.get("field", local)) == set(found.to_remote.get("field", remote))
    assert found.clashes == []


@given(lists, lists, lists)
def test_lists_keep_every_addition_and_no_removal(base: list[str], local: list[str], remote: list[str]) -> None:
    found = merged(base, local, remote)

    expected = (set(base) & set(local) & set(remote)) | (set(local) - set(base)) | (set(remote) - set(base))
    assert set(found.to_local.get("field", local)) == expected


@given(texts, st.sampled_from(["notion", "contactflow", "newest"]), edits)
def test_a_second_merge_finds_nothing_to_do(values: tuple[Any, Any, str, str], rule: Rule, edited: Edited) -> None:
    agreed_local, agreed_remote, local, remote = values
    found = merged(Pair(agreed_local, agreed_remote), local, remote, rule=rule, edited=edited)
    local, remote = str(found.to_local.get("field", local)), str(found.to_remote.get("field", remote))

    again = merged(Pair(local, remote), local, remote, rule=rule, edited=edited)

    assert (again.to_local, again.to_remote, again.clashes) == ({}, {}, [])
