"""Which two versions a page compares: ?before=1&after=3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from django.http import HttpRequest


class Numbered(Protocol):
    @property
    def number(self) -> int: ...


Version = TypeVar("Version", bound=Numbered)


def chosen(request: HttpRequest, newest_first: Sequence[Version]) -> tuple[Version | None, Version | None]:
    """Those asked for, else the newest with the one before it."""
    by_number = {str(version.number): version for version in newest_first}
    after = by_number.get(request.GET.get("after", "")) or next(iter(newest_first), None)
    before = by_number.get(request.GET.get("before", ""))
    if before is None and after is not None:
        before = next((version for version in newest_first if version.number < after.number), None)
    return before, after
