"""Which brands a person belongs to, in which order and why."""

from __future__ import annotations

from contactflow.core.reasons import Reason
from contacts.routing import Route, newly_matched, route
from contacts.rules import Condition, Decision, Field, Named, Operator, Profile

ARTIST, BUSINESS, GENERAL = (Named(name, name.lower()) for name in ("Artist", "Business", "General"))
SPACE, CONSULTING, CORE = (Named(name, name.lower()) for name in ("Space", "Consulting", "Core"))


def to(entity: Named, field: str, *words: str, operator: str = Operator.IS) -> Route:
    name = f"{' or '.join(words)} to {entity.name}"
    return Route(condition=Condition(name=name, field=field, operator=operator, words=words), business_entity=entity)


ROUTES = [
    to(SPACE, Field.CONTACT_TYPE, "Artist"),
    to(CONSULTING, Field.CONTACT_TYPE, "Business"),
    to(CORE, Field.CONTACT_TYPE, "General"),
    to(SPACE, Field.INTERESTS, "wellness", operator=Operator.HAS_WORD),
    to(SPACE, Field.TAGS, "wellness", operator=Operator.HAS_WORD),
]


def brands(profile: Profile) -> list[str]:
    return [decision.value for decision in route(profile=profile, routes=ROUTES, fallback=CORE)]


def test_a_type_leads_to_its_brand_with_the_reason() -> None:
    decisions = route(profile=Profile(contact_types=(ARTIST,)), routes=ROUTES, fallback=CORE)

    assert decisions == [
        Decision(
            kind="business_entity",
            value="Space",
            rule="Artist to Space",
            because=Reason.of("field_is", field="contact_type", value="Artist"),
        )
    ]


def test_the_first_brand_follows_the_first_type() -> None:
    assert brands(Profile(contact_types=(BUSINESS, ARTIST))) == ["Consulting", "Space"]
    assert brands(Profile(contact_types=(ARTIST, BUSINESS))) == ["Space", "Consulting"]


def test_brands_of_other_rules_come_after_those_of_the_types() -> None:
    assert brands(Profile(contact_types=(GENERAL,), interests=("Wellness",))) == ["Core", "Space"]
    assert brands(Profile(contact_types=(BUSINESS,), tags=("wellness",))) == ["Consulting", "Space"]


def test_a_brand_is_named_once_by_the_first_rule() -> None:
    decisions = route(
        profile=Profile(contact_types=(ARTIST,), interests=("wellness",), tags=("wellness",)),
        routes=ROUTES,
        fallback=CORE,
    )

    assert [(decision.value, decision.rule) for decision in decisions] == [("Space", "Artist to Space")]


def test_nothing_matches_means_the_fallback() -> None:
    decisions = route(profile=Profile(), routes=ROUTES, fallback=CORE)

    assert [(decision.value, decision.rule) for decision in decisions] == [("Core", "")]
    assert decisions[0].because.code == "takes_the_rest"


def test_without_a_fallback_a_person_may_have_no_brand() -> None:
    assert route(profile=Profile(), routes=ROUTES, fallback=None) == []


def test_wellness_alone_is_no_reason_for_the_fallback() -> None:
    assert brands(Profile(interests=("wellness",))) == ["Space"]


def test_only_what_is_new_brings_brands_to_a_known_person() -> None:
    before, after = Profile(contact_types=(ARTIST,)), Profile(contact_types=(ARTIST, BUSINESS))

    decisions = newly_matched(before=before, after=after, routes=ROUTES)

    assert [decision.value for decision in decisions] == ["Consulting"]


def test_nothing_new_brings_nothing() -> None:
    profile = Profile(contact_types=(ARTIST,), tags=("wellness",))

    assert newly_matched(before=profile, after=profile, routes=ROUTES) == []
