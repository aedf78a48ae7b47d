"""Merging two contacts: what it would do, doing it, and taking it back. Every room gives its own part.

`preview` says in sentences what `merge` would do; `undo` returns whatever has not been changed since.
"""

from __future__ import annotations

from contactflow.merging.doing import NotPossible, merge
from contactflow.merging.finding import now_part_of
from contactflow.merging.preview import Preview, preview
from contactflow.merging.suggesting import likely_duplicates
from contactflow.merging.undoing import Undone, undo, why_not

__all__ = [
    "NotPossible",
    "Preview",
    "Undone",
    "likely_duplicates",
    "merge",
    "now_part_of",
    "preview",
    "undo",
    "why_not",
]
