"""What many actions have in common, kept in memory until staff change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Model

from contacts.config_revision import Kept
from engagement.models import EngagementTemplate

# A version of an email never changes.
_JOINED: dict[type[Model], tuple[str, ...]] = {EngagementTemplate: ("current_version", "business_entity")}


class SharedRows:
    """Rows of tables that the revision of contacts.config_revision covers, read when they are first asked for."""

    def __init__(self) -> None:
        self._rows: dict[tuple[type[Model], int | None], Any] = {}

    def attach(self, owners: Sequence[Model], *names: str) -> None:
        """Give rows of one model what these foreign keys of theirs point at."""
        for name in names if owners else ():
            field: Any = owners[0]._meta.get_field(name)
            model, ids = field.related_model, [getattr(owner, field.attname) for owner in owners]
            self._read(model, set(ids) - {None})
            for owner, pk in zip(owners, ids, strict=True):
                field.set_cached_value(owner, self._rows.get((model, pk)))

    def _read(self, model: type[Model], ids: set[int]) -> None:
        if missing := [pk for pk in ids if (model, pk) not in self._rows]:
            found = model._default_manager.select_related(*_JOINED.get(model, ())).in_bulk(missing)
            self._rows |= {(model, pk): row for pk, row in found.items()}


KEPT = Kept(lambda _: SharedRows())
