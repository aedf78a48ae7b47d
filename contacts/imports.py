"""A CSV file -> arrivals, line by line: Notion's own export, or any file with those column names.

Nothing is stored here, and never more than one record is held.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime as dt
import functools
import hashlib
import io
import json
import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from dateutil import parser as dates

from contacts.intake import Arrival

TEXTS: Final = {
    "first name": "first_name",
    "last name": "last_name",
    "phone": "phone",
    "company": "company",
    "job title": "job_title",
    "notes": "notes",
    "timezone": "timezone",
    "locale": "locale",
    "lead source": "lead_source",
    "status": "status",
}
LISTS: Final = {
    "contact type": "contact_types",
    "business entity": "business_entities",
    "tags": "tags",
    "interests": "interests",
}
EMAIL, DATE_ADDED = "email", "date added"
REJECTION_COLUMNS: Final = ("Rejected Line", "Rejected Because")
# Contactflow's own columns, which come back with an export or with a corrected file of rejected lines.
KEPT_ASIDE: Final = {"contact id", "last interaction", *(name.casefold() for name in REJECTION_COLUMNS)}
KNOWN: Final = {*TEXTS, *LISTS, EMAIL, DATE_ADDED, *KEPT_ASIDE}
DELIMITERS: Final = ",;\t"
CHUNK = 1 << 20


class FileRefused(Exception):
    """Nothing of the file can be read; the message says why and what to do."""

    permanent = True


@dataclass(frozen=True)
class Line:
    """A record that was understood. `digest` stands for its content, wherever in whatever file it stands."""

    number: int  # of the physical line on which the record starts
    arrival: Arrival
    digest: str
    cells: Sequence[str]
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Rejected:
    """A record that was not, or that the door turned away."""

    number: int
    reason: str
    cells: Sequence[str]


class Table:
    """An open CSV file. Iterating yields its records in order; the stream has to be seekable and stays open."""

    def __init__(self, stream: BinaryIO) -> None:
        """Reads the whole stream once to see that it can be decoded, before anything of it is stored."""
        self._encoding, self.total_lines = _examine(stream)
        stream.seek(0)
        self._text = io.TextIOWrapper(stream, encoding=self._encoding, newline="")
        self._lines = _PhysicalLines(self._text)
        try:
            self.header = self._read_header()
        except FileRefused:
            self._text.detach()
            raise
        self._names = [_column(name) for name in self.header]

    @property
    def lines_read(self) -> int:
        """How many physical lines were read so far, for a progress bar."""
        return self._lines.read

    def __iter__(self) -> Generator[Line | Rejected, None, None]:
        try:
            for number, cells in self._records():
                if isinstance(cells, Rejected):
                    yield cells
                elif any(cell.strip() for cell in cells):  # a spreadsheet leaves empty records behind
                    yield self._understand(number, cells)
        finally:
            self._text.detach()  # else the caller's stream would be closed with the text

    def _read_header(self) -> list[str]:
        self._delimiter = ","
        first = next((line for line in self._lines if line.strip("\ufeff\r\n \t,;")), "")
        if not first:
            raise FileRefused("The file is empty.")
        self._delimiter = max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
        self._lines.push_back(first)
        for _, cells in self._records():
            if isinstance(cells, Rejected):
                raise FileRefused(f"The header cannot be read: {cells.reason}")
            header = [cell.strip().strip("\ufeff") for cell in cells]
            if EMAIL not in map(_column, header):
                found = ", ".join(name for name in header if name) or "none"
                raise FileRefused(f'There is no column "Email". Columns found: {found}. Rename the right one.')
            return header
        raise FileRefused("The file is empty.")

    def _records(self) -> Iterator[tuple[int, list[str] | Rejected]]:
        """Each record with the line it starts on. A quote that is never closed costs its own line only."""
        reader = self._reader()
        while True:
            number = self._lines.start_record()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                bad = self._lines.keep_first_of_record()
                yield number, Rejected(number, _quoting_reason(error), [bad.rstrip("\r\n")])
                reader = self._reader()
                continue
            yield number, cells

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._delimiter, strict=True)

    def _understand(self, number: int, cells: list[str]) -> Line | Rejected:
        if any(cell.strip() for cell in cells[len(self.header) :]):
            reason = (
                f"The line has {len(cells)} cells, the header {len(self.header)}. "
                "Put quotation marks around cells that contain the separator."
            )
            return Rejected(number, reason, cells)
        named = [(name, cell) for name, cell in zip(self._names, cells, strict=False) if name in KNOWN]
        values = dict(reversed(named))  # of two columns with one name the first counts
        added_on, warnings = _date(values.get(DATE_ADDED, ""))
        payload = {name: cell for name, cell in zip(self.header, cells, strict=False) if name and cell}
        arrival = Arrival(
            email=values.get(EMAIL, ""),
            **{field: values.get(name) for name, field in TEXTS.items()},  # type: ignore[arg-type]  # all are texts
            **{field: _split(values[name]) for name, field in LISTS.items() if name in values},  # type: ignore[arg-type]
            custom=self._custom(cells),
            added_on=added_on,
            payload=payload,
        )
        return Line(number=number, arrival=arrival, digest=_digest(payload), cells=cells, warnings=warnings)

    def _custom(self, cells: Sequence[str]) -> dict[str, str] | None:
        """Columns nobody knows become custom fields under their own name."""
        columns = zip(self.header, self._names, cells, strict=False)
        return {shown: cell.strip() for shown, name, cell in columns if name and name not in KNOWN} or None


class _PhysicalLines:
    """The lines of a file for csv.reader, which can be given back when a record turns out to be broken."""

    def __init__(self, stream: Iterable[str]) -> None:
        self._stream = iter(stream)
        self._waiting: deque[str] = deque()
        self._record: list[str] = []
        self.read = 0  # lines handed out and not given back

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._stream)
        self.read += 1
        self._record.append(line)
        return line

    def start_record(self) -> int:
        """The number of the line that comes next."""
        self._record = []
        return self.read + 1

    def keep_first_of_record(self) -> str:
        """Give back all lines of the current record but the first, which is returned."""
        first, *others = self._record
        for line in reversed(others):
            self.push_back(line)
        return first

    def push_back(self, line: str) -> None:
        self._waiting.appendleft(line)
        self.read -= 1


def _examine(stream: BinaryIO) -> tuple[str, int]:
    """Encoding and number of lines; UTF-8, or UTF-16 where its byte-order mark says so."""
    stream.seek(0)
    start = stream.read(2)
    encoding = "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    lines = 0
    try:
        while chunk := stream.read(CHUNK):
            lines += decoder.decode(chunk).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = lines + error.object[: error.start].count(b"\n") + 1
        raise FileRefused(f"The file is not UTF-8 (line {line}). Save it as CSV UTF-8 and import it again.") from error
    return encoding, lines


def _quoting_reason(error: csv.Error) -> str:
    said = str(error)
    if "unexpected end" in said or "larger than field limit" in said:
        return "A quotation mark is opened and never closed."
    return f"The line cannot be read as CSV: {said}. Double the quotation marks inside a quoted cell."


def _column(name: str) -> str:
    return " ".join(name.split()).casefold()


def _split(cell: str) -> tuple[str, ...]:
    """A multi-select as Notion writes it: joined by commas, which its options cannot contain."""
    return tuple(part.strip() for part in re.split(r"[,;\n]", cell) if part.strip())


def _date(cell: str) -> tuple[dt.date | None, Sequence[str]]:
    """A date that cannot be read is left out with a warning: no reason to turn a person away."""
    text = cell.strip()
    if not text:
        return None, ()
    date = _parsed(text.split("→")[0].strip())  # Notion's ranges: the first day counts
    return date, () if date else (f'Date Added "{text[:40]}" was left out: write it like November 3, 2024.',)


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> dt.date | None:
    """None also for what names no whole day: dateutil would fill the gaps from the date it is given."""
    with contextlib.suppress(ValueError, OverflowError, TypeError):
        found = {dates.parse(text, default=day).date() for day in (dt.datetime(2001, 1, 1), dt.datetime(2002, 2, 2))}  # noqa: DTZ001 - a date has no zone
        return found.pop() if len(found) == 1 else None
    return None


def _digest(payload: dict[str, str]) -> str:
    """The same whatever the order of the columns."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:40]
