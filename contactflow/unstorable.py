"""What no text in the database can hold (the character NUL) is refused at the door of the admin, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import reverse

NUL = "\0"
SAID = (
    "This address or form holds an invisible character (NUL) that cannot be stored or searched for. "
    "Go back, type the words anew instead of pasting them, and try again."
)


class UnstorableMiddleware:
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
        return HttpResponseBadRequest(SAID, "text/plain; charset=utf-8") if any(NUL in text for text in texts) else None
