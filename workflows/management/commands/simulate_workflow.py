"""A dry run on the command line."""

from __future__ import annotations

import dataclasses
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from rich.console import Console

from contacts.clock import database_now
from contacts.models import Contact
from workflows.models import WorkflowTemplate
from workflows.simulation import Foreseen, simulate


class Command(BaseCommand):
    help = "Shows what a workflow would do for a contact, when, with every email rendered. Nothing is written or sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the workflow")
        parser.add_argument("--contact", required=True, metavar="EMAIL", help="the contact's email address")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, slug: str, contact: str, **options: Any) -> None:
        template = (
            WorkflowTemplate.objects.filter(slug=slug).select_related("business_entity", "current_version").first()
        )
        if template is None:
            known = ", ".join(WorkflowTemplate.objects.values_list("slug", flat=True))
            raise CommandError(f"There is no workflow {slug}. There are: {known}.")
        person = Contact.objects.filter(email=contact.strip().lower()).first()
        if person is None:
            raise CommandError(f"No contact has the address {contact}. Add the contact first.")
        foreseen = simulate(template=template, contact=person, start=database_now())
        if options["json"]:
            self.stdout.write(
                json.dumps([dataclasses.asdict(one) for one in foreseen], cls=DjangoJSONEncoder, indent=2)
            )
            return
        for one in foreseen:
            self._print(one)

    def _print(self, one: Foreseen) -> None:
        console = Console(width=100, markup=False, highlight=False)
        console.rule(f"{one.at:%a %Y-%m-%d %H:%M %Z}", align="left")
        console.print(f"{one.what}{f' for {one.target}' if one.target else ''}")
        if one.missing:
            console.print(f"Would be held: {', '.join(one.missing)} missing")
        if one.subject:
            console.print(f"Subject: {one.subject}\n")
            console.print(one.text)
