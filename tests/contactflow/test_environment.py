from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from contactflow import machine, mail_providers
from contactflow.environment import Environment

READ: dict[str, Callable[[Environment], Any]] = {
    "WORKERS=x": lambda env: env.at_least("WORKERS", 1, 2),
    "WORKERS=0": lambda env: env.at_least("WORKERS", 1, 2),
    "DEBUG=perhaps": lambda env: env.bool("DEBUG", False),
    "TIME_ZONE=Mars/Olympus": lambda env: env.time_zone("TIME_ZONE"),
    "EMAIL_URL=pigeon://loft": lambda env: env.mail("EMAIL_URL"),
    "EMAIL_URL=smtp://host:port": lambda env: env.mail("EMAIL_URL"),
    "EMAIL_URL=postmark://secret:more@default": lambda env: env.mail_provider("EMAIL_URL", name="EMAIL_PROVIDER"),
    "EMAIL_URL=mailgun://secret@mg.example.com/x": lambda env: env.mail_provider("EMAIL_URL", name="EMAIL_PROVIDER"),
    "DATABASE_URL=mysql://u:secret@host/name": lambda env: env.database("DATABASE_URL", fallback=""),
    "DATABASE_URL=postgresql://u:secret@host:port/name": lambda env: env.database("DATABASE_URL", fallback=""),
}


@pytest.mark.parametrize("line", READ)
def test_bad_value_ends_in_one_sentence(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _, value = line.partition("=")
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as end:
        READ[line](Environment())

    assert str(end.value).startswith(f"The environment variable {name} is ")
    assert "secret" not in str(end.value)


def test_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "")
    monkeypatch.setenv("ALLOWED_HOSTS", "")

    assert Environment().int("WORKERS", 2) == 2
    assert Environment().list("ALLOWED_HOSTS", default=["localhost"]) == ["localhost"]


def test_value_that_begins_with_a_dollar_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "$ecret")

    assert Environment().str("SECRET_KEY", "") == "$ecret"


def test_example_file_has_every_variable_that_is_read() -> None:
    sources = [machine.BASE_DIR / "contactflow" / name for name in ("settings.py", "webserver.py")]
    read = {name for path in sources for name in re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', path.read_text())}

    offered = set(re.findall(r"^(\w+)=", (machine.BASE_DIR / ".env.example").read_text(), re.MULTILINE))

    assert read - offered == set()


def test_address_of_mail_names_a_provider_with_its_keys() -> None:
    read = {
        "smtp+tls://u:p@mail.example.com:587": None,
        "mailgun://Key-1@mg.example.com?api_url=https://api.eu.mailgun.net/v3": (
            "mailgun",
            {
                "MAILGUN_API_KEY": "Key-1",
                "MAILGUN_SENDER_DOMAIN": "mg.example.com",
                "MAILGUN_API_URL": "https://api.eu.mailgun.net/v3",
            },
        ),
        "postmark://Token?message_stream=news": (
            "postmark",
            {"POSTMARK_SERVER_TOKEN": "Token", "POSTMARK_MESSAGE_STREAM": "news"},
        ),
        "SendGrid://SG.a%2Fb@default": ("sendgrid", {"SENDGRID_API_KEY": "SG.a/b"}),
        "mailjet://Key:Secret@": ("mailjet", {"MAILJET_API_KEY": "Key", "MAILJET_SECRET_KEY": "Secret"}),
        "postal://Key@post.example.com": (
            "postal",
            {"POSTAL_API_KEY": "Key", "POSTAL_API_URL": "https://post.example.com"},
        ),
        "amazon-ses://AKIA:S%2Fx@eu-west-1": (
            "amazon_ses",
            {
                "AMAZON_SES_CLIENT_PARAMS": {
                    "aws_access_key_id": "AKIA",
                    "aws_secret_access_key": "S/x",
                    "region_name": "eu-west-1",
                }
            },
        ),
        "ses://": ("amazon_ses", {}),
    }

    assert {address: mail_providers.of_url(address) for address in read} == read


def test_address_of_one_provider_beside_the_name_of_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "amazon_ses://@eu-west-1")
    assert Environment().mail_provider("EMAIL_URL", name="EMAIL_PROVIDER")[0] == "amazon_ses"

    monkeypatch.setenv("EMAIL_PROVIDER", "postmark")
    with pytest.raises(SystemExit, match="EMAIL_PROVIDER is 'postmark' but has to be amazon_ses or unset"):
        Environment().mail_provider("EMAIL_URL", name="EMAIL_PROVIDER")
