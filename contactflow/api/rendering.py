"""What staff see of the API in a browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request

from contactflow.api import samples

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

    def get_raw_data_form(self, data: Any, view: Any, method: str, request: Request) -> Any:
        """Begins with a sample of what the view takes, instead of with nothing or with what it answers."""
        form = super().get_raw_data_form(data, view, method, request)
        body = _body_of(view, method) if method == "POST" else None
        if form is not None and isinstance(body, type):
            form.initial["_content"] = json.dumps(samples.of(body().fields), indent=4)
        return form

    def get_rendered_html_form(self, data: Any, view: Any, method: str, request: Request) -> Any:
        """No form but the raw JSON one: bodies are JSON."""
        return super().get_rendered_html_form(data, view, method, request) if method == "DELETE" else None


def _body_of(view: Any, method: str) -> Any:
    """The serializer that the view's method is described with, for what it takes."""
    verb = method.lower()
    handler = getattr(view, getattr(view, "action_map", {}).get(verb, verb), None)
    described = getattr(handler, "kwargs", {}).get("schema")
    if described is None:
        return None
    schema = described()
    schema.view, schema.method = view, method
    return schema.get_request_serializer()
