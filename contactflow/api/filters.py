"""Query parameters of lists: a misspelt filter is refused, because ignoring it would answer everything."""

from __future__ import annotations

from typing import Any

from django.core.handlers.wsgi import get_bytes_from_wsgi
from django.db.models import QuerySet
from django.http import QueryDict
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from contactflow.api import pagination

EVERYWHERE = (*pagination.PARAMETERS, "format")


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # the package is untyped
    """django-filter, naming the parameters a list knows where it is given another one."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filterset = self.get_filterset_class(view, queryset)
        if getattr(view, "detail", False) or filterset is None:
            return queryset
        _refuse_unknown(request, tuple(filterset.base_filters))
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered

    def get_filterset_kwargs(self, request: Request, queryset: QuerySet[Any], view: Any) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_filterset_kwargs(request, queryset, view)
        typed = get_bytes_from_wsgi(request.META, "QUERY_STRING", "").replace(b"+", b"%2B")
        data, as_typed = request.query_params.copy(), QueryDict(typed)
        for name, one in self.get_filterset_class(view, queryset).base_filters.items():
            if getattr(one, "is_plus_meant", False) and name in data:
                data.setlist(name, [value.rstrip("+") for value in as_typed.getlist(name)])
        return kwargs | {"data": data}


def _refuse_unknown(request: Request, filters: tuple[str, ...]) -> None:
    allowed = (*filters, *EVERYWHERE)
    unknown = [name for name in request.query_params if name not in allowed]
    if unknown:
        message = f"Unknown parameter. Allowed: {', '.join(allowed)}."
        raise ValidationError({name[:100]: [message] for name in unknown[:20]})
