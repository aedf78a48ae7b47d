from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from contactflow.models import ApiKey, Scope

pytestmark = pytest.mark.django_db


def make_key(*arguments: str) -> tuple[str, str]:
    said, told = io.StringIO(), io.StringIO()
    call_command("create_api_key", *arguments, stdout=said, stderr=told)
    return said.getvalue(), told.getvalue()


@pytest.mark.parametrize("scope", Scope.values)
def test_key_is_made_and_printed_alone_on_the_last_line(scope: str) -> None:
    said, _ = make_key("Web form", "--scope", scope)

    plaintext = said.splitlines()[-1]
    key = ApiKey.objects.get()
    assert said == plaintext + "\n"
    assert len(plaintext) >= 32
    assert plaintext.isprintable()
    assert " " not in plaintext
    assert (key.name, key.scope) == ("Web form", scope)
    assert ApiKey.objects.match(plaintext) == key


def test_key_is_not_kept_in_plain() -> None:
    plaintext = make_key("Web form", "--scope", "read")[0].strip()

    stored = ApiKey.objects.values().get()
    assert plaintext not in str(stored)
    assert plaintext.startswith(stored["prefix"])


def test_explanation_goes_elsewhere() -> None:
    said, told = make_key("Web form", "--scope", "read")

    assert "Authorization: Bearer" in told
    assert said.strip() not in told


def test_every_key_is_another_one() -> None:
    assert make_key("Form", "--scope", "intake")[0] != make_key("Form", "--scope", "intake")[0]
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize(
    "arguments", [("Form",), ("--scope", "read"), ("Form", "--scope", "root"), ("Form", "--scope", "")]
)
def test_missing_or_unknown_argument_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        make_key(*arguments)

    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "a" * 121, "bell\a"])
def test_name_that_says_nothing_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="name of 1 to 120"):
        make_key(name, "--scope", "read")


def test_spaces_around_a_name_are_left_out() -> None:
    make_key("  Web   form ", "--scope", "read")

    assert ApiKey.objects.get().name == "Web form"


@pytest.mark.parametrize("arguments", [("--scope", "intake", "read"), ("--scope", "intake", "--scope", "read")])
def test_a_key_may_have_several_scopes(arguments: tuple[str, ...]) -> None:
    call_command("create_api_key", "site", *arguments)

    key = ApiKey.objects.get()
    assert key.scope == "intake read"
    assert key.has_scope("intake")
    assert key.has_scope("read", "admin")
    assert not key.has_scope("operate", "admin")
