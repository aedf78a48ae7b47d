"""Signed addresses: what was made for one purpose is read for that one only."""

from __future__ import annotations

import random
import string
import uuid
from typing import Any

from contactflow.core import tokens

ONE, OTHER = uuid.UUID(int=7), uuid.uuid4()
SIGNS = string.ascii_letters + string.digits + "-_"


def test_ids_come_back() -> None:
    assert tokens.read("unsubscribe", tokens.make("unsubscribe", ONE, OTHER), count=2) == [ONE, OTHER]


def test_a_token_of_another_purpose_is_none() -> None:
    assert tokens.read("preferences", tokens.make("unsubscribe", ONE)) is None


def test_a_token_of_other_ids_is_none() -> None:
    assert tokens.read("unsubscribe", tokens.make("unsubscribe", ONE, OTHER)) is None


def test_an_earlier_key_is_read(settings: Any) -> None:
    token = tokens.make("unsubscribe", ONE)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert tokens.read("unsubscribe", token) == [ONE]


def test_a_key_that_was_given_up_is_not(settings: Any) -> None:
    token = tokens.make("unsubscribe", ONE)
    settings.SECRET_KEY = "another"
    assert tokens.read("unsubscribe", token) is None


def test_nothing_that_was_changed_is_read() -> None:
    token, chance = tokens.make("unsubscribe", ONE, OTHER), random.Random(5)
    for _ in range(5_000):
        place = chance.randrange(len(token))
        changed = token[:place] + chance.choice(SIGNS) + token[place + 1 :]
        assert changed == token or tokens.read("unsubscribe", changed, count=2) is None


def test_what_is_no_token_is_none() -> None:
    token = tokens.make("unsubscribe", ONE)
    for text in (token + "=", token + "A", token[:-1], token + "\n", "ä" * 43, "%00", "."):
        assert tokens.read("unsubscribe", text) is None
