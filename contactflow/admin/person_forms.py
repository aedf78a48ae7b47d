"""What the pages of one person ask before they do something."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from contactflow.core import clock
from contactflow.core.admin.confirmation import ReasonForm
from contacts.models import BusinessEntity, Consent
from engagement import touches
from engagement.models import Priority, Target


def colleagues() -> Any:
    return User.objects.filter(is_active=True, is_staff=True).order_by("username")


class MomentInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # Unfold has no types
    """The browser's own way to choose day and time."""

    input_type = "datetime-local"


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note",
        max_length=5000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="Stands in the timeline with your name. It starts nothing and is sent to nobody.",
    )


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody",
        widget=UnfoldAdminSelectWidget(),
        help_text="The colleague who looks after this person.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]  # a field of rows


class PermissionForm(forms.Form):
    state = forms.ChoiceField(
        label="What did they say?",
        choices=[
            (Consent.State.GRANTED, "They want to hear from the brand"),
            (Consent.State.WITHDRAWN, "They no longer want to hear from the brand"),
        ],
        widget=UnfoldAdminSelectWidget(),
    )
    business_entity = forms.ModelChoiceField(
        BusinessEntity.objects.all(),
        required=False,
        label="Brand",
        empty_label="Every brand",
        widget=UnfoldAdminSelectWidget(),
    )
    source = forms.CharField(
        label="How do we know?",
        max_length=150,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "By phone on Tuesday"}),
        help_text="Kept on record with your name.",
    )
    basis = forms.ChoiceField(
        label="Lawful basis", required=False, choices=Consent.Basis.choices, widget=UnfoldAdminSelectWidget()
    )
    wording = forms.CharField(
        label="The words they agreed to",
        required=False,
        max_length=5000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="As they were shown or said, where you have them.",
    )


class TaskForm(forms.Form):
    title = forms.CharField(max_length=300, label="What is to be done", widget=UnfoldAdminTextInputWidget())
    description = forms.CharField(
        required=False, label="More about it", widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    assignee = forms.ModelChoiceField(
        User.objects.none(), required=False, label="For", empty_label="Nobody yet", widget=UnfoldAdminSelectWidget()
    )
    target = forms.ModelChoiceField(
        Target.objects.all(), required=False, label="Team", empty_label="No team", widget=UnfoldAdminSelectWidget()
    )
    priority = forms.ChoiceField(choices=Priority.choices, initial=Priority.MEDIUM, widget=UnfoldAdminSelectWidget())
    due_at = forms.DateTimeField(
        required=False, label="Due", widget=MomentInput(), help_text="In your own time zone.",
        validators=[clock.validate_moment],
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["assignee"].queryset = colleagues()  # type: ignore[attr-defined]  # a field of rows


class TouchForm(forms.Form):
    kind = forms.ChoiceField(
        label="What happened?",
        choices=[(kind, kind.label) for kind in touches.BY_HAND],
        widget=UnfoldAdminSelectWidget(),
    )
    at = forms.DateTimeField(
        required=False, label="When", widget=MomentInput(), help_text="In your own time zone. Empty: just now.",
        validators=[clock.validate_moment],
    )  # fmt: skip
    business_entity = forms.ModelChoiceField(
        BusinessEntity.objects.all(),
        required=False,
        label="Brand",
        empty_label="Whichever they belong to",
        widget=UnfoldAdminSelectWidget(),
    )
    note = forms.CharField(
        required=False, max_length=5000, label="What was said", widget=UnfoldAdminTextareaWidget(attrs={"rows": 5})
    )


class StopForm(ReasonForm):
    stop = forms.BooleanField(
        required=False,
        initial=True,
        label="Cancel what runs for them",
        widget=UnfoldBooleanWidget(),
        help_text="Otherwise alerts and tasks go on, and only emails are skipped.",
    )
