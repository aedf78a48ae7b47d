"""Permission, asked in the statement that lets an email go."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from contactflow.core import clock
from contacts import consent, intake
from contacts.models import BusinessEntity, Contact, Suppression
from engagement import touches
from engagement.models import Message
from tests.factories import NOW, ContactFactory, ContactStatusFactory, EngagementTemplateFactory, ScheduledActionFactory
from tests.workflows import world
from workflows import leases
from workflows.execution.outside import ActionQueue
from workflows.models import ScheduledAction

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def outbox(settings) -> None:
    settings.EMAIL_URL = ""


@pytest.fixture
def ada() -> Contact:
    return ContactFactory(first_name="Ada", email="ada@example.org")


def email_to(contact: Contact, **template: object) -> ScheduledAction:
    return ScheduledActionFactory(
        instance__contact=contact,
        step__action_type="send_email",
        step__template=EngagementTemplateFactory(**template),
        step__target=None,
    )


def status_of(action: ScheduledAction) -> str:
    action.refresh_from_db()
    return action.status


def why(action: ScheduledAction) -> str:
    return action.result["reason"]["code"]


def test_transactional_goes_to_who_unsubscribed(ada: Contact) -> None:
    answer, offer = email_to(ada, purpose="transactional"), email_to(ada)
    consent.withdraw(contact=ada, source="link", now=NOW)

    world.run_due()

    assert (status_of(answer), status_of(offer), why(offer)) == ("done", "skipped", "consent_withdrawn")
    assert Message.objects.get().purpose == "transactional"


def test_the_message_of_an_action_has_its_id(ada: Contact) -> None:
    action = email_to(ada)

    world.run_due()

    assert Message.objects.get().pk == Message.objects.get().action == action.pk


@pytest.mark.parametrize("intents", [1, 5])
def test_who_wants_one_a_week_gets_one_a_week(ada: Contact, settings, intents: int) -> None:
    settings.SEND_INTENTS = intents
    emails = [email_to(ada), email_to(ada), email_to(ada)]
    consent.choose(contact=ada, source="page", now=NOW, frequency="weekly")

    world.run_due()

    assert sorted(map(status_of, emails)) == ["done", "skipped", "skipped"]
    assert {why(one) for one in emails if one.status == "skipped"} == {"one_a_week"}


def test_after_a_week_the_next_one_goes(ada: Contact) -> None:
    consent.choose(contact=ada, source="page", now=NOW, frequency="weekly")
    email_to(ada)
    world.run_due()
    world.let_pass(days=7, minutes=1)
    later = email_to(ada)

    world.run_due()

    assert status_of(later) == "done"


def test_an_answer_counts_for_no_limit(ada: Contact) -> None:
    consent.choose(contact=ada, source="page", now=NOW, frequency="weekly")
    emails = [email_to(ada, purpose="transactional"), email_to(ada), email_to(ada, purpose="transactional")]

    world.run_due()

    assert set(map(status_of, emails)) == {"done"}


@pytest.mark.parametrize(
    "choice",
    [
        {"refused_kinds": ["welcome"]},
        {"paused_until": dt.datetime(2999, 1, 1, tzinfo=dt.UTC)},
        {"frequency": "weekly"},
    ],
)
def test_what_is_chosen_between_rendering_and_intent_holds(ada: Contact, choice: dict[str, object]) -> None:
    if "frequency" in choice:
        email_to(ada)
        world.run_due()
    email_to(ada, category="welcome")
    queue = ActionQueue()
    queue.claim(limit=1, paused=[])
    letters = queue.prepare(until=time.monotonic() + 60)

    consent.choose(contact=ada, source="page", now=NOW, **choice)

    with transaction.atomic():
        assert queue.intend(letters) == []


def pause(contact: Contact) -> None:
    consent.choose(contact=contact, source="page", now=NOW, paused_until=dt.datetime(2999, 1, 1, tzinfo=dt.UTC))


FORBIDDING: dict[str, Callable[[Contact], object]] = {
    "withdrawn": lambda one: consent.withdraw(contact=one, source="API", now=NOW),
    "asked": lambda one: consent.ask(contact=one, source="form", now=NOW),
    "suppressed": lambda one: consent.suppress(email=one.email, reason="manual"),
    "paused": pause,
    "do not contact": lambda one: consent.do_not_contact(contact=one, source="call", now=NOW),
    "told by a list": lambda one: intake.receive(
        arrival=intake.Arrival(email=one.email, permission={"": False}), source="csv", now=NOW
    ),
    "edited": lambda one: intake.amend(
        contact=one, arrival=intake.Arrival(email=one.email, status="Do Not Contact"), source="admin", now=NOW
    ),
}


@pytest.mark.parametrize("how", FORBIDDING)
def test_whatever_forbids_it_takes_back_what_is_claimed(ada, how, django_capture_on_commit_callbacks) -> None:
    ContactStatusFactory(slug="do_not_contact", name="Do Not Contact")
    email = email_to(ada)
    queue = ActionQueue()
    queue.claim(limit=1, paused=[])

    with django_capture_on_commit_callbacks(execute=True):
        FORBIDDING[how](ada)

    email.refresh_from_db()
    assert (email.status, email.token) == ("pending", None)


@pytest.mark.parametrize("how", FORBIDDING)
def test_what_is_forbidden_after_its_intent_is_known_before_it_leaves(ada: Contact, how: str) -> None:
    ContactStatusFactory(slug="do_not_contact", name="Do Not Contact")
    email_to(ada)
    queue = ActionQueue()
    queue.claim(limit=1, paused=[])
    letters = queue.prepare(until=time.monotonic() + 60)
    with transaction.atomic():
        (letter,) = queue.intend(letters)
    assert queue.still_holds(letter)

    FORBIDDING[how](ada)

    assert not queue.still_holds(letter)


def test_the_intent_finds_a_suppression_by_its_index(ada: Contact) -> None:
    """Also by the plan for any values, which is made after a few executions."""
    Suppression.objects.bulk_create(
        [Suppression(email=f"person{number}@example.com", reason="bounced") for number in range(3000)]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_suppression")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        sql = leases.begin_sending_sql(channel="email").replace("%(channel)s", "'email'")
        for number, name in enumerate(("intents", "many", "lease", "worker"), start=1):
            sql = sql.replace(f"%({name})s", f"${number}")
        cursor.execute(f"PREPARE intent (json, int, float, text) AS {sql}")
        cursor.execute("EXPLAIN EXECUTE intent ('[]', 1, 60, '')")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "one_suppression_per_email" in plan
    assert "Seq Scan on contacts_suppression" not in plan


def in_touch(contact: Contact, brand: BusinessEntity, *, hours_ago: float) -> None:
    at = clock.database_now() - dt.timedelta(hours=hours_ago)
    touches.log(contact=contact, kind="called", business_entity=brand, at=at, colleague="grace", now=at)


@pytest.fixture
def quiet() -> BusinessEntity:
    return BusinessEntity.objects.create(slug="quiet", name="Quiet", quiet_hours_after_touch=24)


def test_marketing_waits_after_a_colleague_was_in_touch(ada: Contact, quiet: BusinessEntity) -> None:
    offer, answer = email_to(ada, business_entity=quiet), email_to(ada, business_entity=quiet, purpose="transactional")
    in_touch(ada, quiet, hours_ago=23)

    world.run_due()

    assert (status_of(offer), status_of(answer)) == ("pending", "done")
    assert (offer.reason["code"], offer.attempts) == ("quiet_after_touch", 0)
    until = offer.next_attempt_at - clock.database_now()
    assert dt.timedelta(minutes=59) < until < dt.timedelta(minutes=61)
    assert offer.due_at == NOW


def test_marketing_goes_on_when_the_quiet_is_over(ada: Contact, quiet: BusinessEntity) -> None:
    offer = email_to(ada, business_entity=quiet)
    in_touch(ada, quiet, hours_ago=25)

    world.run_due()

    assert status_of(offer) == "done"


def test_fresh_brand_waits_for_nobody(ada: Contact) -> None:
    plain = BusinessEntity.objects.create(slug="plain", name="Plain")
    offer = email_to(ada, business_entity=plain)
    in_touch(ada, plain, hours_ago=0)

    world.run_due()

    assert status_of(offer) == "done"


def test_touch_between_the_look_and_the_intent_holds_it(ada: Contact, quiet: BusinessEntity) -> None:
    offer = email_to(ada, business_entity=quiet)
    queue = ActionQueue()
    queue.claim(limit=1, paused=[])
    letters = queue.prepare(until=time.monotonic() + 5)
    in_touch(ada, quiet, hours_ago=0)

    with transaction.atomic():
        begun = queue.intend(letters)

    assert (begun, status_of(offer)) == ([], "pending")
    assert not Message.objects.exists()
