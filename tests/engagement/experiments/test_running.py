"""A test from its beginning to its end: who gets what, what counts, and when it says something."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter

import pytest

from contactflow.contact_merge import merging
from engagement import delivery, drafts, publishing
from engagement.channels.base import Receipt
from engagement.delivery import NotAllowed, Order
from engagement.experiments import outcomes, report, running
from engagement.experiments.running import NotPossible, Plan
from engagement.models import Assignment, Conversion, Experiment, Goal, Message, MessageEvent
from engagement.rendering import Words
from tests.factories import (
    NOW,
    BusinessEntityFactory,
    ContactFactory,
    EngagementTemplateFactory,
    TemplateVersionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(days=10)


@pytest.fixture(autouse=True)
def outbox(settings):
    settings.EMAIL_URL = ""


@pytest.fixture
def template():
    return EngagementTemplateFactory(business_entity=BusinessEntityFactory(), active=True)


def other_words(template, subject="Other words", **changes):
    words = Words(subject, "", "Hello, read this.", template.level, **changes)
    drafts.save(template=template, words=words, business_entity=template.business_entity, by=None, now=NOW)
    return publishing.keep(template=template, by=None, now=NOW)


def begun(template, *others, **plan):
    others = others or [other_words(template)]
    plan = {"counts": "click", "people": 100, **plan}
    return running.start(template=template, plan=Plan(**plan), others=others, by="max", now=NOW)


def send(template, people):
    """To each one, through the outbox; the versions they got, None for who was held out."""
    orders = [Order(uuid.uuid4(), template, contact, template.business_entity) for contact in people]
    got = []
    for prepared in delivery.prepare(orders, now=NOW):
        if isinstance(prepared, NotAllowed):
            got.append(None)
            continue
        draft, _ = prepared
        delivery.store([delivery.letter_of(draft)])
        delivery.record_sent({draft.order.action_id: Receipt("outbox", "ok")})
        got.append(draft.version_id)
    return got


def people(number):
    return [ContactFactory() for _ in range(number)]


def click(messages, label="human"):
    MessageEvent.objects.bulk_create(
        MessageEvent(message=one, type="clicked", label=label, at=one.sent_at + dt.timedelta(hours=1))
        for one in messages
    )


def test_each_gets_one_of_the_versions_and_the_same_one_again(template):
    experiment = begun(template)
    versions = set(experiment.variants.values_list("version", flat=True))
    crowd = people(12)

    first, again = send(template, crowd), send(template, crowd)

    assert set(first) == versions
    assert first == again
    assert Assignment.objects.count() == 12


def test_who_comes_when_all_take_part_gets_what_is_published(template):
    experiment = begun(template, people=100)
    Experiment.objects.filter(pk=experiment.pk).update(people=3)

    got = send(template, people(12))

    assert Assignment.objects.count() == 3
    assert Counter(got)[template.current_version_id] >= 9


def test_who_is_held_out_gets_nothing_and_counts_for_the_goal(template):
    goal = Goal.objects.create(slug="g", name="G", business_entity=template.business_entity, reached_by="hand")
    experiment = begun(template, counts="goal", goal=goal, hold_out=50)
    crowd = people(12)
    got = send(template, crowd)
    held_out = [one for one, version in zip(crowd, got, strict=True) if version is None]

    Conversion.objects.bulk_create(
        Conversion(
            contact=one, goal=goal, business_entity=template.business_entity, at=dt.datetime.now(dt.UTC), source="hand",
            key=str(one.pk),
        )
        for one in held_out
    )  # fmt: skip
    found = outcomes.of(experiment, now=LATER + dt.timedelta(days=900))

    assert 0 < len(held_out) < 12
    assert found[outcomes.HELD_OUT].all == outcomes.Count(people=len(held_out), successes=len(held_out))
    assert sum(one.all.successes for key, one in found.items() if key) == 0


def test_a_full_test_holds_nobody_out_any_more_and_ends(template):
    experiment = begun(template, hold_out=50)
    Experiment.objects.filter(pk=experiment.pk).update(people=2)
    send(template, people(12))

    later = send(template, people(12))
    experiment.refresh_from_db()
    verdict = running.judge(experiment=experiment, now=experiment.filled_at + dt.timedelta(days=5))

    assert set(later) == {template.current_version_id}
    assert (verdict.reason.code, verdict.is_final) == ("no_difference", True)


def test_what_counts_is_the_first_email_that_left(template):
    """Their first step was prepared and came to nothing; they got the same words by a later one."""
    experiment = begun(template)
    contact = people(1)[0]
    list(delivery.prepare([Order(uuid.uuid4(), template, contact, template.business_entity)], now=NOW))

    send(template, [contact])
    click(Message.objects.all())
    found = outcomes.of(experiment, now=Message.objects.get().sent_at + dt.timedelta(days=4))

    assert sum(one.all.successes for one in found.values()) == 1


def test_words_that_cannot_be_published_are_not_tested(template):
    broken = TemplateVersionFactory(template=template, body="{% include 'x' %}")

    with pytest.raises(NotPossible) as refusal:
        begun(template, broken)

    assert refusal.value.reason.code == "variant_refused"


def test_only_people_in_time_count_and_bounced_mail_does_not(template):
    experiment = begun(template)
    send(template, people(6))
    person, machine, late, twice, bounced, _nothing = Message.objects.all()
    click([person, twice, twice])
    click([machine], label="machine")
    MessageEvent.objects.create(message=late, type="clicked", label="human", at=late.sent_at + dt.timedelta(hours=73))
    click([bounced])
    MessageEvent.objects.create(message=bounced, type="bounced", detail={"kind": "hard"})

    now = person.sent_at + dt.timedelta(days=5)
    found = outcomes.counts(outcomes.of(experiment, now=now))

    assert (sum(one.people for one in found.values()), sum(one.successes for one in found.values())) == (5, 2)


def test_two_people_who_become_one_count_once_or_not_at_all(template):
    experiment = begun(template)
    crowd = people(12)
    got = dict(zip(crowd, send(template, crowd), strict=True))
    keep, *same = [one for one in crowd if got[one] == got[crowd[0]]]
    other = next(one for one in crowd if got[one] != got[keep])
    boss = UserFactory()

    merging.merge(keep=keep, drop=same[0], choices={}, by=boss, now=NOW)
    once = outcomes.of(experiment, now=LATER)
    merging.merge(keep=keep, drop=other, choices={}, by=boss, now=NOW)
    out = outcomes.of(experiment, now=LATER)

    assert sum(one.assigned for one in once.values()) == 11
    assert sum(one.assigned for one in out.values()) == 9
    assert send(template, [keep]) == [got[keep]]


def test_before_their_time_is_over_nobody_counts(template):
    experiment = begun(template)
    send(template, people(3))
    sent_at = Message.objects.first().sent_at

    found = outcomes.of(experiment, now=sent_at + dt.timedelta(hours=71))

    assert sum(one.all.people for one in found.values()) == 0
    assert sum(one.still_counting for one in found.values()) == 3


def test_the_sender_of_a_version_is_who_writes(template):
    begun(template, other_words(template, subject="Hi", sender_name="Ada of the gallery"))

    send(template, people(10))

    senders = {one.sender.partition(" <")[0].strip('"') for one in Message.objects.all()}
    assert "Ada of the gallery" in senders
    assert len(senders) == 2


def test_the_better_one_is_found_and_published(template, monkeypatch):
    """With few people and all looks at once: the pump judges what is due, and the winner is published."""
    monkeypatch.setattr("engagement.experiments.verdicts.FEWEST_PEOPLE", 5)
    monkeypatch.setattr("engagement.experiments.verdicts.FEWEST_SUCCESSES", 5)
    experiment = begun(template)
    send(template, people(100))
    better = experiment.variants.get(key="B")
    click(Message.objects.filter(version=better.version))
    Assignment.objects.update(at=NOW - dt.timedelta(days=31))
    Message.objects.update(sent_at=NOW - dt.timedelta(days=30))
    MessageEvent.objects.update(at=NOW - dt.timedelta(days=30) + dt.timedelta(hours=1))

    running.run_pump_step(deadline=float("inf"))
    experiment.refresh_from_db()
    publishing.publish_variant(variant=better, by=None, now=LATER)
    template.refresh_from_db()

    assert (experiment.status, experiment.winner, experiment.reason["code"]) == ("decided", better, "better")
    assert template.current_version_id == better.version_id


def test_other_published_words_end_a_test(template):
    experiment = begun(template)
    words = Words("New", "", "New words.", template.level)
    drafts.save(template=template, words=words, business_entity=template.business_entity, by=None, now=NOW)

    publishing.publish(template=template, by=None, now=LATER)

    experiment.refresh_from_db()
    assert (experiment.status, experiment.reason["code"]) == ("stopped", "other_words")


def test_a_stopped_test_gives_everybody_what_is_published(template):
    running.stop(experiment=begun(template), by="max", now=NOW)

    assert set(send(template, people(8))) == {template.current_version_id}


def test_what_cannot_begin_says_why(template):
    answer = EngagementTemplateFactory(purpose="transactional", business_entity=template.business_entity)
    kept = other_words(template)
    begun(template, kept)
    codes = {}
    for name, about, others, plan in (
        ("twice", template, [kept], {}),
        ("alike", answer, [answer.current_version], {}),
        ("held out", answer, [other_words(answer)], {"hold_out": 10}),
        ("none", answer, [], {}),
        ("foreign", answer, [kept], {}),
        ("goal", answer, [other_words(answer, "Third")], {"counts": "goal"}),
        ("few", answer, [other_words(answer, "Fourth")], {"method": "shifting"}),
    ):
        with pytest.raises(NotPossible) as refusal:
            running.start(
                template=about, plan=Plan(**{"counts": "click", "people": 100, **plan}), others=others, by="", now=NOW
            )
        codes[name] = refusal.value.reason.code

    assert codes == {
        "twice": "test_running",
        "alike": "variants_alike",
        "held out": "hold_out_of_answers",
        "none": "variants_count",
        "foreign": "variants_unfinished",
        "goal": "goal_missing",
        "few": "too_few_to_shift",
    }


def test_a_report_shows_no_share_of_too_few(template):
    experiment = begun(template)
    send(template, people(4))

    found = report.of(experiment, now=LATER + dt.timedelta(days=900))

    assert [(row.line.key, row.line.interval, row.line.chance) for row in found.rows] == [
        ("A", None, None),
        ("B", None, None),
    ]
