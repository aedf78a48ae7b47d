"""Callers of the API: one per scope, and staff in the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # Django has no apps yet when pytest reads this file
    from tests.api.caller import Caller


@pytest.fixture(autouse=True)
def forget_noted_keys() -> None:
    from contactflow.api import keys

    keys._noted.clear()


@pytest.fixture
def caller(db: None) -> Callable[[str | None], Caller]:
    from django.test import Client

    from contactflow.models import ApiKey
    from tests.api.caller import Caller

    def make(scope: str | None) -> Caller:
        plaintext = ApiKey.objects.issue(name=f"the {scope} key", scope=scope)[1] if scope else None
        return Caller(plaintext, Client(raise_request_exception=False, enforce_csrf_checks=True))

    return make


@pytest.fixture
def operator(caller: Callable[[str | None], Caller]) -> Caller:
    return caller("operate")


@pytest.fixture
def reader(caller: Callable[[str | None], Caller]) -> Caller:
    return caller("read")


@pytest.fixture
def form(caller: Callable[[str | None], Caller]) -> Caller:
    """A public web form, with a key of scope intake."""
    return caller("intake")


@pytest.fixture
def nobody(caller: Callable[[str | None], Caller]) -> Caller:
    return caller(None)


@pytest.fixture
def staff(db: None) -> Callable[..., Caller]:
    """A colleague in the browser, with the permissions named."""
    from django.contrib.auth.models import Permission
    from django.test import Client

    from tests import factories
    from tests.api.caller import Caller

    def make(*permissions: str, enforce_csrf_checks: bool = False, **fields: Any) -> Caller:
        user = factories.UserFactory(**fields)
        for name in permissions:
            app, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        client = Client(raise_request_exception=False, enforce_csrf_checks=enforce_csrf_checks)
        client.force_login(user)
        return Caller(None, client)

    return make
