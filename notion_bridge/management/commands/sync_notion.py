"""One pass that brings Contactflow and Notion together, whether Notion is monitored or not."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from contactflow.core.clock import database_now
from notion_bridge import baseline, describe, health, monitoring, schemas, syncing
from notion_bridge.client import NotionError
from notion_bridge.models import Kind, SyncRun
from notion_bridge.schemas import Misconfigured
from notion_bridge.syncing import Busy, SyncScope

ONE_WAY = "from here to Notion only; a fresh connection is read first, so that nobody gets a second page"


class Command(BaseCommand):
    help = "Synchronise with Notion now: both ways, or with --pull or --push one way."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--pull", action="store_true", help="from Notion to here only")
        parser.add_argument("--push", action="store_true", help=ONE_WAY)
        parser.add_argument("--full", action="store_true", help="look at every page, not only at what was edited")
        parser.add_argument(
            "--start-workflows",
            action="store_true",
            help="the first pull starts workflows for the people it finds; otherwise they are a baseline",
        )

    def handle(self, *args: Any, pull: bool, push: bool, full: bool, start_workflows: bool, **options: Any) -> None:
        if not monitoring.is_connected():
            raise CommandError(
                "Notion is not connected. Set NOTION_API_KEY and the ids of the three databases "
                "(NOTION_CONTACTS_PROFILES_DB, NOTION_TASKS_DB, NOTION_ACTIVE_WORKFLOW_INSTANCES_DB)."
            )
        scope = SyncScope(pull=pull or not push, push=push or not pull, full=full, start_workflows=start_workflows)
        console = Console(file=self.stdout._out)  # type: ignore[arg-type]  # OutputWrapper hides the stream
        try:
            run = self._run(scope, console)
        except NotionError as error:
            again = "Monitoring tries again by itself." if monitoring.is_on() else "Run the command again later."
            message = error.message or str(error)
            raise CommandError(message if error.permanent else f"{message} {again}") from error
        except (Misconfigured, Busy) as error:
            raise CommandError(str(error)) from error
        self._summarise(run, console)

    def _run(self, scope: SyncScope, console: Console) -> SyncRun:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("connecting", total=None)

            def show(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total or None)

            return syncing.run(scope=scope, trigger=SyncRun.Trigger.COMMAND, progress=show)

    def _summarise(self, run: SyncRun, console: Console) -> None:
        console.print(f"Done: {describe.done(run.counts)}.", highlight=False)
        state = health.gather(now=database_now())
        table = Table("Database", "in step", "waiting", "not taken over", "drift", "last pass")
        for one in state.databases:
            row, aside = one.row, one.not_taken_over + one.out_of_step
            at = f"{row.polled_at:%Y-%m-%d %H:%M:%S} UTC" if row.polled_at else "never"
            cells = (row, one.linked, one.queue, aside, row.full_pass.get("drift") or 0)
            table.add_row(*map(str, cells), at)
        console.print(table)
        if missing := [name for kind, name in Kind.choices if kind not in schemas.configured()]:
            console.print(f"Not connected: {', '.join(missing)}. Name their ids in NOTION_..._DB to connect them.")
        errors = ", ".join(f"{number} x {cause}" for cause, number in describe.errors(state.errors).items()) or "none"
        console.print(f"Requests a minute: {state.requests_a_minute:.1f}. Errors in the last hour: {errors}.")
        if state.open_problems or state.open_conflicts:
            console.print(
                f"In the admin under Notion: {state.open_problems} problems, {state.open_conflicts} open conflicts."
            )
        if waiting := baseline.waiting_for_an_answer():
            console.print(
                f"{waiting} people came with the first pull and started no workflow. The admin under Notion shows what "
                "starting them would mean; --start-workflows starts them."
            )
