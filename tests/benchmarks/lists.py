"""A list of people brought in on the command line, beside COPY of the rows that it wrote."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from contacts.models import Contact
from tests.benchmarks import content, footprint, rows, stand

PATIENCE = 300  # seconds; what is not in by then stays out, and the ratio is that of what is


@dataclass(frozen=True)
class Imported:
    of_lines: int
    lines: int
    seconds: float
    peak_mb: float
    rows: int
    copy_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.copy_seconds


def bring_in(database_url: str, *, lines: int) -> Imported:
    content.clear()
    seconds, peak_mb = _import(content.list_of_people(lines))
    people = Contact.objects.count()
    with psycopg.connect(database_url) as connection:
        written, copy_seconds = _copy_again(connection)
    content.clear()
    return Imported(lines, people, seconds, peak_mb, written, copy_seconds)


def _import(file: Path) -> tuple[float, float]:
    """`manage.py import_contacts` in a process of its own: seconds, and the most memory it held, in MB."""
    command = [sys.executable, "manage.py", "import_contacts", str(file), "--start-workflows"]
    began, most = time.monotonic(), 0.0
    process = subprocess.Popen(command, cwd=stand.ROOT, stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None and time.monotonic() < began + PATIENCE:
            most = max(most, footprint.peak(process.pid))
            time.sleep(0.05)
    finally:
        seconds = time.monotonic() - began
        process.kill()
    if process.wait() not in (0, -signal.SIGKILL):
        raise SystemExit(f"import_contacts ended with {process.returncode}: its reason stands above.")
    return seconds, most


def _copy_again(connection: psycopg.Connection) -> tuple[int, float]:
    """Empty the tables and COPY their rows back, in one transaction: how many rows, and the seconds of that."""
    columns = {table: _columns(connection, table) for table in rows.filled(connection)}
    with tempfile.TemporaryDirectory(prefix="contactflow-copy-") as folder, connection.cursor() as cursor:
        written = 0
        for table, names in columns.items():
            with _copy(cursor, table, names, "TO STDOUT") as copy, (Path(folder) / table).open("wb") as file:
                file.writelines(copy)
            written += cursor.rowcount
        connection.commit()
        content.clear()
        began = time.monotonic()
        for table, names in columns.items():
            with _copy(cursor, table, names, "FROM STDIN") as copy, (Path(folder) / table).open("rb") as file:
                while block := file.read(1 << 20):
                    copy.write(block)
        connection.commit()
        return written, time.monotonic() - began


def _copy(
    cursor: psycopg.Cursor, table: str, columns: sql.Composed, way: str
) -> contextlib.AbstractContextManager[psycopg.Copy]:
    return cursor.copy(sql.SQL("COPY {} ({}) {}").format(sql.Identifier(table), columns, sql.SQL(way)))


def _columns(connection: psycopg.Connection, table: str) -> sql.Composed:
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    return sql.SQL(", ").join(sql.Identifier(name) for (name,) in found.fetchall())
