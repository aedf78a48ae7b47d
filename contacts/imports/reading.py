"""A CSV file -> its records, whatever its separator; a record that cannot be read costs its own line only.

Nothing is stored here, and never more than one record is held.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import IO, Final, NamedTuple

DELIMITERS: Final = ",;\t"
CHUNK = 1 << 20
PART_OF_A_LINE = 10_000  # characters of a line that cannot be read, kept for whoever corrects it
MAX_CELL: Final = 131_072  # characters
MAX_HELD: Final = 32_000_000  # characters, while it is open whether a quotation mark is closed further down
csv.field_size_limit(MAX_HELD)  # of this process; else a long cell would look like one that is never closed
SEPARATOR: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # what Excel puts into a first line


class FileRefused(Exception):
    """Nothing of the file can be read; the message says why and what to do."""

    permanent = True


class Record(NamedTuple):
    number: int  # of the physical line on which the record starts
    cells: Sequence[str]
    reason: str = ""  # why it could not be read; then the one cell is the line itself


class Records:
    """An open CSV file. Iterating yields its records in order; the stream has to be seekable and stays open."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Reads the whole stream once to see that it can be decoded, before anything of it is stored."""
        encoding, self.total_lines = _examine(stream)
        stream.seek(0)
        self._text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        self._given_back: deque[str] = deque()
        self._delimiter = ","
        self.lines_read = 0  # physical ones, for a progress bar
        try:
            self.header = self._read_header()
        except FileRefused:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the stream, else it would be closed with the text; for who does not iterate to the end."""
        with contextlib.suppress(ValueError):  # it was let go before
            self._text.detach()

    def __iter__(self) -> Generator[Record, None, None]:
        try:
            while record := self._next_record():
                if any(cell.strip() for cell in record.cells):  # a spreadsheet leaves empty records behind
                    yield record
        finally:
            self.close()

    def _read_header(self) -> list[str]:
        first = self._first_line()
        if said := SEPARATOR.fullmatch(first.lstrip("\ufeff")):
            self._delimiter, first = said[1], self._first_line()
        else:
            self._delimiter = max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
        self._give_back([first] if first else [])
        if not (record := self._next_record()):
            raise FileRefused("The file is empty.")
        if record.reason:
            raise FileRefused(f"The header cannot be read: {record.reason}")
        return [cell.strip().strip("\ufeff") for cell in record.cells]

    def _first_line(self) -> str:
        return next((line for line in self._lines([]) if line.strip("\ufeff\r\n \t,;")), "")

    def _lines(self, taken: list[str]) -> Iterator[str]:
        """Each is noted as taken."""
        while line := self._given_back.popleft() if self._given_back else self._text.readline():
            self.lines_read += 1
            taken.append(line)
            yield line

    def _give_back(self, lines: Sequence[str]) -> None:
        self._given_back.extendleft(reversed(lines))
        self.lines_read -= len(lines)

    def _next_record(self) -> Record | None:
        """None at the end. What cannot be read costs its first line; what is whole and merely too long, all of them."""
        number, taken = self.lines_read + 1, list[str]()
        try:
            cells = next(csv.reader(self._lines(taken), delimiter=self._delimiter, strict=True), None)
        except csv.Error as error:
            if "field larger" in str(error):
                much = f"{MAX_HELD // 1_000_000} MB"
                raise FileRefused(
                    f"Line {number} opens a quotation mark and does not close it within {much}. Correct it."
                ) from error
            self._give_back(taken[1:])
            reason = f"The line cannot be read as CSV: {error}. Double the quotation marks inside a quoted cell."
            if len(taken) > 1 or "unexpected end" in str(error):
                reason = "A quotation mark is opened and never closed."
        else:
            if cells is None:
                return None
            if max(map(len, cells), default=0) <= MAX_CELL:
                return Record(number, cells)
            reason = f"A cell has more than {MAX_CELL:,} characters."
        return Record(number, [taken[0].rstrip("\r\n")[:PART_OF_A_LINE]], reason)


def _examine(stream: IO[bytes]) -> tuple[str, int]:
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
