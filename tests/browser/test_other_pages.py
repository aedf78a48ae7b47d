"""Every page that is neither a list nor the page of a row: fit to work with, by day, by night and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver

from tests.browser import looking, other_places

OF_ROWS = ("_changelist", "_add", "_change", "_delete", "_history")

pytestmark = pytest.mark.sweep


@pytest.fixture(scope="module", autouse=True)
def furnished(office, django_db_blocker):
    with django_db_blocker.unblock():
        other_places.furnish()


@pytest.mark.parametrize("name", other_places.PAGES)
def test_page_is_fit_to_work_with(boss, name):
    answer = boss.goto(other_places.PAGES[name]())

    assert answer.status == 200
    assert looking.faults(boss) == []


def test_every_address_is_looked_at_or_left_out_for_a_reason():
    named = {name for name in _names(admin.site.urls[0]) if not name.endswith(OF_ROWS)}
    looked_at = {name.partition(":")[0] for name in other_places.PAGES}

    assert named - looked_at == set(other_places.NO_PAGES)


def _names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _names(one.url_patterns)
        elif one.name:
            yield one.name
