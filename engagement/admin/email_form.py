"""The form of an email: what it is, and the words of its draft, else of what is sent; a row for each fallback."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, ClassVar, cast

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from contactflow.core import datetimes
from contacts.models import validate_language
from engagement import drafts, publishing_checks, template_validation, translations
from engagement.models import EngagementTemplate
from engagement.rendering import WORDS, Words, words_of

Fallbacks = dict[str, str | None]
Passages = dict[str, dict[str, str]]
Row = dict[str, str]
WRITE, LEAVE_OUT, HOLD = "write", "leave_out", "hold"
MODES = ((WRITE, "write instead"), (LEAVE_OUT, "leave it out"), (HOLD, "hold the email"))


class Rows(forms.Widget):
    """Reads rows of controls that repeat their names; the page's own template draws them."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__()
        self.columns = columns

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Row]:
        read = data.getlist if hasattr(data, "getlist") else lambda key: data.get(key, [])
        columns = [read(f"{name}_{column}") for column in self.columns]
        rows = [dict(zip(self.columns, cells, strict=True)) for cells in zip_longest(*columns, fillvalue="")]
        return [row for row in rows if any(cell.strip() for column, cell in row.items() if column != "mode")]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(f"{name}_{column}" in data for column in self.columns)


class RowsField(forms.Field):
    columns: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=Rows(self.columns), **options)

    def prepare_value(self, value: Any) -> list[Row]:
        """Stored data and what was typed, both as rows."""
        return self._rows(value) if isinstance(value, Mapping) else list(value or [])

    def to_python(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Mapping):
            return dict(value)
        found: dict[str, Any] = {}
        for number, row in enumerate(value or [], start=1):
            name = row["name"].strip()
            if not name:
                raise forms.ValidationError(f"Row {number} has no name. {self._remedy}")
            if name in found:
                raise forms.ValidationError(f"“{name}” stands in two rows. Keep one of them.")
            found[name] = self._value(name, row)
        return found

    _remedy = ""

    def _rows(self, value: Mapping[str, Any]) -> list[Row]:
        raise NotImplementedError

    def _value(self, name: str, row: Row) -> Any:
        raise NotImplementedError


class FallbacksField(RowsField):
    """Variable, what happens without a value, and the words that stand in."""

    columns = ("name", "mode", "words")
    _remedy = "Choose the variable that it is for, or clear its words."

    def _rows(self, value: Mapping[str, str | None]) -> list[Row]:
        return [{"name": name, "mode": _mode(words), "words": words or ""} for name, words in value.items()]

    def _value(self, name: str, row: Row) -> str | None:
        words = row["words"].strip()
        mode = row["mode"] or WRITE
        if mode == WRITE and not words:
            raise forms.ValidationError(f"Write what stands in for “{name}”, or choose “leave it out”.")
        return {WRITE: words, LEAVE_OUT: "", HOLD: None}.get(mode, words)


class PassagesField(RowsField):
    """Name, what a language model is told, and the approved text."""

    columns = ("name", "instruction", "fallback")
    _remedy = "Give the passage a short name, such as opening."

    def _rows(self, value: Mapping[str, Mapping[str, str]]) -> list[Row]:
        return [
            {"name": name, "instruction": part.get("instruction", ""), "fallback": part.get("fallback", "")}
            for name, part in value.items()
        ]

    def _value(self, name: str, row: Row) -> dict[str, str]:
        return {part: " ".join(row[part].split()) for part in ("instruction", "fallback") if row[part].strip()}


class TranslationsField(forms.Field):
    """One group of controls for each language, named translation_<language>_<part>; rows as those of the original."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=Translations, **options)

    def to_python(self, value: Any) -> dict[str, Any]:
        return {language: _translation(language, told) for language, told in (value or {}).items()}


class Translations(forms.Widget):
    """Reads them; the page's own template draws them."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, dict[str, Any]]:
        languages = data.getlist("translation") if hasattr(data, "getlist") else data.get("translation", [])
        return {
            language: {
                **{part: data.get(f"translation_{language}_{part}") or "" for part in ("subject", "preheader", "body")},
                **{
                    kind: Rows(columns).value_from_datadict(data, files, f"translation_{language}_{kind}")
                    for kind, columns in (("fallbacks", FallbacksField.columns), ("passages", ("name", "fallback")))
                },
            }
            for language in filter(None, languages)
        }


