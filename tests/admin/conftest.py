"""People who look at the admin, and short ways to its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@pytest.fixture
def boss(db: None) -> User:
    """Somebody who may do everything."""
    from django.contrib.auth.models import User

    return User.objects.create_superuser("boss", "boss@staff.example", "secret")


@pytest.fixture
def reader(db: None) -> User:
    """Somebody who may look at everything and change nothing."""
    from django.contrib.auth.models import Permission, User

    user = User.objects.create_user("reader", "reader@staff.example", "secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return user


@pytest.fixture
def desk(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


@pytest.fixture
def reading_room(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


@pytest.fixture(scope="module")
def made(rows_of_a_file: None) -> dict[str, Any]:
    """A row of everything."""
    from tests.admin import rows

    return {label: maker() for label, maker in rows.MAKERS.items()}


class Addresses:
    """Where the pages of a model stand."""

    def of(self, model: Any, page: str, *, row: Any = None) -> str:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
        return reverse(name, args=[quote(row.pk)] if row is not None else [])

    def list(self, model: Any) -> str:
        return self.of(model, "changelist")

    def add(self, model: Any) -> str:
        return self.of(model, "add")

    def change(self, row: Any) -> str:
        return self.of(type(row), "change", row=row)

    def delete(self, row: Any) -> str:
        return self.of(type(row), "delete", row=row)

    def button(self, row: Any, name: str) -> str:
        return self.of(type(row), name, row=row)


@pytest.fixture
def address() -> Addresses:
    return Addresses()
