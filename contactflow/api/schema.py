"""The OpenAPI schema, with what it says beside the views (errors, repeated requests, addresses), and its pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from contactflow.api import problems, samples

PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what went wrong and what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "Messages by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
MEANINGS = {
    HTTPStatus.BAD_REQUEST: "The request is malformed or a field is wrong; `errors` says which.",
    HTTPStatus.UNAUTHORIZED: "The key is missing, unknown or revoked.",
    HTTPStatus.FORBIDDEN: "The key's scope or the account's permissions do not allow it.",
    HTTPStatus.NOT_FOUND: "There is no such thing.",
    HTTPStatus.CONFLICT: "The state does not allow it, or a request with this Idempotency-Key is under way.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 1 MiB.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not application/json.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The Idempotency-Key was used for another request.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests with an intake key; Retry-After says when to try again.",
}
ON_EVERY = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
WITH_A_BODY = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
ON_POST = {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
SECTIONS = {
    "workflow-templates": "Workflows",
    "workflow-instances": "Executions",
    "scheduled-actions": "Scheduled steps",
    "messages": "Sent mail",
    "suppressions": "Suppressed addresses",
}
"""What the desk calls the resources whose addresses say something else."""
ALONE = 5 * 60  # seconds for which a process answers the schema from memory: making it takes a while
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body within a day is done once and answered the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular."""
    samples.complete(result["components"]["schemas"])
    result["components"]["schemas"]["Problem"] = PROBLEM
    result["paths"] = {_promised(path): operations for path, operations in result["paths"].items()}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _complete_operation(path, method, operation)
    return result


def _promised(path: str) -> str:
    """Both forms work; each kind of address is written as it is promised."""
    return path.rstrip("/") if path.startswith("/contact-workflows/") else path


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    operation["tags"] = [SECTIONS.get(tag, tag.replace("-", " ").capitalize()) for tag in operation["tags"]]
    statuses = set(ON_EVERY)
    if "{" in path:
        statuses.add(HTTPStatus.NOT_FOUND)
    if method in ("post", "put", "patch"):
        statuses |= WITH_A_BODY
    if method == "post":
        statuses |= ON_POST
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if path == "/contact-workflows/new-contact":
        statuses.add(HTTPStatus.TOO_MANY_REQUESTS)
    for status in sorted(statuses):
        operation["responses"].setdefault(str(int(status)), _response(MEANINGS[status]))
    operation["responses"]["default"] = _response("Any other problem.")


def _response(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {problems.CONTENT_TYPE: {"schema": schema}}}


@method_decorator(cache_page(ALONE), name="dispatch")
class Schema(SpectacularAPIView):
    """Public: it describes the API and holds no data."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()


@method_decorator(csp_update({"style-src": [UNSAFE_INLINE]}), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """The pages of the schema. Swagger UI styles its elements in place, which this page alone may do."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
