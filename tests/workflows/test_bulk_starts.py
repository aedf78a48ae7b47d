"""Who matches at present, and starting a workflow for them."""

from __future__ import annotations

import datetime as dt

import pytest

from contacts import describe
from contacts.models import Contact, Suppression
from tests import factories as f
from tests.workflows import world
from workflows import active_workflows, drafts, enrolment, publishing
from workflows.conditions import Facts
from workflows.explain import facts_of
from workflows.models import StartOrder, WorkflowInstance, WorkflowTemplate
from workflows.starting import audience, bulk

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(deployed: None, db: None) -> None:
    """People of every sort who came with a list, so that nothing has started for them."""
    from contacts import intake
    from contacts.intake import Arrival

    known = [
        Arrival(email="artist@example.org", contact_types=("Artist",), business_entities=("The 7 Space",)),
        Arrival(email="wellness@example.org", interests=("Wellness",), business_entities=("The 7 Space",)),
        Arrival(email="tagged@example.org", tags=("WELLNESS",), business_entities=("The 7 Space",)),
        Arrival(email="referred@example.org", lead_source="Referral"),
        Arrival(email="blocked@example.org", contact_types=("Artist",), status="Do Not Contact"),
        Arrival(email="refused@example.org", contact_types=("Artist",), business_entities=("The 7 Space",)),
    ]
    for arrival in known:
        intake.receive(arrival=arrival, source="csv", now=world.database_now(), policy=intake.BASELINE)
    Suppression.objects.create(email="refused@example.org", reason="manual")


def template(slug: str) -> WorkflowTemplate:
    return WorkflowTemplate.objects.select_related("current_version", "business_entity").get(slug=slug)


def reach(slug: str, **more):
    asked = template(slug)
    plan = drafts.plan_of(asked.current_version, asked)
    return audience.reach(template=asked, plan=plan, now=world.database_now(), **more)


@pytest.mark.parametrize("slug", ["the7space_artist_discovery", "the7space_wellness_inquiry", "referral_vip_treatment"])
def test_database_counts_whom_enrolment_would_start_one_by_one(people: None, slug: str) -> None:
    now = world.database_now()
    candidate = next(one for one in active_workflows.load() if one.template.slug == slug)
    judged = {
        contact.email
        for contact in Contact.objects.all()
        if enrolment.judge(candidate=candidate, contact=contact, facts=facts_of(contact), event=None, now=now).matched
    }

    plan = drafts.plan_of(candidate.version, candidate.template)
    counted = audience.people(template=candidate.template, plan=plan, now=now)

    assert judged
    assert {contact.email for contact in counted} == judged


def test_reach_tells_people_emails_and_the_first(people: None) -> None:
    now = world.database_now()

    found = reach("the7space_wellness_inquiry")

    assert (found.people, found.is_more, found.emails) == (2, False, 2)
    assert found.first_email_at is not None
    assert dt.timedelta(hours=4) <= found.first_email_at - now <= dt.timedelta(hours=4, minutes=1)


def test_reach_counts_no_further_than_its_bound(people: None) -> None:
    found = reach("the7space_wellness_inquiry", most=1)

    assert (found.people, found.is_more) == (1, True)


def test_order_starts_everybody_who_matches_once(people: None) -> None:
    asked = template("the7space_wellness_inquiry")
    bulk.order(template=asked, by=f.UserFactory(), now=world.database_now())

    looked_at = bulk.run_some(now=world.database_now(), limit=1)
    while bulk.run_some(now=world.database_now(), limit=1):
        pass

    done = StartOrder.objects.get()
    started = WorkflowInstance.objects.filter(template=asked)
    assert looked_at == 1
    assert (done.started, done.looked_at, done.finished_at is not None) == (2, 2, True)
    assert {instance.contact.email for instance in started} == {"wellness@example.org", "tagged@example.org"}
    assert not WorkflowInstance.objects.exclude(template=asked).exists()


def test_order_leaves_its_reasons(people: None) -> None:
    asked = template("the7space_wellness_inquiry")
    bulk.order(template=asked, by=None, now=world.database_now())

    bulk.run_some(now=world.database_now())

    instance = WorkflowInstance.objects.filter(contact__email="wellness@example.org").get()
    reasons = {one["workflow"]: describe.because(one["because"]) for one in instance.event.outcome}
    assert describe.because(instance.because) == "belongs to The 7 Space; is interested in Wellness"
    assert reasons["the7space_artist_discovery"] == "staff asked for the7space_wellness_inquiry only"


def test_second_order_starts_nobody_again(people: None) -> None:
    asked = template("the7space_wellness_inquiry")
    for _ in range(2):
        bulk.order(template=asked, by=None, now=world.database_now())
        while bulk.run_some(now=world.database_now()):
            pass

    assert WorkflowInstance.objects.filter(template=asked).count() == 2


def test_one_order_at_a_time(people: None) -> None:
    asked = template("the7space_wellness_inquiry")
    bulk.order(template=asked, by=None, now=world.database_now())

    with pytest.raises(bulk.NotStartable, match="already"):
        bulk.order(template=asked, by=None, now=world.database_now())


def test_workflow_that_is_switched_off_starts_nobody(people: None) -> None:
    asked = template("the7space_wellness_inquiry")
    bulk.order(template=asked, by=None, now=world.database_now())
    publishing.switch(template=asked, is_on=False)

    bulk.run_some(now=world.database_now())

    assert not WorkflowInstance.objects.exists()
    assert StartOrder.objects.get().finished_at is not None


def test_workflow_that_is_switched_off_cannot_be_ordered(people: None) -> None:
    asked = template("the7space_wellness_inquiry")
    publishing.switch(template=asked, is_on=False)
    asked.refresh_from_db()

    with pytest.raises(bulk.NotStartable, match="Switch the workflow on"):
        bulk.order(template=asked, by=None, now=world.database_now())


def test_pump_goes_on_with_orders(people: None) -> None:
    bulk.order(template=template("referral_vip_treatment"), by=None, now=world.database_now())

    assert bulk.run_pump_step(float("inf")) == 1


def test_facts_are_those_of_now(people: None) -> None:
    facts = facts_of(Contact.objects.get(email="wellness@example.org"))

    assert isinstance(facts, Facts)
    assert facts.interests == ("Wellness",)
