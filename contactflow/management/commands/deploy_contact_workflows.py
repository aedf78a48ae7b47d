"""Loads the default content and says whether this installation is fit to serve."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from contactflow import deployment


class Command(BaseCommand):
    help = (
        "Loads or completes the default content, never overwriting what staff changed, and checks environment, "
        "database, emails, workflows, Notion and API. Ends with 0 unless a check FAILs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, only examine")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        styles = {"ok": self.style.SUCCESS, "warning": self.style.WARNING, "FAIL": self.style.ERROR}
        failed = 0
        for line in deployment.deploy(check_only=check):
            failed += line.level == "FAIL"
            self.stdout.write(f"{styles[line.level](line.level.ljust(7))}  {line.subject}: {line.text}")
        if failed:
            self.stdout.write(f"{failed} failed. Mend them and run this again.")
            raise SystemExit(1)
