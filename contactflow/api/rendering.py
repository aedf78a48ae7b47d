"""What staff see of the API in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request

PROBLEM = "application/problem+json"


class StaffPages(BrowsableAPIRenderer):
    """HTML for staff; everybody else gets JSON, whatever they asked for."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = dict(renderer_context or {})
        if getattr(context["request"].user, "is_staff", False):
            return super().render(data, accepted_media_type, context)
        response = context["response"]
        failed = response.status_code >= 400
        response["Content-Type"] = PROBLEM if failed else JSONRenderer.media_type
        return JSONRenderer().render(data, JSONRenderer.media_type, context)

    def get_context(self, *args: Any, **kwargs: Any) -> Any:
        """Without colours for code: they would need a style in the page, which the site's policy forbids."""
        return {**super().get_context(*args, **kwargs), "code_style": ""}

    def get_rendered_html_form(self, data: Any, view: Any, method: str, request: Request) -> Any:
        """No form but the raw JSON one: bodies are JSON."""
        return super().get_rendered_html_form(data, view, method, request) if method == "DELETE" else None
