"""What SpamAssassin's rules say of an example of an email."""

from __future__ import annotations

import shutil

import pytest

from engagement import spam_score
from engagement.rendering import Rendered
from tests.factories import NOW


def score(subject: str, text: str, **seam: str) -> spam_score.Score | None:
    sent = Rendered(subject, "", text, f"<html><body><p>{text}</p></body></html>", [], [])
    return spam_score.of(rendered=sent, business_entity=None, now=NOW, **seam)


def test_without_the_program_nothing_is_said() -> None:
    assert score("Hello", "Good day.", program="no-such-program") is None


@pytest.mark.spamassassin
@pytest.mark.skipif(shutil.which(spam_score.PROGRAM) is None, reason="SpamAssassin is not installed")
def test_loud_words_are_told_by_their_rules() -> None:
    calm = score("Our conversation on Tuesday", "Thank you for the conversation. Until Tuesday.")
    loud = score("YOU HAVE WON MILLIONS OF DOLLARS", "Dear friend, click here: viagra, 100% free!!! Act now! " * 5)

    assert calm is not None
    assert loud is not None
    assert calm.points < 2 <= loud.points
    assert "SUBJ_ALL_CAPS" in loud.rules
