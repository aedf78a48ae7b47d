"""Every address of the admin, asked by whoever may not, and with whatever nobody would type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import CharField, F, Q
from django.db.models.functions import Cast
from django.test import Client
from django.urls import URLPattern, get_resolver

from contactflow import roles
from contactflow.models import AuditEntry
from tests.admin import rows
from workflows.models import BulkDecision, ControlEntry, ExportRun, ImportRun, StartOrder

pytestmark = pytest.mark.django_db

OPEN_TO_STAFF = {
    "index", "profile", "put_away", "search", "brand", "jsi18n", "password_change", "password_change_done",
    "workflows_digest",
}  # fmt: skip
OPEN_TO_ALL = {"login", "logout"}
OF_ONES_OWN = {"password_change", "profile", "put_away", "brand", "workflows_digest", "workflows_exportrun_add"}
NAMES = (
    "q s show before after next with row workflow contact version person template business_entity from until status "
    "list columns format who wanted brand state due p o all e verb reason cause chosen expected action example start "
    "template_brand level subject body"
)
LONG_NUMBER = "9" * 5000


def addresses(patterns: Any = None, prefix: str = "/") -> Iterator[tuple[str, str]]:
    for one in patterns or get_resolver().url_patterns:
        place = prefix + str(one.pattern)
        if not isinstance(one, URLPattern):
            yield from addresses(one.url_patterns, place)
        elif place.startswith("/admin/") and "(?P" not in place and one.name:
            yield place, one.name


@pytest.fixture(scope="module")
def desk_of_all(rows_of_a_file: None, made: dict[str, Any]) -> dict[str, str]:
    """Each address of the admin by its name, about the row of its kind."""
    roles.load()
    keys = {label.lower().replace(".", "/"): str(quote(row.pk)) for label, row in made.items()}
    found = {}
    for place, name in addresses():
        of = re.match(r"/admin/(\w+/\w+)/", place)
        row = keys.get(of[1], "1") if of else "1"
        filled = re.sub(r"<(\w+:object_id|id)>", lambda _, row=row: row, place)  # type: ignore[misc]
        found[name] = re.sub(r"<int:\w+>", "1", re.sub(r"<uuid:\w+>", str(rows.contact().pk), filled))
        found[name] = re.sub(r"<\w+:\w+>", "x", found[name])
    return found


def signed_in(*names: str, **values: Any) -> Client:
    user = User.objects.create_user("-".join(names) or "bare", is_staff=True, email="me@staff.example", **values)
    user.groups.set(Group.objects.filter(name__in=names))
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def answers(client: Client, found: dict[str, str], method: str, data: dict[str, str]) -> dict[str, int]:
    statuses = {}
    for name, place in found.items():
        if name not in OPEN_TO_ALL:
            with transaction.atomic():
                statuses[name] = getattr(client, method)(place, data).status_code
                transaction.set_rollback(method == "get")
    return statuses


@pytest.mark.parametrize("method", ["get", "post"])
def test_stranger_is_always_sent_to_the_door(desk_of_all, method):
    client = Client()

    led = {
        name: getattr(client, method)(place).headers.get("Location", "")
        for name, place in desk_of_all.items()
        if name not in OPEN_TO_ALL
    }

    assert {name for name, place in led.items() if not place.startswith("/admin/login/")} == set()


@pytest.mark.parametrize("method", ["get", "post"])
def test_colleague_without_a_role_reaches_nothing_about_anybody(desk_of_all, method):
    statuses = answers(signed_in(), desk_of_all, method, {})

    assert {name for name, status in statuses.items() if status < 400} <= OPEN_TO_STAFF | OF_ONES_OWN


def test_reader_changes_nothing_wherever_they_press(desk_of_all):
    client = signed_in("Reader")

    statuses = answers(client, desk_of_all, "post", {"reason": "I want to", "wanted": "yes", "post": "yes"})

    assert not {name for name, status in statuses.items() if status >= 500}
    own = Q(table="workflows_digestchoice") | Q(table="auth_user", object_id=Cast(F("user"), CharField()))
    assert not AuditEntry.objects.filter(actor="Reader").exclude(own).exists()
    assert not any(model.objects.filter(**who).exists() for model, who in DONE_BY_READER)


DONE_BY_READER: list[tuple[Any, dict[str, Any]]] = [
    (BulkDecision, {"actor": "Reader"}),
    (ControlEntry, {"actor": "Reader"}),
    (ImportRun, {"created_by__username": "Reader"}),
    (StartOrder, {"asked_by__username": "Reader"}),
    (ExportRun, {"created_by__username": "Reader"}),
]


@pytest.mark.parametrize("text", ["\0", "ada\0"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_character_that_no_text_has_is_refused_in_words(desk_of_all, text, method):
    client = signed_in(is_superuser=True)
    place = desk_of_all["contacts_contact_changelist"]

    response = getattr(client, method)(place, {"q": text})

    assert response.status_code == 400
    assert "invisible character" in response.content.decode()


def test_address_with_that_character_is_not_found(desk_of_all):
    client = signed_in(is_superuser=True)

    statuses = [
        getattr(client, method)("/admin/engagement/channelstate/a%00/change/").status_code for method in METHODS
    ]

    assert statuses == [404, 404]


METHODS = ("get", "post")


# What reads more of its address than which row it is about.
READS = (
    "search", "contacts_contact_merge", "contacts_contact_start", "contacts_businessentity_frame",
    "engagement_engagementtemplate_preview", "engagement_engagementtemplate_people", "engagement_task_add",
    "engagement_task_board", "workflows_exportrun_add", "workflows_failures_decide", "workflows_importrun_change",
    "workflows_scheduledaction_export", "workflows_why", "workflows_workflowinstance_export",
    "workflows_workflowtemplate_dry_run", "workflows_workflowtemplate_find_person",
    "workflows_workflowtemplate_preview", "workflows_workflowtemplate_versions",
)  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_no_page_fails_whatever_its_address_says(desk_of_all, method):
    pages = {name: desk_of_all[name] for name in READS}

    statuses = answers(signed_in(is_superuser=True), pages, method, dict.fromkeys(NAMES.split(), LONG_NUMBER))

    assert {name: status for name, status in statuses.items() if status >= 500} == {}


@pytest.mark.parametrize("text", [LONG_NUMBER, "999999999", "9999-12-31", "0001-01-01"])
def test_no_list_fails_whatever_it_is_filtered_by(desk_of_all, text):
    client = signed_in(is_superuser=True)
    client.cookies["timezone"] = "Asia/Kathmandu"
    failed = {}
    for page in admin.site._registry.values():
        place = desk_of_all[f"{page.opts.app_label}_{page.opts.model_name}_changelist"]
        if not own_filters(page):
            continue
        response = client.get(place, dict.fromkeys(own_filters(page), text))
        if response.status_code >= 500:
            failed[place] = response.status_code

    assert failed == {}


def own_filters(page: Any) -> list[str]:
    """Parameters of filters that we wrote: Django judges those of its own."""
    names = [getattr(one, "parameter_name", None) for one in page.list_filter]
    days = [f"{one[0]}_{end}" for one in page.list_filter if isinstance(one, tuple) for end in ("from", "to")]
    return [name for name in (*names, *days) if name]
