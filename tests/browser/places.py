"""Every address of the admin that a person can open, for the tests that look at all of them."""

from __future__ import annotations

from django.apps import apps
from django.contrib.admin.utils import quote
from django.urls import reverse

from tests.admin import rows

LABELS = sorted(rows.MAKERS)


def list_of(label: str) -> str:
    return reverse(f"admin:{_name(label)}_changelist")


def page_of(label: str) -> str:
    """The page of the first row of its kind."""
    model = apps.get_model(label)
    row = model._default_manager.order_by("pk").first()
    assert row is not None, f"the office has no {label}"
    return reverse(f"admin:{_name(label)}_change", args=[quote(row.pk)])


def form_for(label: str) -> str:
    return reverse(f"admin:{_name(label)}_add")


def _name(label: str) -> str:
    return label.lower().replace(".", "_")
