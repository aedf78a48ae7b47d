"""Pages of long lists, without counting millions of rows to know how many there are."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from contactflow.core.statement_timeout import QueryTooSlow, statement_timeout

COUNT_UP_TO = 10_000
COUNT_FOR = 100  # milliseconds


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at runtime
    """Counts so far, for so long, and no further; whoever looks for more searches or filters."""

    def page(self, number: Any) -> Page:  # type: ignore[type-arg]  # not subscriptable at runtime
        """First which rows, mostly from an index alone; then only those are read as a whole."""
        found = super().page(number)
        if isinstance(self.object_list, QuerySet):
            part: Any = found.object_list
            found.object_list = self.object_list.filter(pk__in=list(part.values_list("pk", flat=True)))
        return found

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNT_UP_TO)

    @property
    def is_cut(self) -> bool:
        return self._counted > COUNT_UP_TO

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        try:
            with statement_timeout(milliseconds=COUNT_FOR):
                return rows.order_by()[: COUNT_UP_TO + 1].count()
        except QueryTooSlow:  # few that fit among very many: the first of them are shown all the same
            return COUNT_UP_TO + 1
