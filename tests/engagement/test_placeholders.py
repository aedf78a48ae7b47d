from __future__ import annotations

import dataclasses
import itertools

from engagement import placeholders
from engagement.placeholders import LEVELS, REGISTRY, Context
from tests.matrix import matrix


@matrix("name", REGISTRY)
def test_every_variable_has_a_label_and_a_sample(name):
    placeholder = REGISTRY[name]

    assert placeholder.label
    assert placeholder.sample


@matrix("name", REGISTRY)
def test_every_variable_of_an_empty_context_resolves_to_nothing(name):
    assert not REGISTRY[name].resolve(Context())


def test_every_value_of_the_context_can_be_said():
    fields = {field.name for field in dataclasses.fields(Context)} - {"custom", "passages", "event", "task"}

    assert fields <= set(REGISTRY)


def test_fallbacks_are_known_to_be_harmless_words():
    fallbacks = [placeholder.fallback for placeholder in REGISTRY.values() if placeholder.fallback is not None]

    assert not any(set(fallback) & set("{}<>|") for fallback in fallbacks)


@matrix(
    "level, offered, refused",
    [
        ("basic", "first_name", "contact_type"),
        ("standard", "contact_type", "company"),
        ("advanced", "company", "passage.opening"),
        ("premium", "passage.opening", None),
    ],
)
def test_a_level_offers_its_own_and_not_the_next(level, offered, refused):
    assert placeholders.find(offered).is_offered_at(level)
    assert refused is None or not placeholders.find(refused).is_offered_at(level)


@matrix("lower, higher", list(itertools.pairwise(LEVELS)))
def test_levels_are_cumulative(lower, higher):
    below = {placeholder.name for placeholder in placeholders.offered_at(lower)}
    above = {placeholder.name for placeholder in placeholders.offered_at(higher)}

    assert below <= above


def test_the_list_for_people_names_custom_fields_and_passages():
    assert placeholders.names_at("premium").endswith("custom.<field>, passage.<name>")
    assert "custom" not in placeholders.names_at("standard")


@matrix("written", ["Favourite Artist", "favourite_artist", "favourite-artist", "FAVOURITE ARTIST"])
def test_custom_field_is_found_however_it_is_written(written):
    context = Context(custom={"Favourite Artist": "Hilma af Klint"})

    assert placeholders.find(f"custom.{written}").resolve(context) == "Hilma af Klint"


def test_exact_name_of_a_custom_field_goes_first():
    context = Context(custom={"City": "Bonn", "city": "Rome"})

    assert placeholders.find("custom.city").resolve(context) == "Rome"


@matrix("name", ["owner", "first_name.upper", "custom.", "passage.", "", "__class__"])
def test_unknown_names_are_not_found(name):
    assert placeholders.find(name) is None


def test_names_with_a_dot_and_flat_ones_are_the_same():
    paths = (
        "contact.first_name",
        "contact.custom.city",
        "brand.name",
        "brand.website",
        "custom.city",
        "event.size",
        "today",
    )

    found = {
        path: placeholders.named(path.split("."))
        for path in (*paths, "brand.first_name", "contact.entity", "contact", "x")
    }

    assert found == {
        "contact.first_name": ("first_name", 2), "contact.custom.city": ("custom.city", 3), "brand.name": ("entity", 2),
        "brand.website": ("entity_website", 2), "custom.city": ("custom.city", 2), "event.size": ("event.size", 2),
        "today": ("now", 1), "brand.first_name": None, "contact.entity": None, "contact": None, "x": None,
    }  # fmt: skip


def test_a_misspelt_name_finds_its_neighbour():
    assert placeholders.nearest("frist_name") == "first_name"
    assert placeholders.nearest("zebra") is None


def test_full_name_is_what_there_is_of_it():
    assert REGISTRY["full_name"].resolve(Context(last_name="Lovelace")) == "Lovelace"
    assert REGISTRY["full_name"].resolve(Context(first_name="Ada", last_name="Lovelace")) == "Ada Lovelace"
