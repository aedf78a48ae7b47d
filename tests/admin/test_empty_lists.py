"""Lists without a row: what they are for, and what to do first."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models
from django.test import Client
from django.urls import reverse

from engagement.models import Alert, Task
from notion_bridge.models import NotionConnection

pytestmark = pytest.mark.django_db
NEVER_EMPTY = {User, Group, NotionConnection}  # who reads is somebody; roles are made by the deployment; one page
LISTS = sorted(set(admin.site._registry) - NEVER_EMPTY, key=lambda model: model._meta.label)


def words(answer: object) -> str:
    return " ".join(answer.content.decode().split())  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_every_list_says_what_to_do_first(model: type[models.Model]) -> None:
    assert getattr(admin.site._registry[model], "when_empty", "").endswith(".")


def test_an_empty_list_says_it(desk: Client) -> None:
    answer = words(desk.get(reverse("admin:engagement_task_changelist"), {"whose": "all"}))

    assert "Nothing to do. Workflows put tasks here for you and your team" in answer
    assert "Nothing fits the search" not in answer


def test_a_list_that_is_empty_without_its_filter_too_says_it(desk: Client) -> None:
    answer = words(desk.get(reverse("admin:workflows_scheduledaction_changelist"), {"status__exact": "pending"}))

    assert "Steps come here when somebody enters a workflow." in answer


def test_a_list_that_only_the_filter_empties_says_that(desk: Client) -> None:
    Task.objects.create(title="Call", status="to_do")

    answer = words(desk.get(reverse("admin:engagement_task_changelist"), {"whose": "all", "q": "nothing of the sort"}))

    assert "Nothing fits the search or filters." in answer
    assert "Workflows put tasks here" not in answer


def test_alerts_say_where_it_is_decided_who_hears_of_them(desk: Client) -> None:
    Alert.objects.all().delete()

    assert "Teams" in words(desk.get(reverse("admin:engagement_alert_changelist")))
