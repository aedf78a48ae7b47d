"""Watches both sides around every step of the bridge, and misses what people typed and the bridge made away with.

A value is pending from the moment somebody typed it until both sides say it. A step may carry it over, or leave it;
when a step puts another value in its place, a conflict record must hold it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contacts import cleaning
from notion_bridge import bound_schema, mapping
from notion_bridge.adapters import ADAPTERS
from notion_bridge.bound_schema import BoundSchema
from notion_bridge.client import connect
from notion_bridge.models import Kind, NotionDatabase, PageLink, SyncConflict, SyncProblem
from notion_bridge.sandbox import rendering
from tests.notion_bridge.observed import Sandbox

VERSION = "2025-09-03"
ENTITIES = "business_entities"  # routing adds to them by rules of its own

Value = Any
Values = Mapping[str, Value]


@dataclass
class Sight:
    """Both sides at one moment. `remote` has the pages that are not in the trash; `links` those of a row."""

    local: dict[UUID, Values] = field(default_factory=dict)
    remote: dict[UUID, Values] = field(default_factory=dict)
    kinds: dict[UUID, str] = field(default_factory=dict)  # of rows and pages
    links: dict[UUID, UUID] = field(default_factory=dict)  # page -> row


@dataclass
class Witness:
    """`losses` says what was lost without a record; `recorded` counts the overwritten values that have one."""

    sandbox: Sandbox
    ids: Mapping[str, str]
    bound_schema: dict[str, BoundSchema] = field(default_factory=dict)
    sight: Sight = field(default_factory=Sight)
    pending_local: dict[tuple[UUID, str], Value] = field(default_factory=dict)  # (row, field) -> what was agreed before
    pending_remote: dict[tuple[UUID, str], Value] = field(default_factory=dict)
    linked: set[UUID] = field(default_factory=set)  # the pages that ever spoke for a row
    known_remote: dict[UUID, Values] = field(default_factory=dict)  # as every page was seen last, trashed ones too
    kinds: dict[UUID, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)  # options there, to what they were called at first
    losses: list[str] = field(default_factory=list)
    recorded: int = 0

    def begin(self) -> None:
        """After the first pass, when the databases are connected."""
        self.schemas_by_kind = {row.kind: bound_schema.load(row) for row in NotionDatabase.objects.all()}
        self.sight = self.look()

    def look(self) -> Sight:
        sight = Sight()
        for kind in Kind.values:
            subject = ADAPTERS[kind]
            model = subject.sources()[0].rows.model
            keys = subject.belonging(list(model.objects.values_list("pk", flat=True)))
            sight.local |= subject.snapshot(keys)
            sight.kinds |= dict.fromkeys(keys, kind)
            for page in self.sandbox.pages_of(self.ids[kind]):
                sight.remote[UUID(page)] = self._read(kind, page)
                sight.kinds[UUID(page)] = kind
        linked = PageLink.objects.filter(state=PageLink.State.LINKED, page_id__isnull=False)
        sight.links = {page: row for page, row in linked.values_list("page_id", "object_key") if row in sight.local}
        return sight

    def before_a_step(self) -> None:
        """Take note of what people did since the last step."""
        now, then = self.look(), self.sight
        self.known_remote |= then.remote
        self.linked |= then.links.keys()
        self.kinds |= now.kinds
        for pending, new, old, only_pulled in (
            (self.pending_local, now.local, then.local, True),  # the others are nobody's to type here
            (self.pending_remote, now.remote, self.known_remote, False),
        ):
            for one, values in new.items():
                # What stood in a page before it spoke for anything, and was erased again, was nobody's value.
                known = old.get(one, {}) if one in self.linked or only_pulled else {}
                for name, value in values.items():
                    if only_pulled and not mapping.field_of(now.kinds[one], name).pulled:
                        continue
                    before = known.get(name, [] if isinstance(value, list) else "")
                    if not self._same(now.kinds[one], name, before, value):
                        pending.setdefault((one, name), before)
            self._forget_what_was_taken_back(pending, new)
        self.sight = now

    def _forget_what_was_taken_back(
        self, pending: dict[tuple[UUID, str], Value], values: Mapping[UUID, Values]
    ) -> None:
        for (one, name), agreed in list(pending.items()):
            value = values.get(one, {}).get(name)
            if value is not None and self._same(self.kinds[one], name, value, agreed):
                del pending[one, name]

    def after_a_step(self, step: str) -> None:
        """Miss what is gone."""
        before, now = self.sight, self.look()
        rows = {row: page for page, row in now.links.items()}
        for (row, name), agreed in list(self.pending_local.items()):
            if row not in now.local:
                del self.pending_local[row, name]
            elif (page := rows.get(row)) and page in now.remote:
                self._judge(
                    self.pending_local, row, name, agreed, before.local, now.local, now.remote[page], step, page
                )
        for (page, name), agreed in list(self.pending_remote.items()):
            if page not in now.remote:
                del self.pending_remote[page, name]
            elif (linked := now.links.get(page)) and linked in now.local:
                self._judge(
                    self.pending_remote, page, name, agreed, before.remote, now.remote, now.local[linked], step, page
                )
        self.sight = now

    def _judge(
        self,
        pending: dict[tuple[UUID, str], Value],
        one: UUID,
        name: str,
        agreed: Value,
        before: Mapping[UUID, Values],
        after: Mapping[UUID, Values],
        other: Values,
        step: str,
        page: UUID,
    ) -> None:
        kind = self.sight.kinds[one]
        if one not in before or name not in before[one] or name not in after[one] or name not in other:
            return
        typed, stands, across = before[one][name], after[one][name], other[name]
        side = "local" if pending is self.pending_local else "remote"
        if self._same(kind, name, typed, stands):
            if self._same(kind, name, stands, across):
                del pending[one, name]
            elif isinstance(typed, list):
                pending[one, name] = _agreed_by_now(agreed, typed, across)
            return
        del pending[one, name]
        if isinstance(typed, list):
            self._judge_list(kind, name, agreed, typed, stands, f"{step}: {one} {side}")
        elif kind == Kind.INSTANCES and side == "local":
            return  # what runs here moves by itself
        elif self._has_record(page, kind, name, side, typed):
            self.recorded += 1
        else:
            self.losses.append(
                f"{step}: {kind} {one} {name} {side} {short(typed)} -> {short(stands)}, other side {short(across)}"
            )

    def _judge_list(self, kind: str, name: str, agreed: Value, typed: Any, stands: Any, where: str) -> None:
        was, wanted, got = _folded(agreed), _folded(typed), _folded(stands)
        lost = (wanted - was) - got
        back = set() if name == ENTITIES else (was - wanted) & got
        if lost or back:
            self.losses.append(f"{where} {name}: {agreed} -> {typed}, now {stands}; lost {lost}, back again {back}")

    def _has_record(self, page: UUID, kind: str, name: str, side: str, value: Value) -> bool:
        kept = SyncConflict.objects.filter(link__page_id=page, field=name).values_list(side, flat=True)
        return any(one is not None and self._same(kind, name, one, value) for one in kept)

    def differences(self) -> tuple[list[str], int]:
        """Where both sides are not the same although nobody was told why; and how many somebody was told of."""
        sight, found, told = self.look(), [], 0
        for page, row in sight.links.items():
            if page not in sight.remote:
                continue
            kind, link = sight.kinds[row], PageLink.objects.get(page_id=page)
            for name, remote in sight.remote[page].items():
                local = sight.local[row][name]
                if self._same(kind, name, local, remote) or self._same(kind, name, local, self._before(remote)):
                    continue
                if self._is_reported(link, kind, name, local, remote):
                    told += 1
                else:
                    found.append(f"{kind} {name}: here {short(local)}, there {short(remote)} (row {row}, page {page})")
        return found + list(self._alone(sight)), told

    def _before(self, remote: Value) -> Value:
        """As the options were called at first: what is no free value keeps that name here."""
        if isinstance(remote, list):
            return [self.renamed.get(one, one) for one in remote]
        return self.renamed.get(remote, remote) if isinstance(remote, str) else remote

    def _alone(self, sight: Sight) -> Iterable[str]:
        """Rows without a page and pages without a row, where that is not as it should be."""
        known = dict(PageLink.objects.exclude(page_id=None).values_list("page_id", "state"))
        for page in sight.remote.keys() - sight.links.keys():
            if known.get(page) not in ("waiting", "duplicate", "deleted"):
                yield f"page {page} of {sight.kinds[page]} speaks for nothing: {known.get(page)}"
        rows = dict(PageLink.objects.exclude(object_key=None).values_list("object_key", "state"))
        for row in sight.local.keys() - set(sight.links.values()):
            if rows.get(row) not in ("trashed", "moved", "unshared"):
                yield f"row {row} of {sight.kinds[row]} has no page: {rows.get(row)}"

    def _is_reported(self, link: PageLink, kind: str, name: str, local: Value, remote: Value) -> bool:
        open_ones = SyncProblem.objects.filter(closed_at=None)
        if open_ones.filter(subject__in=[f"page {link.pk}: {name}", f"page {link.page_id}: {name}"]).exists():
            return True
        if self._lost_its_option(kind, name, local, remote):
            return True
        missing = _folded(remote) - _folded(local)
        options = [one for one in (remote if isinstance(remote, list) else [remote]) if one.casefold() in missing]
        return bool(options) and all(
            open_ones.filter(cause="unknown_option", subject=f"{kind} {name}: {one}").exists() for one in options
        )

    def _lost_its_option(self, kind: str, name: str, local: Value, remote: Value) -> bool:
        """Who had an option that was removed in Notion keeps it here; that it went is noted."""
        gone = _folded(local) - _folded(remote)
        about = f"{kind} {self.schemas_by_kind[kind].properties[name].id} "
        noted = SyncProblem.objects.filter(cause="option_removed", subject__startswith=about)
        words = {
            subject.removeprefix(about).rpartition(" > ")[0].casefold()
            for subject in noted.values_list("subject", flat=True)
        }
        return bool(gone) and gone <= words and _folded(remote) <= _folded(local)

    def _read(self, kind: str, page_id: str) -> Values:
        workspace = self.sandbox.workspace
        with workspace.lock:
            page = rendering.page(workspace.pages[page_id], workspace, VERSION)
        return self.schemas_by_kind[kind].read(page, connect()).values if kind in self.schemas_by_kind else {}

    def _same(self, kind: str, name: str, one: Value, other: Value) -> bool:
        if type(one) is not type(other):
            return False
        about = mapping.field_of(kind, name)
        return mapping.same(one, other, about) or (isinstance(one, str) and _plain(name, one) == _plain(name, other))


def short(value: Value) -> str:
    """For a line about it."""
    said = repr(value)
    return said if len(said) < 80 else f"{said[:77]}..."


def _plain(name: str, value: str) -> str:
    """As intake would spell it."""
    if name == "phone":
        return cleaning.phone(value)
    return cleaning.text(value) if name in ("notes", "description") else cleaning.line(value).casefold()


def _agreed_by_now(agreed: Value, typed: list[str], across: Value) -> list[str]:
    """What of a list both sides had at some time, with what has arrived, without what has gone."""
    wanted, remote = _folded(typed), _folded(across)
    known = {str(one).casefold(): str(one) for one in [*agreed, *typed]}
    return [word for one, word in known.items() if (one in remote) or (one in _folded(agreed) and one in wanted)]


def _folded(value: Value) -> set[str]:
    words = value if isinstance(value, list) else [value] if value else []
    return {str(one).casefold() for one in words}
