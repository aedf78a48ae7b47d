"""Replies over HTTP: found, assigned, settled, and said whose they are."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.models import ContactEvent
from engagement.models import Reply
from tests import factories
from tests.api.caller import Caller
from tests.engagement.inbound.letters import OURS, mail, sent, take

PATH = "/api/v1/replies/"
PROMISED = (
    "id contact contact_email business_entity message kind state assignee target sender recipients cc subject text "
    "body wants_out returns_on received_at settled_at"
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def reply() -> Reply:
    sent(factories.ContactFactory(email="ada@example.org"))
    found = take(mail(In_Reply_To=OURS)).reply
    assert found is not None
    return found


def change(operator: Caller, reply: Reply, **about: Any) -> Any:
    return operator.patch(f"{PATH}{reply.pk}/", about)


def test_a_reply_is_shown_with_all_that_is_promised(reader: Caller, reply: Reply) -> None:
    (row,) = reader.get(PATH).json()["results"]

    assert set(PROMISED.split()) <= row.keys()
    assert row == reader.get(f"{PATH}{reply.pk}/").json()
    assert (row["contact_email"], row["message"]) == ("ada@example.org", str(reply.message_id))
    assert "raw" not in row


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=new", 1), ("state=done", 0), ("kind=human", 1), ("kind=bounce", 0),
        ("contact_email=ADA@example.org", 1), ("contact_email=nobody@example.org", 0),
        ("business_entity=the_7_space", 1),
    ],
)  # fmt: skip
def test_replies_are_filtered(reader: Caller, reply: Reply, query: str, count: int) -> None:
    assert len(reader.get(f"{PATH}?{query}").json()["results"]) == count


@pytest.mark.parametrize("query", ["state=nonsense", "kind=x", "business_entity=nowhere", "other=1"])
def test_what_cannot_be_asked_is_refused(reader: Caller, query: str) -> None:
    assert reader.get(f"{PATH}?{query}").status_code == 400


def test_somebody_looks_after_it(operator: Caller, reply: Reply) -> None:
    colleague = factories.UserFactory(username="grace")

    answer = change(operator, reply, assignee="grace").json()

    reply.refresh_from_db()
    assert (answer["assignee"], answer["state"]) == ("grace", "assigned")
    assert reply.assignee == colleague


@pytest.mark.parametrize("state", ["done", "answered"])
def test_it_is_settled_and_waits_again(operator: Caller, reply: Reply, state: str) -> None:
    settled = change(operator, reply, state=state).json()
    opened = change(operator, reply, state="new").json()

    assert (settled["state"], settled["settled_at"] is None) == (state, False)
    assert (opened["state"], opened["settled_at"]) == ("new", None)


def test_a_quarantined_one_becomes_a_reply_of_whom_one_names(operator: Caller) -> None:
    ada = factories.ContactFactory(email="ada@example.org")
    stranger = take(mail(sender="ada@office.example")).reply
    assert stranger is not None

    answer = change(operator, stranger, contact_email="ada@example.org").json()

    assert (answer["contact_email"], answer["state"]) == ("ada@example.org", "new")
    assert ContactEvent.objects.filter(contact=ada, kind="replied").exists()


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ({"state": "quarantined"}, "state"),
        ({"state": "assigned"}, "state"),
        ({"assignee": "nobody-here"}, "assignee"),
        ({"contact_email": "nobody@example.org"}, "contact_email"),
        ({"contact_email": "not an address"}, "contact_email"),
        ({"text": "other words"}, "text"),
    ],
)
def test_what_cannot_be_changed_is_named(operator: Caller, reply: Reply, about: dict[str, str], field: str) -> None:
    answer = change(operator, reply, **about)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_key_that_only_reads_changes_nothing(reader: Caller, reply: Reply) -> None:
    assert change(reader, reply, state="done").status_code == 403
