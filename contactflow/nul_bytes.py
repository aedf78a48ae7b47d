"""What nobody can have meant is refused by the admin in words: the character NUL, which no text in the database can
hold, and rows or filters named by something that names none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import reverse

logger = logging.getLogger(__name__)

NUL = "\0"
SAID = (
    "This address or form holds an invisible character (NUL) that cannot be stored or searched for. "
    "Go back, type the words anew instead of pasting them, and try again."
)
MEANT_NOTHING = (
    "Part of this address or form names something in a way nothing is called here. Go back and choose it anew."
)
PLAIN = "text/plain; charset=utf-8"


class NulBytesMiddleware:
    """After the check of the form's token, so that only forms of ours are read. The API judges its own bodies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        if not request.path_info.startswith(reverse("admin:index")):
            return None
        if NUL in request.path_info:
            raise Http404
        sent = [request.GET, request.POST] if request.method == "POST" else [request.GET]
        texts = (text for data in sent for name, values in data.lists() for text in (name, *values))
        return HttpResponseBadRequest(SAID, PLAIN) if any(NUL in text for text in texts) else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django itself asks the database for whatever id an address gives (a select box, a filter of an export)."""
        is_ours = request.path_info.startswith(reverse("admin:index"))
        if not is_ours or not isinstance(exception, ValidationError | IncorrectLookupParameters):
            return None
        logger.warning("an address or form was not understood: %s", type(exception).__name__)
        return HttpResponseBadRequest(MEANT_NOTHING, PLAIN)
