"""Three-way merge of one object's fields against the values both sides agreed on last. Pure.

A side has changed when it differs from its own agreed value. A field that was never agreed on (a first meeting of a
person here and a page there) is filled from the side that has a value; lists are united.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Value = str | list[str]
Side = Literal["notion", "contactflow"]
Rule = Literal["notion", "contactflow", "newest", "ask"]


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

    here: Value | None
    there: Value | None


@dataclass(frozen=True)
class Clash:
    """Both sides changed the field. `winner` is None where the rule says to ask."""

    field: str
    base: Value | None
    here: Value
    there: Value
    rule: Rule
    winner: Side | None
    because: str


@dataclass
class Merge:
    """`to_here` and `to_there` are the values to take over; `agreed` the fields on which both sides say the same."""

    to_here: dict[str, Value] = field(default_factory=dict)
    to_there: dict[str, Value] = field(default_factory=dict)
    agreed: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)


Referee = Callable[[str, Value, Value], Side | None]  # a rule above the rules: who wins this field, or None


@dataclass(frozen=True)
class Edited:
    """When each side was edited last; Notion's time is a whole minute."""

    here: dt.datetime | None = None
    there: dt.datetime | None = None

    @property
    def newer(self) -> Side:
        if self.here is None or self.there is None:
            return "notion" if self.here is None else "contactflow"
        return "contactflow" if self.here.replace(second=0, microsecond=0) > self.there else "notion"


def nobody(name: str, here: Value, there: Value) -> Side | None:
    return None


def merge(
    *,
    terms: Sequence[Term],
    base: Mapping[str, Pair],
    here: Mapping[str, Value],
    there: Mapping[str, Value],
    edited: Edited,
    referee: Referee = nobody,
) -> Merge:
    """Only fields that both sides know are merged: one that cannot be read on a side is left alone on both."""
    merged = Merge()
    for term in terms:
        if (term.pulled or term.pushed) and term.name in here and term.name in there:
            pair = base.get(term.name, Pair(None, None))
            _merge_field(merged, term, pair, here[term.name], there[term.name], edited, referee)
    return merged


def _merge_field(  # noqa: PLR0913
    merged: Merge, term: Term, base: Pair, here: Value, there: Value, edited: Edited, referee: Referee
) -> None:
    if term.same(here, there):
        merged.agreed.append(term.name)
    elif isinstance(here, list) and isinstance(there, list) and term.pulled and term.pushed:
        _merge_list(merged, term, base, here, there)
    elif _unchanged(term, base.here if base.there is None else base.there, there):
        if not _unchanged(term, base.here, here):
            _send(merged, term, here)
    elif base.there is None and not there:
        _fill(merged, term, here, there)
    elif _unchanged(term, base.here, here) and term.pulled:
        merged.to_here[term.name] = there
    elif (base.here is None and not here and term.pulled) or (base.there is None and not there):
        _fill(merged, term, here, there)
    else:
        _clash(merged, term, base, here, there, edited, referee)


def _unchanged(term: Term, agreed: Value | None, now: Value) -> bool:
    return agreed is not None and type(agreed) is type(now) and term.same(agreed, now)


def _send(merged: Merge, term: Term, here: Value) -> None:
    if term.pushed:
        merged.to_there[term.name] = here


def _fill(merged: Merge, term: Term, here: Value, there: Value) -> None:
    """One side never said anything: the other one fills it."""
    if here or not term.pulled:
        _send(merged, term, here)
    else:
        merged.to_here[term.name] = there


def _merge_list(merged: Merge, term: Term, base: Pair, here: list[str], there: list[str]) -> None:
    """Each side takes over what the other added and what it removed: lists never clash."""
    base = base if base.there is not None else Pair(None, None)  # what Notion lacks, nobody need have removed
    came, went = _difference(base.there, there)
    new_here = _changed(here, came, went)
    added, removed = _difference(base.here, here)
    new_there = _changed(there, added, removed)
    if not term.same(new_here, here):
        merged.to_here[term.name] = new_here
    if not term.same(new_there, there):
        merged.to_there[term.name] = new_there


def agreed_list(*, base: Pair, here: list[str], there: list[str]) -> list[str]:
    """What our side is to have agreed on once Notion's changes were taken over; ours are still to go there."""
    base = base if base.there is not None else Pair(None, None)
    came, went = _difference(base.there, there)
    arrived = {one.casefold() for one in here}
    return _changed(
        base.here if isinstance(base.here, list) else [], [one for one in came if one.casefold() in arrived], went
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
    merged: Merge, term: Term, base: Pair, here: Value, there: Value, edited: Edited, referee: Referee
) -> None:
    winner, because = _decide(term, here, there, edited, referee)
    agreed = base.there if base.there is not None else base.here
    merged.clashes.append(Clash(term.name, agreed, here, there, term.rule, winner, because))
    if winner == "notion":
        merged.to_here[term.name] = there
    elif winner == "contactflow":
        merged.to_there[term.name] = here


def _decide(term: Term, here: Value, there: Value, edited: Edited, referee: Referee) -> tuple[Side | None, str]:
    if not term.pulled:
        return "contactflow", "This field is Contactflow's to write."
    if not term.pushed:
        return "notion", "This field is Notion's to write."
    if judged := referee(term.name, here, there):
        return judged, "The stricter value wins."
    if term.rule == "ask":
        return None, "Both sides changed it; the rule is to ask."
    if term.rule == "newest":
        return edited.newer, "Both sides changed it; the newest change wins."
    name = "Notion" if term.rule == "notion" else "Contactflow"
    return term.rule, f"Both sides changed it; {name} wins."
