from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from contactflow.core.clock import database_now
from notion_bridge import webhooks
from notion_bridge.models import NotionConnection
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def minutes(number: int) -> dt.timedelta:
    return dt.timedelta(minutes=number)


def state() -> tuple[dt.datetime | None, bool]:
    """When the window closes, and whether Notion has introduced itself."""
    connection = NotionConnection.current()
    return webhooks.open_until(connection, now=NOW), bool(connection.webhook_token)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("notion_webhook", *arguments)
    return capsys.readouterr().out


def test_the_window_is_closed_at_first() -> None:
    assert state() == (None, False)


def test_an_open_window_accepts_one_handshake() -> None:
    webhooks.open_window(until=NOW + minutes(15))

    assert webhooks.accept_handshake(token="first", now=NOW)
    assert not webhooks.accept_handshake(token="second", now=NOW)
    assert state() == (None, True)


@pytest.mark.parametrize(("after", "accepted"), [(14, True), (15, False), (60, False)])
def test_the_window_closes_by_itself(after: int, accepted: bool) -> None:
    webhooks.open_window(until=NOW + minutes(15))

    assert webhooks.accept_handshake(token="token", now=NOW + minutes(after)) == accepted


def test_the_token_is_shown_once() -> None:
    webhooks.open_window(until=NOW + minutes(15))
    webhooks.accept_handshake(token="verification token", now=NOW)

    assert [webhooks.show_token_once() for _ in range(2)] == ["verification token", ""]


def test_a_new_handshake_shows_its_own_token() -> None:
    for token in ("first", "second"):
        webhooks.open_window(until=NOW + minutes(15))
        webhooks.accept_handshake(token=token, now=NOW)

        assert webhooks.show_token_once() == token


def test_the_command_opens_the_window(capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "--open", "15")

    assert printed.startswith("The handshake is accepted until ")
    assert webhooks.open_until(NotionConnection.current(), now=database_now()) is not None


def test_the_command_shows_the_state(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--show").splitlines() == [
        "The window is closed. Open it with: manage.py notion_webhook --open 15",
        "Notion has not introduced itself yet.",
    ]


def test_the_command_shows_the_token_once(capsys: pytest.CaptureFixture[str]) -> None:
    webhooks.open_window(until=database_now() + minutes(15))
    webhooks.accept_handshake(token="verification token", now=database_now())

    assert "verification token" in said(capsys).splitlines()
    assert "verification token" not in said(capsys)


@pytest.mark.parametrize("number", ["0", "-5", "1441"])
def test_a_window_of_no_use_is_refused(number: str) -> None:
    with pytest.raises(CommandError, match="1 to 1440 minutes"):
        call_command("notion_webhook", f"--open={number}")
