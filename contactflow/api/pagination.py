"""Pages that stay fast and stable however long the list: each begins after the last row of the one before."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, cast

from django.core.exceptions import ValidationError as InvalidValue
from django.db.models import F, Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

SIZE = 50
MAX_SIZE = 200
COUNTED_UP_TO = 10_000
PARAMETERS = ("cursor", "page_size", "limit")


class Pages(BasePagination):
    """`{count?, next, previous, results}`. The view's `page_by` names the columns: all ascending, or all descending.

    `count` is given with the first page, where counting is cheap.
    """

    def paginate_queryset(  # type: ignore[override]  # our lists are querysets
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.url = request.build_absolute_uri()
        self.columns: Sequence[str] = view.page_by
        size = _size(request)
        position = request.query_params.get("cursor")
        self.count = None if position else _cheap_count(queryset)
        backwards, values = _read(position, queryset.model, self.columns) if position else (False, None)
        rows = self._rows(queryset, values, backwards)[: size + 1]
        return self._page(list(rows), size, backwards=backwards, began_inside=values is not None)

    def get_paginated_response(self, data: Any) -> Response:
        counted = {} if self.count is None else {"count": self.count}
        return Response({**counted, "next": self.next, "previous": self.previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "count": {
                    "type": "integer",
                    "description": f"All results; with the first page, where they are {COUNTED_UP_TO:,} or fewer.",
                },
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": SIZE}
        return [
            _parameter("cursor", {"type": "string"}, "Where the page begins: follow `next` and `previous`."),
            _parameter("page_size", size, "How many results a page has."),
            _parameter("limit", size, "Another name for page_size."),
        ]

    def _rows(self, queryset: QuerySet[Any], values: list[Any] | None, backwards: bool) -> QuerySet[Any]:
        descending = self.columns[0].startswith("-")
        names = [column.removeprefix("-") for column in self.columns]
        downwards = descending != backwards
        if values is not None:
            compare = TupleLessThan if downwards else TupleGreaterThan
            queryset = queryset.filter(compare(Tuple(*(F(name) for name in names)), values))
        return queryset.order_by(*(f"-{name}" if downwards else name for name in names))

    def _page(self, rows: list[Any], size: int, *, backwards: bool, began_inside: bool) -> list[Any]:
        more = len(rows) > size
        rows = rows[:size]
        if backwards:
            rows.reverse()
        has_next, has_previous = (bool(rows), more) if backwards else (more, began_inside and bool(rows))
        self.next = self._link(rows[-1], backwards=False) if has_next else None
        self.previous = self._link(rows[0], backwards=True) if has_previous else None
        return rows

    def _link(self, row: Any, *, backwards: bool) -> str:
        values = [_plain(row, column.removeprefix("-")) for column in self.columns]
        text = json.dumps([int(backwards), *values], separators=(",", ":"))
        return replace_query_param(self.url, "cursor", base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))


def _size(request: Request) -> int:
    size = SIZE
    for name in ("limit", "page_size"):
        given = request.query_params.get(name)
        if given is None:
            continue
        if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= MAX_SIZE):
            raise ValidationError({name: [f"Give a whole number from 1 to {MAX_SIZE}."]})
        size = int(given)
    return size


def _cheap_count(queryset: QuerySet[Any]) -> int | None:
    counted = queryset.order_by()[: COUNTED_UP_TO + 1].count()
    return counted if counted <= COUNTED_UP_TO else None


def _read(cursor: str, model: type[Model], columns: Sequence[str]) -> tuple[bool, list[Any]]:
    try:
        backwards, *texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if backwards not in (0, 1) or len(texts) != len(columns) or not all(isinstance(text, str) for text in texts):
            raise ValueError
        return bool(backwards), [_value(model, name, text) for name, text in zip(columns, texts, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, InvalidValue):
        raise ValidationError({"cursor": ["This is no cursor of ours: follow the links next and previous."]}) from None


def _value(model: type[Model], column: str, text: str) -> Any:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError
    field = cast("Field[Any, Any]", model._meta.get_field(column.removeprefix("-")))
    value = field.to_python(text)
    if value is None:
        raise ValueError
    # PostgreSQL knows offsets below 16 hours only.
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value


def _plain(row: Any, name: str) -> str:
    value = getattr(row, name)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
