"""The first deployment, into an empty database."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command

from contactflow import deployment
from contacts.models import BusinessEntity, Contact, ContactEvent
from engagement.models import EngagementTemplate, Message
from workflows.models import WorkflowInstance, WorkflowTemplate

pytestmark = pytest.mark.django_db


def lines(subject: str) -> list[tuple[str, str]]:
    return [(line.level, line.text) for line in deployment.deploy(check_only=True) if line.subject == subject]


def test_a_fresh_deployment_has_no_failure() -> None:
    assert "FAIL" not in {line.level for line in deployment.deploy(check_only=False)}


def test_check_says_what_would_be_loaded_and_loads_nothing() -> None:
    texts = [text for _, text in lines("content")]

    assert len(texts) > 30
    assert all(text.startswith("would be loaded: ") for text in texts)
    assert not WorkflowTemplate.objects.exists()
    assert not BusinessEntity.objects.exists()


def test_the_command_prints_a_line_per_check(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("deploy_contact_workflows", no_color=True)

    printed = capsys.readouterr().out.splitlines()
    assert printed
    assert all(re.match(r"(ok|warning|FAIL) +\S", line) for line in printed)


def test_a_fresh_deployment_has_its_content() -> None:
    list(deployment.deploy(check_only=False))

    assert WorkflowTemplate.objects.count() == 9
    assert EngagementTemplate.objects.count() == 19
    assert set(BusinessEntity.objects.values_list("name", flat=True)) == {
        "The 7 Space",
        "AM Consulting",
        "HigherSelf Core",
    }


def test_deploying_creates_no_contact() -> None:
    list(deployment.deploy(check_only=False))

    assert not Contact.objects.exists()
    assert not ContactEvent.objects.exists()
    assert not WorkflowInstance.objects.exists()
    assert not Message.objects.exists()
