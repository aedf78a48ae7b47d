"""What a merge would do, in words, before anybody says yes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contacts import cleaning
from contacts.contact_merge import permission, rows, values
from contacts.contact_merge.values import Choice
from contacts.models import BusinessEntity, Contact
from notion_bridge import link_merge
from workflows import contact_merge as workflows

UNSAID = ("former address", "former addresses", "merge of contacts", "merges of contacts")
EVERYWHERE = "any brand"
PLAIN = {
    "contact event": "entry of what arrived",
    "contact events": "entries of what arrived",
    "consent": "word on permission",
    "consents": "words on permission",
    "workflow instance": "workflow",
    "workflow instances": "workflows",
    "message": "email",
    "messages": "emails",
}


@dataclass(frozen=True)
class Preview:
    choices: list[Choice]
    united: list[tuple[str, str]]
    """Label and value of what both have together."""
    moves: str
    cancels: list[str]
    permission: list[str]
    address: str
    notion: str


def preview(*, keep: Contact, drop: Contact, choices: Mapping[str, str]) -> Preview:
    """Reads only; what the database holds when the merge is confirmed is judged once more then."""
    merged = values.merged(keep=keep, drop=drop, chosen=choices)
    stays = merged["email"]
    goes = drop.email if stays == keep.email else keep.email
    return Preview(
        choices=values.choices(keep=keep, drop=drop, chosen=choices),
        united=list(_united(keep, drop)),
        moves=_moves(drop),
        cancels=list(_cancels(keep, drop)),
        permission=list(_permission(keep, drop, stays)),
        address=f"{goes} stays known: whoever arrives with it is this person, and nothing is sent to it.",
        notion=link_merge.foresee(keep=keep, drop=drop),
    )


def _united(keep: Contact, drop: Contact) -> Iterable[tuple[str, str]]:
    types = [kind.name for contact in (keep, drop) for kind in contact.contact_types.order_by("position")]
    brands = [
        row.business_entity.name for one in (keep, drop) for row in one.memberships.select_related("business_entity")
    ]
    yield "Contact types", ", ".join(dict.fromkeys(types))
    yield "Brands", ", ".join(dict.fromkeys(brands))
    yield "Tags", ", ".join(cleaning.united(keep.tags, drop.tags))
    yield "Interests", ", ".join(cleaning.united(keep.interests, drop.interests))
    custom = {**drop.custom, **keep.custom}
    yield "Custom fields", ", ".join(f"{name}: {value}" for name, value in custom.items())
    if keep.notes.strip() and drop.notes.strip() and drop.notes.strip() not in keep.notes:
        yield "Notes", "of both, below each other"


def _moves(drop: Contact) -> str:
    parts = [f"{number} {PLAIN.get(name, name)}" for name, number in rows.counted(contact=drop) if name not in UNSAID]
    return ", ".join(parts)


def _cancels(keep: Contact, drop: Contact) -> Iterable[str]:
    planned = workflows.plan(keep=keep.pk, drop=drop.pk)
    for instance in planned.instances:
        yield f"“{instance.template}” would run twice: what is still to come of the second is cancelled."
    for action in planned.actions:
        yield f"The email “{action.template}” is due twice: only the earlier one is sent."
    for action in planned.already:
        yield f"The email “{action.template}” went to one of the two already: it is not sent again."


def _permission(keep: Contact, drop: Contact, address: str) -> Iterable[str]:
    if keep.status.blocks_contact != drop.status.blocks_contact:
        status = keep.status if keep.status.blocks_contact else drop.status
        yield f"{status} holds for the person from now on."
    found = permission.strictest(keep=keep, drop=drop, address=address)
    brands = BusinessEntity.objects.in_bulk([brand for brand, _ in found.withdrawals if brand is not None])
    for brand, channel in found.withdrawals:
        name = brands[brand].name if brand is not None else EVERYWHERE
        yield f"No {channel} from {name} from now on: one of the two withdrew it."
    if found.suppression is not None:
        reason = found.suppression.get_reason_display().lower()
        yield f"{address} is blocked as well, because the other address is ({reason})."
