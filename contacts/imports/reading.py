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
from collections.abc import Generator, Sequence
from typing import IO, Final, NamedTuple

DELIMITERS: Final = ",;\t"
CHUNK = 1 << 20
PART_OF_A_LINE = 10_000  # characters of a line that cannot be read, kept for whoever corrects it
MAX_CELL: Final = 131_072  # characters
MAX_PARSED: Final = 2_000_000  # characters of a record; of a longer one it is only sought where it ends
MAX_HELD: Final = 64_000_000  # characters, while it is open whether a quotation mark is closed further down
csv.field_size_limit(MAX_PARSED)  # of this process; else a long cell would look like one that is never closed
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
            while first := self._next_line():
                number = self.lines_read
                cells = self._record(first)
                if isinstance(cells, str):
                    yield Record(number, [first.rstrip("\r\n")[:PART_OF_A_LINE]], cells)
                elif any(cell.strip() for cell in cells):  # a spreadsheet leaves empty records behind
                    yield Record(number, cells)
        finally:
            self.close()

    def _read_header(self) -> list[str]:
        first = self._first_line()
        if said := SEPARATOR.fullmatch(first.lstrip("\ufeff")):
            self._delimiter, first = said[1], self._first_line()
        else:
            self._delimiter = max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
        if not first:
            raise FileRefused("The file is empty.")
        cells = self._record(first)
        if isinstance(cells, str):
            raise FileRefused(f"The header cannot be read: {cells}")
        return [cell.strip().strip("\ufeff") for cell in cells]

    def _next_line(self) -> str:
        """Empty at the end."""
        line = self._given_back.popleft() if self._given_back else self._text.readline()
        self.lines_read += bool(line)
        return line

    def _first_line(self) -> str:
        while (line := self._next_line()) and not line.strip("\ufeff\r\n \t,;"):
            pass
        return line

    def _record(self, first: str) -> list[str] | str:
        """The cells of the record that starts with this line, or why it cannot be read."""
        lines = [first]
        if _is_open(first, self._delimiter) and not self._reads_to_its_end(lines):
            reason = "A quotation mark is opened and never closed."
        else:
            try:
                if sum(map(len, lines)) <= MAX_PARSED:
                    cells = next(csv.reader(lines, delimiter=self._delimiter, strict=True))
                    if max(map(len, cells), default=0) <= MAX_CELL:
                        return cells
                # It is whole, so nothing in it is a record of its own.
                return f"A cell has more than {MAX_CELL:,} characters."
            except csv.Error as error:
                reason = f"The line cannot be read as CSV: {error}. Double the quotation marks inside a quoted cell."
        self._given_back.extendleft(reversed(lines[1:]))  # it costs its own line only
        self.lines_read -= len(lines) - 1
        return reason

    def _reads_to_its_end(self, lines: list[str]) -> bool:
        """Add the lines of a record whose first one leaves a quotation mark open; False where what looks like the end
        of a quoted cell is none, or there is none at all."""
        held = 0
        while line := self._next_line():
            lines.append(line)
            held += len(line)
            if held > MAX_HELD:
                raise FileRefused(
                    "A quotation mark is opened and not closed within 64 MB. Correct or remove that line."
                )
            if closed := CLOSING.match(line):
                rest = line[closed.end() :]
                if rest.strip("\r\n") and not rest.startswith(self._delimiter):
                    return False
                if not _is_open(f"x{rest}", self._delimiter):
                    return True
        return False


CLOSING: Final = re.compile(r'[^"]*(?:""[^"]*)*"(?!")')


def _is_open(line: str, delimiter: str) -> bool:
    """Whether a quoted cell goes on in the next line."""
    if '"' not in line or len(line) > MAX_PARSED:
        return line.count('"') % 2 == 1
    try:
        next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


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
