"""The lists of words that texts are judged by, as words.toml keeps them."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path


@cache
def _all() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))


def lists(section: str) -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in _all()[section].items()}


def patterns(section: str) -> dict[str, re.Pattern[str]]:
    """Each list as one pattern of whole words, in any case."""
    lists = {name: "|".join(words.split()).replace("_", " ") for name, words in _all()[section].items()}
    return {name: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.I) for name, pattern in lists.items()}
