"""Measures, prints the tables, leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from rich.console import Console

from tests.benchmarks import stand

Step = Callable[[], None]

PER_SECOND = 10.0  # requests, in the table of latencies


def main() -> None:
    console = Console(width=None if sys.stdout.isatty() else 120)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    began = time.monotonic()
    try:
        with stand.database() as cluster, stand.mailbox() as mailbox:
            stand.set_environment(database_url=cluster.url, mail_port=mailbox.port)
            _measure(console, cluster.url, mailbox, size=_size())
    except KeyboardInterrupt:
        raise SystemExit("Stopped; nothing runs on.") from None
    console.print(f"Measured in {time.monotonic() - began:.0f} s.")


def _measure(console: Console, database_url: str, mailbox: stand.Mailbox, *, size: float) -> None:
    import django

    django.setup()
    from tests.benchmarks import anatomy, client, content, contest, measures, report

    def say(doing: str) -> None:
        if console.is_terminal:
            status.update(doing)

    def compete(title: str, contestants: list[contest.Contestant], before_each: Step = content.clear) -> None:
        contest.run(
            contestants, rounds=sizes.rounds, before_each=before_each, say=lambda doing: say(f"{title}, {doing}")
        )
        report.show_contest(console, title, contestants)

    sizes = measures.Sizes.scaled(size)
    with console.status("deploying") if console.is_terminal else contextlib.nullcontext() as status:
        installation = content.deploy(database_url)
        report.show_machine(console, commits=measures.commits(installation))
        report.show_anatomies(console, anatomy.of_everything(installation, mailbox.port))
        with stand.web_server() as port:
            door = client.Door(port, installation.key)
            compete("Contacts a second", measures.contacts(installation, sizes, door))
            content.clear()  # here, as tables are not emptied under the hands of workers
            with measures.workers():
                title = f"Latency at {PER_SECOND:.0f} requests a second for {sizes.latency_seconds:.0f} s"
                say(title)
                report.show_latency(console, title, measures.latency(sizes, door, per_second=PER_SECOND))
                served = measures.contacts_while_served(sizes, door)
                compete("Contacts a second, workers busy", served, before_each=content.call_off)
                content.call_off()
        compete(f"Actions a second (create_task, {sizes.actions} due)", measures.actions(installation, sizes))
        compete(f"Mails a second (send_email, {sizes.mails} due)", measures.mails(installation, sizes, mailbox))


def _size() -> float:
    given = os.environ.get("SIZE") or "1"
    try:
        size = float(given)
    except ValueError:
        size = 0.0
    if not 0 < size <= 100:
        raise SystemExit(f"SIZE is {given!r} but has to be a number above 0 and at most 100, such as SIZE=0.5.")
    return size


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
