"""Every error as application/problem+json (RFC 9457): what went wrong, and what to do, field by field."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.template import loader
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from contactflow.api import rendering
from contacts.intake import IntakeError
from workflows.controls import NotPossible
from workflows.entrypoints import UnknownWorkflow

CONTENT_TYPE = rendering.PROBLEM
logger = logging.getLogger(__name__)
OURS = ("/api/", "/contact-workflows/")  # addresses whose errors are problems, never pages

DATABASE_GONE = (OperationalError, InterfaceError, InternalError)  # the last while it takes nothing but reading

TOO_LARGE = "The body is larger than 1 MiB (1,048,576 bytes): send less at a time."
NO_ADDRESS = "There is nothing at this address. /api/docs/ lists what there is."


class TooLarge(exceptions.APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = TOO_LARGE


class Unavailable(exceptions.APIException):
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "The database does not answer: try again in a moment."
    wait = 5


class Conflict(exceptions.APIException):
    status_code = HTTPStatus.CONFLICT


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's exception handler: a problem for what is anticipated, None (a logged 500) for the rest."""
    known = _translate(error)
    if known is None:
        return None
    set_rollback()
    response = Response(body(known), status=known.status_code, headers=_headers(known))
    renderer = getattr(context.get("request"), "accepted_renderer", None)
    if renderer is None or renderer.format != "api":  # the pages for staff are HTML, also where they show a problem
        response.content_type = CONTENT_TYPE
    return response


def body(error: exceptions.APIException) -> dict[str, object]:
    """The members of a problem; `errors` maps each field to its messages."""
    problem = document(error.status_code, "")
    if isinstance(error, exceptions.ValidationError):
        errors = by_field(error.detail)
        problem["errors"] = errors
        problem["detail"] = f"Correct {', '.join(errors)}: {next(iter(errors.values()))[0]}"
    else:
        problem["detail"] = str(error.detail)
    return problem


def document(status: int, detail: str) -> dict[str, object]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": detail}


def answer(status: int, detail: str, **headers: str) -> JsonResponse:
    """A problem from outside REST framework's views."""
    return JsonResponse(document(status, detail), status=status, content_type=CONTENT_TYPE, headers=headers)


def by_field(detail: object) -> dict[str, list[str]]:
    """{field: [message]}, whatever the nesting: messages from inside a list or an object say where."""
    if not isinstance(detail, Mapping):
        return {"body": _messages(detail)}
    return {
        "body" if field == "non_field_errors" else str(field): _messages(nested) for field, nested in detail.items()
    }


@csrf_exempt  # or a POST would be answered the page about a missing token
def unknown_address(request: HttpRequest, **parts: str) -> HttpResponse:
    """Closes each of our prefixes, so that no page of another kind answers there."""
    return answer(HTTPStatus.NOT_FOUND, NO_ADDRESS)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_ours(request):
        return answer(HTTPStatus.NOT_FOUND, NO_ADDRESS)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_ours(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
    return answer(HTTPStatus.BAD_REQUEST, "The request could not be read.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's last resort, called while it handles the error: also where a middleware failed before any view."""
    error = sys.exc_info()[1]
    if isinstance(error, DATABASE_GONE):
        return unavailable(request, error)
    if _is_ours(request):
        return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "Something failed here. It was logged; try again later.")
    return defaults.server_error(request)


def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("The database does not answer: %s", type(error.__cause__).__name__)
    headers = {"Retry-After": str(Unavailable.wait)}
    if _is_ours(request):
        return answer(Unavailable.status_code, Unavailable.default_detail, **headers)
    page = loader.get_template("503.html").render()
    return HttpResponse(page, status=Unavailable.status_code, headers=headers)


def _is_ours(request: HttpRequest) -> bool:
    return request.path_info.startswith(OURS)


def _translate(error: Exception) -> exceptions.APIException | None:
    match error:
        case exceptions.APIException():
            return error
        case IntakeError():
            return exceptions.ValidationError(error.errors)
        case UnknownWorkflow():
            return exceptions.ValidationError({"workflows": [str(error)]})
        case NotPossible():
            return Conflict(str(error))
        case Http404():
            return exceptions.NotFound("There is no such thing here, or it was deleted.")
        case PermissionDenied():
            return exceptions.PermissionDenied(str(error) or None)
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation() | MultiPartParserError():
            return exceptions.ParseError("The request could not be read.")
    return _translate_database(error)


def _translate_database(error: Exception) -> exceptions.APIException | None:
    match error:
        case DataError():
            logger.warning(  # its text would show the value
                "A value passed our checks and was refused by the database: %s", type(error.__cause__).__name__
            )
            return exceptions.ParseError("A value is out of the range that can be stored.")
        case _ if isinstance(error, DATABASE_GONE):
            logger.error("The database does not answer: %s", type(error.__cause__).__name__)
            return Unavailable()
    return None


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = cast(str, auth_header)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def _messages(detail: object, where: str = "") -> list[str]:
    if isinstance(detail, Mapping):
        return [line for name, inner in detail.items() for line in _messages(inner, f"{where}{_place(name)}: ")]
    if isinstance(detail, list | tuple):
        nested = [inner for inner in detail if not _is_nothing(inner)]
        return [line for inner in nested for line in _messages(inner, where)]
    return [f"{where}{detail}"]


def _place(name: object) -> str:
    """REST framework counts the items of a list from 0; people from 1."""
    return f"item {name + 1}" if isinstance(name, int) else str(name)


def _is_nothing(detail: object) -> bool:
    return isinstance(detail, Mapping) and not detail
