"""How many statements and commits stand behind one piece of each kind of work, and commits behind its reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contacts.models import Contact
from tests.benchmarks import content, crowd, reference, statements
from tests.benchmarks.content import Installation

CONTACTS = 10
ACTIONS = 50
LINES = 1000
ROUNDS = 10  # of an idle engine


@dataclass(frozen=True)
class Work:
    """Pieces of one kind, to be counted or profiled. The reference does them too, contacts as many as it can."""

    name: str
    goal: str
    pieces: int
    prepare: Callable[[], object]
    do: Callable[[], object]
    reference: Callable[[], object] | None = None


@dataclass(frozen=True)
class Anatomy:
    """Per piece of work, on average. Commits are those that wrote something."""

    name: str
    goal: str
    statements: float
    reads: float
    writes: float
    savepoints: float
    commits: float
    commits_of_reference: float | None = None


def works(installation: Installation, mail_port: int, *, lines: int = LINES) -> dict[str, Work]:
    contact, task = content.contact_pattern(installation), content.action_pattern(installation, "create_task")
    mail, letter = content.action_pattern(installation, "send_email"), content.letter(mail_port)
    file = content.list_of_people(lines)
    return {
        "contact": Work(
            "a contact, two workflows",
            "<= 14",
            CONTACTS,
            content.clear,
            lambda: content.post_contacts(installation, CONTACTS),
            lambda: crowd.per_second(reference.insert_contacts, contact, clients=1, seconds=0.1),
        ),
        "line": Work("a line of a list, with starts", "<= 1", lines, content.clear, lambda: content.import_list(file)),
        "action": Work(
            "an action inside (create_task)",
            "<= 0.5",
            ACTIONS,
            lambda: _make_due("create_task"),
            content.run_engine,
            lambda: crowd.per_second(reference.do_actions, task, clients=1, seconds=5),
        ),
        "mail": Work(
            "a mail",
            "<= 12, 1 commit",
            ACTIONS,
            lambda: _make_due("send_email"),
            content.run_engine,
            lambda: crowd.per_second(reference.send_mails, mail, letter, clients=1, seconds=5),
        ),
        "idle": Work("an idle round", "<= 4", ROUNDS, content.clear, lambda: content.run_engine(rounds=ROUNDS)),
    }


def examine(work: Work) -> Anatomy:
    commits_of_reference = None
    if work.reference is not None:
        work.prepare()
        before = statements.write_position()
        work.reference()
        commits_of_reference = statements.commits_since(before) / Contact.objects.count()
    work.prepare()
    with statements.counted() as ledger:
        work.do()
    counted = (len(ledger.statements), ledger.reads, ledger.writes, ledger.savepoints, ledger.commits)
    return Anatomy(work.name, work.goal, *(count / work.pieces for count in counted), commits_of_reference)


def _make_due(action_type: str) -> None:
    content.clear()
    content.make_due(action_type, ACTIONS)
