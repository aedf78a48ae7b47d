"""A value -> the cell of a spreadsheet, which never calculates it, and the cell -> the value again.

A cell that would be read as anything but the text that it is bears an apostrophe; without one, what Notion and Excel
leave in a cell is no part of the value.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from contacts.models import Consent

CUSTOM = "custom:"  # and the name of the custom field
STARTERS = frozenset("=+-@\t\r\n\0|%\u2010\u2011\u2212")
BEFORE = "' \u00a0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
# A relation in Notion's export: the page's name, and its address or its file.
NOTION_LINK: Final = re.compile(
    r"\s*\((?:https?://(?:[\w-]+\.)*notion\.(?:so|site|com)/[^\s()]*|[^\s()]*[0-9a-f]{32}\.(?:md|html|csv))\)(?=\s*(?:,|$))"
)
EXCEL_ERROR: Final = re.compile(r"#(?:N/A|NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+)")
ROUNDED_NUMBER: Final = re.compile(r"\+?\d+(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
SIGNS: Final = ",;\n"
WORD: Final = {
    sign: re.compile(rf'\s*(?:"((?:[^"]|"")*)"\s*(?=[{sign}\n]|$)|([^{sign}\n]*))(?:[{sign}\n]|$)') for sign in ",;"
}

EVERY_BRAND: Final = "every brand"
NOTHING: Final = "Nothing recorded"
BLOCKED: Final = "No: "  # and what keeps them from being written to, whatever they said
STATES: Final[dict[str, str]] = {one.label: one.value for one in Consent.State}
ENTRY: Final = re.compile(
    rf'({"|".join(map(re.escape, STATES))}) \((?:"((?:[^"]|"")*)"|(.+?)), \d{{4}}-\d{{2}}-\d{{2}}\)(?:; |$)', re.DOTALL
)

Changes = Callable[[str], bool]  # whether a text, read as it stands, would become something else


def defused(value: object) -> str:
    """The value as text that no spreadsheet calculates: with an apostrophe before what might start a formula."""
    text = "" if value is None else str(value).replace("\0", "")
    return f"'{text}" if _is_formula(text) else text


def marked(text: str, changes: Changes) -> str:
    """`defused`, and with an apostrophe also where `changes`, so that `literal` knows it again."""
    text = text.replace("\0", "")
    return f"'{text}" if _needs_mark(text, changes) else text


def literal(cell: str, changes: Changes) -> str | None:
    """What stands behind the apostrophe; None where it is none of ours."""
    return cell[1:] if cell.startswith("'") and _needs_mark(cell[1:], changes) else None


def written(field: str, value: Any) -> str:
    """The cell for a value of a field: a text, the words of a list, or whatever a custom field holds."""
    if isinstance(value, str) or value is None:
        return marked(value or "", lambda text: _is_changed(field, text))
    if field.startswith(CUSTOM):
        return json.dumps(value, ensure_ascii=False)  # no formula: it starts with a digit, minus, letter or bracket
    return marked(joined(value), lambda text: _is_changed(field, text))


def read(field: str, cell: str) -> tuple[str, str]:
    """The text in a cell, and what was wrong with it (then the text is empty)."""
    if cell.startswith("'") and (text := literal(cell, lambda text: _is_changed(field, text))) is not None:
        return text, ""
    return _understood(field, cell)


def typed(cell: str) -> Any:
    """What a cell of our own export holds for a custom field: a number, yes or no, a list; else its text."""
    if cell.startswith("'"):
        return None
    try:
        value = json.loads(cell, parse_constant=lambda constant: None)
    except (ValueError, RecursionError):
        return None
    is_ours = not isinstance(value, str) and json.dumps(value, ensure_ascii=False) == cell
    return value if is_ours else None


def joined(words: Iterable[str]) -> str:
    """Words in one cell, parted by commas; quoted where one holds what parts them."""
    return ", ".join(map(quoted, words))


def split(cell: str) -> tuple[str, ...]:
    """The words in a cell: parted by commas or, where it has none outside quotation marks, by semicolons."""
    if '"' not in cell and "," not in cell and ";" not in cell and "\n" not in cell:
        return (cell.strip(),) if cell.strip() else ()
    bare = re.sub(r'"(?:[^"]|"")*"', "", cell)
    found = WORD[";" if ";" in bare and "," not in bare else ","].finditer(cell)
    words = (one[2] if one[1] is None else one[1].replace('""', '"') for one in found)
    return tuple(word.strip() for word in words if word.strip())


def quoted(word: str) -> str:
    """The word as `split` knows it for one."""
    doubled = word.replace('"', '""')
    return f'"{doubled}"' if '"' in word or any(sign in word for sign in SIGNS) else word


def permission_written(records: Sequence[Consent]) -> str:
    """What an export says of being emailed: the records in their order, a brand in quotation marks where its name could
    be taken for something else."""
    return "; ".join(f"{one.get_state_display()} ({_brand(one)}, {one.recorded_at:%Y-%m-%d})" for one in records)


def permission_read(cell: str) -> dict[str, bool | None] | None:
    """That again: by the name of a brand (empty: every brand) whether they may, as Arrival.permission says it; None
    where the cell is none of ours. Who is blocked or was asked to confirm is so where the list comes from: whether
    somebody who is known here may be emailed is known better here."""
    text = cell.strip()
    if text == NOTHING:
        return {}
    if text.startswith(BLOCKED):
        return {"": None}
    found: dict[str, bool | None] = {}
    entries = list(ENTRY.finditer(text))
    if "".join(entry[0] for entry in entries) != text:
        return None
    for state, quoted, plain in (entry.groups() for entry in entries):
        brand = quoted.replace('""', '"') if quoted is not None else "" if plain == EVERY_BRAND else plain
        found[brand] = None if STATES[state] == Consent.State.PENDING else STATES[state] == Consent.State.GRANTED
    return found or None


def _brand(record: Consent) -> str:
    if record.business_entity is None:
        return EVERY_BRAND
    name = record.business_entity.name
    return quoted(name) if name != EVERY_BRAND else f'"{name}"'


def _understood(field: str, cell: str) -> tuple[str, str]:
    text = cell.strip()
    if text.startswith("#") and EXCEL_ERROR.fullmatch(text):
        return "", f"“{text}” is an error in the spreadsheet, and was left out."
    if field == "phone" and ROUNDED_NUMBER.fullmatch(text):
        return "", f"The phone number “{text}” was rounded by the spreadsheet, and was left out. Store it as text."
    if "(" in cell and field != "notes":
        return NOTION_LINK.sub("", cell), ""
    return cell, ""


def _is_changed(field: str, text: str) -> bool:
    return _understood(field, text)[0] != text or (field.startswith(CUSTOM) and typed(text) is not None)


def _needs_mark(text: str, changes: Changes) -> bool:
    """Also behind apostrophes, which would be taken for a mark else."""
    return _is_formula(text) or changes(text.lstrip("'"))


def _is_formula(text: str) -> bool:
    """Full-width and other forms of the signs count, because some spreadsheets read them as the plain ones, and so does
    what stands behind spaces or invisible characters, which some drop."""
    start = text.lstrip(BEFORE)[:1]
    return bool(start) and not STARTERS.isdisjoint((start, unicodedata.normalize("NFKC", start)))
