from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement import differences
from engagement.differences import Run
from engagement.models import EngagementTemplate
from tests import factories as f


def version(**values):
    return f.TemplateVersionFactory.build(template=EngagementTemplate(), number=1, **values)


def test_changed_word_stands_between_unchanged_ones():
    assert differences.runs("good old day", "good new day") == [
        Run("same", "good "),
        Run("gone", "old"),
        Run("new", "new"),
        Run("same", " day"),
    ]


def test_variable_is_one_word():
    assert Run("gone", "{{ first_name }}") in differences.runs("Hi {{ first_name }}", "Hi {{ full_name }}")


@given(st.text(), st.text())
def test_both_texts_can_be_read_from_the_difference(before, after):
    found = differences.runs(before, after)

    assert "".join(run.text for run in found if run.kind != "new") == before
    assert "".join(run.text for run in found if run.kind != "gone") == after


def test_long_texts_are_compared_line_by_line():
    before = "".join(f"line {number}\n" for number in range(2500))

    found = differences.runs(before, before.replace("line 2499", "word 2499"))

    assert [(run.kind, run.text) for run in found[1:]] == [("gone", "line 2499\n"), ("new", "word 2499\n")]


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"subject": "Other"}, "Subject"),
        ({"preheader": "Other"}, "Preheader"),
        ({"body": "Other"}, "Body"),
        ({"level": "premium"}, "Level"),
        ({"fallbacks": {"first_name": "friend"}}, "When first_name is missing"),
        ({"passages": {"opening": {"instruction": "Greet.", "fallback": "Hi."}}}, "Passage opening: instruction"),
    ],
)
def test_part_that_changed_is_named(values, part):
    found = differences.between(earlier=version(), later=version(**values))

    assert found[0].part == part


def test_parts_that_stayed_are_left_out():
    assert differences.between(earlier=version(), later=version()) == []


@pytest.mark.parametrize(
    ("fallback", "said"), [(None, "hold the email"), ("", "leave it out"), ("friend", "write “friend”")]
)
def test_fallback_is_told_in_words(fallback, said):
    assert differences.in_words(fallback) == said
