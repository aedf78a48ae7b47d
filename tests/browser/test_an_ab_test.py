"""An editor writes another subject, tests it against what is sent, reads the result and publishes the better one."""

from __future__ import annotations

import datetime as dt
import re
import uuid

from playwright.sync_api import expect

from engagement.experiments import running
from engagement.models import Assignment, EngagementTemplate, Experiment, Message, MessageEvent
from tests import factories as f
from tests.browser.office import beside
from tests.browser.walking import go_to

WITH_EVERYTHING = False


def nine_days_later():
    """Two hundred people got it; of the new subject more clicked."""

    def happen():
        experiment = Experiment.objects.get()
        now = running.clock.database_now()
        for variant in experiment.variants.all():
            clicking = {"A": 30, "B": 62}[variant.key]
            for number in range(100):
                message = Message.objects.create(
                    contact=f.ContactFactory(), version=variant.version, status="sent", action=uuid.uuid4(),
                    sent_at=now - dt.timedelta(days=9), recipient="a@b.example", subject="", text="", html="",
                )  # fmt: skip
                Assignment.objects.create(
                    experiment=experiment, contact=message.contact, person=message.contact_id, variant=variant,
                    is_even=True, share=0.5, at=message.sent_at,
                )  # fmt: skip
                if number < clicking:
                    MessageEvent.objects.create(
                        message=message, type="clicked", label="human", at=message.sent_at + dt.timedelta(hours=1)
                    )
        Experiment.objects.update(looked_at=now - dt.timedelta(hours=1), people=200)
        running.run_pump_step(float("inf"))

    beside(happen)


def test_another_subject_is_tested_and_wins(office, sign_in):
    page = sign_in("editor")
    go_to(page, "Emails")
    page.get_by_role("link", name="Community welcome").click()
    page.locator("#id_subject").fill("A place is kept for you, {{ first_name }}")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("link", name="Community welcome").first.click()
    page.get_by_role("link", name="A/B test…").click()

    expect(page.get_by_role("checkbox", name=re.compile("The draft: “A place"))).to_be_checked()
    page.get_by_label("How many people").fill("1000")
    page.get_by_role("button", name="Start the test").click()
    expect(page.get_by_text("Too few to say").first).to_be_visible()
    nine_days_later()
    page.reload()

    expect(page.get_by_text(re.compile("^Version B is better"))).to_be_visible()
    expect(page.get_by_text("62.0%")).to_be_visible()
    page.get_by_role("link", name="Publish a version").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("is published.")).to_be_visible()
    assert EngagementTemplate.objects.get(slug="community_welcome").current_version.subject.startswith("A place")
