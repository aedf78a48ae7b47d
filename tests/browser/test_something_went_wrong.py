"""The second morning: the mail server was in trouble over night, and an operator puts right what it left behind."""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from contacts.models import Contact
from engagement.models import Alert, Message, Task
from tests.browser.office import work_off
from tests.browser.walking import find_contact, go_to, region
from workflows.models import ScheduledAction, WorkflowInstance

WITH_EVERYTHING = False
REFUSED = "The mail server refused the sender"
NO_ANSWER = "No answer came after the email was handed over"


@pytest.fixture
def operator(sign_in):
    return sign_in("operator")


def test_what_failed_goes_out_once_the_cause_is_mended(office, operator):
    needs = region(operator, "What needs a person")
    expect(needs.get_by_role("link", name="Failed steps 3")).to_be_visible()
    expect(needs.get_by_role("link", name="Unclear steps 6")).to_be_visible()
    needs.get_by_role("link", name="Failures, by cause").click()
    expect(region(operator, REFUSED)).to_contain_text("3 steps, 2 workflows")
    expect(region(operator, REFUSED)).to_contain_text("553 5.7.1 Sender address rejected")
    refused = {str(action.instance.contact.email) for action in failed().select_related("instance__contact")}

    region(operator, REFUSED).get_by_role("link", name="Try again").click()
    expect(region(operator, "What it will touch")).to_contain_text("3 emails would go out now.")
    operator.get_by_label("Reason").fill("The provider allows our sender again")
    before = len(office.mail.messages)
    operator.get_by_role("button", name="Try again: 3 steps").click()
    expect(operator.get_by_text("3 steps tried again.")).to_be_visible()
    work_off()
    work_off()

    arrived = Counter(str(mail["To"]) for mail in office.mail.messages[before:])
    assert arrived == dict.fromkeys(refused, 1)
    operator.reload()
    expect(operator.get_by_role("heading", name=NO_ANSWER)).to_be_visible()
    expect(operator.get_by_role("heading", name=REFUSED)).to_have_count(0)
    assert not failed().exists()


def failed() -> ScheduledAction:
    return ScheduledAction.objects.filter(status="failed")


def test_an_email_that_nobody_knows_the_fate_of_is_settled(office, operator):
    go_to(operator, "Failures")
    region(operator, NO_ANSWER).get_by_role("link", name="See all 6 steps").click()
    line = operator.get_by_role("row").filter(has_text="Artist welcome").filter(has_text="Hilma af Klint")
    line.get_by_role("link", name="Artist welcome").click()
    expect(operator.get_by_text("Message id to search for in the mail server's log")).to_be_visible()

    operator.get_by_role("link", name="Say what became of it").click()
    operator.get_by_label("Yes: count it as done").check()
    operator.get_by_label("Reason").fill("Hilma answered it on the phone")
    operator.get_by_role("button", name="Settle").click()

    expect(operator.get_by_text("It is settled.")).to_be_visible()
    welcome = Message.objects.get(contact=office.contact("Hilma"), version__template__name="Artist welcome")
    assert welcome.status == "sent"


def test_why_grace_got_no_artist_welcome_is_said_in_sentences(operator):
    find_contact(operator, "hopp", "Grace Hopper")
    happened = region(operator, "Everything that happened")
    expect(happened).to_contain_text("Email unclear: handed over, but no answer came back: You come recommended")
    happened.get_by_text("workflows did not start, and why").click()
    expect(happened).to_contain_text("is only for contacts of The 7 Space, not of AM Consulting")

    operator.get_by_role("navigation", name="What you can do").locator("summary").click()
    operator.get_by_role("link", name="Why did a workflow (not) start?").click()
    operator.get_by_label("Workflow", exact=True).select_option(label="Artist discovery")
    operator.get_by_role("button", name="Show", exact=True).click()

    expect(operator.get_by_text("is only for contacts of The 7 Space, not of AM Consulting").first).to_be_visible()


def test_a_task_is_done_by_dragging_its_card(operator):
    go_to(operator, "Board")
    with operator.expect_response("**/move/"):
        operator.get_by_role("article", name="Member Onboarding Sequence").first.drag_to(region(operator, "On hold"))
    with operator.expect_response("**/move/"):
        operator.get_by_role("article", name="Artist Portfolio Review").first.drag_to(region(operator, "Done today"))

    expect(region(operator, "On hold").get_by_role("article", name="Member Onboarding Sequence")).to_be_visible()
    expect(region(operator, "Done today").get_by_role("article", name="Artist Portfolio Review")).to_be_visible()
    assert Task.objects.filter(title="Member Onboarding Sequence", status="on_hold").count() == 1
    assert Task.objects.filter(title="Artist Portfolio Review", status="done").count() == 1


def test_a_task_is_done_with_the_keyboard_alone(operator):
    go_to(operator, "Board")
    operator.get_by_role("article", name="VIP Referral Personal Outreach").focus()
    for column in ("In progress", "On hold", "Done today"):
        with operator.expect_response("**/move/"):
            operator.keyboard.press("Shift+ArrowRight")
        expect(region(operator, column).get_by_role("article", name="VIP Referral Personal Outreach")).to_be_focused()

    assert Task.objects.get(title="VIP Referral Personal Outreach").status == "done"


def test_an_alert_is_acknowledged_with_one_click_and_the_bell_counts_down(operator):
    bell = operator.get_by_role("link", name="open alerts for you")
    expect(bell).to_have_accessible_name("8 open alerts for you")
    bell.click()

    operator.get_by_role("button", name="Acknowledge : Artist discovery: Hilma af Klint").click()

    expect(bell).to_have_accessible_name("7 open alerts for you")
    expect(operator.get_by_role("button", name="Acknowledge : Artist discovery: Hilma af Klint")).to_have_count(0)
    alert = Alert.objects.get(title="Artist discovery: Hilma af Klint")
    assert alert.acknowledged_by == "operator"


def press(page: Page, deed: str, submit: str, reason: str) -> None:
    page.get_by_role("navigation", name="What you can do").locator("summary").click()
    page.get_by_role("navigation", name="What you can do").get_by_role("link", name=deed).click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=submit).click()


def test_everything_is_paused_for_a_contact(office, operator):
    find_contact(operator, "bletchley", "Alan Turing")
    press(operator, "Pause everything", "Pause everything", "On a journey until spring")

    expect(region(operator, "What runs now")).to_contain_text("on hold with its workflow")
    running = WorkflowInstance.objects.filter(contact=office.contact("Alan"), ended_at=None)
    assert set(running.values_list("status", flat=True)) == {"paused"}


def test_nobody_writes_to_mary_any_more(office, operator):
    find_contact(operator, "british hotel", "Mary Seacole")
    press(operator, "Do not contact", "Do not contact any more", "Asked on the phone")

    expect(operator.get_by_role("main")).to_contain_text("Do Not Contact since")
    mary = Contact.objects.get(first_name="Mary")
    assert mary.status.slug == "do_not_contact"
    assert not WorkflowInstance.objects.filter(contact=mary, status="active").exists()
    before = len(office.mail.messages)
    work_off()
    assert "mary@hotel.example" not in [str(mail["To"]) for mail in office.mail.messages[before:]]
