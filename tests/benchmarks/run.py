"""Measures, prints the tables, leaves nothing behind."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from rich.console import Console

from tests.benchmarks import stand

CORES = 2  # that everything runs on, so that the figures of larger machines can be compared
PER_SECOND = 10.0  # requests, in the table of latencies
PARTS = ("anatomy", "contacts", "served", "actions", "mails", "tracking", "list", "words")
PROFILES = ("contact", "line", "action", "mail", "idle")
USAGE = f"""Say nothing for all of it, or any of {", ".join(PARTS)}; or `profile` and one of {", ".join(PROFILES)}."""


def main() -> None:
    console = Console(width=None if sys.stdout.isatty() else 140)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    wanted, size, began = _wanted(), _size(), time.monotonic()
    if hasattr(os, "sched_setaffinity"):  # for what we start, too
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    try:
        with stand.database() as cluster, stand.mailbox() as mailbox:
            stand.set_environment(database_url=cluster.url, mail_port=mailbox.port)
            _Run(console, cluster.url, mailbox, size).go(wanted)
    except KeyboardInterrupt:
        raise SystemExit("Stopped; nothing runs on.") from None
    console.print(f"Measured in {time.monotonic() - began:.0f} s.")


class _Run:
    """One run over the parts; Django is there."""

    def __init__(self, console: Console, database_url: str, mailbox: stand.Mailbox, size: float) -> None:
        import django

        django.setup()
        from tests.benchmarks import content, measures

        self.console, self.mailbox, self.sizes = console, mailbox, measures.Sizes.scaled(size)
        self.installation = content.deploy(database_url)
        gc.freeze()  # as workers do

    def go(self, wanted: list[str]) -> None:
        from tests.benchmarks import measures, report

        if wanted[0] == "profile":
            self._profile(wanted[1])
            return
        commits = measures.commits(self.installation)
        report.show_machine(self.console, cores=min(CORES, os.cpu_count() or 1), commits=commits)
        for part in wanted:
            began = time.monotonic()
            getattr(self, f"_{part}")()
            self.console.print(f"[dim]{part}: {time.monotonic() - began:.0f} s[/dim]\n")

    def _anatomy(self) -> None:
        from tests.benchmarks import anatomy, report

        works = anatomy.works(self.installation, self.mailbox.port, lines=min(anatomy.LINES, self.sizes.lines))
        report.show_anatomies(self.console, [anatomy.examine(work) for work in works.values()])

    def _profile(self, name: str) -> None:
        from tests.benchmarks import anatomy, profiling, report, statements

        work = anatomy.works(self.installation, self.mailbox.port, lines=500)[name]
        report.show_profile(self.console, work.name, *profiling.profile(work))
        work.prepare()
        with statements.counted() as ledger:
            work.do()
        report.show_statements(self.console, work.name, ledger, work.pieces)

    def _contacts(self) -> None:
        from tests.benchmarks import client, content, measures

        pattern = content.contact_pattern(self.installation)
        with stand.web_server() as ours, measures.bare_server(pattern) as bare:
            doors = (client.Door(port, self.installation.key) for port in (ours, bare))
            self._compete("Contacts a second", measures.contacts(pattern, self.sizes, *doors))

    def _served(self) -> None:
        """What needs web server and workers at once."""
        from tests.benchmarks import client, content, footprint, measures, report

        content.clear()  # here, as tables are not emptied under the hands of workers
        with stand.web_server() as port, measures.workers():
            door = client.Door(port, self.installation.key)
            before = footprint.measure()
            title = f"Latency at {PER_SECOND:.0f} requests a second for {self.sizes.latency_seconds:.0f} s"
            report.show_latency(self.console, title, measures.latency(self.sizes, door, per_second=PER_SECOND))
            served = measures.contacts_while_served(self.sizes, door)
            self._compete("Contacts a second, workers busy", served, empty=False)
            report.show_footprints(self.console, before, footprint.measure())
            content.call_off()

    def _actions(self) -> None:
        from tests.benchmarks import measures, rivals

        rivals.make_tables_of_procrastinate(self.installation.database_url)
        title = f"Actions a second (create_task, {self.sizes.actions} due)"
        self._compete(title, measures.actions(self.installation, self.sizes))

    def _mails(self) -> None:
        from tests.benchmarks import measures, rivals

        rivals.make_tables_of_post_office()
        title = f"Mails a second (send_email, {self.sizes.mails} due)"
        self._compete(title, measures.mails(self.installation, self.sizes, self.mailbox))

    def _tracking(self) -> None:
        from tests.benchmarks import content, hits, report

        content.clear()
        sent, seconds = hits.send(), self.sizes.seconds
        with stand.web_server() as ours, hits.bare_server(sent) as bare:
            self._compete("Opens and clicks a second", hits.contestants(sent, ours, bare, seconds=seconds), empty=False)
            title = f"Latency at {hits.STEADY} requests a second"
            report.show_latencies(self.console, title, hits.latencies(sent, ours, bare, seconds=max(2.0, 5 * seconds)))

    def _list(self) -> None:
        from tests.benchmarks import lists, report

        report.show_import(self.console, lists.bring_in(self.installation.database_url, lines=self.sizes.lines))

    def _words(self) -> None:
        from tests.benchmarks import report, words

        report.show_words(self.console, list(words.measure(windows=max(2, 7 * self.sizes.rounds))))

    def _compete(self, title: str, contestants: list, *, empty: bool = True) -> None:  # type: ignore[type-arg]  # of contest
        from tests.benchmarks import content, contest, report

        with self._saying() as say:
            contest.run(
                contestants,
                rounds=self.sizes.rounds,
                before_each=content.clear if empty else content.call_off,
                say=lambda doing: say(f"{title}, {doing}"),
            )
        report.show_contest(self.console, title, contestants)

    @contextlib.contextmanager
    def _saying(self) -> Iterator:  # type: ignore[type-arg]  # of a callable that takes a sentence
        if not self.console.is_terminal:
            yield lambda doing: None
            return
        with self.console.status("") as status:
            yield status.update


def _wanted() -> list[str]:
    asked = sys.argv[1:] or list(PARTS)
    is_profile = asked[0] == "profile" and len(asked) == 2 and asked[1] in PROFILES
    if not is_profile and set(asked) - set(PARTS):
        raise SystemExit(USAGE)
    return asked


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
