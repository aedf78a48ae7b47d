"""A dry run of an import: it foretells exactly what the import will do, and keeps nobody waiting meanwhile."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from contacts import defaults
from contacts.models import Contact, ContactEvent
from engagement import defaults as engagement_defaults
from tests.contacts.listed import Report, import_file
from tests.factories import NOW, ContactFactory
from workflows import defaults as workflow_defaults
from workflows import entrypoints
from workflows.models import WorkflowInstance
from workflows.transfers import pipeline

HEADER = ("Email", "First Name", "Contact Type", "Tags", "Status")
Row = tuple[str, ...]


@pytest.fixture(autouse=True)
def _batches_of_three(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(pipeline, "JUDGED_AT_ONCE", 3)
    defaults.load()


def load(*rows: Row, **options: Any) -> Report:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return import_file(file=io.BytesIO(text.getvalue().encode()), now=NOW, **options)


def told(report: Report) -> tuple[int, ...]:
    return (
        report.created,
        report.updated,
        report.unchanged,
        report.rejections,
        report.merged,
        report.started,
        report.warnings,
    )


def test_somebody_in_two_batches_is_created_once() -> None:
    filler = [(f"p{number}@example.org", "", "", "", "") for number in range(3)]
    rows = [("ada@example.org", "Ada", "", "", ""), *filler, ("ADA@example.org", "", "", "VIP", ""), *filler]

    foretold = load(*rows, dry_run=True)

    assert (foretold.created, foretold.updated, foretold.unchanged, foretold.merged) == (4, 1, 3, 4)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("start_workflows", [False, True])
def test_it_foretells_what_the_import_does(seed: int, start_workflows: bool) -> None:
    engagement_defaults.load()
    workflow_defaults.load(now=NOW)
    ContactFactory(email="a@example.org")
    chance = random.Random(seed)
    rows = [random_row(chance) for _ in range(25)]

    foretold = load(*rows, dry_run=True, start_workflows=start_workflows)

    assert not WorkflowInstance.objects.exists()
    assert told(foretold) == told(load(*rows, start_workflows=start_workflows))


def random_row(chance: random.Random) -> Row:
    return (
        chance.choice(
            ["a@example.org", "A@Example.org ", "b@example.org", "c@example.org", "no address", "d@x.example"]
        ),
        chance.choice(["", "Ada", "Eve"]),
        chance.choice(["", "Artist", "Business Contact", "Potential Client"]),
        chance.choice(["", "VIP", "Hot"]),
        chance.choice(["", "", "", "Do Not Contact"]),
    )


def test_a_file_without_people_is_foretold_too() -> None:
    rows = [("bad", "", "", "", "")] * 4

    assert told(load(*rows, dry_run=True)) == told(load(*rows))


def test_of_one_person_only_some_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    apply_many = entrypoints.apply_many

    def counted(**given: Any) -> Any:
        taken.append(len(given["changes"]))
        return apply_many(**given)

    monkeypatch.setattr(entrypoints, "apply_many", counted)
    monkeypatch.setattr(pipeline, "EARLIER_LINES", 4)

    report = load(*[("ada@example.org", f"Name {number}", "", "", "") for number in range(15)], dry_run=True)

    assert (report.created, max(taken)) == (1, 4)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_end_of_the_file() -> None:
    ContactFactory(email="known@example.org")
    rows = [(f"p{number}@example.org", "", "", "", "") for number in range(4)]

    load(("known@example.org", "Ada", "", "VIP", ""), *rows, dry_run=True, on_step=lambda run: elsewhere(lock_known))

    assert Contact.objects.get().tags == []
    assert not ContactEvent.objects.exists()


def elsewhere(work: Callable[[], None]) -> None:
    """On a connection of its own, done before this returns."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(run).result(timeout=10)


def lock_known() -> None:
    """Fails at once where somebody holds the contact."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM contacts_contact WHERE email = 'known@example.org' FOR NO KEY UPDATE NOWAIT")
