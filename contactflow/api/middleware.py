"""What happens to a request of the API before anybody looks at it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from contactflow.api import problems


class ApiRequestMiddleware:
    """Refuses bodies that come in chunks, of which Django would find an empty one, and adds the closing slash.

    Addresses work with and without it, without a redirect: a POST would lose its body. So this stands before
    CommonMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(problems.OURS):
            if "Transfer-Encoding" in request.headers:
                return problems.answer(411, "Send the body whole, with Content-Length, instead of in chunks.")
            if not request.path_info.endswith("/"):
                request.path_info += "/"
        return self.get_response(request)
