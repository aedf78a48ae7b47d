# ruff: noqa: RUF001 - names and words in every script are the subject here
"""What people type, and what is stored of it."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import cleaning
from contacts.cleaning import Unacceptable
from tests.matrix import matrix

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)
JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


class TestEmail:
    @matrix(
        "typed, stored",
        [
            ("ada@example.org", "ada@example.org"),
            ("  Ada@Example.ORG \n", "ada@example.org"),
            ("\ufeffada@example.org\u200b", "ada@example.org"),
            ("ada+news@mail.example.co.uk", "ada+news@mail.example.co.uk"),
            ("o'brien_x-1@example.org", "o'brien_x-1@example.org"),
            ("ada@müller.example", "ada@xn--mller-kva.example"),
            ("ada@MÜLLER.example", "ada@xn--mller-kva.example"),
            ("ada@xn--mller-kva.example", "ada@xn--mller-kva.example"),
            ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
            ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
        ],
    )
    def test_a_good_address_has_one_form(self, typed: str, stored: str) -> None:
        assert cleaning.email(typed) == stored

    @matrix(
        "typed, says",
        [
            ("", "missing"),
            ("   ", "missing"),
            ("no-at.example.com", "exactly one @"),
            ("a@b@example.com", "exactly one @"),
            ("@example.com", "exactly one @"),
            ("ada@", "exactly one @"),
            ("in side@example.com", "space"),
            ("ada@exam ple.com", "space"),
            ("line\nbreak@example.com", "line break"),
            ("ada\r\nBcc: x@example.com", "line break"),
            ("ada\0@example.com", "invisible"),
            ("a\u202eda@example.com", "invisible"),
            ("a\u200bda@example.com", "invisible"),
            ("dot..dot@example.com", "before the @"),
            (".dot@example.com", "before the @"),
            ("dot.@example.com", "before the @"),
            ('"quoted"@example.com', "before the @"),
            ("<ada@example.com", "before the @"),
            ("jörg@example.com", "before the @"),
            ("a" * 65 + "@example.com", "64 characters"),
            ("ada@example", "after the @"),
            ("ada@.example.com", "after the @"),
            ("ada@example..com", "after the @"),
            ("ada@example.com.", "after the @"),
            ("ada@-example.com", "after the @"),
            ("ada@exam_ple.com", "after the @"),
            ("ada@[127.0.0.1]", "after the @"),
            ("ada@127.0.0.1", "after the @"),
            ("ada@example.com>", "after the @"),
            ("ada@" + "x" * 64 + ".com", "after the @"),
            ("ada@ex\u2665mple.com", "after the @"),
            ("a" * 60 + "@" + ".".join(["d" * 60] * 3) + ".example.com", "254"),
        ],
    )
    def test_a_bad_address_is_refused_with_the_reason(self, typed: str, says: str) -> None:
        with pytest.raises(Unacceptable, match=says):
            cleaning.email(typed)

    @given(ANY_TEXT)
    def test_whatever_is_typed_is_refused_or_normalised(self, typed: str) -> None:
        try:
            stored = cleaning.email(typed)
        except Unacceptable:
            return

        assert stored == stored.lower().strip()
        assert stored.isascii()
        assert cleaning.email(stored) == stored

    @given(st.emails())
    def test_case_never_makes_another_person(self, address: str) -> None:
        try:
            stored = cleaning.email(address)
        except Unacceptable:
            return

        assert cleaning.email(address.upper()) == stored


class TestLine:
    @matrix(
        "name",
        [
            "Loretta",
            "Ада Швачко",
            "Δίκαιος",
            "काशी हजारिका",
            "舞 小林",
            "영식",
            "עברית",
            "Dương",
            "O'Brien",
            "Jean-Luc",
            "𝒜da 🎨",
        ],
    )
    def test_names_in_any_script_stay_as_they_are(self, name: str) -> None:
        assert cleaning.line(name) == name

    @matrix(
        "typed, stored",
        [
            ("  Ada   Lovelace ", "Ada Lovelace"),
            ("Ada\nLovelace", "Ada Lovelace"),
            ("Ada\r\n\tLovelace", "Ada Lovelace"),
            ("Ada\u2028Lovelace\u2029", "Ada Lovelace"),
            ("Ada\u00a0Lovelace", "Ada Lovelace"),
            ("Ада\x07\x1b[31m", "Ада[31m"),
            ("Ada\x00", "Ada"),
            ("Ádá\ud800", "Ádá"),
            ("abc\u202egnp.exe", "abcgnp.exe"),
            ("\u2066Ada\u2069", "Ada"),
            ("so\u00adft", "soft"),
            ("A\u030angstro\u0308m", "Ångström"),
        ],
    )
    def test_controls_go_and_white_space_is_one_space(self, typed: str, stored: str) -> None:
        assert cleaning.line(typed) == stored

    @matrix("word", ["می\u200cخواهم", "क्\u200dष", "prefers \u200fעברית\u200e / English", "👩\u200d🎨"])
    def test_joiners_and_direction_marks_that_mean_something_stay(self, word: str) -> None:
        assert cleaning.line(word) == word

    @matrix("typed", ["", " ", "\u200b", "\u200e\u200f", "\u200d", "\0", "\n\n"])
    def test_what_shows_nothing_is_empty(self, typed: str) -> None:
        assert cleaning.line(typed) == ""

    @given(ANY_TEXT)
    def test_a_line_is_clean_and_cleaning_it_again_changes_nothing(self, typed: str) -> None:
        cleaned = cleaning.line(typed)

        assert cleaning.line(cleaned) == cleaned
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in cleaned)
        assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


class TestText:
    def test_line_breaks_of_every_kind_become_one(self) -> None:
        assert cleaning.text("one\r\ntwo\rthree\u2028four") == "one\ntwo\nthree\nfour"

    def test_formulas_are_text(self) -> None:
        assert cleaning.text('=HYPERLINK("http://example.com","x")') == '=HYPERLINK("http://example.com","x")'

    @given(ANY_TEXT)
    def test_a_text_holds_no_control_but_breaks_and_tabs(self, typed: str) -> None:
        cleaned = cleaning.text(typed)

        assert not any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in cleaned)


class TestWords:
    def test_words_are_trimmed_and_once_whatever_their_case(self) -> None:
        assert cleaning.words([" VIP ", "vip", "", "Straße", "STRASSE", "Hot"], limit=60) == ["VIP", "Straße", "Hot"]

    def test_a_word_that_is_too_long_is_refused(self) -> None:
        with pytest.raises(Unacceptable, match="60 characters at most"):
            cleaning.words(["x" * 61], limit=60)

    def test_too_many_words_are_refused(self) -> None:
        with pytest.raises(Unacceptable, match="give 100 at most"):
            cleaning.words([str(number) for number in range(101)], limit=60)

    def test_uniting_keeps_what_is_known_first(self) -> None:
        assert cleaning.united(["VIP"], ["vip", "Hot"]) == ["VIP", "Hot"]

    @given(st.lists(st.text(max_size=8), max_size=8))
    def test_uniting_with_itself_changes_nothing(self, typed: list[str]) -> None:
        words = cleaning.words(typed, limit=60)

        assert cleaning.united(words, words) == words


class TestPhone:
    @matrix(
        "typed, stored",
        [
            ("+1 (286) 555-0112", "+12865550112"),
            ("+44 20 7946 0958", "+442079460958"),
            ("0049 30 901820", "+4930901820"),
            ("\uff0b81 3 1234 5678", "+81312345678"),
            ("+٤٩ ٣٠ ٩٠١٨٢٠", "+4930901820"),
        ],
    )
    def test_international_numbers_become_e164(self, typed: str, stored: str) -> None:
        assert cleaning.phone(typed) == stored

    def test_the_locale_says_the_country(self) -> None:
        assert cleaning.phone("(212) 555-0100", locale="en-US") == "+12125550100"

    def test_the_time_zone_says_the_country(self) -> None:
        assert cleaning.phone("030 901820", timezone="Europe/Berlin") == "+4930901820"

    @matrix("timezone", ["UTC", "Etc/GMT+3", ""])
    def test_a_zone_without_a_country_says_nothing(self, timezone: str) -> None:
        assert cleaning.phone("030 901820", timezone=timezone) == "030 901820"

    @matrix("typed", ["call me", "12", "+1", "ask for Ada", "+999 12345", "n/a", ""])
    def test_what_is_no_number_stays_as_typed(self, typed: str) -> None:
        assert cleaning.phone(typed, locale="en-US") == typed

    def test_an_extension_is_not_lost(self) -> None:
        assert cleaning.phone("+1 212 555 0100 ext. 5") == "+1 212 555 0100 ext. 5"

    def test_a_long_one_is_cut(self) -> None:
        assert cleaning.phone("x" * 200) == "x" * 60

    @given(ANY_TEXT, st.sampled_from(["", "en-US", "de", "zh-Hant-TW", "xx-YY"]))
    def test_a_phone_never_rejects(self, typed: str, locale: str) -> None:
        assert len(cleaning.phone(typed, locale=locale)) <= 60


class TestTimezone:
    @matrix("typed", ["Europe/Berlin", "europe/berlin", " Europe/Berlin "])
    def test_a_zone_has_its_iana_spelling(self, typed: str) -> None:
        assert cleaning.timezone(typed) == "Europe/Berlin"

    def test_spaces_stand_for_underscores(self) -> None:
        assert cleaning.timezone("America/New York") == "America/New_York"

    def test_none_is_none(self) -> None:
        assert cleaning.timezone(" ") == ""

    @matrix("typed", ["Mars/Olympus", "../etc/passwd", "Berlin", "+02:00"])
    def test_an_unknown_zone_is_refused(self, typed: str) -> None:
        with pytest.raises(Unacceptable, match="Europe/Berlin"):
            cleaning.timezone(typed)


class TestLocale:
    @matrix(
        "typed, stored",
        [("en", "en"), ("EN-gb", "en-GB"), ("de_DE.UTF-8", "de-DE"), ("zh-hant-tw", "zh-Hant-TW"), ("", "")],
    )
    def test_a_tag_has_its_usual_spelling(self, typed: str, stored: str) -> None:
        assert cleaning.locale(typed) == stored

    @matrix("typed", ["e", "english please", "en--GB", "12", "en-" + "abcdefgh-" * 5])
    def test_a_malformed_tag_is_refused(self, typed: str) -> None:
        with pytest.raises(Unacceptable, match="language tag"):
            cleaning.locale(typed)


class TestCustom:
    def test_names_are_cleaned_and_nameless_values_dropped(self) -> None:
        assert cleaning.custom({" Budget\n": 5, "": "x", "\u200b": "y"}) == {"Budget": 5}

    def test_a_long_name_is_refused(self) -> None:
        with pytest.raises(Unacceptable, match="100 characters"):
            cleaning.custom({"x" * 101: 1})

    def test_too_much_is_refused(self) -> None:
        with pytest.raises(Unacceptable, match="64 kB"):
            cleaning.custom({"x": "y" * 70_000})


class TestPlain:
    @matrix(
        "value, stored",
        [
            ("a\0b", "ab"),
            ("a\ud800b", "ab"),
            ({"k\0": ("x", 1)}, {"k": ["x", 1]}),
            (float("nan"), "nan"),
            (float("inf"), "inf"),
            (1.5, 1.5),
            (True, True),
            (dt.date(2026, 3, 2), "2026-03-02"),
            (b"raw", "b'raw'"),
        ],
    )
    def test_values_become_what_json_in_the_database_can_hold(self, value: object, stored: object) -> None:
        assert cleaning.plain(value) == stored

    def test_bottomless_nesting_ends(self) -> None:
        nested: object = "deep"
        for _ in range(500):
            nested = [nested]

        assert len(json.dumps(cleaning.plain(nested))) < 200

    @given(JSON_LIKE)
    def test_the_result_is_strict_json_without_nul(self, value: object) -> None:
        written = json.dumps(cleaning.plain(value), allow_nan=False)

        assert "\\u0000" not in written
        assert cleaning.plain(json.loads(written)) == json.loads(written)
