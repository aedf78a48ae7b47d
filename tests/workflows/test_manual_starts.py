"""A colleague starts a workflow by hand."""

from __future__ import annotations

import pytest

from contacts import consent, reference_data
from contacts.models import ContactEvent, EntityMembership
from tests import factories as f
from workflows import active_workflows, publishing
from workflows.models import WorkflowInstance
from workflows.starting import manual

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reference_rows():
    f.ContactStatusFactory(slug="active_lead")


def published(**values):
    version = f.WorkflowVersionFactory(**values)
    f.StepFactory(version=version)
    publishing.publish(version=version, by=None, now=f.NOW)
    version.template.refresh_from_db()
    return version.template


def prospect_of(template, contact):
    (found,) = [one for one in manual.prospects(contact=contact, now=f.NOW) if one.template == template]
    return found


def start(template, contact, *, force=False):
    return manual.start(contact=contact, template=template, force=force, actor="ada", now=f.NOW)


def test_workflow_whose_conditions_hold_is_said_to_hold():
    template, contact = published(), f.ContactFactory()

    prospect = prospect_of(template, contact)

    assert (prospect.holds, prospect.refusal, prospect.repeats) == (True, "", False)


def test_workflow_that_lacks_a_tag_does_not_hold_but_can_be_started():
    template, contact = published(tags=["VIP"]), f.ContactFactory()

    prospect = prospect_of(template, contact)

    assert (prospect.holds, prospect.refusal) == (False, "")
    assert prospect.because == "needs the tag VIP"


def test_workflow_of_another_brand_cannot_be_started():
    template = published(template__business_entity=f.BusinessEntityFactory())
    contact = f.ContactFactory()

    assert "is only for contacts of The 7 Space" in prospect_of(template, contact).refusal


def test_workflow_that_started_before_repeats():
    template, contact = published(), f.ContactFactory()
    start(template, contact)

    prospect = prospect_of(template, contact)

    assert prospect.repeats
    assert prospect.refusal == ""


def test_nothing_can_be_started_for_do_not_contact():
    template, contact = published(), f.ContactFactory(status=f.ContactStatusFactory(slug="do_not_contact"))

    assert "starts nothing" in prospect_of(template, contact).refusal


def test_those_that_hold_come_first():
    lacking, holding, contact = published(tags=["VIP"]), published(), f.ContactFactory()

    order = [one.template for one in manual.prospects(contact=contact, now=f.NOW)]

    assert order == [holding, lacking]


def test_number_of_queries_does_not_grow_with_the_workflows(django_assert_max_num_queries):
    contact = f.ContactFactory()
    for _ in range(6):
        published()
    active_workflows.load(), reference_data.load()

    with django_assert_max_num_queries(12):
        manual.prospects(contact=contact, now=f.NOW)


def test_start_leaves_an_event_that_names_the_colleague():
    template, contact = published(), f.ContactFactory()

    instance = start(template, contact)

    event = ContactEvent.objects.get()
    assert instance.event == event
    assert (event.kind, event.source) == ("manual_trigger", "admin")
    assert event.payload["metadata"]["colleague"] == "ada"


def test_only_the_chosen_workflow_starts():
    chosen, contact = published(), f.ContactFactory()
    published()

    start(chosen, contact)

    assert WorkflowInstance.objects.get().template == chosen


def test_second_start_is_refused_and_says_why():
    template, contact = published(), f.ContactFactory()
    start(template, contact)

    with pytest.raises(manual.NotStarted, match="starts once per contact"):
        start(template, contact)


def test_second_start_by_insisting():
    template, contact = published(), f.ContactFactory()
    start(template, contact)

    start(template, contact, force=True)

    assert WorkflowInstance.objects.count() == 2


def test_insisting_does_not_pass_over_do_not_contact():
    template, contact = published(), f.ContactFactory()
    f.ContactStatusFactory(slug="do_not_contact")
    consent.do_not_contact(contact=contact, source="By phone", now=f.NOW)

    with pytest.raises(manual.NotStarted):
        start(template, contact, force=True)


def test_workflow_that_is_switched_off_is_refused():
    template, contact = published(template__active=False), f.ContactFactory()

    with pytest.raises(manual.NotStarted, match="no active workflow"):
        start(template, contact)


def test_start_speaks_for_the_contacts_brand():
    template, contact = published(), f.ContactFactory()
    brand = f.BusinessEntityFactory(slug="am_consulting")
    EntityMembership.objects.create(contact=contact, business_entity=brand)

    assert start(template, contact).business_entity == brand
