"""Who looks at the admin, and what it tells them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client


def colleague(*permissions: str) -> Client:
    """A browser of somebody who may do these things and nothing else."""
    user = User.objects.create_user(f"colleague{User.objects.count()}", is_staff=True)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return client


def said(response: Any) -> list[str]:
    """What the page told the person after a button was pressed."""
    return [str(message) for message in response.context["messages"]]
