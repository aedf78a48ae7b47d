from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError, call_command
from rich.console import Console

from engagement.alerts import Feed
from engagement.management.commands import watch_alerts
from engagement.management.commands.watch_alerts import Watch
from engagement.models import Alert
from tests.factories import ContactFactory, TargetFactory


def alert(title="New artist", **fields):
    return Alert.objects.create(title=title, target=fields.pop("target", None) or TargetFactory(), **fields)


def run_once(**options):
    out = io.StringIO()
    call_command("watch_alerts", once=True, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def screen():
    return io.StringIO()


@pytest.fixture
def watch(screen):
    return Watch(feed=Feed(), console=Console(file=screen, width=60), who="grace")


@pytest.mark.django_db
def test_once_shows_what_is_open_and_ends():
    alert(priority="urgent", message="Call today.", contact=ContactFactory(first_name="Ada", email="ada@example.org"))

    shown = run_once()

    for words in ("1 [urgent] New artist", "Gallery curator", "Ada <ada@example.org>", "Call today."):
        assert words in shown


@pytest.mark.django_db
def test_the_newest_is_last():
    alert("first")
    alert("second")

    shown = run_once()

    assert shown.index("first") < shown.index("second")


@pytest.mark.django_db
def test_one_role_can_be_watched():
    alert("mine", target=TargetFactory(slug="gallery_curator"))
    alert("other", target=TargetFactory(slug="wellness_team"))

    shown = run_once(target="wellness_team")

    assert "other" in shown
    assert "mine" not in shown


@pytest.mark.django_db
def test_an_unknown_role_is_refused_with_the_known_ones():
    TargetFactory(slug="gallery_curator")

    with pytest.raises(CommandError, match=r'There is no role "nobody"\. Roles: gallery_curator'):
        run_once(target="nobody")


@pytest.mark.django_db
def test_a_name_cannot_control_the_terminal():
    alert(contact=ContactFactory(first_name="\x1b[2JAda [bold red]"))

    shown = run_once()

    assert "\x1b" not in shown
    assert "[bold red]" in shown


@pytest.mark.django_db
def test_a_acknowledges_the_newest_open_one(watch):
    older, newest = alert("older"), alert("newest")
    watch.show_new()

    watch.handle_keys("a")

    older.refresh_from_db()
    newest.refresh_from_db()
    assert (older.acknowledged_by, newest.acknowledged_by) == ("", "grace")


@pytest.mark.django_db
def test_a_again_acknowledges_the_one_before(watch):
    older = alert("older")
    alert("newest")
    watch.show_new()

    watch.handle_keys("aa")

    older.refresh_from_db()
    assert older.acknowledged_by == "grace"


@pytest.mark.django_db
@pytest.mark.parametrize("keys", [["1\n"], ["1", "\r"], ["9x1\n"]])
def test_a_number_and_enter_acknowledges_that_one(watch, keys):
    first = alert("first")
    alert("second")
    watch.show_new()

    for typed in keys:
        watch.handle_keys(typed)

    first.refresh_from_db()
    assert first.acknowledged_by == "grace"


@pytest.mark.django_db
@pytest.mark.parametrize(("keys", "said"), [("7\n", "There is no alert 7"), ("a", "Nothing to acknowledge")])
def test_what_is_not_there_cannot_be_acknowledged(watch, screen, keys, said):
    watch.show_new()

    watch.handle_keys(keys)

    assert said in screen.getvalue()


@pytest.mark.django_db
def test_an_alert_that_somebody_has_already_names_them(watch, screen):
    taken = alert()
    watch.show_new()
    Alert.objects.filter(pk=taken.pk).update(acknowledged_at=taken.created_at, acknowledged_by="ada")

    watch.handle_keys("1\n")

    assert "acknowledged by ada" in screen.getvalue()


@pytest.mark.django_db
def test_a_narrow_terminal_shows_everything(screen):
    alert("A title that is longer than the terminal is wide")

    Watch(feed=Feed(), console=Console(file=screen, width=24), who="grace").show_new()

    assert "terminal" in " ".join(screen.getvalue().split())
    assert max(len(line) for line in screen.getvalue().splitlines()) <= 24


def test_without_a_terminal_there_are_no_keys():
    with watch_alerts._keyboard(io.StringIO()) as keys:
        assert keys is None

    assert watch_alerts._read(None, 0) == ""


def test_a_terminal_gives_single_keys_and_is_put_back():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal:
        before = watch_alerts.termios.tcgetattr(terminal)
        with watch_alerts._keyboard(terminal) as keys:
            os.write(ours, b"a")
            typed = watch_alerts._read(keys, 5)

        assert typed == "a"
        assert watch_alerts.termios.tcgetattr(terminal) == before
    os.close(ours)


def test_ctrl_c_ends_the_live_view_cleanly(live_environment):
    alert("Shown live")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "watch_alerts"],
        env=live_environment | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    shown = ""
    until = time.monotonic() + 30
    while "Shown live" not in shown and time.monotonic() < until:
        shown += process.stdout.readline()

    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=10)

    assert "Shown live" in shown
    assert process.returncode == 0
    assert "Stopped watching." in rest
    assert "Traceback" not in errors
