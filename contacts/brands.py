"""The brand somebody looks at: chosen once in the header, kept in the session, obeyed by the lists."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from contacts.models import BusinessEntity

KEY = "brand"


def all_brands(request: HttpRequest) -> list[BusinessEntity]:
    """Asked once per request."""
    if not hasattr(request, "_brands"):
        request._brands = list(BusinessEntity.objects.order_by("position", "name"))  # type: ignore[attr-defined]  # ours
    return request._brands  # type: ignore[attr-defined,no-any-return]  # ours


def chosen(request: HttpRequest) -> BusinessEntity | None:
    """None means all brands, also when the chosen one is gone."""
    session = getattr(request, "session", None)
    key = session.get(KEY) if session is not None else None
    return next((brand for brand in all_brands(request) if brand.pk == key), None) if key else None


def choose(request: HttpRequest, name: str) -> None:
    """Keep the brand with this id; anything else means all brands."""
    known = {str(brand.pk): brand.pk for brand in all_brands(request)}
    request.session[KEY] = known.get(name)


def path_of(model: type[models.Model]) -> str:
    """How a row leads to its brand, for rows that name one themselves."""
    try:
        field = model._meta.get_field("business_entity")
    except FieldDoesNotExist:
        return ""
    return "business_entity" if field.related_model is BusinessEntity else ""


def narrow(request: HttpRequest, rows: QuerySet[Any], *, path: str | None) -> QuerySet[Any]:
    """What the choice in the header leaves of a list; `path` leads from a row to its brand (None: its own)."""
    brand, path = chosen(request), path_of(rows.model) if path is None else path
    request.listed_brand = brand if path else None  # type: ignore[attr-defined]  # ours: the page says which it shows
    asked = request.GET.get(f"{path}__id__exact")
    is_other = brand is not None and bool(asked) and asked != str(brand.pk)
    if is_other and path.endswith("business_entity") and not path.startswith("memberships"):
        return rows.none()  # only people are of two brands; the database would find that out by reading all rows
    return only(rows, brand=brand, path=path)


def only(rows: QuerySet[Any], *, brand: BusinessEntity | None, path: str) -> QuerySet[Any]:
    """The rows of the brand, and those that belong to none: they are everybody's."""
    if brand is None or not path:
        return rows
    if path.startswith("memberships"):  # a person belongs to a brand once, so no row comes twice
        return rows.filter(**{path: brand})
    return rows.filter(Q(**{path: brand}) | Q(**{f"{path}__isnull": True}))
