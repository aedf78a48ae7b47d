"""What staff decide about the bridge: who wins a conflict, which option to add, what becomes of a page."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.db import transaction
from django.db.models import Max

from contacts.models import BusinessEntity, ContactStatus, ContactType, LeadSource
from notion_bridge import bound_schema, problems, reconciliation
from notion_bridge.models import NotionDatabase, PageLink, SyncConflict, SyncProblem
from workflows import wake

State = PageLink.State
Cause = SyncProblem.Cause
# The fields whose unknown options can be added here, and the rows they are.
ADDABLE: dict[str, Any] = {
    "contact_types": ContactType,
    "lead_source": LeadSource,
    "business_entities": BusinessEntity,
    "business_entity": BusinessEntity,
    "status": ContactStatus,
}


class NotPossible(Exception):
    """It was not done; the message says why."""


def settle(*, conflict: SyncConflict, winner: str, actor: str, now: dt.datetime) -> None:
    """Let this side win: its value of the time stands on both sides after the next pass. Also to change one's mind."""
    bound = bound_schema.load(conflict.link.database)
    if conflict.field not in bound.properties:
        raise NotPossible("The field is not synchronised at present. Map it to a property first.")
    with transaction.atomic():
        key = conflict.link.object_key
        row = bound.adapter.lock(key) if key else None
        # As they are now: a pass, or somebody else's click, may have come first.
        conflict = SyncConflict.objects.select_for_update().get(pk=conflict.pk)
        link = PageLink.objects.select_for_update().get(pk=conflict.link_id)
        value = conflict.remote if winner == SyncConflict.Winner.NOTION else conflict.local
        if row is None or value is None:
            raise NotPossible("The object was deleted here." if row is None else "That side's value is not known.")
        applied = bound.adapter.apply(row, {conflict.field: value}, enrol=True, now=now)
        if because := applied.refused | applied.overruled | {name: str(no) for name, no in applied.unknown.items()}:
            raise NotPossible(" ".join(because.values()))
        link.local[conflict.field] = None  # what stands here now is what goes there
        if not conflict.winner:
            link.remote[conflict.field] = conflict.remote
        link.wanted_at, link.digest = now, ""
        link.save(update_fields=["local", "remote", "wanted_at", "digest"])
        values = {"winner": winner, "settled_at": now, "settled_by": actor[:150]}
        SyncConflict.objects.filter(pk=conflict.pk).update(**values)
        reconciliation.note(
            link=link, direction="to_notion", what="settled", fields={conflict.field: [None, value]}, now=now
        )
        wake.on_commit()


def addable(*, problem: SyncProblem) -> Any | None:
    """The model of the row that is missing here; None where nothing can be added."""
    field, option = problem.details.get("field", ""), problem.details.get("option")
    if problem.cause != Cause.UNKNOWN_OPTION or not option:
        return None
    is_fixed = field == "status" and problem.database is not None and problem.database.kind != "contacts"
    return None if is_fixed else ADDABLE.get(field)


def add_option(*, problem: SyncProblem, actor: str, now: dt.datetime) -> str:
    """Add what Notion has and Contactflow lacked; who has it there gets it with the next full pass. Its name."""
    name, model = str(problem.details.get("option", ""))[:100], addable(problem=problem)
    if model is None:
        raise NotPossible("This cannot be added here. Correct it in Notion.")
    slug = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:60] or "option"
    if model.objects.filter(name__iexact=name).exists() or model.objects.filter(slug=slug).exists():
        raise NotPossible(f"There is one called so already, or with the short name {slug}. Correct it in Notion.")
    with transaction.atomic():
        last = model.objects.aggregate(last=Max("position"))["last"] or 0
        model.objects.create(name=name, slug=slug, position=min(last + 10, 30_000))
        NotionDatabase.objects.update(full_pass_at=None)
        dismiss(problem=problem, actor=actor, now=now)
        wake.on_commit()
    return name


def take_over_again(*, link: PageLink, actor: str, now: dt.datetime) -> None:
    """What was deleted here and restored in Notion becomes a new object here."""
    if link.state != State.DELETED or link.page_id is None:
        raise NotPossible("Only a page whose object was deleted here can be taken over again.")
    with transaction.atomic():
        problems.close(Cause.RESTORED, subjects=[f"page {link.page_id}"], by=actor, now=now)
        link.state, link.object_key, link.wanted_at, link.local, link.remote = State.WAITING, None, now, {}, {}
        link.save(update_fields=["state", "object_key", "wanted_at", "local", "remote"])
        wake.on_commit()


def look_again(*, link: PageLink, now: dt.datetime) -> None:
    """Compare the object and its page now, whatever was put off."""
    PageLink.objects.filter(pk=link.pk).update(wanted_at=now, attempts=0, digest="")
    wake.on_commit()


def make_full_pass_soon() -> None:
    """Every page is read and every row compared once more by the monitoring, before anything that can wait."""
    NotionDatabase.objects.update(full_pass_at=None)
    wake.on_commit()


def dismiss(*, problem: SyncProblem, actor: str, now: dt.datetime) -> None:
    """Staff have seen it. It is reported again if it is met again."""
    SyncProblem.objects.filter(pk=problem.pk, closed_at=None).update(closed_at=now, closed_by=actor[:150])
