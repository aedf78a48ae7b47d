"""A reply arrives, its sequence stops, a colleague answers, the clock shows it, and Ctrl+K finds it."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from contactflow.core.clock import database_now
from engagement import deliveries, inbound
from engagement.models import Message, ResponseClock
from tests.browser import looking
from tests.browser.office import beside, work_off
from tests.browser.walking import go_to, region, type_into
from workflows.models import ScheduledAction

WITH_EVERYTHING = False
TELEPHONE = {"width": 360, "height": 780}
ANSWER = (
    "From: Ada Lovelace <ada@engines.example>\r\nTo: hello@brand.example\r\nCc: byron@engines.example\r\n"
    "Subject: Re: {subject}\r\nMessage-ID: <answer@engines.example>\r\nIn-Reply-To: {message_id}\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    "I would love to show you my drawings. When may I come?\r\n\r\nAda\r\n\r\n"
    "On Mon, 2 Mar 2026, The 7 Space wrote:\r\n> Would you like to show us your work?\r\n"
)


def sent_to_ada():
    return Message.objects.filter(contact__email="ada@engines.example").exclude(message_id="").latest("created_at")


@pytest.fixture(scope="module")
def answered(office, django_db_blocker):
    """Ada wrote back to the newest email she got."""
    with django_db_blocker.unblock():
        message = sent_to_ada()
        raw = ANSWER.format(subject=message.subject, message_id=message.message_id).encode()
        beside(lambda: inbound.take_in(raw, via="test", key="1", now=database_now()))
        work_off()
        return message


def letters_leave():
    beside(lambda: deliveries.run_pump_step(time.monotonic() + 10))


def test_reply_is_found_answered_and_the_clock_shows_it(office, answered, sign_in):
    waiting = ScheduledAction.objects.filter(
        instance__contact__email="ada@engines.example", action_type="follow_up", status="pending"
    )
    assert not waiting.exists()  # the sequence stopped

    page = sign_in("operator")
    expect(region(page, "Who waits for an answer").get_by_role("link", name="Ada Lovelace").first).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_placeholder("Type to search")).to_be_focused()
    page.keyboard.type("lovelace")
    page.get_by_role("link", name=re.compile("^Ada Lovelace: Re: .*Inbox")).click()

    exchange = page.get_by_role("list", name="The exchange")
    expect(exchange.get_by_text("When may I come?")).to_be_visible()
    expect(exchange.get_by_text("Copy to: byron@engines.example")).to_be_visible()
    expect(page.get_by_text("Would you like to show us your work?")).to_be_hidden()
    exchange.get_by_text("Quoted history").click()
    expect(page.get_by_text("Would you like to show us your work?")).to_be_visible()
    expect(page.get_by_text(re.compile("^Waits for an answer from The 7 Space"))).to_be_visible()

    type_into(page.get_by_label("Text", exact=True), "Dear {{ first_name }},\n\ncome on **Tuesday**.")
    expect(page.frame_locator("[data-frame]").get_by_text("Dear Ada,")).to_be_visible()
    page.get_by_role("button", name="Send the answer").click()

    expect(page.get_by_text("Your mail to Ada Lovelace is on its way.")).to_be_visible()
    letters_leave()
    page.reload()
    expect(page.get_by_text(re.compile("^Nobody owes them an answer: answered by operator"))).to_be_visible()
    expect(exchange.get_by_text("come on Tuesday.")).to_be_visible()
    mail = next(one for one in office.mail.messages if one["In-Reply-To"] == "<answer@engines.example>")
    assert (mail["To"], mail["Subject"]) == ("ada@engines.example", f"Re: {answered.subject}")
    clocks = ResponseClock.objects.filter(contact__email="ada@engines.example")
    assert "answered" in {clock.touch.kind for clock in clocks}

    go_to(page, "Inbox")
    page.get_by_role("link", name="Answered", exact=True).click()
    expect(page.get_by_role("link", name="Ada Lovelace").first).to_be_visible()


@pytest.mark.parametrize("place", ["list", "exchange", "writing"])
def test_pages_are_fit_to_work_with(office, answered, sign_in, place):
    page = sign_in("operator")
    go_to(page, "Inbox")
    page.goto("/admin/engagement/reply/?q=lovelace")
    if place != "list":
        page.get_by_role("link", name="Ada Lovelace").first.click()
        expect(page.get_by_role("list", name="The exchange")).to_be_visible()
    if place == "writing":
        page.get_by_role("complementary", name="The person").get_by_role("link", name="Ada Lovelace").click()
        page.get_by_role("link", name="Write", exact=True).click()
        expect(page.get_by_role("button", name="Send it")).to_be_visible()

    assert looking.faults(page) == []


def test_words_of_an_email_are_inserted(answered, sign_in):
    page = sign_in("operator")
    page.goto("/admin/engagement/reply/?q=lovelace")
    page.get_by_role("link", name="Ada Lovelace").first.click()
    page.get_by_label("Words of an email").select_option(label="Artist welcome")

    page.get_by_role("button", name="Insert").click()

    expect(page.get_by_text("Its words stand in the text now.")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value(re.compile("Ada"))


def test_row_is_taken_with_one_press(answered, sign_in):
    page = sign_in("operator", viewport=TELEPHONE)
    page.goto("/admin/engagement/reply/?q=lovelace")
    page.get_by_role("button", name=re.compile("^Open again")).click()
    expect(page.get_by_text("It waits for an answer again.")).to_be_visible()

    page.get_by_role("button", name=re.compile("^(Take it|Done)")).first.click()

    expect(page.locator("#said")).not_to_be_empty()
