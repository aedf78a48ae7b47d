"""Opens and clicks where staff see them: the page of an email, the timeline, the switches, the networks."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from contactflow import timeline
from engagement import describe
from engagement.models import Message, MessageEvent, Network
from engagement.tracking import verdicts
from tests import factories as f
from workflows import actions, drafts
from workflows.models import ScheduledAction

pytestmark = pytest.mark.django_db
LINK = "https://example.com/programme"


def message_with(*hits):
    message = Message.objects.create(contact=f.ContactFactory(), subject="Hello", status="sent", sent_at=f.NOW)
    for number, (kind, label, reasons) in enumerate(hits, start=1):
        MessageEvent.objects.create(
            message=message, type=kind, at=f.NOW + dt.timedelta(hours=number), label=label, label_reasons=reasons,
            label_version=verdicts.VERSION, url=LINK if kind == "clicked" else "",
        )  # fmt: skip
    return message


def test_page_of_an_email_says_who_clicked_what_and_why_we_think_so(desk, address):
    message = message_with(("clicked", "machine", ["microsoft_network"]), ("opened", "unknown", ["privacy"]))

    page = desk.get(address.change(message)).content.decode()

    assert "A machine: came from Microsoft, which looks at what is in emails" in page
    assert "Not known: came through Apple&#x27;s privacy proxy" in page
    assert LINK in page


def test_what_is_not_labelled_yet_says_when_it_will_be(desk):
    message = message_with()
    fresh = MessageEvent.objects.create(message=message, type="clicked", url=LINK)
    sent = MessageEvent.objects.create(message=message, type="sent")

    assert (describe.who(fresh), describe.who(sent)) == ("Told in two minutes", "")


def test_every_sign_has_words():
    rules = Path(verdicts.__file__).read_text()

    assert [code for code in describe.SIGNS if f'"{code}"' not in rules] == []


def test_timeline_tells_what_people_did_and_not_machines():
    message = message_with(("opened", "human", []), ("clicked", "human", []), ("clicked", "machine", ["head"]))

    titles = [entry.title for entry in timeline.read(contact=message.contact).entries]

    assert titles[:2] == ["Clicked a link: Hello", "Opened: Hello"]
    assert len([title for title in titles if "Hello" in title]) == 3


def test_a_person_is_followed_or_not(desk, address):
    person = f.ContactFactory()

    desk.post(address.button(person, "unfollow"), {"confirmed": "yes"})
    person.refresh_from_db()
    assert not person.is_tracked

    desk.post(address.button(person, "follow"), {"confirmed": "yes"})
    person.refresh_from_db()
    assert person.is_tracked


def test_a_workflow_is_followed_or_not():
    version = f.WorkflowVersionFactory()
    template, plan = version.template, drafts.plan_of(version, version.template)
    seen = drafts.fingerprint(plan)

    drafts.save(template=template, plan=replace(plan, is_tracked=False), seen=seen, by=None, now=f.NOW)

    step = f.StepFactory(version=version, action_type="send_email", template=f.EngagementTemplateFactory())
    action = f.ScheduledActionFactory(instance=f.WorkflowInstanceFactory(version=version), step=step)
    action = ScheduledAction.objects.get(pk=action.pk)
    assert not action.instance.template.is_tracked
    assert not actions.of("send_email").order(action).is_tracked


def test_editor_of_a_workflow_offers_it(desk, address):
    template = f.WorkflowVersionFactory().template

    assert "Opens and clicks of its emails" in desk.get(address.change(template)).content.decode()


def test_network_that_is_none_is_refused_in_words(desk, address):
    page = desk.post(address.add(Network), {"network": "300.1.1.0/24", "kind": "gateway"}).content.decode()

    assert "Give a network such as" in page
    assert not Network.objects.exists()


def test_network_is_added(desk, address):
    desk.post(address.add(Network), {"network": "203.0.113.0/24", "kind": "people", "note": "The office"})

    assert Network.objects.get().kind == "people"


def test_brand_with_a_path_in_its_host_is_told_so(desk, address):
    from django.core.exceptions import ValidationError

    from contacts.models.reference import validate_site

    with pytest.raises(ValidationError, match="scheme and host"):
        validate_site("https://links.example.com/path")
