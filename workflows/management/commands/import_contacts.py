"""A list of people on the command line."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from contactflow.core.clock import database_now
from contacts.imports import FileRefused
from workflows.imports import RejectedFile, Report, Watcher, import_file

SHOWN_REJECTIONS = 20


class Command(BaseCommand):
    help = "Imports people from Notion's CSV export, or from any CSV with those column names."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--dry-run", action="store_true", help="report what would happen and write nothing")
        parser.add_argument("--entity", metavar="NAME", help="the business entity of lines that name none")
        parser.add_argument("--start-workflows", action="store_true", help="start what matches (else nothing starts)")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        rejections = None if dry_run else RejectedFile(file)
        try:
            report = self._import(file, dry_run, options, rejections)
        except FileRefused as error:
            raise CommandError(f"{file}: {error}") from error
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}.") from error
        self._print(report, dry_run=dry_run, start_workflows=options["start_workflows"])
        if report.rejections and rejections:
            self.stdout.write(f"The rejected lines are in {rejections.path}. Correct them there and import that file.")
        if not report.accepted:
            raise CommandError("Nothing could be imported: no line of the file is a contact.")

    def _import(self, file: Path, dry_run: bool, options: dict[str, Any], rejections: RejectedFile | None) -> Report:
        console = Console(stderr=True)
        columns = (TextColumn("Reading lines"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            bar = progress.add_task("", total=None)
            watcher = Watcher(on_progress=lambda done, total: progress.update(bar, completed=done, total=total))
            with rejections or contextlib.nullcontext() as sink:
                if sink is not None:
                    watcher = Watcher(on_progress=watcher.on_progress, on_rejected=sink.add)
                return import_file(
                    file=file,
                    now=database_now(),
                    dry_run=dry_run,
                    entity=options["entity"],
                    start_workflows=options["start_workflows"],
                    watcher=watcher,
                )

    def _print(self, report: Report, *, dry_run: bool, start_workflows: bool) -> None:
        console = Console(file=self.stdout._out, width=120)  # type: ignore[arg-type]  # OutputWrapper hides the stream
        table = Table("Lines", "How many", title="Would be imported (dry run)" if dry_run else "Imported")
        table.columns[1].justify = "right"
        for name in ("created", "updated", "unchanged"):
            table.add_row(name, str(getattr(report, name)))
        table.add_row("rejected", str(report.rejections))
        table.add_row("merged (repeats of a person in this file, counted above)", str(report.merged))
        if report.started or start_workflows:
            table.add_row("workflows that would start" if dry_run else "workflows started", str(report.started))
        if report.warnings:
            table.add_row("dates left out because they could not be read", str(report.warnings))
        console.print(table)
        for rejected in report.rejected[:SHOWN_REJECTIONS]:
            console.print(f"line {rejected.number}: {escape(rejected.reason)}", highlight=False)
        if report.rejections > SHOWN_REJECTIONS:
            console.print(f"... and {report.rejections - SHOWN_REJECTIONS} more")
