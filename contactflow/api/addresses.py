"""Addresses of the API work with and without a closing slash, without a redirect: a POST would lose its body."""

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
