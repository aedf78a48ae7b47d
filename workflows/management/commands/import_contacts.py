"""A list of people on the command line."""

from __future__ import annotations

import csv
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from contactflow.core.clock import database_now
from contacts import reference_data
from contacts.cleaning import Unacceptable
from contacts.imports import FileRefused, dates
from workflows.models import ImportRun
from workflows.transfers import column_mapping, runs

SHOWN_REJECTIONS = 20
COMMAND_LINE: Final = "Command line"  # the source of a list that names none
ACCEPTED = ("created", "updated", "unchanged")


class Command(BaseCommand):
    help = "Imports people from Notion's CSV export, or from any CSV with those column names."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file: CSV, TSV or Excel (.xlsx)")
        parser.add_argument("--dry-run", action="store_true", help="report what would happen and write nothing")
        parser.add_argument("--entity", metavar="NAME", help="the business entity of lines that name none")
        parser.add_argument("--start-workflows", action="store_true", help="start what matches (else nothing starts)")
        parser.add_argument(
            "--rejects", metavar="FILE", type=Path, help="where rejected lines go (else beside the file)"
        )
        parser.add_argument("--source", default="", help="take columns and values as they were mapped for this source")
        parser.add_argument(
            "--dates", choices=(dates.DAY, dates.MONTH), default="", help="what comes first in 03/04/2024"
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        rejects: Path = options["rejects"] or file.with_name(f"{file.name}.rejected.csv")
        try:
            with file.open("rb") as stream:
                if not dry_run:
                    _make_room(rejects, beside=file)
                named, brands = options["entity"], reference_data.load().business_entities
                run = runs.receive(
                    here=True,
                    file=stream,
                    file_name=file.name,
                    source=options["source"] or COMMAND_LINE,
                    business_entity=None if named is None else brands.find(named),
                    now=database_now(),
                )
        except (FileRefused, Unacceptable) as error:
            raise CommandError(f"{file}: {error}") from error
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}.") from error
        try:
            self._carry_out(run, dry_run, options)
            self._print(run)
            if run.counts.get("rejected") and not dry_run:
                _write_rejected(run, rejects)
                self.stdout.write(f"The rejected lines are in {rejects}. Correct them there and import that file.")
        finally:
            if dry_run:
                run.delete()
        if not any(run.counts.get(name) for name in ACCEPTED):
            raise CommandError("Nothing could be imported: no line of the file is a contact.")

    def _carry_out(self, run: ImportRun, dry_run: bool, options: dict[str, Any]) -> None:
        console = Console(stderr=True)
        given = {"start_workflows": options["start_workflows"], "date_order": options["dates"] or run.date_order}
        columns = (TextColumn("Taking in lines"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
                bar = progress.add_task("", total=run.total)
                given["on_step"] = lambda one: progress.update(bar, completed=one.cursor)
                runs.carry_out(run=run, dry_run=dry_run, **given)
        except KeyboardInterrupt:
            runs.cancel(run=run)
            raise
        if run.state == ImportRun.State.FAILED:
            raise CommandError(run.trouble)

    def _print(self, run: ImportRun) -> None:
        console, is_preview = Console(file=self.stdout._out, width=120), not run.applied_at  # type: ignore[arg-type]  # OutputWrapper hides the stream
        table = Table("Lines", "How many", title="Would be imported (dry run)" if is_preview else "Imported")
        table.columns[1].justify = "right"
        shown = {name: name for name in (*ACCEPTED, "rejected")}
        shown["merged"] = "merged (repeats of a person in this file, counted above)"
        if run.start_workflows:
            shown["started"] = "workflows that would start" if is_preview else "workflows started"
        if run.counts.get("warnings"):
            shown["warnings"] = "values left out because they could not be read"
        for name, words in shown.items():
            table.add_row(words, str(run.counts.get(name, 0)))
        console.print(table)
        rejected, warned = run.rejected(), run.lines.exclude(warnings=[])
        more = run.counts.get("rejected", 0) - SHOWN_REJECTIONS
        for said in (
            *(f"Warning: {remark}" for remark in column_mapping.remarks(run)),
            *(f"line {row.number}: {row.reason}" for row in rejected[:SHOWN_REJECTIONS]),
            *([f"... and {more} more"] if more > 0 else []),
            *(f"line {row.number}: {' '.join(row.warnings)}" for row in warned[:SHOWN_REJECTIONS]),
        ):
            console.print(escape(said), highlight=False)


def _make_room(path: Path, *, beside: Path) -> None:
    """Take away the file of an earlier run, and see whether a new one can be written. Raises CommandError."""
    if path.exists() and path.samefile(beside):
        raise CommandError(f"{path} is the list itself. Give another file with --rejects FILE.")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise CommandError(
            f"Rejected lines cannot be written to {path}: no file can be made there. Say where with --rejects FILE."
        )
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"{path} cannot be replaced: {error.strerror}. Say where with --rejects FILE.") from error


def _write_rejected(run: ImportRun, path: Path) -> None:
    """People's data, so for its owner alone; never through a link that somebody else made there."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # The byte-order mark makes spreadsheets read it as UTF-8, as it does in Notion's own export.
    with os.fdopen(handle, "w", encoding="utf-8-sig", errors="replace", newline="") as file:
        csv.writer(file).writerows(run.rejected_table())
