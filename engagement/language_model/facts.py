"""What a language model is told of a person and a brand: short typed fields, cleaned; no address, number, note or mail.

People type these themselves. A value that reads like an order to a machine, or shows something else than it holds, is
left out: it is data, and that it reads as such is not left to the model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from contacts.models import BusinessEntity, Contact
from engagement import risky_values
from engagement.language_model import checks

Facts = dict[str, Any]
_NAME = re.compile(r"[^\W\d_][\w .'\u2019\-]*")
_LABEL = re.compile(r"[\w .,'\u2019&+/()\-]+")
_ORDERS = re.compile(
    r"\b(?:ignor\w*|disregard\w*|forget|override|instead|instruct\w*|prompt\w*|system|assistant|respond|repl(?:y|ies)|"
    r"say|write|print|output|translate|must|always|never|promise|vergiss\w*|anweisung\w*|schreib\w*|antwort\w*|"
    r"versprich\w*|sag|sage)\b",
    re.I,
)
NAME, LABEL, LIST = (40, 4), (60, 8), 10  # characters and words of one value; how many of them


def cleaned(text: str) -> str:
    """As it looks: one spelling of each sign, and nothing that shows nothing."""
    text = unicodedata.normalize("NFKC", text)
    kept = (" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text if not _is_hidden(sign))
    return " ".join("".join(kept).split())


def _is_hidden(sign: str) -> bool:
    """Zero width, direction, tags (U+E00xx), variation selectors, private and unassigned."""
    return (
        unicodedata.category(sign) in ("Cf", "Co", "Cn", "Cs") or "\ufe00" <= sign <= "\ufe0f" or sign >= "\U000e0000"
    )


def of_person(contact: Contact, business_entity: BusinessEntity | None) -> Facts:
    """By name; what is not known or not told is not there."""
    told = risky_values.told(contact)
    facts: Facts = {
        "first_name": _typed(told["first_name"], _NAME, NAME),
        "company": _typed(told["company"], _LABEL, LABEL),
        "job_title": _typed(told["job_title"], _LABEL, LABEL),
        "interests": _listed(risky_values.words(contact.interests)),
        "contact_types": [kind.name for kind in contact.contact_types.all()],
        "lead_source": contact.lead_source.name if contact.lead_source else "",
        **of_brand(business_entity),
    }
    return {name: value for name, value in facts.items() if value}


def of_brand(business_entity: BusinessEntity | None) -> Facts:
    if business_entity is None:
        return {}
    return {"brand": business_entity.name, "about_the_brand": business_entity.description}


def repeatable(facts: Facts, brand: BusinessEntity | None) -> list[str]:
    """What an answer may repeat: the values, but for claims that people typed, and what the brand approved."""
    values = [one for value in facts.values() for one in (value if isinstance(value, list) else [value])]
    ours = [*of_brand(brand).values(), *(brand.statements if brand else ())]
    return [*(value for value in values if not checks.makes_claims(value)), *filter(None, ours)]


def _typed(value: str, pattern: re.Pattern[str], size: tuple[int, int]) -> str:
    """The value, or "" for one that is no such thing."""
    text, (longest, most) = cleaned(value), size
    is_one = len(text) <= longest and len(text.split()) <= most and pattern.fullmatch(text) and not _ORDERS.search(text)
    return text if is_one else ""


def _listed(values: Sequence[str]) -> list[str]:
    found = (_typed(value, _LABEL, LABEL) for value in values)
    return [value for value in found if value][:LIST]
