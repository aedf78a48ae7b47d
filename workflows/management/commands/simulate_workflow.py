"""A dry run on the command line."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import DateTimeField
from rich.console import Console

from contactflow.core.clock import database_now
from contacts import addresses
from contacts.intake import IntakeError
from workflows import drafts, simulation
from workflows.actions.base import Foreseen, Someone
from workflows.drafts import Plan
from workflows.models import WorkflowTemplate, WorkflowVersion


class Command(BaseCommand):
    help = "Shows what a workflow would do for a contact, when, with every email rendered. Nothing is written or sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the workflow")
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--contact", metavar="EMAIL", help="the contact's email address")
        who.add_argument("--example", action="store_true", help="an example person, who exists nowhere")
        parser.add_argument("--type", action="append", default=[], metavar="NAME", help="contact type of the example")
        parser.add_argument("--source", metavar="NAME", help="lead source of the example")
        parser.add_argument("--brand", metavar="NAME", help="brand of the example")
        parser.add_argument("--interest", action="append", default=[], metavar="WORD", help="interest of the example")
        parser.add_argument("--tag", action="append", default=[], metavar="WORD", help="tag of the example")
        parser.add_argument("--draft", action="store_true", help="the draft instead of what runs")
        parser.add_argument("--start", metavar="WHEN", help='when it would start, such as "2026-03-02 09:00"')
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        template = _template(slug)
        plan = drafts.plan_of(_version(template, is_draft=options["draft"]), template)
        foreseen = simulation.simulate_plan(plan=plan, someone=_someone(plan, options), start=_start(options["start"]))
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
        if one.note:
            console.print(one.note)
        if one.missing:
            console.print(f"Would be held: {', '.join(one.missing)} missing")
        if one.message:
            console.print(one.message)
        if one.subject:
            console.print(f"Subject: {one.subject}\n")
            console.print(one.text)


def _template(slug: str) -> WorkflowTemplate:
    template = WorkflowTemplate.objects.filter(slug=slug).select_related("business_entity", "current_version").first()
    if template is None:
        known = ", ".join(WorkflowTemplate.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no workflow {slug}. There are: {known}.")
    return template


def _version(template: WorkflowTemplate, *, is_draft: bool) -> WorkflowVersion:
    version = template.versions.filter(published_at=None).first() if is_draft else template.current_version
    if version is None:
        raise CommandError("There is no draft." if is_draft else "Nothing is published yet: try --draft.")
    return version


def _someone(plan: Plan, options: dict[str, Any]) -> Someone:
    if not options["example"]:
        person = addresses.find(email=options["contact"])
        if person is None:
            raise CommandError(f"No contact has the address {options['contact']}. Add the contact first.")
        return simulation.real(contact=person, plan=plan)
    try:
        return simulation.example_named(
            plan=plan,
            contact_types=options["type"],
            lead_source=options["source"],
            business_entity=options["brand"],
            interests=options["interest"],
            tags=options["tag"],
        )
    except IntakeError as error:
        raise CommandError(" ".join(said for saids in error.errors.values() for said in saids)) from error


def _start(asked: str | None) -> dt.datetime:
    try:
        return DateTimeField(required=False).clean(asked) or database_now()
    except ValidationError:
        raise CommandError('Give the start as a day and a time, such as "2026-03-02 09:00".') from None
