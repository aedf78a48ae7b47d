"""An email says where answers to it go, and the answer proves which email that was."""

from __future__ import annotations

import uuid

import pytest

from contactflow.core import tokens
from engagement.channels.base import Sender
from engagement.inbound import reply_addresses
from tests.engagement.inbound.letters import brand

MESSAGE = uuid.uuid4()
SENDER = Sender("The 7 Space", "hello@the7space.example", "office@the7space.example")
URL = "imaps://{}:secret@mail.example.com/INBOX"


@pytest.fixture(autouse=True)
def plus(settings):
    settings.INBOX_PLUS_ADDRESSING = True
    settings.INBOX_URLS = {"": URL.format("hello%40the7space.example")}


def signed(of_brand=None) -> str:
    return reply_addresses.signed(SENDER, message_id=MESSAGE, brand=of_brand).reply_to


def test_answers_come_to_the_mailbox_with_the_message_in_their_address():
    assert signed().startswith("hello+")
    assert len(signed().partition("@")[0]) <= 64
    assert reply_addresses.read([signed().upper()]) == MESSAGE


@pytest.mark.django_db
def test_a_brand_with_a_mailbox_of_its_own_gets_them_there(settings):
    settings.INBOX_URLS = settings.INBOX_URLS | {"am_consulting": URL.format("desk%40amconsulting.example")}

    assert signed(brand("am_consulting")).endswith("@amconsulting.example")
    assert signed(brand("the_7_space")).endswith("@the7space.example")


@pytest.mark.parametrize(
    "changed",
    [
        {"INBOX_PLUS_ADDRESSING": False},
        {"INBOX_URLS": {}},
        {"INBOX_URLS": {"": URL.format("hello")}},
        {"INBOX_URLS": {"": URL.format("a-name-that-leaves-no-room-for-more%40the7space.example")}},
    ],
)
def test_elsewhere_they_go_where_they_always_went(settings, changed):
    for name, value in changed.items():
        setattr(settings, name, value)

    assert signed() == "office@the7space.example"


def test_a_token_that_was_changed_or_made_for_something_else_is_none():
    token = tokens.make_local("reply", MESSAGE)
    for place in range(len(token)):
        other = "a" if token[place] != "a" else "b"
        changed = token[:place] + other + token[place + 1 :]
        assert reply_addresses.read([f"hello+{changed}@x.example"]) is None
    assert reply_addresses.read([f"hello+{tokens.make_local('bounce', MESSAGE)}@x.example"]) is None


def test_an_earlier_key_is_read(settings):
    address = signed()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]

    assert reply_addresses.read([address]) == MESSAGE
