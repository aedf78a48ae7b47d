"""Tells the database who is at work, so that it writes down what they change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.auth.models import AbstractUser
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_SET = """
    SELECT set_config('contactflow.actor', %s, {0}), set_config('contactflow.user_id', %s, {0}),
           set_config('contactflow.path', %s, {0})
"""


@contextmanager
def acting(*, user: AbstractUser, path: str) -> Iterator[None]:
    """Whatever is changed within, on this thread's connection, is written down as done by the user."""
    _set(user.get_username(), str(user.pk), path)
    try:
        yield
    finally:
        _clear()


def for_transaction(*, user: AbstractUser, path: str) -> None:
    """What is changed before the running transaction ends is written down as done by the user."""
    _set(user.get_username(), str(user.pk), path, is_local=True)


class ActorMiddleware:
    """Names the colleague behind a request that may change something. Stands right after the authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if request.method in SAFE or not isinstance(user, AbstractUser) or not user.is_staff:
            return self.get_response(request)
        with acting(user=user, path=request.path.replace("\0", "")):
            return self.get_response(request)


def _set(*values: str, is_local: bool = False) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET.format("true" if is_local else "false"), values)


def _clear() -> None:
    """The connection goes on to other requests: one that cannot be told is closed rather than kept."""
    if connection.connection is None:
        return  # the next one begins with nobody
    try:
        _set("", "", "")
    except (DatabaseError, InterfaceError):
        connection.close()
