"""Why something was done, refused, held or skipped: a code with its parameters.

Words are made where it is shown: each room says its codes in its own `describe` module. Nothing reads the words back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reason:
    """A code such as "status_blocks", and the values its sentence mentions (plain JSON values)."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, code: str, **params: Any) -> Reason:
        return cls(code, params)

    @classmethod
    def stored(cls, value: Mapping[str, Any]) -> Reason:
        """From what `as_json` gave."""
        return cls(str(value.get("code", "")), {name: one for name, one in value.items() if name != "code"})

    def as_json(self) -> dict[str, Any]:
        """For a JSON column or answer: {"code": ..., parameter: value}."""
        return {"code": self.code, **self.params}


class Refused(Exception):
    """A typed "no" that carries its reason; whoever shows it makes the words."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def sentence(reason: Reason, templates: Mapping[str, Any]) -> str:
    """The template of the code with the parameters in it ("%(name)s"; lazily translated ones included)."""
    template = templates.get(reason.code)
    return str(template) % reason.params if template is not None else reason.code.replace("_", " ")
