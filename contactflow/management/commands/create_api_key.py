"""A key for a program that calls the API."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contactflow.models import ApiKey, Scope

NAME_LENGTH = 120


class Command(BaseCommand):
    help = "Makes an API key and prints it this once, alone on the last line."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_scopes(), **kwargs
        )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", help="Who or what uses it; shown to staff and in what it did.")
        parser.add_argument(
            "--scope",
            required=True,
            nargs="+",
            action="extend",
            choices=Scope.values,
            help="What it may do; several are allowed.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = " ".join(options["name"].split())
        if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
            raise CommandError(f"Give the key a name of 1 to {NAME_LENGTH} printable characters.")
        key, plaintext = ApiKey.objects.issue(name=name, scope=" ".join(dict.fromkeys(options["scope"])))
        self.stderr.write(
            f"Made the key {key} of scope {key.scope}. It is shown this once: send it as "
            '"Authorization: Bearer KEY". Revoke it in the admin.',
            style_func=str,
        )
        self.stdout.write(plaintext)


def _scopes() -> str:
    return "scopes:\n" + "\n".join(f"  {label}" for label in Scope.labels)
