"""Nine days later, by the clock of database and processes: everything promised by then has happened."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from contactflow import embedded
from tests import postgres
from tests.smtp import Sink

ROOT = Path(__file__).resolve().parents[1]
TRAVEL = ["env", "DONT_FAKE_MONOTONIC=1", "faketime", "-f", "+9d"]

pytestmark = pytest.mark.faketime

# Attaches to the server below the folder it is given, so that the server has this process's clock, and runs manage.py.
ATTACHED = """
import os, subprocess, sys
from pathlib import Path
from contactflow import embedded
base = Path(sys.argv[1])
cluster = embedded.Cluster(base / "pg", locks=base, options={"fsync": "off"})
cluster.attach()
for command in sys.argv[2].split(";"):
    subprocess.run([sys.executable, *command.split()], check=True, env=os.environ | {"DATABASE_URL": cluster.url})
cluster.detach()
"""


@dataclass
class Later:
    """What stands in the database and at the mail server nine days later."""

    sink: Sink
    rows: dict[str, list[tuple[Any, ...]]]


def run(base: Path, commands: str, *, sink: Sink, prefix: list[str] | None = None) -> None:
    environment = os.environ | {
        "EMAIL_URL": sink.url,
        "SECRET_KEY": "for this test alone, and therefore as public as it is long enough",
        "LOG_LEVEL": "CRITICAL",
        "DJANGO_SETTINGS_MODULE": "contactflow.settings",
    }
    command = [*(prefix or []), sys.executable, "-c", ATTACHED, str(base), commands]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)


QUERIES = {
    "actions": "SELECT a.action_type, a.status, i.trigger_event, a.result->>'reason' FROM workflows_scheduledaction a "
    "JOIN workflows_workflowinstance i ON i.id = a.instance_id WHERE a.due_at <= now()",
    "early": "SELECT a.id FROM workflows_scheduledaction a WHERE a.due_at > now() AND a.status <> 'pending'",
    "waiting": "SELECT DISTINCT t.slug FROM workflows_scheduledaction a JOIN workflows_workflowinstance i "
    "ON i.id = a.instance_id JOIN workflows_workflowtemplate t ON t.id = i.template_id WHERE a.status = 'pending'",
    "instances": "SELECT t.slug, i.status FROM workflows_workflowinstance i "
    "JOIN workflows_workflowtemplate t ON t.id = i.template_id",
    "tasks": "SELECT action, count(*) FROM engagement_task GROUP BY action",
    "messages": "SELECT message_id FROM engagement_message WHERE status = 'sent'",
}


@pytest.fixture(scope="module")
def later() -> Iterator[Later]:
    base = Path(tempfile.mkdtemp(prefix="contactflow-travel-", dir="/tmp"))
    base.chmod(0o755)
    postgres.copy_template(base / "pg")
    with Sink() as sink:
        run(base, "-m tests.travellers", sink=sink)
        run(base, "manage.py dispatch --once;manage.py dispatch --once", sink=sink, prefix=TRAVEL)
        yield Later(sink=sink, rows=look(base))
    embedded.Cluster(base / "pg", locks=base).stop()


def look(base: Path) -> dict[str, list[tuple[Any, ...]]]:
    cluster = embedded.Cluster(base / "pg", locks=base)
    cluster.attach()
    try:
        with psycopg.connect(cluster.url) as connection:
            # The server has the present's clock again: what was due nine days on is asked with that clock.
            later = {name: query.replace("now()", "(now() + interval '9 days')") for name, query in QUERIES.items()}
            return {name: connection.execute(query).fetchall() for name, query in later.items()}
    finally:
        cluster.detach()


def test_everything_due_is_settled(later: Later) -> None:
    statuses = Counter(status for _, status, _, _ in later.rows["actions"])

    assert set(statuses) == {"done", "skipped"}


def test_only_touches_are_skipped_and_they_say_why(later: Later) -> None:
    skipped = {(kind, reason) for kind, status, _, reason in later.rows["actions"] if status == "skipped"}

    assert {kind for kind, _ in skipped} == {"follow_up"}
    assert all("yields_to" in reason for _, reason in skipped)


def test_nothing_happened_before_its_time(later: Later) -> None:
    assert later.rows["early"] == []


def test_every_email_arrived_exactly_once(later: Later) -> None:
    arrived = Counter(message["Message-ID"] for message in later.sink.messages)

    assert set(arrived.values()) == {1}
    assert sorted(arrived) == sorted(key for (key,) in later.rows["messages"])


def test_every_planned_email_was_sent(later: Later) -> None:
    sent = [status for kind, status, _, _ in later.rows["actions"] if kind == "send_email"]

    assert set(sent) == {"done"}
    assert len(later.rows["messages"]) >= len(sent) > 40


def test_every_email_has_both_parts_and_no_hole(later: Later) -> None:
    for message in later.sink.messages:
        text = message.get_body(("plain",)).get_content()
        html = message.get_body(("html",)).get_content()
        assert len(text) > 200
        assert "<html" in html
        assert not re.search(r"[{}]|\bNone\b|Hello ,|Dear ,|  ,", text + str(message["Subject"]))


def test_greeting_is_good_without_a_first_name(later: Later) -> None:
    nameless = [message for message in later.sink.messages if str(message["To"]).startswith("nameless")]

    assert nameless
    for message in nameless:
        first_line = message.get_body(("plain",)).get_content().strip().splitlines()[0]
        assert re.fullmatch(r"[A-Z][a-z]+( [a-z]+)*,", first_line), first_line


def test_every_task_exists_once(later: Later) -> None:
    done = [1 for kind, status, _, _ in later.rows["actions"] if kind == "create_task" and status == "done"]

    assert len(later.rows["tasks"]) == len(done) > 40
    assert {many for _, many in later.rows["tasks"]} == {1}


def test_instances_are_completed_but_for_those_that_still_wait(later: Later) -> None:
    waiting = {slug for (slug,) in later.rows["waiting"]}
    statuses = {
        slug: {status for name, status in later.rows["instances"] if name == slug}
        for slug, _ in later.rows["instances"]
    }

    assert waiting == {"website_lead_nurturing"}
    assert statuses == {slug: {"active" if slug in waiting else "completed"} for slug in statuses}
    assert len(statuses) == 9
