from __future__ import annotations

from unittest import mock

import pytest
from django.contrib import admin
from django.core.checks import run_checks
from django_q.models import Schedule
from pytest_django import Settings

WRONG: dict[str, dict[str, object]] = {
    "contactflow.E001": {"PUBLIC_URL": "crm.example.com"},
    "contactflow.E002": {"PUBLIC_URL": "https://crm.example.com", "ALLOWED_HOSTS": ["localhost"]},
    "contactflow.E003": {"PUBLIC_URL": "https://crm.example.com", "CSRF_TRUSTED_ORIGINS": ["http://crm.example.com"]},
    "contactflow.E020": {"TRACKING_URL": "links.example.com"},
    "contactflow.W021": {"TRACKING_URL": "http://links.example.com", "USES_HTTPS": True},
    "contactflow.W022": {"EMAIL_URL": "smtp://mail.example.com", "PUBLIC_URL": "http://localhost:8000"},
    "contactflow.W004": {"DEBUG": True, "USES_HTTPS": True},
    "contactflow.E005": {"REDIS_URL": "localhost:6379"},
    "contactflow.E030": {"INBOX_URLS": {"am_consulting": "imap.example.com"}},
    "contactflow.W031": {"INBOX_PLUS_ADDRESSING": True, "INBOX_URLS": {"": "imaps://hello:secret@mail.example.com"}},
    "contactflow.E032": {"INBOX_AUTHSERV_ID": "mx.example.com;", "INBOX_URLS": {"": "imaps://u:s@mail.example.com"}},
    "contactflow.W033": {"INBOX_AUTHSERV_ID": "mx.example.com"},
    "contactflow.E006": {"PUMP_STEPS": ["workflows.nowhere.run"]},
    "contactflow.W007": {"NOTION_API_KEY": "", "NOTION_DATABASES": {"contacts": "abc"}},
    "contactflow.W008": {"AI_BASE_URL": "http://localhost:1234/v1", "AI_MODEL": ""},
}


def found() -> dict[str, str]:
    return {str(message.id): str(message.hint) for message in run_checks() if "contactflow" in str(message.id)}


def test_plain_settings_pass() -> None:
    assert found() == {}


@pytest.mark.parametrize("identifier", WRONG)
def test_wrong_combination_is_named_with_a_remedy(identifier: str, settings: Settings) -> None:
    for name, value in WRONG[identifier].items():
        setattr(settings, name, value)

    assert found()[identifier]


def test_no_address_of_a_mailbox_that_lacks_something_passes(settings: Settings) -> None:
    wrong = [
        *("imaps://u@mail.example.com", "imaps://u:@mail.example.com", "imaps://:s@mail.example.com", "imaps://u:s@"),
        *("https://u:s@a.example", "imaps://u:s@mail example.com", "imaps://u:s@mail.example.com:0", "imaps:"),
    ]
    settings.INBOX_URLS = {str(number): url for number, url in enumerate(wrong)}

    assert len([message for message in run_checks() if message.id == "contactflow.E030"]) == len(wrong)


def test_the_password_of_a_mailbox_is_not_printed(settings: Settings) -> None:
    settings.INBOX_URLS = {"": "imap://hello:p4ssw0rd@mail.example.com:99999/INBOX", "b": "pop3://u:p4ssw0rd@x/INBOX"}

    messages = [message for message in run_checks() if message.id == "contactflow.E030"]

    assert len(messages) == 2
    assert "p4ssw0rd" not in str(messages)


def test_schedule_in_the_admin_is_refused() -> None:
    with mock.patch.dict(admin.site._registry, {Schedule: mock.Mock()}):
        assert "contactflow.E009" in found()


@pytest.mark.parametrize("host", ["crm.example.com", "eu.crm.example.com"])
def test_wildcards_count_as_answered(host: str, settings: Settings) -> None:
    settings.PUBLIC_URL = f"https://{host}"
    settings.ALLOWED_HOSTS = [".example.com"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.com"]

    assert found() == {}
