"""The project's sample list, in the form of Notion's export."""

from __future__ import annotations

from pathlib import Path

import pytest

from contacts import defaults
from contacts.models import Contact
from tests.factories import NOW
from workflows.imports import import_file

SAMPLE = Path(__file__).parent / "data" / "contacts.csv"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _reference_rows() -> None:
    defaults.load()


def test_sample_gives_191_people_and_merges_the_7_repeats() -> None:
    report = import_file(file=SAMPLE, now=NOW)

    assert (report.created, report.merged, report.rejections) == (191, 7, 9)
    assert report.accepted == 198
    assert Contact.objects.count() == 191
