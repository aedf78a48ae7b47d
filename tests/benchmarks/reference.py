"""The ceilings: loops of bare psycopg and smtplib that make the writes and commits Contactflow makes, and nothing else.

They run in processes without Django. What they write are copies of rows that Contactflow wrote (tests.benchmarks.rows).
"""

from __future__ import annotations

import smtplib
import socket
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg

from tests.benchmarks.crowd import Lap, Watch
from tests.benchmarks.rows import Pattern, ids_in

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class ContactPattern:
    """The rows of one arrival, in the order in which they are inserted, and the row that wakes a worker."""

    database_url: str
    patterns: tuple[Pattern, ...]
    contact_id: uuid.UUID
    email: str
    event_key: str
    wake: Pattern

    @cached_property
    def ids(self) -> list[uuid.UUID]:
        return ids_in(self.patterns)


@dataclass(frozen=True)
class ActionPattern:
    """The rows that doing an action adds; the ids of those it belongs to come with each claim."""

    database_url: str
    action_id: uuid.UUID
    instance_id: uuid.UUID
    contact_id: uuid.UUID
    action_type: str
    lane: str
    rows: tuple[Pattern, ...]
    batch: int

    @cached_property
    def ids(self) -> list[uuid.UUID]:
        return ids_in(self.rows)


@dataclass(frozen=True)
class Letter:
    """One mail as it goes over the wire."""

    port: int
    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True)
class Claimed:
    action_id: uuid.UUID
    instance_id: uuid.UUID
    contact_id: uuid.UUID


def commit(watch: Watch, database_url: str) -> Lap:
    """The smallest durable change over and over: how fast the disk lets one connection commit."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_commits (n int)")
        connection.execute("INSERT INTO bench_commits VALUES (0)")
        watch.start()
        done = 0
        while watch.is_running():
            connection.execute("UPDATE bench_commits SET n = n + 1")
            done += 1
        lap = watch.lap(done)
        connection.execute("DROP TABLE bench_commits")
    return lap


def insert_contacts(watch: Watch, pattern: ContactPattern) -> Lap:
    done = 0
    with psycopg.connect(pattern.database_url, autocommit=True) as connection:
        watch.start()
        while watch.is_running():
            insert_contact(connection, pattern, email=f"{uuid.uuid4().hex}@example.org")
            done += 1
        return watch.lap(done)


def insert_contact(connection: Connection, pattern: ContactPattern, *, email: str) -> uuid.UUID:
    """Its rows in one commit, then the call that wakes a worker; returns the contact's id."""
    replacements: dict[Any, Any] = {old: uuid.uuid4() for old in pattern.ids}
    replacements |= {pattern.email: email, pattern.event_key: uuid.uuid4().hex}
    with connection.transaction():
        _insert(connection, pattern.patterns, replacements)
    _wake(connection, pattern.wake)
    return uuid.UUID(str(replacements[pattern.contact_id]))


def do_actions(watch: Watch, pattern: ActionPattern) -> Lap:
    """Claim a batch, then for each action its rows, its outcome and its instance's, in one commit."""
    done = 0
    with psycopg.connect(pattern.database_url, autocommit=True) as connection:
        watch.start()
        while watch.is_running() and (batch := _claim(connection, pattern)):
            for claimed in batch:
                with connection.transaction():
                    _insert(connection, pattern.rows, _replacements(pattern, claimed))
                    _finish(connection, claimed)
                done += 1
        return watch.lap(done)


def send_mails(watch: Watch, pattern: ActionPattern, letter: Letter) -> Lap:
    """Claim a batch; then for each mail, in one commit, what became of the one before and that this one begins."""
    done = 0
    with (
        psycopg.connect(pattern.database_url, autocommit=True) as connection,
        smtplib.SMTP("127.0.0.1", letter.port, timeout=30) as server,
    ):
        server.ehlo()
        watch.start()
        while watch.is_running() and (batch := _claim(connection, pattern)):
            before: Claimed | None = None
            for claimed in [*batch, None]:
                with connection.transaction():
                    if before:
                        _settle_sent(connection, before)
                    if claimed:
                        connection.execute(_BEGIN_SENDING, [claimed.action_id])
                        _insert(connection, pattern.rows, _replacements(pattern, claimed))
                if claimed:
                    server.sendmail(letter.sender, [letter.recipient], letter.content)
                    done += 1
                before = claimed
        return watch.lap(done)


