"""The form of an email: what it is, and the words of its current version."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from contactflow.core import datetimes
from engagement import publishing, template_validation
from engagement.admin.email_fields import FallbacksField, PassagesField
from engagement.models import EngagementTemplate
from engagement.rendering import Words

WORDS = ("subject", "preheader", "body", "fallbacks", "passages")


class WordsForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    """An email and the words of its current version; saving changed words makes the next version."""

    subject = forms.CharField(
        max_length=300, widget=UnfoldAdminTextInputWidget(attrs={"data-insertable": "", "autocomplete": "off"})
    )
    preheader = forms.CharField(
        max_length=300,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"data-insertable": "", "autocomplete": "off"}),
        help_text="What many mailboxes show beside the subject.",
    )
    body = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 18, "data-insertable": ""}),
        help_text="Markdown: a blank line begins a paragraph, **bold**, [words](https://address), - for a list.",
    )
    fallbacks = FallbacksField()
    passages = PassagesField()
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    """What was saved when the page was opened, so that nobody writes over a colleague unknowingly."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.instance.pk:
            return
        self.initial["seen"] = publishing.state_of(self.instance)
        if self.instance.current_version is not None:
            for name in WORDS:
                self.initial[name] = getattr(self.instance.current_version, name)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self._look_for_colleagues(data.get("seen", ""))
        if not self.errors:
            words = Words(**{name: data[name] for name in WORDS}, level=data["level"])
            for field, faults in template_validation.find_errors(words).items():
                for fault in faults:
                    self.add_error(field, fault)
        return data

    def _look_for_colleagues(self, seen: str) -> None:
        if not (self.instance.pk and seen):
            return
        current = publishing.overtaken(template=self.instance, seen=seen)
        if current is None:
            return
        data = cast(QueryDict, self.data).copy()  # saving once more is the answer "mine shall stand"
        data[self.add_prefix("seen")] = publishing.state_of(current)
        self.data = data
        self.add_error(None, _overtaken(current, seen))


def _overtaken(current: EngagementTemplate, seen: str) -> str:
    version = current.current_version
    if version is None or str(version.pk) == seen.partition("/")[0]:
        return (
            "Somebody else saved this email while you were writing. Your words are kept below. Save again to put "
            "yours in the place of theirs."
        )
    return format_html(
        "{} saved version {} of this email ({}) while you were writing. Your words are kept below. "
        '<a href="{}" target="_blank" style="text-decoration: underline">See what changed there</a> (opens a new '
        "tab). Save again to put yours in the place of theirs.",
        version.created_by or "Somebody",
        version.number,
        datetimes.words(version.created_at),
        reverse("admin:engagement_engagementtemplate_versions", args=[current.pk]),
    )
