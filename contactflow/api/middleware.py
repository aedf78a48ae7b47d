"""What happens to a request of the API before anybody looks at it.

Addresses work with and without a closing slash, without a redirect: a POST would lose its body.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from contactflow.api import problems


class ClosingSlashMiddleware:
    """Adds the slash before anybody looks the address up. Stands before CommonMiddleware, which would redirect."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(problems.OURS) and not request.path_info.endswith("/"):
            request.path_info += "/"
        return self.get_response(request)


class LengthMiddleware:
    """Refuses bodies that come in chunks: Django reads none of them, and would find an empty one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(problems.OURS) and "Transfer-Encoding" in request.headers:
            return problems.answer(411, "Send the body whole, with Content-Length, instead of in chunks.")
        return self.get_response(request)
