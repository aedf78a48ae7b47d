"""A CSV file -> its records, whatever its separator; a record that cannot be read costs its own line only.

Nothing is stored here, and never more than one record is held.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

DELIMITERS: Final = ",;\t"
CHUNK = 1 << 20


class FileRefused(Exception):
    """Nothing of the file can be read; the message says why and what to do."""

    permanent = True


@dataclass(frozen=True)
class Rejected:
    """A record that was not understood, or that the door turned away."""

    number: int  # of the physical line on which the record starts
    reason: str
    cells: Sequence[str]


class Records:
    """An open CSV file. Iterating yields its records in order, each with the number of the line it starts on and its
    cells; the stream has to be seekable and stays open."""

    def __init__(self, stream: BinaryIO) -> None:
        """Reads the whole stream once to see that it can be decoded, before anything of it is stored."""
        self._encoding, self.total_lines = _examine(stream)
        stream.seek(0)
        self._text = io.TextIOWrapper(stream, encoding=self._encoding, newline="")
        self._lines = _PhysicalLines(self._text)
        self._delimiter = ","
        try:
            self.header = self._read_header()
        except FileRefused:
            self.close()
            raise

    @property
    def lines_read(self) -> int:
        """How many physical lines were read so far, for a progress bar."""
        return self._lines.read

    def close(self) -> None:
        """Let go of the stream, else it would be closed with the text; for who does not iterate to the end."""
        self._text.detach()

    def __iter__(self) -> Generator[tuple[int, list[str]] | Rejected, None, None]:
        try:
            for number, cells in self._records():
                if isinstance(cells, Rejected):
                    yield cells
                elif any(cell.strip() for cell in cells):  # a spreadsheet leaves empty records behind
                    yield number, cells
        finally:
            self.close()

    def _read_header(self) -> list[str]:
        first = next((line for line in self._lines if line.strip("\ufeff\r\n \t,;")), "")
        if not first:
            raise FileRefused("The file is empty.")
        self._delimiter = max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
        self._lines.push_back(first)
        for _, cells in self._records():
            if isinstance(cells, Rejected):
                raise FileRefused(f"The header cannot be read: {cells.reason}")
            return [cell.strip().strip("\ufeff") for cell in cells]
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