def _translation(language: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Stored data stays as it is; of what was typed, rows become mappings."""
    if not isinstance(told.get("fallbacks"), list):
        return dict(told)
    try:
        validate_language(language)
        fallbacks = FallbacksField().to_python(told["fallbacks"])
    except forms.ValidationError as fault:
        raise forms.ValidationError(f"{translations.name_of(language)}: {fault.messages[0]}") from None
    passages = {row["name"]: {"fallback": " ".join(row["fallback"].split())} for row in told["passages"]}
    return {**told, "fallbacks": fallbacks, "passages": passages}


def _mode(words: str | None) -> str:
    if words is None:
        return HOLD
    return WRITE if words else LEAVE_OUT


class WordsForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    """An email and the words of its draft, else of what is sent. Words need not be finished to be saved."""

    subject = forms.CharField(
        max_length=750,  # as stored; publishing says what is too long
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"data-insertable": "", "autocomplete": "off"}),
    )
    preheader = forms.CharField(
        max_length=750,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"data-insertable": "", "autocomplete": "off"}),
        help_text="What many mailboxes show beside the subject.",
    )
    sender_name = forms.CharField(
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Who writes. Empty: as the brand calls itself.",
    )
    body = forms.CharField(
        max_length=template_validation.LONGEST["body"],
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 18, "data-insertable": ""}),
        help_text="Markdown: a blank line begins a paragraph, **bold**, [words](https://address), - for a list.",
    )
    fallbacks = FallbacksField()
    passages = PassagesField()
    language = forms.CharField(
        max_length=35, required=False, initial=translations.ENGLISH, validators=[validate_language],
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "list": "languages"}),
        help_text="Of the words above, such as en or de.",
    )  # fmt: skip
    translations = TranslationsField()
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    """What was saved when the page was opened, so that nobody writes over a colleague unknowingly."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("subject", "body", "language"):  # a draft may be without, an email that is sent may not
            if name in self.fields:
                self.fields[name].is_needed = True  # type: ignore[attr-defined]  # read by email_field.html
        if "purpose" in self.fields:
            self.fields["purpose"].required = False  # what is not said stays
        if not self.instance.pk:
            return
        self.initial["seen"] = drafts.state_of(self.instance)
        held = drafts.in_work(self.instance)
        if held is not None:
            told = {"level": held.allowed_level, "business_entity": held.speaks_for}
            self.initial.update(words_of(held), **told)
            self._place(publishing_checks.refusals(Words.of(held)) if held.is_draft else {})

    def _place(self, faults: template_validation.Errors) -> None:
        """What keeps the draft from being published stands at its field."""
        for name, said in faults.items():
            if name in self.fields:
                self.fields[name].faults = said  # type: ignore[attr-defined]  # read by email_errors.html

    def words(self) -> Words:
        """What was typed. Only of a valid form."""
        return Words(**{name: self.cleaned_data[name] for name in (*WORDS, "level")})

    def clean_language(self) -> str:
        return str(self.cleaned_data["language"] or self.initial.get("language") or translations.ENGLISH)

    def clean_translations(self) -> dict[str, Any]:
        """As they were, where the page did not show them."""
        shown = "translations_shown" in self.data
        return dict(self.cleaned_data["translations"] if shown else self.initial.get("translations", {}))

    def clean_purpose(self) -> str:
        return str(self.cleaned_data["purpose"] or self.instance.purpose)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self._look_for_colleagues(data.get("seen", ""))
        return data

    def _look_for_colleagues(self, seen: str) -> None:
        if not (self.instance.pk and seen):
            return
        current = drafts.overtaken(template=self.instance, seen=seen)
        if current is None:
            return
        data = cast(QueryDict, self.data).copy()  # saving once more is the answer "mine shall stand"
        data[self.add_prefix("seen")] = drafts.state_of(current)
        self.data = data
        self.add_error(None, _overtaken(current, seen))


def _overtaken(current: EngagementTemplate, seen: str) -> str:
    held = drafts.in_work(current)
    published = current.current_version_id or 0
    if held is None or (not held.is_draft and str(published) == seen.partition("/")[0]):
        return (
            "Somebody else saved this email while you were writing. Your words are kept below. Save again to put "
            "yours in the place of theirs."
        )
    return format_html(
        "{} {} ({}) while you were writing. Your words are kept below. "
        '<a href="{}" target="_blank" style="text-decoration: underline">See what changed there</a> (opens a new '
        "tab). Save again to put yours in the place of theirs.",
        (held.created_by if held.is_draft else held.published_by) or "Somebody",
        "saved the draft of this email" if held.is_draft else f"published version {held.number} of this email",
        datetimes.words(held.published_at or held.created_at),
        reverse("admin:engagement_engagementtemplate_versions", args=[current.pk]),
    )
