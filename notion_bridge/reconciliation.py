"""One object and its page: merge what both say, take over here what is new there, and say what is to be written there.

Nothing is sent from here: `reconcile` works inside the database alone, so that it can be done, or undone, as a whole.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from notion_bridge import mapping, problems, three_way_merge
from notion_bridge.adapters import Applied, Values
from notion_bridge.bound_schema import BoundSchema, Reading
from notion_bridge.mapping import Shape, Value
from notion_bridge.models import NotionDatabase, PageLink, SyncConflict, SyncEntry, SyncProblem
from notion_bridge.three_way_merge import Clash, Edited, Merge, Pair

Cause = SyncProblem.Cause
State = PageLink.State
# Where what we made of a value is written back: what was typed as 030 1234 and our +49301234 are to be one, and who has
# no date was added on the day of the arrival.
WRITTEN_BACK = (Shape.PHONE, Shape.DATE)


@dataclass(frozen=True)
class InboundPolicy:
    """How a page is received. `enrol`: workflows start. `patient`: whoever is still typing is given the time."""

    enrol: bool
    patient: bool = False


@dataclass
class Reconciliation:
    """What came of it. `to_remote` is what Notion is to be told; `changed` the fields that changed here."""

    to_remote: dict[str, Value] = field(default_factory=dict)
    changed: dict[str, list[Any]] = field(default_factory=dict)
    is_gone: bool = False  # the object was deleted here


def reconcile(
    *,
    bound: BoundSchema,
    link: PageLink,
    reading: Reading,
    edited_at: dt.datetime | None,
    policy: InboundPolicy,
    now: dt.datetime,
) -> Reconciliation:
    """Reconcile the object of the link with its page, in one transaction; the link is saved with what both agree on."""
    with transaction.atomic():
        row = bound.adapter.lock(link.object_key) if link.object_key else None
        if row is None:
            return Reconciliation(is_gone=True)
        before = bound.adapter.snapshot([row.pk])[row.pk]
        edited = Edited(local=row.updated_at, remote=edited_at)
        merged = _merge(bound, link, before, reading.values, edited)
        applied = (
            bound.adapter.apply(row, merged.to_local, enrol=policy.enrol, now=now) if merged.to_local else Applied()
        )
        after = bound.adapter.snapshot([row.pk])[row.pk] if merged.to_local else before
        _agree_as_they_were(bound, link, merged, before, reading)
        _agree(bound, link, merged, applied, after, reading)
        again = _merge(bound, link, after, reading.values, edited)
        held = applied.refused.keys() | applied.unknown.keys() - link.remote.keys()
        to_remote = {name: value for name, value in again.to_remote.items() if name not in held}
        outcome = Reconciliation(to_remote=to_remote)
        outcome.changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        if outcome.to_remote:
            link.wanted_at = link.wanted_at or now  # in the same transaction: what is to be written is not forgotten
        _save(bound, link, after, edited_at, now)
        _record(link, _clashes(merged, applied, after, reading), merged.agreed, now)
        _report(bound, link, applied, reading, now)
        if outcome.changed:
            note(link=link, direction="from_notion", what="changed", fields=outcome.changed, now=now)
    return outcome


def note(
    *, link: PageLink, direction: str, what: str, now: dt.datetime, fields: Mapping[str, Any] | None = None
) -> None:
    SyncEntry.objects.create(link=link, direction=direction, what=what, fields=dict(fields or {}), at=now)


def agreed_local(bound: BoundSchema, name: str, local: Values, remote: Values) -> Value | None:
    """What is noted as agreed on our side. Where we spell a value otherwise than Notion, ours goes there: None."""
    is_ours = bound.properties[name].field.shape in WRITTEN_BACK and local[name] != remote[name]
    return None if is_ours else local[name]


def digest(bound: BoundSchema, values: Values) -> str:
    """Stands for what the object says, as far as Notion is told of it."""
    told = {name: values.get(name) for name, one in bound.properties.items() if one.field.pushed}
    return hashlib.md5(json.dumps(told, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def report_limits(*, link: PageLink, limits: Mapping[str, Iterable[str]], now: dt.datetime, of: Iterable[str]) -> None:
    """Report what Notion could not hold of the fields that were written, and close what it now can."""
    subjects = {name: f"page {link.pk}: {name}" for name in of}
    for name in subjects.keys() & limits.keys():
        message = " ".join(limits[name])
        problems.report(cause=Cause.LIMIT, subject=subjects[name], message=message, link=link, now=now)
    held = [subject for name, subject in subjects.items() if name not in limits]
    problems.close(Cause.LIMIT, subjects=held, now=now)


def _merge(bound: BoundSchema, link: PageLink, local: Values, remote: Values, edited: Edited) -> Merge:
    return three_way_merge.merge(
        terms=bound.terms(),
        base={name: Pair(link.local.get(name), link.remote.get(name)) for name in bound.properties},
        local=local,
        remote=remote,
        edited=edited,
        referee=bound.adapter.referee,
    )


def _agree_as_they_were(bound: BoundSchema, link: PageLink, merged: Merge, before: Values, reading: Reading) -> None:
    """Before anything was taken over: what changed here along with it (an end, a brand) is still to go there."""
    for name in merged.agreed:
        link.local[name], link.remote[name] = agreed_local(bound, name, before, reading.values), reading.values[name]


def _agree(
    bound: BoundSchema, link: PageLink, merged: Merge, applied: Applied, after: Values, reading: Reading
) -> None:
    """Note on the link what both sides agree on now. A value that was refused stays a change to come."""
    for name in merged.to_local.keys() - applied.refused.keys():
        local, remote = after[name], reading.values[name]
        if isinstance(local, list) and isinstance(remote, list):
            left_out = {one.casefold() for one in applied.unknown.get(name, [])}
            known = [one for one in remote if one.casefold() not in left_out]
            if left_out and not known:
                continue
            base = Pair(link.local.get(name), link.remote.get(name))
            link.local[name], link.remote[name] = (
                three_way_merge.agreed_list(base=base, local=local, remote=known),
                known,
            )
        elif name not in applied.unknown:
            link.local[name], link.remote[name] = agreed_local(bound, name, after, reading.values), remote
    ours = [clash.field for clash in merged.clashes if clash.winner == "contactflow"]
    for name in [*ours, *applied.overruled]:
        # Theirs was seen, and is no news when the page is looked at again; ours is a change that goes there.
        link.local[name], link.remote[name] = None, reading.values[name]


def _save(bound: BoundSchema, link: PageLink, after: Values, edited_at: dt.datetime | None, now: dt.datetime) -> None:
    link.state, link.error, link.edited_at, link.agreed_at = State.LINKED, "", edited_at or link.edited_at, now
    link.digest = digest(bound, after)
    link.save(update_fields=["state", "error", "edited_at", "agreed_at", "digest", "local", "remote", "wanted_at"])


def _clashes(merged: Merge, applied: Applied, after: Values, reading: Reading) -> list[Clash]:
    """What is to be kept in a conflict record: both values of every field on which the sides clashed."""
    untouched = applied.refused.keys() | applied.unknown.keys() | applied.overruled.keys()
    clashes = [one for one in merged.clashes if not (one.winner == "notion" and one.field in untouched)]
    overruled = [
        Clash(name, None, after[name], reading.values[name], "contactflow", "contactflow", because)
        for name, because in applied.overruled.items()
    ]
    return clashes + overruled


def _record(link: PageLink, clashes: Iterable[Clash], agreed: Iterable[str], now: dt.datetime) -> None:
    open_ones = SyncConflict.objects.filter(link=link, winner="")
    open_ones.filter(field__in=agreed).update(winner="notion", settled_at=now, settled_by="Both sides say the same now")
    for clash in clashes:
        values = {"base": clash.base, "local": clash.local, "remote": clash.remote, "rule": clash.rule}
        values["because"] = clash.because[:300]
        if clash.winner is None:
            SyncConflict.objects.update_or_create(link=link, field=clash.field, winner="", defaults=values)
        else:
            SyncConflict.objects.create(
                link=link, field=clash.field, winner=clash.winner, opened_at=now, settled_at=now, **values
            )


def _report(bound: BoundSchema, link: PageLink, applied: Applied, reading: Reading, now: dt.datetime) -> None:
    refused = reading.unreadable | applied.refused
    for name, because in refused.items():
        problems.report(
            cause=Cause.VALUE_REFUSED,
            subject=f"page {link.pk}: {name}",
            message=f"{mapping.field_of(link.database.kind, name).label} of a page was not taken over. {because}",
            link=link,
            details={"field": name, "value": reading.values.get(name)},
            now=now,
        )
    report_unknown(database=link.database, unknown=applied.unknown, now=now)
    still = [f"page {link.pk}: {name}" for name in refused]
    over = SyncProblem.objects.filter(link=link, cause=Cause.VALUE_REFUSED, closed_at=None).exclude(subject__in=still)
    over.update(closed_at=now, closed_by="Contactflow")


def report_unknown(*, database: NotionDatabase, unknown: Mapping[str, list[str]], now: dt.datetime) -> None:
    """An option that Notion has and Contactflow lacks is a suggestion to staff, made once."""
    for name, options in unknown.items():
        label = mapping.field_of(database.kind, name).label
        for option in options:
            problems.report(
                cause=Cause.UNKNOWN_OPTION,
                subject=f"{database.kind} {name}: {option}",
                message=f"Notion has the {label} “{option}”, Contactflow does not. Add it here or correct it there.",
                database=database,
                details={"field": name, "option": option},
                now=now,
            )
