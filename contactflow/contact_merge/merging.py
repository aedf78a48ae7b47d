"""The merge itself: one transaction, in which what is needed to take it back is written down first."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models.functions import Now

from contactflow.models import AuditEntry, ContactMerge
from contacts.contact_merge import permission, rows, values
from contacts.models import Contact, ContactEvent, EntityMembership, FormerAddress
from notion_bridge import link_merge
from workflows import contact_merge as workflows

Types = Contact.contact_types.through


class NotPossible(Exception):
    """It cannot be done (any more); the sentence says why and what to do."""

    permanent = True


@transaction.atomic
def merge(*, keep: Contact, drop: Contact, choices: Mapping[str, str], by: User, now: dt.datetime) -> ContactMerge:
    """Make one person of two. Raises NotPossible where one of them is gone, or both are the same."""
    keep, drop = _locked(keep.pk, drop.pk)
    columns = values.merged(keep=keep, drop=drop, chosen=choices)
    stays = columns["email"]
    goes = drop.email if stays == keep.email else keep.email
    strictest = permission.strictest(keep=keep, drop=drop, address=stays)
    planned = workflows.plan(keep=keep.pk, drop=drop.pk)
    write_nothing_down()
    record: dict[str, Any] = {
        "kept": rows.stored(Contact, pk=keep.pk)[0],
        "dropped": rows.stored(Contact, pk=drop.pk)[0],
        "cancelled": workflows.end(planned=planned, actor=by.get_username(), now=now),
        "keys": workflows.make_room(keep=keep.pk, drop=drop.pk),
        "notion": link_merge.join(keep=keep, drop=drop, now=now),
        "moved": rows.move(to=keep.pk, source=drop.pk),
        "united": rows.unite(to=keep, source=drop),
        "types": rows.stored(Types, contact=drop),
        "memberships": rows.stored(EntityMembership, contact=drop),
        "trail": _take_trail(drop.pk, keep.pk),
    }
    drop.delete()
    Contact.objects.filter(pk=keep.pk).update(**columns, updated_at=Now())
    FormerAddress.objects.update_or_create(email=goes, defaults={"contact": keep})
    kept = Contact.objects.get(pk=keep.pk)
    record["former"] = goes
    record["made"] = permission.apply(contact=kept, strictest=strictest, dropped=_name(record["dropped"]), now=now)
    record["merged"] = rows.stored(Contact, pk=keep.pk)[0]
    done = ContactMerge.objects.create(
        kept=kept,
        kept_key=keep.pk,
        dropped_key=drop_key(record),
        dropped_name=_name(record["dropped"])[:320],
        choices=dict(choices),
        record=record,
        at=now,
        by=by,
    )
    leave_word(done, by, "contacts_merged", now)
    return done


def drop_key(record: Mapping[str, Any]) -> UUID:
    return UUID(record["dropped"]["id"])


def write_nothing_down() -> None:
    """The trail gets one entry for the whole of it, instead of one for every row that goes over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('contactflow.actor', '', true)")


def _locked(keep: UUID, drop: UUID) -> tuple[Contact, Contact]:
    """Contacts, workflows, steps; at last, fully, the one that goes: the order in which everybody locks.

    Weakly at first, because whoever works on a step may still add a row that points at the contact.
    """
    if keep == drop:
        raise NotPossible("This is the same person: choose another one.")
    list(Contact.objects.filter(pk__in=(keep, drop)).select_for_update(no_key=True).order_by("pk").values_list("pk"))
    workflows.hold(contacts=(keep, drop))
    list(Contact.objects.filter(pk=drop).select_for_update().values_list("pk"))
    found = {row.pk: row for row in Contact.objects.filter(pk__in=(keep, drop)).select_related("status", "lead_source")}
    if len(found) < 2:
        raise NotPossible("One of the two is gone, perhaps merged by a colleague just now. Look for the person again.")
    return found[keep], found[drop]


def _take_trail(source: UUID, to: UUID) -> list[int]:
    """What staff changed about the one who goes is told of the one who stays, and not forgotten."""
    entries = AuditEntry.objects.filter(contact_key=source)
    ids = list(entries.values_list("pk", flat=True))
    entries.update(contact_key=to)
    return ids


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['first_name']} {row['last_name']}".strip() or str(row["email"])


def leave_word(done: ContactMerge, by: User, kind: str, now: dt.datetime) -> None:
    """For the person's timeline, and for the trail of what staff changed."""
    before, after = done.record["kept"], done.record["merged"]
    if kind != "contacts_merged":
        before, after = after, before
    left_out = ("updated_at", "created_at", "email_typed", "last_interaction_at")
    changes = {key: [before[key], after[key]] for key in before if key not in left_out and before[key] != after[key]}
    ContactEvent.objects.create(
        contact=done.kept,
        kind=kind,
        source=ContactEvent.Source.ADMIN,
        event_key=f"{kind}:{uuid.uuid4().hex}",
        payload={"with": done.dropped_name},
        processed_at=now,  # there is nothing to start
    )
    AuditEntry.objects.create(
        user=by,
        actor=by.get_username()[:150],
        table=Contact._meta.db_table,
        object_id=str(done.kept_id),
        label=_name(after)[:300],
        verb=AuditEntry.Verb.CHANGED,
        changes={kind: ["", done.dropped_name], **changes},
        contact_key=done.kept_id,
    )
