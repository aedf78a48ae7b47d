"""Alerts live in a terminal, newest last; acknowledged with a key."""

from __future__ import annotations

import getpass
import os
import select
import sys
import termios
import time
import tty
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connection
from rich.console import Console
from rich.text import Text

from contactflow.core.clock import database_now
from engagement import alerts
from engagement.models import Alert, Target
from engagement.plain_text import plain

POLL_SECONDS = 1.0
STYLES = {"urgent": "bold red", "high": "bold yellow", "medium": "bold cyan", "low": "dim"}


class Command(BaseCommand):
    help = "Shows alerts as they are raised, newest last. Type a number and Enter, or a for the newest, to acknowledge."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--target", metavar="ROLE", help="only the alerts of this role, such as gallery_curator")
        parser.add_argument("--once", action="store_true", help="show what is open and end")

    def handle(self, *args: Any, **options: Any) -> None:
        target = options["target"]
        if target and not Target.objects.filter(slug=target).exists():
            roles = ", ".join(Target.objects.values_list("slug", flat=True))
            raise CommandError(f'There is no role "{target}". Roles: {roles or "none yet"}.')
        watch = Watch(feed=alerts.Feed(target=target), console=_console(self.stdout), who=getpass.getuser())
        if options["once"]:
            watch.show_new()
            return
        try:
            self._follow(watch)
        except KeyboardInterrupt:
            watch.say("Stopped watching.")

    def _follow(self, watch: Watch) -> None:
        with _keyboard(sys.stdin) as keys:
            watch.greet(has_keys=keys is not None)
            while True:
                try:
                    watch.show_new()
                    watch.handle_keys(_read(keys, POLL_SECONDS))
                except (OperationalError, InterfaceError):
                    watch.say("The database does not answer; trying again.")
                    connection.close()
                    time.sleep(POLL_SECONDS)


class Watch:
    """What the terminal shows, and which number stands for which alert."""

    def __init__(self, *, feed: alerts.Feed, console: Console, who: str) -> None:
        self._feed = feed
        self._console = console
        self._who = who
        self._shown: list[Alert] = []
        self._typed = ""

    def greet(self, *, has_keys: bool) -> None:
        keys = " Acknowledge: a = newest, number + Enter = that one." if has_keys else ""
        self.say(f"Watching alerts.{keys} Ctrl-C ends.")

    def say(self, words: str) -> None:
        self._console.print(Text(words, style="dim"))

    def show_new(self) -> None:
        for alert in self._feed.read():
            self._shown.append(alert)
            self._console.print(_block(len(self._shown), alert))

    def handle_keys(self, keys: str) -> None:
        """Digits gather until Enter; "a" acts at once."""
        for key in keys:
            if key.isdigit():
                self._typed = (self._typed + key)[-6:]
            elif key in "\r\n" and self._typed:
                self._acknowledge(int(self._typed))
                self._typed = ""
            elif key == "a":
                self._typed = ""
                self._acknowledge(self._newest_open())
            else:
                self._typed = ""

    def _newest_open(self) -> int:
        numbers = (number for number, alert in enumerate(self._shown, 1) if alert.acknowledged_at is None)
        return max(numbers, default=0)

    def _acknowledge(self, number: int) -> None:
        if not 1 <= number <= len(self._shown):
            self.say("Nothing to acknowledge." if number == 0 else f"There is no alert {number} on the screen.")
            return
        alert = alerts.acknowledge(alert=self._shown[number - 1], by=self._who, now=database_now())
        self._console.print(Text(f"✓ {number} acknowledged by {alert.acknowledged_by}", style="green"))


def _block(number: int, alert: Alert) -> Text:
    """One alert in a few short lines, so that a narrow terminal wraps little."""
    block = Text()
    block.append(f"{number} ", style="bold")
    block.append(f"[{alert.priority}] ", style=STYLES.get(alert.priority, ""))
    block.append(plain(alert.title), style="bold")
    block.append(f"\n  {alert.created_at:%H:%M:%S} UTC · {plain(alert.target.name)}", style="dim")
    if alert.contact is not None:
        block.append(f"\n  {' '.join([plain(alert.contact.full_name), f'<{alert.contact.email}>']).strip()}")
    for line in alert.message.splitlines():
        block.append(f"\n  {plain(line)}")
    if alert.acknowledged_at is not None:
        block.append(f"\n  ✓ acknowledged by {plain(alert.acknowledged_by)}", style="green")
    return block


def _console(stdout: Any) -> Console:
    stream: TextIO = getattr(stdout, "_out", stdout)
    return Console(file=stream, highlight=False, soft_wrap=not stream.isatty())


@contextmanager
def _keyboard(stdin: TextIO) -> Iterator[int | None]:
    """The terminal's keys one by one, and the terminal as it was afterwards; None where there is no terminal."""
    try:
        descriptor = stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (termios.error, ValueError, OSError):
        yield None
        return
    tty.setcbreak(descriptor)
    try:
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read(descriptor: int | None, seconds: float) -> str:
    """What was typed within the time."""
    if descriptor is None:
        time.sleep(seconds)
        return ""
    ready, _, _ = select.select([descriptor], [], [], seconds)
    if not ready:
        return ""
    typed = os.read(descriptor, 64)
    if not typed:  # the terminal is gone
        raise KeyboardInterrupt
    return typed.decode("utf-8", "ignore")
