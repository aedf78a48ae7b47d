from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from contactflow.api import pagination
from contacts.models import Contact
from tests import factories
from tests.api.caller import Caller

CONTACTS = "/api/v1/contacts/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven() -> list[str]:
    """Seven contacts of one moment, in the order of their list."""
    made = factories.ContactFactory.create_batch(7, created_at=factories.NOW)
    return [str(contact.pk) for contact in sorted(made, key=lambda one: one.pk, reverse=True)]


def walk(caller: Caller, address: str, direction: str = "next") -> list[list[str]]:
    pages = []
    link: str | None = address
    while link:
        body = caller.get(link).json()
        pages.append([row["id"] for row in body["results"]])
        link = body[direction]
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, 7, 200])
def test_pages_hold_every_row_once_in_order(reader: Caller, seven: list[str], size: int) -> None:
    pages = walk(reader, f"{CONTACTS}?page_size={size}")

    assert [pk for page in pages for pk in page] == seven
    assert all(len(page) == size for page in pages[:-1])


def test_pages_lead_back_the_same_way(reader: Caller, seven: list[str]) -> None:
    link = f"{CONTACTS}?page_size=3"
    while following := reader.get(link).json()["next"]:
        link = following

    pages = walk(reader, link, "previous")

    assert [pk for page in reversed(pages) for pk in page] == seven


def test_first_page_has_no_previous_and_the_last_no_next(reader: Caller, seven: list[str]) -> None:
    body = reader.get(CONTACTS).json()

    assert (body["next"], body["previous"], body["count"]) == (None, None, 7)


def test_middle_page_leads_both_ways(reader: Caller, seven: list[str]) -> None:
    first = reader.get(f"{CONTACTS}?page_size=3").json()

    second = reader.get(first["next"]).json()

    assert second["next"]
    assert reader.get(second["previous"]).json()["results"] == first["results"]


def test_empty_list_has_one_empty_page(reader: Caller) -> None:
    body = reader.get(CONTACTS).json()

    assert body == {"count": 0, "next": None, "previous": None, "results": []}


def test_rows_that_arrive_meanwhile_move_nothing(reader: Caller, seven: list[str]) -> None:
    first = reader.get(f"{CONTACTS}?page_size=3").json()
    factories.ContactFactory.create_batch(3)

    rest = walk(reader, first["next"])

    assert [row["id"] for row in first["results"]] + [pk for page in rest for pk in page] == seven


def test_filters_stay_in_the_links(reader: Caller, seven: list[str]) -> None:
    factories.ContactFactory(email="other@example.net")

    pages = walk(reader, f"{CONTACTS}?search=example.org&page_size=2")

    assert [pk for page in pages for pk in page] == seven


def test_ascending_lists_are_paged_too(reader: Caller) -> None:
    instance = factories.WorkflowInstanceFactory()
    actions = factories.ScheduledActionFactory.create_batch(5, instance=instance)

    pages = walk(reader, "/api/v1/scheduled-actions/?page_size=2")

    assert [pk for page in pages for pk in page] == sorted(str(action.pk) for action in actions)


def test_lists_by_name_are_paged_too(reader: Caller) -> None:
    made = factories.WorkflowTemplateFactory.create_batch(3)

    first = reader.get("/api/v1/workflow-templates/?page_size=2").json()
    second = reader.get(first["next"]).json()

    slugs = [template["slug"] for template in first["results"] + second["results"]]
    assert slugs == sorted(template.slug for template in made)


def test_count_is_left_out_where_counting_is_dear(
    reader: Caller, seven: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "COUNTED_UP_TO", 6)

    assert "count" not in reader.get(CONTACTS).json()


def test_later_pages_are_not_counted(
    reader: Caller, seven: list[str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    following = reader.get(f"{CONTACTS}?page_size=3").json()["next"]

    with django_assert_num_queries(4):  # the key, the page, its types and its brands
        body = reader.get(following).json()

    assert "count" not in body


def test_page_is_found_through_the_index() -> None:
    queryset = Contact.objects.order_by("-created_at", "-id")
    page = pagination.Pages()
    page.columns = ("-created_at", "-id")
    contact = factories.ContactFactory()
    rows = page._rows(queryset, [contact.created_at, contact.pk], backwards=False)[:50]

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    plan = rows.explain()

    assert "contact_newest_first" in plan
    assert "Index Cond: (ROW(created_at, id) < ROW(" in plan


def cursor_of(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


NOW, SOME = "2026-03-02T09:00:00+00:00", "00000000-0000-0000-0000-000000000001"
HOSTILE = {
    "cursor": [
        "garbage",
        "%00",
        "=",
        "%F0%9F%8E%A8",
        "a" * 3000,
        cursor_of(5),
        cursor_of(None),
        cursor_of({}),
        cursor_of([]),
        cursor_of([0]),
        cursor_of([0, NOW]),
        cursor_of([0, NOW, SOME, SOME]),
        cursor_of([2, NOW, SOME]),
        cursor_of([[], NOW, SOME]),
        cursor_of(["0", NOW, SOME]),
        cursor_of([0, "yesterday", SOME]),
        cursor_of([0, "2026-13-45T00:00:00+00:00", SOME]),
        cursor_of([0, "9999-99-99", SOME]),
        cursor_of([0, "", SOME]),
        cursor_of([0, "0001-01-01T00:00:00+14:00", SOME]),
        cursor_of([1, "9999-12-31T23:59:59-14:00", SOME]),
        cursor_of([0, NOW, "not-a-uuid"]),
        cursor_of([0, NOW, 5]),
        cursor_of([0, NOW, "a\0b"]),
        cursor_of([0, NOW, "\ud800"]),
        cursor_of([0, None, None]),
        base64.urlsafe_b64encode(b"[" * 2000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
    "page_size": ["0", "-1", "201", "9" * 30, "1e2", "1.5", "abc", "%00", "٣", " 5", "+5", "null"],
    "limit": ["0", "-1", "100000000000000000000", "x"],
    "page": ["0", "1", "-1", "last", "9" * 40],
    "offset": ["0", "-5", "9" * 40],
    "nonsense": ["1"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in HOSTILE.items() for value in values])
def test_hostile_paging_is_refused_naming_the_parameter(reader: Caller, name: str, value: str) -> None:
    factories.ContactFactory()

    answer = reader.get(f"{CONTACTS}?{name}={value}")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [name]


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_of([0, "2026-03-02T09:00:00-23:59", SOME]),
        cursor_of([0, "0001-01-01T00:00:00+00:00", SOME]),
        cursor_of([0, "2026-03-02T09:00:00", SOME]),
        cursor_of([True, NOW, SOME]),
    ],
)
@pytest.mark.filterwarnings("ignore:DateTimeField Contact.created_at received a naive datetime")
def test_odd_but_readable_cursor_gives_a_page(reader: Caller, cursor: str) -> None:
    factories.ContactFactory()

    assert reader.get(f"{CONTACTS}?cursor={cursor}").status_code == 200


def test_odd_name_in_a_cursor_gives_a_page(reader: Caller) -> None:
    answer = reader.get(f"/api/v1/workflow-templates/?cursor={cursor_of([0, 'zz' * 500])}")

    assert answer.json()["results"] == []


@pytest.mark.parametrize("name", ["page_size", "limit"])
def test_size_of_a_page_can_be_chosen(reader: Caller, seven: list[str], name: str) -> None:
    assert len(reader.get(f"{CONTACTS}?{name}=4").json()["results"]) == 4
