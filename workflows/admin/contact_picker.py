"""Choosing a contact on a page of workflows: a search that answers while one types."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from contacts.models import Contact

SHORTEST, MOST = 2, 8


def find(request: HttpRequest) -> HttpResponse:
    """Up to eight people whose name, address or company has what was typed, each a link to the page that asked."""
    if not request.user.has_perm("contacts.view_contact"):
        raise PermissionDenied
    asked = " ".join(request.GET.get("person", "").split())
    others = request.GET.copy()
    for name in ("person", "contact"):
        others.pop(name, None)
    context = {
        "asked": asked,
        "is_short": len(asked) < SHORTEST,
        "people": Contact.objects.search(asked)[:MOST] if len(asked) >= SHORTEST else [],
        "rest": others.urlencode(),
        "page": _page_of(request),
    }
    return TemplateResponse(request, "admin/workflows/people.html", context)


def _page_of(request: HttpRequest) -> str:
    """The page that asked, as htmx names it: only its path, never another server."""
    path = request.headers.get("HX-Current-URL", "").partition("?")[0].partition("://")[2].partition("/")[2]
    return f"/{path}" if path.startswith("admin/") else ""
