"""A filtered list as CSV: streamed, so that a long one takes no more memory than a short one."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from contactflow.core.admin.model_admin import BaseAdmin, page
from contacts.imports import cells

LIMIT = 100_000
CHUNK = 2_000
Columns = Sequence[tuple[str, Callable[[Any], object]]]


def defused(value: object) -> str:
    """What a spreadsheet shows as it is, never calculates; moments in the reader's zone."""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S%z")
    return cells.defused(value)


def answer(rows: QuerySet[Any], columns: Columns, *, name: str) -> StreamingHttpResponse:
    return streamed(_table(rows, columns), name=f"{name}-{timezone.localdate():%Y-%m-%d}")


def streamed(table: Iterable[Sequence[object]], *, name: str) -> StreamingHttpResponse:
    """Row by row, as CSV that spreadsheets read as UTF-8."""
    writer = csv.writer(Echo())
    lines = itertools.chain(["\ufeff"], map(writer.writerow, table))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{name}.csv")
    response["Cache-Control"] = "private, no-store"
    return response


class Echo:
    """Gives what csv writes to it back at once."""

    def write(self, line: str) -> str:
        return line


def _table(rows: QuerySet[Any], columns: Columns) -> Iterator[Sequence[object]]:
    yield [heading for heading, _ in columns]
    for count, row in enumerate(rows[: LIMIT + 1].iterator(chunk_size=CHUNK)):
        if count == LIMIT:
            yield [f"Cut here, after {LIMIT:,} lines. Narrow the filters to get the rest."]
            return
        yield [defused(cell(row)) for _, cell in columns]


class DownloadableList(BaseAdmin):
    """Before an admin: lists often looked for, and the download of the list as it is filtered, stand above it."""

    shortcuts: ClassVar[tuple[tuple[str, str], ...]]
    columns: ClassVar[Columns]
    file_name: ClassVar[str]
    list_before_template = "admin/workflows/runs_above.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        mine = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        place, download = reverse(f"{mine}_changelist"), reverse(f"{mine}_export")
        query = request.GET.urlencode()
        above = {
            "shortcuts": [
                {"name": name, "address": f"{place}?{wanted}" if wanted else place, "is_current": query == wanted}
                for name, wanted in self.shortcuts
            ],
            "export_address": f"{download}?{query}" if query else download,
        }
        return super().changelist_view(request, {**above, **(extra_context or {})})

    @page("export/")
    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """The rows of the list with its filters, search and order, on all its pages."""
        asked: Any = request.GET.copy()
        asked.pop(PAGE_VAR, None)
        request.GET = asked
        rows: QuerySet[Any] = self.get_changelist_instance(request).get_queryset(request)
        return answer(rows, self.columns, name=self.file_name)
