"""Merging two contacts: what it would do, doing it, and taking it back. Every room gives its own part.

`preview` says in sentences what `merge` would do; `undo` returns whatever has not been changed since.
"""

from __future__ import annotations

from contactflow.contact_merge.duplicates import likely_duplicates, now_part_of
from contactflow.contact_merge.merging import NotPossible, merge
from contactflow.contact_merge.preview import Preview, preview
from contactflow.contact_merge.undoing import Undone, undo, why_not

__all__ = [
    "NotPossible", "Preview", "Undone", "likely_duplicates", "merge", "now_part_of", "preview", "undo", "why_not",
]  # fmt: skip
