"""Who waits for an answer, until when, and who is told of it."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from contacts import consent, intake
from contacts.models import BusinessEntity
from engagement import response_alerts, response_clock, touches
from engagement.models import Alert, Delivery, ResponseClock, Target
from tests import factories as f
from workflows import enrolment, entrypoints

pytestmark = pytest.mark.django_db
NOW, HOUR = f.NOW, dt.timedelta(hours=1)


@pytest.fixture
def gallery(reference_rows):
    brand = BusinessEntity.objects.get(slug="the_7_space")
    Target.objects.create(slug="gallery", name="Gallery", business_entity=brand)
    return brand


def arrive(email="ada@example.org", *, policy=intake.ARRIVAL, source="api", now=NOW, **told):
    told = {"contact_types": ["Artist"], "lead_source": "Website", **told}
    arrival = intake.Arrival(email=email, payload=told, **told)
    change = intake.Change(arrival=arrival, source=source)
    return entrypoints.apply(change=change, policy=policy, now=now).receipt.contact


def touched(person, *, at=NOW, brand=None):
    return touches.log(contact=person, kind="called", business_entity=brand, at=at, colleague="ada", now=at)


def the_clock(person):
    return ResponseClock.objects.get(contact=person)


def told(hours):
    """Every alert, so many hours after they came."""
    response_alerts.tell(now=NOW + hours * HOUR)
    return list(Alert.objects.order_by("created_at", "title"))


@pytest.mark.parametrize(
    ("source", "tags", "hours"),
    [
        ("Website", [], 12),
        ("Event", [], 24),
        ("Event", ["hot"], 4),
        ("Referral", [], 4),
        ("Referral", ["VIP"], 2),
        ("Website", ["VIP"], 12),
    ],
)
def test_shorter_promise_of_brand_and_source_counts(gallery, source, tags, hours):
    person = arrive(lead_source=source, tags=tags)

    clock = the_clock(person)
    assert (clock.promised_hours, clock.due_at - clock.started_at) == (hours, hours * HOUR)
    assert clock.started_at < clock.warn_at < clock.due_at


def test_promise_counts_in_working_hours(gallery):
    BusinessEntity.objects.filter(pk=gallery.pk).update(working_hours=["Mon-Fri 9:00-17:00"])

    person = arrive()  # Monday, nine o'clock

    assert the_clock(person).due_at == NOW + dt.timedelta(days=1, hours=4)


def test_each_brand_has_its_own_clock(gallery):
    person = arrive(contact_types=["Artist", "Business Contact"])

    hours = {clock.business_entity.slug: clock.promised_hours for clock in ResponseClock.objects.all()}
    assert hours == {"the_7_space": 12, "am_consulting": 4}
    assert person.response_clocks.count() == 2


@pytest.mark.parametrize(
    ("policy", "source"), [(intake.BASELINE, "notion"), (intake.ARRIVAL, "csv")], ids=["baseline", "list"]
)
def test_who_stands_in_a_list_does_not_wait(gallery, policy, source):
    arrive(policy=policy, source=source)

    assert not ResponseClock.objects.exists()


def test_known_person_waits_only_when_they_wrote_something(gallery):
    person = arrive()
    arrive(company="Analytical Engines")

    assert person.response_clocks.count() == 1

    intake.receive(
        arrival=intake.Arrival(email=person.email, payload={"message": "Hello?"}), source="api", now=NOW + HOUR
    )
    enrolment.enrol_waiting(now=NOW + HOUR)

    assert person.response_clocks.count() == 2


def test_who_must_not_be_contacted_does_not_wait(gallery):
    person = arrive()
    ResponseClock.objects.all().delete()
    consent.do_not_contact(contact=person, source="They asked", now=NOW)

    intake.receive(arrival=intake.Arrival(email=person.email, payload={"message": "Hello?"}), source="api", now=NOW)
    enrolment.enrol_waiting(now=NOW)

    assert not ResponseClock.objects.exists()


def test_touch_stops_the_clock(gallery):
    person = arrive()

    touch = touched(person, at=NOW + HOUR, brand=gallery)

    clock = the_clock(person)
    assert (clock.answered_at, clock.touch) == (NOW + HOUR, touch)


def test_touch_for_no_brand_answers_for_each(gallery):
    person = arrive(contact_types=["Artist", "Business Contact"])

    touched(person, at=NOW + HOUR)

    assert not person.response_clocks.filter(answered_at=None).exists()


def test_touch_for_one_brand_leaves_the_other_waiting(gallery):
    person = arrive(contact_types=["Artist", "Business Contact"])

    touched(person, at=NOW + HOUR, brand=gallery)

    assert [clock.business_entity.slug for clock in response_clock.waiting_for([person.pk])] == ["am_consulting"]


def test_what_was_before_they_came_is_no_answer(gallery):
    person = arrive(now=NOW)

    touched(person, at=NOW - HOUR)

    assert the_clock(person).answered_at is None


def test_later_touch_does_not_move_the_first_answer(gallery):
    person = arrive()
    touched(person, at=NOW + HOUR)
    touched(person, at=NOW + 2 * HOUR)

    assert the_clock(person).answered_at == NOW + HOUR


def reply(person, brand, *, at):
    row = f.ReplyFactory(contact=person, business_entity=brand, received_at=at)
    response_clock.of_replies([row])


def test_earliest_unanswered_reply_counts_and_an_answer_opens_a_new_cycle(gallery):
    person = f.ContactFactory()
    for hours in (0, 1):
        reply(person, gallery, at=NOW + hours * HOUR)

    assert the_clock(person).started_at == NOW

    touched(person, at=NOW + 2 * HOUR)
    reply(person, gallery, at=NOW + 3 * HOUR)

    assert list(person.response_clocks.values_list("started_at", flat=True)) == [NOW, NOW + 3 * HOUR]


def test_team_is_warned_before_and_the_leadership_told_after(gallery):
    leadership = Target.objects.create(slug="leadership_team", name="Leadership")
    person = arrive()  # promised are 12 hours
    assert told(8) == []

    (warning,) = told(10)
    assert (warning.target.slug, warning.contact, warning.priority) == ("gallery", person, "high")

    missed = told(13)[-1]
    assert (missed.target, missed.contact, missed.priority) == (leadership, person, "urgent")
    assert len(told(14)) == 2


def test_team_marked_for_it_hears_of_what_was_missed(gallery):
    Target.objects.create(slug="leadership_team", name="Leadership")
    marked = Target.objects.create(slug="boss", name="Boss", business_entity=gallery, hears_of_missed=True)
    arrive()

    assert [alert.target for alert in told(13)] == [marked]


def test_whoever_was_alerted_about_the_person_is_warned(gallery):
    person = arrive()
    team = Target.objects.create(slug="curators", name="Curators")
    Alert.objects.create(title="New", target=team, contact=person, business_entity=gallery)

    assert [alert.target for alert in told(10)][-1] == team


def test_owner_is_told_by_email(gallery):
    person = arrive()
    person.owner = f.UserFactory(email="owner@staff.example")
    person.save(update_fields=["owner"])

    told(10)

    assert Delivery.objects.filter(address="owner@staff.example").count() == 1


def test_who_was_answered_is_told_of_to_nobody(gallery):
    touched(arrive(), at=NOW + HOUR)

    assert told(13) == []


def test_many_who_wait_share_an_alert(gallery):
    for number in range(5):
        arrive(f"person{number}@example.org")

    (alert,) = told(10)
    assert (alert.contact, alert.message.count("@example.org")) == (None, 5)


def test_nobody_is_alerted_of_who_must_not_be_contacted_any_more(gallery):
    person = arrive()
    consent.do_not_contact(contact=person, source="They asked", now=NOW)

    assert told(10) == []
    assert the_clock(person).dropped_at is not None


def test_dropped_clock_is_neither_kept_nor_missed(gallery):
    person = arrive()

    assert response_clock.drop(contact=person, brand=gallery, now=NOW) == 1
    touched(person, at=NOW + HOUR)

    assert the_clock(person).answered_at is None


def test_idle_step_is_one_question(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert response_alerts.run_pump_step(time.monotonic()) == 0


def test_deadline_that_was_missed_while_nobody_looked_is_told_once_and_not_warned_of(gallery):
    arrive()

    assert [alert.priority for alert in told(13)] == ["urgent"]
    assert len(told(14)) == 1
