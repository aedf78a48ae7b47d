"""The content security policy: strict everywhere, loosened under /admin/ as far as the admin's own scripts need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

DATA = ("application/json", "application/problem+json")


class PolicyMiddleware(CSPMiddleware):
    """Replaces the directives of ADMIN_CONTENT_SECURITY_POLICY for pages of the admin, and for nothing else."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Data loads nothing, whatever shows it."""
        if response.headers.get("Content-Type", "").partition(";")[0] in DATA:
            response.headers.setdefault(HEADER, "default-src 'none'; frame-ancestors 'none'")
            return response
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        if not report_only and request.path_info.startswith(reverse("admin:index")):
            parts.replace = settings.ADMIN_CONTENT_SECURITY_POLICY | (parts.replace or {})
        return parts
