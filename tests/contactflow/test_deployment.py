"""`deploy_contact_workflows`: loads what is missing, says what is wrong, changes nothing with --check."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from contactflow import deployment
from contactflow.models import ApiKey
from contacts.models import BusinessEntity, Contact
from engagement.models import EngagementTemplate, Target
from tests.factories import WorkflowVersionFactory
from workflows import heartbeat
from workflows.models import WorkflowTemplate

pytestmark = pytest.mark.django_db


def lines(subject: str, *, check_only: bool = True) -> list[tuple[str, str]]:
    return [(line.level, line.text) for line in deployment.deploy(check_only=check_only) if line.subject == subject]


def levels(subject: str) -> set[str]:
    return {level for level, _ in lines(subject)}


def test_deploying_again_loads_nothing(deployed: None) -> None:
    lines("content", check_only=False)

    assert lines("content", check_only=False) == [
        ("ok", "The default content is there; what staff changed stays as it is.")
    ]


def test_every_workflow_is_run_dry(deployed: None) -> None:
    texts = [text for level, text in lines("workflows") if level == "ok"]

    assert len(texts) == 9
    assert all(text.endswith(": dry run fine.") for text in texts)


def test_a_workflow_that_was_never_published_fails(deployed: None) -> None:
    WorkflowVersionFactory(template__slug="half_done")

    assert ("FAIL", "half_done: It was never published. Mend it in the admin and publish it.") in lines("workflows")


def test_an_inactive_workflow_is_not_examined(deployed: None) -> None:
    WorkflowVersionFactory(template__slug="half_done", template__active=False)

    assert levels("workflows") == {"ok"}


def test_an_email_without_words_fails(deployed: None) -> None:
    EngagementTemplate.objects.filter(slug="artist_welcome").update(current_version=None)

    assert ("FAIL", "artist_welcome is not published. Publish its words in the admin under Emails.") in lines("emails")


def test_targets_without_people_are_warned_of(deployed: None) -> None:
    ((level, text),) = lines("targets")

    assert level == "warning"
    assert "gallery_curator" in text


def test_targets_with_people_are_fine(deployed: None) -> None:
    colleague = User.objects.create(username="ada", email="ada@staff.example")
    for target in Target.objects.all():
        target.people.add(colleague)

    assert levels("targets") == {"ok"}


def test_an_address_stands_for_people(deployed: None) -> None:
    Target.objects.update(extra_emails=["team@staff.example"])

    assert levels("targets") == {"ok"}


def test_missing_postal_addresses_are_warned_of(deployed: None) -> None:
    BusinessEntity.objects.exclude(slug="am_consulting").update(postal_address="1 Main Street, Springfield")

    assert lines("brands") == [
        ("warning", "No postal address: AM Consulting. Add it in the admin under Settings, Brands."),
    ]


def test_all_postal_addresses_are_fine(deployed: None) -> None:
    BusinessEntity.objects.update(postal_address="1 Main Street, Springfield")

    assert levels("brands") == {"ok"}


def test_a_local_sender_is_warned_of(deployed: None, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL_IS_SET = False

    assert levels("sender") == {"warning"}


def test_a_sender_for_every_brand_is_fine(deployed: None, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL_IS_SET = False
    BusinessEntity.objects.update(sender_email="hello@brand.example")

    assert levels("sender") == {"ok"}


def test_the_local_outbox_is_warned_of(deployed: None) -> None:
    assert levels("mail") == {"warning"}


def test_a_mail_server_is_named(deployed: None, settings: Any) -> None:
    settings.EMAIL_URL, settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp://mail.example:587", "mail.example", 587

    assert lines("mail") == [("ok", "Mail goes out through mail.example:587.")]


def test_notion_without_a_key_is_no_failure(deployed: None) -> None:
    assert levels("Notion") == {"warning"}


def test_no_language_model_is_fine(deployed: None) -> None:
    assert levels("language model") == {"ok"}


def test_workers_that_do_not_run_are_no_failure(deployed: None) -> None:
    assert levels("workers") == {"warning"}


def test_workers_that_run_are_seen(deployed: None) -> None:
    heartbeat.beat(name="host:1")

    assert levels("workers") == {"ok"}


def test_without_a_key_it_says_how_to_make_one(deployed: None) -> None:
    ((level, text),) = lines("API")

    assert level == "warning"
    assert "create_api_key" in text


def test_a_revoked_key_does_not_count(deployed: None) -> None:
    key, _ = ApiKey.objects.issue(name="form", scope="intake")
    assert levels("API") == {"ok"}

    key.revoke()

    assert levels("API") == {"warning"}


def test_a_web_server_that_does_not_run_is_no_failure(deployed: None, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    assert levels("web server") == {"warning"}


def test_a_wrong_setting_fails_with_its_id(deployed: None, settings: Any) -> None:
    settings.PUBLIC_URL = "not an address"

    failures = [text for level, text in lines("environment") if level == "FAIL"]

    assert any("contactflow.E001" in text for text in failures)


def test_a_check_that_breaks_is_a_failed_check(deployed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise RuntimeError("unforeseen")
        yield

    monkeypatch.setattr(deployment, "_targets", broken)

    assert ("FAIL", "The check itself broke: RuntimeError: unforeseen") in [
        (line.level, line.text) for line in deployment.deploy(check_only=True)
    ]


def test_missing_migrations_end_the_examination(deployed: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'workflows' AND name >= '0002'")

    subjects = [line.subject for line in deployment.deploy(check_only=True)]

    assert subjects[-1] == "database"
    assert lines("database")[0][0] == "FAIL"


def test_the_command_ends_with_1_when_something_failed(deployed: None) -> None:
    WorkflowVersionFactory(template__slug="half_done")

    with pytest.raises(SystemExit) as end:
        call_command("deploy_contact_workflows", "--check")

    assert end.value.code == 1


def test_what_staff_changed_is_kept(deployed: None) -> None:
    WorkflowTemplate.objects.filter(slug="website_lead_nurturing").update(name="Ours now", active=False)

    call_command("deploy_contact_workflows")

    changed = WorkflowTemplate.objects.get(slug="website_lead_nurturing")
    assert (changed.name, changed.active) == ("Ours now", False)


def test_the_example_person_does_not_stay(deployed: None) -> None:
    list(deployment.deploy(check_only=True))

    assert not Contact.objects.exists()