def send_bare(watch: Watch, letter: Letter) -> Lap:
    """The same bytes with nothing written down."""
    done = 0
    with smtplib.SMTP("127.0.0.1", letter.port, timeout=30) as server:
        server.ehlo()
        watch.start()
        while watch.is_running():
            server.sendmail(letter.sender, [letter.recipient], letter.content)
            done += 1
        return watch.lap(done)


def fill_sink(watch: Watch, letter: Letter) -> Lap:
    """The same bytes without smtplib: what the sink itself can take in."""
    parts = (
        f"MAIL FROM:<{letter.sender}>\r\n".encode(),
        f"RCPT TO:<{letter.recipient}>\r\n".encode(),
        b"DATA\r\n",
        letter.content.rstrip(b"\r\n") + b"\r\n.\r\n",
    )
    done = 0
    with socket.create_connection(("127.0.0.1", letter.port), timeout=30) as server:
        server.recv(1000)
        watch.start()
        while watch.is_running():
            for part in parts:
                server.sendall(part)
                server.recv(1000)
            done += 1
        return watch.lap(done)


_CLAIM = """
    UPDATE workflows_scheduledaction AS action
    SET status = 'claimed', lease_until = clock_timestamp() + interval '1 minute',
        token = nextval('workflows_fence'), held_by = 'bench'
    FROM (
        SELECT waiting.id, instance.contact_id
        FROM workflows_scheduledaction AS waiting
        JOIN workflows_workflowinstance AS instance ON instance.id = waiting.instance_id
        WHERE waiting.status = 'pending' AND NOT waiting.suspect AND NOT waiting.paused
          AND waiting.lane = {lane} AND waiting.action_type = %s
          AND waiting.next_attempt_at <= clock_timestamp() AND instance.status = 'active'
        ORDER BY waiting.next_attempt_at, waiting.due_at
        LIMIT %s
        FOR UPDATE OF waiting SKIP LOCKED
    ) AS due
    WHERE action.id = due.id
    RETURNING action.id, action.instance_id, due.contact_id
"""
_BEGIN_SENDING = """
    UPDATE workflows_scheduledaction
    SET status = 'sending', lease_until = clock_timestamp() + interval '4 minutes', attempts = attempts + 1,
        started_at = clock_timestamp()
    WHERE id = %s AND status = 'claimed'
"""
_MESSAGE_SENT = "UPDATE engagement_message SET status = 'sent', sent_at = clock_timestamp() WHERE action = %s"
_ATTEMPT_DONE = "UPDATE workflows_actionattempt SET outcome = 'done', ended_at = clock_timestamp() WHERE action_id = %s"
_ACTION_DONE = """
    UPDATE workflows_scheduledaction
    SET status = 'done', result = '{"response": "250 OK"}', finished_at = clock_timestamp(), lease_until = NULL,
        token = NULL, held_by = ''
    WHERE id = %s
"""
_INSTANCE_DONE = """
    UPDATE workflows_workflowinstance
    SET status = 'completed', ended_at = clock_timestamp(), updated_at = clock_timestamp() WHERE id = %s
"""
_WAITING = "SELECT count(*) FROM django_q_ormq"


def _insert(connection: Connection, patterns: tuple[Pattern, ...], replacements: dict[Any, Any]) -> None:
    for pattern in patterns:
        connection.execute(pattern.statement, pattern.filled(replacements))


def _claim(connection: Connection, pattern: ActionPattern) -> list[Claimed]:
    claim = _CLAIM.format(lane=f"'{pattern.lane}'")  # a literal, so that the partial index serves it
    rows = connection.execute(claim, [pattern.action_type, pattern.batch]).fetchall()
    return [Claimed(*row) for row in rows]


def _settle_sent(connection: Connection, claimed: Claimed) -> None:
    connection.execute(_MESSAGE_SENT, [claimed.action_id])
    connection.execute(_ATTEMPT_DONE, [claimed.action_id])
    _finish(connection, claimed)


def _finish(connection: Connection, claimed: Claimed) -> None:
    connection.execute(_ACTION_DONE, [claimed.action_id])
    connection.execute(_INSTANCE_DONE, [claimed.instance_id])


def _replacements(pattern: ActionPattern, claimed: Claimed) -> dict[Any, Any]:
    return {old: uuid.uuid4() for old in pattern.ids} | {
        pattern.action_id: claimed.action_id,
        pattern.instance_id: claimed.instance_id,
        pattern.contact_id: claimed.contact_id,
    }


def _wake(connection: Connection, wake: Pattern) -> None:
    (waiting,) = connection.execute(_WAITING).fetchone() or (0,)
    if not waiting:
        connection.execute(wake.statement, wake.cells)
