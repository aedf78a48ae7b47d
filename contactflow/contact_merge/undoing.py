"""Taking a merge back: what was not changed since returns to how it was."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from contactflow.contact_merge.merging import NotPossible, Types, drop_key, leave_word, write_nothing_down
from contactflow.models import AuditEntry, ContactMerge
from contacts import addresses
from contacts.contact_merge import rows
from contacts.models import Contact, EntityMembership, FormerAddress
from notion_bridge import link_merge
from workflows import contact_merge as workflows

NEVER_BACK = ("id", "updated_at")


@dataclass(frozen=True)
class Undone:
    merge: ContactMerge
    remarks: list[str]
    """What did not return, and why."""


def why_not(*, merge: ContactMerge) -> str:
    """A sentence that says why the merge cannot be taken back; empty where it can."""
    if merge.undone_at is not None:
        return "This merge was undone already."
    if merge.kept_id != merge.kept_key:
        return f"The person was merged again since, into {merge.kept}. Undo that merge first."
    later = ContactMerge.objects.filter(kept=merge.kept_id, kept_key=merge.kept_key, undone_at=None, at__gt=merge.at)
    if (newer := later.order_by("-at").first()) is not None:
        return f"The person was merged with {newer.dropped_name} since. Undo that merge first."
    dropped, merged = merge.record["dropped"], merge.record["merged"]
    if merge.kept.email == dropped["email"] != merged["email"]:
        return f"{merge.kept} was given the address of {merge.dropped_name} since. Give them another one first."
    taken = addresses.holders(emails=[dropped["email"], merge.record["kept"]["email"]]).exclude(pk=merge.kept_id)
    if (owner := taken.first()) is not None:
        return f"{owner} has an address of one of the two by now. Give that contact another one first."
    return ""


@transaction.atomic
def undo(*, merge: ContactMerge, by: User, now: dt.datetime) -> Undone:
    """Bring back who went. Raises NotPossible with the sentence of `why_not`."""
    Contact.objects.filter(pk=merge.kept_id).select_for_update(no_key=True).first()
    workflows.hold(contacts=(merge.kept_id,))
    merge = ContactMerge.objects.select_for_update(of=("self",)).select_related("kept").get(pk=merge.pk)
    if reason := why_not(merge=merge):
        raise NotPossible(reason)
    write_nothing_down()
    keep, drop, record = merge.kept_id, drop_key(merge.record), merge.record
    FormerAddress.objects.filter(contact=keep, email=record["former"]).delete()
    remarks = _return_values(merge)
    rows.made_again(Contact, [record["dropped"]])
    _take_back_words(record["made"])
    rows.made_again(Types, record["types"])
    rows.made_again(EntityMembership, record["memberships"])
    rows.part(to=drop, source=keep, united=record["united"])
    rows.move_back(to=drop, source=keep, moved=record["moved"])
    workflows.restore_keys(keys=record["keys"])
    remarks += workflows.begin_again(record=record["cancelled"], actor=by.get_username(), now=now)
    remarks += [
        sentence for sentence in [link_merge.part(record=record["notion"], keep=keep, drop=drop, now=now)] if sentence
    ]
    AuditEntry.objects.filter(pk__in=record["trail"], contact_key=keep).update(contact_key=drop)
    Contact.objects.filter(pk__in=(keep, drop)).update(updated_at=Now())
    ContactMerge.objects.filter(pk=merge.pk).update(undone_at=now, undone_by=by)
    leave_word(merge, by, "merge_undone", now)
    return Undone(merge, remarks)


def _return_values(merge: ContactMerge) -> list[str]:
    """Every value that is still the merged one becomes what it was; what was changed since stays."""
    before, merged = merge.record["kept"], merge.record["merged"]
    (now_is,) = rows.stored(Contact, pk=merge.kept_id)
    changed = [name for name in before if name not in NEVER_BACK and before[name] != merged[name]]
    returning = [name for name in changed if now_is.get(name) == merged[name]]
    rows.write_back(Contact, pk=merge.kept_id, values={name: before[name] for name in returning})
    kept = [_label(name) for name in changed if name not in returning and name in now_is]
    return [f"Changed since the merge, and therefore left as it is: {', '.join(kept)}."] if kept else []


def _take_back_words(made: dict[str, list[str]]) -> None:
    """What the merge itself forbade."""
    models: dict[str, Any] = {model._meta.db_table: model for model in apps.get_app_config("contacts").get_models()}
    for table, ids in made.items():
        models[table]._base_manager.filter(pk__in=ids).delete()


def _label(column: str) -> str:
    return column.removesuffix("_id").replace("_", " ")
