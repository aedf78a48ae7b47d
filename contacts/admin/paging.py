"""Pages of long lists, without counting millions of rows to know how many there are."""

from __future__ import annotations

from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import QuerySet

COUNT_UP_TO = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at runtime
    """Counts so far and no further; whoever looks for more searches or filters."""

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNT_UP_TO)

    @property
    def is_cut(self) -> bool:
        return self._counted > COUNT_UP_TO

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        return rows.order_by()[: COUNT_UP_TO + 1].count() if isinstance(rows, QuerySet) else len(rows)
