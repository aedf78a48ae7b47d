"""What the server was asked to do, as it tells itself: every statement, through the ORM or past it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

_TOLD = re.compile(r"(?:statement|execute [^:]*): (.*)", re.DOTALL)
_WRITES = re.compile(
    r"^(INSERT|UPDATE|DELETE|MERGE|COPY)\b|\bINSERT\s+INTO\b|\bDELETE\s+FROM\b|\bUPDATE\s+\S+.*?\sSET\s", re.S
)

LENGTH = 100  # of a statement, as it is shown


@dataclass
class Ledger:
    """Statements in their order, with BEGIN and COMMIT, which the server is sent too."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0
    """Transactions that wrote something, and so reached the disk, whoever's."""

    @property
    def writes(self) -> int:
        return sum(bool(_WRITES.search(one.upper())) for one in self.statements)

    @property
    def reads(self) -> int:
        return sum(not _WRITES.search(one.upper()) for one in self.statements if _verb(one) in ("SELECT", "WITH"))

    def alike(self) -> Counter[str]:
        """How often each was asked, whatever its values."""
        return Counter(re.sub(r"'[^']*'|\b\d+\b|\s+", " ", one)[:LENGTH] for one in self.statements)

    @property
    def savepoints(self) -> int:
        return sum(_verb(one) == "SAVEPOINT" for one in self.statements)


@contextmanager
def counted() -> Iterator[Ledger]:
    """What Django's connections in this process ask meanwhile."""
    ledger = Ledger()
    told: list[str] = []

    def listen(connection: Any, **_: Any) -> None:
        connection.connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))

    connection_created.connect(listen)
    _ask("ALTER ROLE CURRENT_USER SET log_statement = 'all'", "ALTER ROLE CURRENT_USER SET client_min_messages = 'log'")
    connection.close()  # a new one is told
    begin = write_position()
    told.clear()
    try:
        yield ledger
    finally:
        found = [_TOLD.match(one) for one in told]
        ledger.statements += [match[1].strip() for match in found if match]
        ledger.commits = commits_since(begin)
        connection_created.disconnect(listen)
        _ask("ALTER ROLE CURRENT_USER RESET log_statement", "ALTER ROLE CURRENT_USER RESET client_min_messages")
        connection.close()


def write_position() -> str:
    """Where the write-ahead log ends now."""
    return str(_ask("CREATE EXTENSION IF NOT EXISTS pg_walinspect", "SELECT pg_current_wal_lsn()::text"))


def commits_since(position: str) -> int:
    """Transactions that wrote something, from that place in the write-ahead log on."""
    if not _ask("SELECT pg_current_wal_flush_lsn() > %s::pg_lsn", parameters=[position]):
        return 0
    return int(_ask(_COMMITS, parameters=[position]))


_COMMITS = """
    SELECT count(*) FROM pg_get_wal_records_info(%s::pg_lsn, pg_current_wal_flush_lsn())
    WHERE resource_manager = 'Transaction' AND record_type LIKE 'COMMIT%%'
"""


def _verb(statement: str) -> str:
    return statement.split(maxsplit=1)[0].upper() if statement else ""


def _ask(*statements: str, parameters: list[Any] | None = None) -> Any:
    """Run them; what the last one answers."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, parameters)
        return cursor.fetchone()[0] if cursor.description else None
