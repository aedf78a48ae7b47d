"""Fallbacks and passages as people type them: lines of text instead of nested data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

Fallbacks = dict[str, str | None]
Passages = dict[str, dict[str, str]]
PARTS = ("instruction", "fallback")


class FallbacksField(forms.CharField):
    """`first_name = friend`, one per line. Without `=`: the email is held when the contact has no such value."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}), **options)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return "\n".join(name if words is None else f"{name} = {words}" for name, words in value.items())

    def to_python(self, value: Any) -> Fallbacks:  # type: ignore[override]  # a field whose value is a dict
        found: Fallbacks = {}
        for line in str(value or "").splitlines():
            name, equals, words = (part.strip() for part in line.partition("="))
            if name:
                found[name] = words if equals else None
            elif equals:
                raise forms.ValidationError(
                    f"“{line.strip()}” names no variable. Write, for example: first_name = friend"
                )
        return found

    def validate(self, value: Any) -> None:
        """What the names and words may be is for the proofreading of the whole email to say."""

    def run_validators(self, value: Any) -> None:
        """Likewise."""


class PassagesField(FallbacksField):
    """Blocks of lines: the passage's name, then `Instruction: ...` and `Fallback: ...`; a blank line between blocks."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return "\n\n".join(self._block(name, passage) for name, passage in value.items())

    def to_python(self, value: Any) -> Passages:  # type: ignore[override]  # a field whose value is a dict
        blocks = "\n".join(line.strip() for line in str(value or "").splitlines()).split("\n\n")
        found: Passages = {}
        for block in blocks:
            lines = [line for line in block.split("\n") if line]
            if lines:
                found[lines[0]] = self._passage(lines[0], lines[1:])
        return found

    def _passage(self, name: str, lines: list[str]) -> dict[str, str]:
        if name.partition(":")[0].strip().lower() in PARTS:
            raise forms.ValidationError(f"“{name}” belongs to no passage: write the passage's name on the line before.")
        passage: dict[str, str] = {}
        for line in lines:
            part, colon, words = (piece.strip() for piece in line.partition(":"))
            if not colon or part.lower() not in PARTS:
                raise forms.ValidationError(
                    f"“{line}” in passage “{name}”: begin the line with “Instruction:” or “Fallback:”."
                )
            passage[part.lower()] = words
        return passage

    def _block(self, name: str, passage: Mapping[str, str]) -> str:
        lines = [f"{part.capitalize()}: {' '.join(passage[part].split())}" for part in PARTS if part in passage]
        return "\n".join([name, *lines])
