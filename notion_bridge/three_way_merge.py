"""Three-way merge of one object's fields against the values both sides agreed on last. Pure.

A side has changed when it differs from its own agreed value. A field that was never agreed on (a first meeting of a
person here and a page there) is filled from the side that has a value; lists are united.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from notion_bridge.mapping.fields import Rule, Value

Side = Literal["notion", "contactflow"]


@dataclass(frozen=True)
class Term:
    """How one field is merged. `pulled`: a change in Notion may come here; `pushed`: one here may go there."""

    name: str
    rule: Rule
    same: Callable[[Value, Value], bool]
    pulled: bool = True
    pushed: bool = True


@dataclass(frozen=True)
class Pair:
    """What each side said of a field when both agreed on it last; None where it is not known."""

    local: Value | None
    remote: Value | None


@dataclass(frozen=True)
class Clash:
    """Both sides changed the field. `winner` is None where the rule says to ask."""

    field: str
    base: Value | None
    local: Value
    remote: Value
    rule: Rule
    winner: Side | None
    because: str


@dataclass
class Merge:
    """`to_local` and `to_remote` are the values to take over; `agreed` the fields on which both sides say the same."""

    to_local: dict[str, Value] = field(default_factory=dict)
    to_remote: dict[str, Value] = field(default_factory=dict)
    agreed: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)


Referee = Callable[[str, Value, Value], Side | None]  # a rule above the rules: who wins this field, or None


@dataclass(frozen=True)
class Edited:
    """When each side was edited last; Notion's time is a whole minute."""

    local: dt.datetime | None = None
    remote: dt.datetime | None = None

    @property
    def newer(self) -> Side:
        if self.local is None or self.remote is None:
            return "notion" if self.local is None else "contactflow"
        return "contactflow" if self.local.replace(second=0, microsecond=0) > self.remote else "notion"


def nobody(name: str, local: Value, remote: Value) -> Side | None:
    return None


def merge(
    *,
    terms: Sequence[Term],
    base: Mapping[str, Pair],
    local: Mapping[str, Value],
    remote: Mapping[str, Value],
    edited: Edited,
    referee: Referee = nobody,
) -> Merge:
    """Only fields that both sides know are merged: one that cannot be read on a side is left alone on both."""
    merged = Merge()
    for term in terms:
        if (term.pulled or term.pushed) and term.name in local and term.name in remote:
            pair = base.get(term.name, Pair(None, None))
            _merge_field(merged, term, pair, local[term.name], remote[term.name], edited, referee)
    return merged


def _merge_field(  # noqa: PLR0913
    merged: Merge, term: Term, base: Pair, local: Value, remote: Value, edited: Edited, referee: Referee
) -> None:
    if term.same(local, remote):
        merged.agreed.append(term.name)
    elif isinstance(local, list) and isinstance(remote, list) and term.pulled and term.pushed:
        _merge_list(merged, term, base, local, remote)
    elif _unchanged(term, base.local if base.remote is None else base.remote, remote):
        if not _unchanged(term, base.local, local):
            _send(merged, term, local)
    elif base.remote is None and not remote:
        _fill(merged, term, local, remote)
    elif _unchanged(term, base.local, local) and term.pulled:
        merged.to_local[term.name] = remote
    elif (base.local is None and not local and term.pulled) or (base.remote is None and not remote):
        _fill(merged, term, local, remote)
    else:
        _clash(merged, term, base, local, remote, edited, referee)


def _unchanged(term: Term, agreed: Value | None, now: Value) -> bool:
    return agreed is not None and type(agreed) is type(now) and term.same(agreed, now)


def _send(merged: Merge, term: Term, local: Value) -> None:
    if term.pushed:
        merged.to_remote[term.name] = local


def _fill(merged: Merge, term: Term, local: Value, remote: Value) -> None:
    """One side never said anything: the other one fills it."""
    if local or not term.pulled:
        _send(merged, term, local)
    else:
        merged.to_local[term.name] = remote


def _merge_list(merged: Merge, term: Term, base: Pair, local: list[str], remote: list[str]) -> None:
    """Each side takes over what the other added and what it removed: lists never clash."""
    base = base if base.remote is not None else Pair(None, None)  # what Notion lacks, nobody need have removed
    came, went = _difference(base.remote, remote)
    new_local = _changed(local, came, went)
    added, removed = _difference(base.local, local)
    new_remote = _changed(remote, added, removed)
    if not term.same(new_local, local):
        merged.to_local[term.name] = new_local
    if not term.same(new_remote, remote):
        merged.to_remote[term.name] = new_remote


def agreed_list(*, base: Pair, local: list[str], remote: list[str]) -> list[str]:
    """What our side is to have agreed on once Notion's changes were taken over; ours are still to go there."""
    base = base if base.remote is not None else Pair(None, None)
    came, went = _difference(base.remote, remote)
    result = {one.casefold() for one in local}
    return _changed(
        base.local if isinstance(base.local, list) else [], [one for one in came if one.casefold() in result], went
    )


def _difference(before: Value | None, after: list[str]) -> tuple[list[str], list[str]]:
    old = before if isinstance(before, list) else []
    known, kept = {one.casefold() for one in old}, {one.casefold() for one in after}
    return [one for one in after if one.casefold() not in known], [one for one in old if one.casefold() not in kept]


def _changed(words: list[str], added: list[str], removed: list[str]) -> list[str]:
    gone = {one.casefold() for one in removed}
    kept = {one.casefold(): one for one in words if one.casefold() not in gone}
    for one in added:
        kept.setdefault(one.casefold(), one)
    return list(kept.values())


def _clash(  # noqa: PLR0913
    merged: Merge, term: Term, base: Pair, local: Value, remote: Value, edited: Edited, referee: Referee
) -> None:
    winner, because = _decide(term, local, remote, edited, referee)
    agreed = base.remote if base.remote is not None else base.local
    merged.clashes.append(Clash(term.name, agreed, local, remote, term.rule, winner, because))
    if winner == "notion":
        merged.to_local[term.name] = remote
    elif winner == "contactflow":
        merged.to_remote[term.name] = local


def _decide(term: Term, local: Value, remote: Value, edited: Edited, referee: Referee) -> tuple[Side | None, str]:
    if not term.pulled:
        return "contactflow", "This field is Contactflow's to write."
    if not term.pushed:
        return "notion", "This field is Notion's to write."
    if judged := referee(term.name, local, remote):
        return judged, "The stricter value wins."
    if term.rule == "ask":
        return None, "Both sides changed it; the rule is to ask."
    if term.rule == "newest":
        return edited.newer, "Both sides changed it; the newest change wins."
    name = "Notion" if term.rule == "notion" else "Contactflow"
    return term.rule, f"Both sides changed it; {name} wins."
