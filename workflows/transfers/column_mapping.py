"""Which column fills which field: guessed, remembered for the source, and chosen by a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db.models.functions import Now

from contacts.imports import Columns
from contacts.imports.columns import CUSTOM, EMAIL, IGNORE
from workflows.models import ImportRun, SavedMapping
from workflows.transfers.contact_columns import FIELD_NAMES

MAX_NAME = 100
CHOICES: Final = (
    (IGNORE, "Do not import"),
    *FIELD_NAMES.items(),
    (CUSTOM, "A custom field named …"),
)


@dataclass
class Choice:
    """What a person chose, and what is wrong with it, by column."""

    fields: list[str]
    errors: dict[int, str] = field(default_factory=dict)
    missing: str = ""

    @property
    def is_valid(self) -> bool:
        return not self.errors and not self.missing


def proposed(run: ImportRun) -> tuple[str, ...]:
    """As it was the last time this source brought these columns, else what the names suggest."""
    return remembered(run) or Columns.guessed(run.header).fields


def remembered(run: ImportRun) -> tuple[str, ...] | None:
    saved = SavedMapping.objects.filter(source__iexact=run.source, header_digest=_digest(run.header)).first()
    if saved is None:
        return None
    # Two columns may have one name: the first of them fills what the first filled, and so on.
    known: dict[str, list[str]] = {}
    for name, chosen in zip(saved.header, saved.fields, strict=True):
        known.setdefault(_plain(name), []).append(chosen)
    return tuple(known[_plain(name)].pop(0) for name in run.header)


def remember(run: ImportRun) -> None:
    SavedMapping.objects.update_or_create(
        source=run.source,
        header_digest=_digest(run.header),
        defaults={"header": run.header, "fields": run.fields, "used_at": Now()},
    )


def sources() -> list[str]:
    """The names people gave their sources so far, the last used first."""
    return list(dict.fromkeys(SavedMapping.objects.order_by("-used_at").values_list("source", flat=True)[:100]))[:20]


def judge(*, header: Sequence[str], picked: Sequence[str], names: Sequence[str]) -> Choice:
    """`picked` has for each column a field, "custom:" or nothing; `names` what the custom field is to be called."""
    allowed = {value for value, _ in CHOICES}
    choice = Choice(fields=[])
    first: dict[str, int] = {}
    for position, (value, name) in enumerate(zip(picked, names, strict=True)):
        chosen = f"{CUSTOM}{' '.join(name.split())}" if value == CUSTOM else value
        choice.fields.append(chosen)
        if value not in allowed:
            choice.errors[position] = "Choose one of the fields in the list."
        elif chosen == CUSTOM:
            choice.errors[position] = "Give the custom field a name, such as Favourite artist."
        elif len(chosen) > MAX_NAME + len(CUSTOM):
            choice.errors[position] = f"The name may have {MAX_NAME} characters at most."
        elif chosen and chosen.casefold() in first:
            other = header[first[chosen.casefold()]] or f"column {first[chosen.casefold()] + 1}"
            choice.errors[position] = f"“{other}” fills this field already. Choose another field, or do not import one."
        elif chosen:
            first[chosen.casefold()] = position
    if EMAIL not in choice.fields:
        choice.missing = "Choose the column with the email address: it tells who is who."
    return choice


def _digest(header: Sequence[str]) -> str:
    """The same for the same names, in whatever order; upper and lower case make no difference."""
    names = sorted(_plain(name) for name in header)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
