"""Many cases of a pure function as one test, for which nothing is set up or collected case by case."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest


def matrix(names: str, cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As `parametrize`, with a subtest for each case: all are tried, and each that fails is named by itself."""
    keys, cases = names.split(", "), list(cases)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def every(*args: Any, subtests: pytest.Subtests, **fixtures: Any) -> None:
            for case in cases:
                given = dict(zip(keys, case if len(keys) > 1 else [case], strict=True))
                with subtests.test(**given):
                    test(*args, **fixtures, **given)

        own = [one for one in inspect.signature(test).parameters.values() if one.name not in keys]
        every.__signature__ = inspect.Signature([*own, inspect.Parameter("subtests", inspect.Parameter.KEYWORD_ONLY)])  # type: ignore[attr-defined]
        return every

    return decorate
