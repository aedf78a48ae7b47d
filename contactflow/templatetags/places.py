"""{{ parts|as_in_sidebar }} - the names above a page, as the sidebar calls the places they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.http import HttpRequest

register = template.Library()


@register.filter
def as_in_sidebar(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Unfold begins with the application, which nobody knows; the sidebar has a group instead, or just the list."""
    from contactflow import admin_site  # noqa: PLC0415  # libraries are loaded while the admin is

    if len(parts) < 2:
        return [dict(part) for part in parts]
    found = admin_site.place_of(str(parts[1]["link"]))
    if found is None:
        return [dict(part) for part in parts]
    group, title = found
    group_first = [{"title": group, "link": ""}] if group != title else []
    return [*group_first, {**parts[1], "title": title}, *(dict(part) for part in parts[2:])]


@register.filter
def listed_as(title: str, request: HttpRequest) -> str:
    """The name of a list, as the sidebar has it; the history of one row has a name of its own."""
    from contactflow import admin_site  # noqa: PLC0415  # libraries are loaded while the admin is

    if request.GET.get("row"):
        return title
    found = admin_site.place_of(request.path)
    return found[1] if found else title
