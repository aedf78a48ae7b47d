"""Which language a text is in, by its commonest words.

A passage has one or two sentences; libraries that tell a hundred languages apart weigh megabytes and guess at that
length. Seven lists tell whether an English email got a German passage, and say nothing where they cannot tell.
"""

from __future__ import annotations

import re
from collections import Counter

from engagement.language_model import words

COMMON = words.lists("languages")
_WORD = re.compile(r"[^\W\d_]+")


def of(text: str) -> str:
    """A code of COMMON; "" where too little or nothing clear speaks for one."""
    found = [word.casefold() for word in _WORD.findall(text)]
    counts = Counter({language: sum(word in common for word in found) for language, common in COMMON.items()})
    (first, most), (_, next_most) = counts.most_common(2)
    return first if most >= 2 and most > next_most else ""
