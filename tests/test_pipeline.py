"""From arrival to what it promised, through all rooms."""

from __future__ import annotations

import pytest

from contacts.models import ContactEvent
from engagement.models import Alert, Message, Task
from tests.workflows import world
from workflows.models import WorkflowInstance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


def test_an_artist_gets_all_that_the_workflow_promises() -> None:
    contact = world.arrive(first_name="Ada", contact_types=("Artist",), lead_source="Website").receipt.contact

    world.run_due()
    world.let_pass(days=9)
    world.run_due()

    assert [alert.target.slug for alert in contact.alerts.all()] == ["gallery_curator"]
    assert set(contact.tasks.values_list("title", flat=True)) == {
        "Artist Portfolio Review",
        "Artist Social Media Research",
    }
    assert Message.objects.filter(contact=contact, version__template__slug="artist_welcome", status="sent").count() == 1
    statuses = dict(contact.workflow_instances.values_list("template__slug", "status"))
    assert statuses == {"the7space_artist_discovery": "completed", "website_lead_nurturing": "active"}


def test_day_by_day_the_touches_keep_their_distance() -> None:
    contact = world.arrive(contact_types=("General Contact",), lead_source="Website").receipt.contact

    passed = 0.0
    for hour in (0, 1.01, 24.02, 168.03, 336.04):
        world.let_pass(hours=hour - passed)
        world.run_due()
        passed = hour

    slugs = list(
        Message.objects.filter(contact=contact).order_by("sent_at").values_list("version__template__slug", flat=True)
    )
    assert slugs == [
        "community_welcome",
        "website_visitor_nurturing",
        "platform_introduction",
        "website_nurturing_day_14",
    ]
    assert contact.workflow_instances.filter(status="completed").count() == 2


def test_do_not_contact_stops_everything_that_was_planned() -> None:
    contact = world.arrive(contact_types=("Business Contact",), lead_source="Referral").receipt.contact
    world.run_due()
    world.arrive(email=contact.email, status="Do Not Contact")

    world.let_pass(days=9)
    world.run_due()

    assert not Message.objects.exists()
    assert Task.objects.count() == 0
    assert set(contact.workflow_instances.values_list("status", flat=True)) == {"completed"}


def test_the_same_arrival_twice_is_one() -> None:
    first = world.arrive(email="ada@example.org", contact_types=("Artist",), lead_source="Event")

    again = world.arrive(email="Ada@Example.org", contact_types=("Artist",), lead_source="Event")

    assert again.receipt.contact == first.receipt.contact
    assert again.enrolment.instances == []
    assert WorkflowInstance.objects.count() == 2


def test_an_update_starts_what_has_become_true_and_repeats_nothing() -> None:
    contact = world.arrive(contact_types=("Artist",), lead_source="Website").receipt.contact

    update = world.arrive(email=contact.email, interests=("wellness",))

    assert update.receipt.event.kind == "contact_updated"
    assert [one.template.slug for one in update.enrolment.instances] == ["the7space_wellness_inquiry"]


def test_a_trigger_for_an_unknown_address_creates_the_contact() -> None:
    answer = world.happen("new@example.org", "manual_trigger", contact_types=("Media Contact",), lead_source="Event")

    assert answer.receipt.created
    started = {one.template.slug for one in answer.enrolment.instances}
    assert started == {"higherself_community_onboarding", "event_lead_hot_follow_up"}


def test_what_a_trigger_says_of_a_known_contact_holds_for_that_event_only() -> None:
    contact = world.arrive(contact_types=("Artist",), lead_source="Website").receipt.contact

    answer = world.happen(contact.email, "manual_trigger", contact_types=("Business Contact",), lead_source="Event")

    contact.refresh_from_db()
    started = {one.template.slug for one in answer.enrolment.instances}
    assert started == {"am_consulting_lead_qualification", "event_lead_hot_follow_up"}
    assert [kind.name for kind in contact.contact_types.all()] == ["Artist"]
    assert contact.lead_source.name == "Website"


def test_a_workflow_for_any_brand_speaks_for_the_first() -> None:
    answer = world.arrive(business_entities=("AM Consulting", "The 7 Space"), lead_source="Referral")

    instance = next(one for one in answer.enrolment.instances if one.template.slug == "referral_vip_treatment")
    assert instance.business_entity.name == "AM Consulting"


def test_every_decision_can_be_read_later() -> None:
    world.arrive(email="ada@art.example.edu", job_title="Professor of Sculpture")

    event = ContactEvent.objects.get()
    assert event.decisions
    assert all(decision["because"] for decision in event.decisions)
    assert len(event.outcome) == 9


def test_alerts_reach_the_target_even_if_nobody_is_behind_it() -> None:
    world.arrive(contact_types=("Artist",))
    world.run_due()

    assert Alert.objects.get().deliveries.get().status == "undeliverable"
