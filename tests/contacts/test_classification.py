"""What is inferred about a person, by which rule and why."""

from __future__ import annotations

import pytest

from contactflow.core.reasons import Reason
from contacts.classification import Conclusion, Fallbacks, classify
from contacts.rules import Condition, Decision, Field, Named, Operator, Profile

ARTIST, ACADEMIC, GENERAL = (Named(name, name.lower()) for name in ("Artist", "Academic", "General"))
WEBSITE, EVENT, REFERRAL = (Named(name, name.lower()) for name in ("Website", "Event", "Referral"))
FALLBACKS = Fallbacks(contact_type=GENERAL, lead_source=WEBSITE)


def when(field: str, word: str, name: str = "a rule", operator: str = Operator.HAS_WORD) -> Condition:
    return Condition(name=name, field=field, operator=operator, words=(word,))


PAINTERS = Conclusion(condition=when(Field.JOB_TITLE, "painter", "Painters"), contact_type=ARTIST)
PROFESSORS = Conclusion(condition=when(Field.JOB_TITLE, "professor", "Professors"), contact_type=ACADEMIC)
WORKSHOPS = Conclusion(condition=when(Field.FORM, "workshop", "Workshops"), lead_source=EVENT)
YOGA = Conclusion(condition=when(Field.MESSAGE, "yoga", "Yoga"), interest="wellness")


def test_a_type_is_inferred_where_none_is_given() -> None:
    profile, decisions = classify(
        profile=Profile(job_title="Freelance painter", lead_source=EVENT), conclusions=[PAINTERS], fallbacks=FALLBACKS
    )

    assert profile.contact_types == (ARTIST,)
    assert decisions == [
        Decision(
            kind="contact_type",
            value="Artist",
            rule="Painters",
            because=Reason.of("field_has_word", field="job_title", value="Freelance painter", word="painter"),
        )
    ]


def test_given_types_are_never_second_guessed() -> None:
    profile, decisions = classify(
        profile=Profile(job_title="painter", contact_types=(ACADEMIC,), lead_source=EVENT),
        conclusions=[PAINTERS],
        fallbacks=FALLBACKS,
    )

    assert profile.contact_types == (ACADEMIC,)
    assert decisions == []


def test_every_rule_that_matches_adds_its_type_in_the_order_of_the_rules() -> None:
    profile, _ = classify(
        profile=Profile(job_title="Professor and painter"), conclusions=[PROFESSORS, PAINTERS], fallbacks=FALLBACKS
    )

    assert profile.contact_types == (ACADEMIC, ARTIST)


def test_two_rules_for_one_type_decide_once() -> None:
    again = Conclusion(condition=when(Field.JOB_TITLE, "freelance"), contact_type=ARTIST)

    _, decisions = classify(
        profile=Profile(job_title="Freelance painter", lead_source=EVENT),
        conclusions=[PAINTERS, again],
        fallbacks=FALLBACKS,
    )

    assert [decision.rule for decision in decisions] == ["Painters"]


def test_nothing_matches_means_the_fallbacks_with_a_reason_each() -> None:
    profile, decisions = classify(profile=Profile(), conclusions=[PAINTERS, WORKSHOPS], fallbacks=FALLBACKS)

    assert (profile.contact_types, profile.lead_source) == ((GENERAL,), WEBSITE)
    assert [(decision.kind, decision.rule) for decision in decisions] == [("lead_source", ""), ("contact_type", "")]
    assert {decision.because.code for decision in decisions} == {"no_rule_names_source", "no_rule_names_type"}


def test_without_fallbacks_nothing_is_made_up() -> None:
    profile, decisions = classify(profile=Profile(), conclusions=[], fallbacks=Fallbacks())

    assert (profile, decisions) == (Profile(), [])


def test_the_first_rule_that_matches_names_the_source() -> None:
    referrals = Conclusion(condition=when(Field.FORM, "referral"), lead_source=REFERRAL)

    profile, _ = classify(
        profile=Profile(form="referral-workshop"), conclusions=[WORKSHOPS, referrals], fallbacks=FALLBACKS
    )

    assert profile.lead_source == EVENT


def test_a_given_source_stays() -> None:
    profile, _ = classify(
        profile=Profile(form="workshop", lead_source=REFERRAL), conclusions=[WORKSHOPS], fallbacks=FALLBACKS
    )

    assert profile.lead_source == REFERRAL


def test_a_rule_may_conclude_a_type_from_the_inferred_source() -> None:
    guests = Conclusion(condition=when(Field.SOURCE, "event", operator=Operator.IS), contact_type=ARTIST)

    profile, _ = classify(profile=Profile(form="workshop"), conclusions=[guests, WORKSHOPS], fallbacks=FALLBACKS)

    assert profile.contact_types == (ARTIST,)


def test_interests_are_inferred_for_those_with_types_as_well() -> None:
    profile, decisions = classify(
        profile=Profile(message="Do you teach yoga?", contact_types=(ARTIST,), lead_source=EVENT),
        conclusions=[YOGA],
        fallbacks=FALLBACKS,
    )

    assert profile.interests == ("wellness",)
    assert [(decision.kind, decision.value, decision.rule) for decision in decisions] == [
        ("interest", "wellness", "Yoga")
    ]


@pytest.mark.parametrize("known", ["wellness", "Wellness", "WELLNESS"])
def test_an_interest_that_is_known_is_not_decided_again(known: str) -> None:
    profile, decisions = classify(
        profile=Profile(message="yoga", interests=(known,), contact_types=(ARTIST,), lead_source=EVENT),
        conclusions=[YOGA],
        fallbacks=FALLBACKS,
    )

    assert (profile.interests, decisions) == ((known,), [])


def test_a_decision_is_stored_as_plain_values() -> None:
    decision = Decision(kind="interest", value="wellness", rule="Yoga", because=Reason.of("so"))

    assert decision.stored() == {"kind": "interest", "value": "wellness", "rule": "Yoga", "because": {"code": "so"}}
