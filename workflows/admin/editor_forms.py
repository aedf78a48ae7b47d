"""The form of a workflow: what starts it, and its steps in the order in which they stand on the page.

The page sends one hidden `step` per step, and one `step-N-touch` per email of a follow-up; their order is the order.
So adding, removing and moving are things the page does, and the server reads what it sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from engagement.models import Priority
from workflows import actions
from workflows.actions.base import Fault
from workflows.admin import plan_sentences
from workflows.admin.editor_choices import GONE, Offer, Pick, PickSome, Words
from workflows.drafts import Plan, PlannedStep, Touch
from workflows.models import WorkflowVersion, action_types

MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}
LONGEST_HOURS = 24 * 365 * 10
MOST_STEPS = 100
FIRST = "send_email"  # what a new step does until somebody chooses


class Dressed(forms.Form):
    """Its fields look like the desk's, and say to readers of the screen where their errors stand."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.use_required_attribute = False  # what is missing is said at its field, also where it is hidden
        for name, field in self.fields.items():
            self._dress(name, field)

    @property
    def key(self) -> str:
        return str(self.prefix).rpartition("-")[2]

    def add(self, name: str, field: forms.Field) -> None:
        """One whose choices are known only now."""
        self.fields[name] = field
        self._dress(name, field)

    def _dress(self, name: str, field: forms.Field) -> None:
        if not isinstance(field.widget, forms.CheckboxSelectMultiple | forms.RadioSelect | forms.HiddenInput):
            field.widget.attrs |= {"class": "desk-input", "aria-describedby": f"{self.add_prefix(name)}-said"}


NOT_TRACKED = "off"


class StartForm(Dressed):
    """What the workflow is called and what starts it."""

    name = forms.CharField(max_length=120, error_messages={"required": "Give the workflow a name."})
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}), label="What it is for")
    tracking = forms.ChoiceField(
        required=False, choices=[("", "Followed, where the brand has it"), (NOT_TRACKED, "Not followed")],
        label="Opens and clicks of its emails",
    )  # fmt: skip
    reentry = forms.ChoiceField(choices=WorkflowVersion.Reentry.choices, widget=forms.RadioSelect, label="How often")
    reentry_days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, label="After how many days",
        error_messages={
            "invalid": "Give a whole number of days.",
            "min_value": "Say after how many days it may start again.",
        },
    )  # fmt: skip
    on_reply = forms.ChoiceField(
        choices=WorkflowVersion.OnReply.choices, widget=forms.RadioSelect, label="When they reply", required=False
    )
    reply_pause_days = forms.IntegerField(
        required=False, min_value=1, max_value=365, label="How many days it waits",
        error_messages={
            "invalid": "Give a whole number of days.",
            "min_value": "Say how many days it waits after a reply.",
        },
    )  # fmt: skip
    other_events = Words(required=False, max_length=64, label="Other events")
    interests = Words(required=False, max_length=100)
    tags = Words(required=False, max_length=60)

    def __init__(self, *args: Any, offer: Offer, **more: Any) -> None:
        super().__init__(*args, **more)
        self.add(
            "business_entity", Pick(offer.brands, empty="Any brand: speaks for the contact's first", label="Brand")
        )
        self.fields["events"] = forms.MultipleChoiceField(
            choices=[(name, _capital(plan_sentences.event(name))) for name in offer.events],
            required=False, widget=forms.CheckboxSelectMultiple, error_messages={"invalid_choice": GONE},
        )  # fmt: skip
        self.fields["contact_types"] = PickSome(offer.kinds)
        self.fields["lead_sources"] = PickSome(offer.sources)

    def clean_other_events(self) -> tuple[str, ...]:
        names = tuple("_".join(name.lower().split()) for name in self.cleaned_data["other_events"])
        for name in names:
            if not all(char.isascii() and (char.isalnum() or char == "_") for char in name):
                raise forms.ValidationError(f"“{name}” cannot be an event: use letters, digits and underscores.")
        return names


class TouchForm(Dressed):
    """One email of a follow-up."""

    day = forms.IntegerField(
        min_value=0, max_value=3650, label="Day",
        error_messages={
            "required": "Say on which day.", "invalid": "Give a whole number of days.",
            "min_value": "The day cannot be negative: 0 is the day it starts.",
        },
    )  # fmt: skip

    def __init__(self, *args: Any, offer: Offer, **more: Any) -> None:
        super().__init__(*args, **more)
        self.add("template", offer.email_field())

    def touch(self) -> Touch | None:
        """What can be read of it; without a day there is nothing to plan."""
        data = self.cleaned_data if self.is_bound else self.initial
        day = data.get("day")
        return None if day is None else Touch(day=day, template=data.get("template") or None)


class StepForm(Dressed):
    """One step; which fields count depends on what it does."""

    action_type = forms.ChoiceField(choices=action_types.step_choices, label="What happens")
    amount = forms.DecimalField(
        max_digits=7, decimal_places=2, label="When", widget=forms.NumberInput(attrs={"min": 0, "step": "any"}),
        error_messages={"required": "Say after how long; 0 is at once.", "invalid": "Give a number; 0 is at once."},
    )  # fmt: skip
    unit = forms.ChoiceField(choices=[(name, name) for name in MINUTES], label="Unit")
    title = forms.CharField(required=False, max_length=500, label="Title")
    description = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), label="Message", max_length=20_000
    )
    category = forms.CharField(
        required=False, max_length=60, widget=forms.TextInput(attrs={"list": "flow-categories", "autocomplete": "off"})
    )
    priority = forms.ChoiceField(required=False, choices=[("", "Medium (usual)"), *Priority.choices])
    effort_hours = forms.DecimalField(
        required=False, min_value=0, max_digits=5, decimal_places=2, label="Effort in hours",
        error_messages={"invalid": "Give a number of hours.", "min_value": "The effort cannot be negative."},
    )  # fmt: skip

    def __init__(self, *args: Any, offer: Offer, touches: Iterable[TouchForm] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.add("target", Pick(offer.targets, empty="Choose who", label="Who"))
        self.add("template", offer.email_field())
        self.touches = list(touches)
        self.general_faults: list[str] = []

    @property
    def kind(self) -> str:
        return str(self["action_type"].value() or FIRST)

    @property
    def chosen_email(self) -> str:
        return str(self["template"].value() or "")

    @property
    def asked_by(self) -> dict[str, str]:
        """Which types ask for each field that only some ask for, as the page reads it."""
        some: dict[str, list[str]] = {}
        for kind in actions.all_types():
            for name in kind.fields if kind.is_step else ():
                some.setdefault(name, []).append(kind.name)
        return {name: " ".join(kinds) for name, kinds in some.items()}

    @property
    def hidden(self) -> dict[str, bool]:
        """Which of those fields the chosen type does not ask for."""
        return {name: self.kind not in kinds.split() for name, kinds in self.asked_by.items()}

    def clean(self) -> dict[str, Any]:
        """What the chosen kind does not ask is not looked at: the page hides it."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        asked = {"action_type", "amount", "unit", *_fields_of(data.get("action_type", ""))}
        for name in set(self.errors) - asked:
            del self.errors[name]
        if _hours(data.get("amount"), data.get("unit")) >= LONGEST_HOURS:
            self.add_error("amount", "This is ten years or more: choose less.")
        return data

    def planned(self) -> PlannedStep:
        """What can be read of it, once it was cleaned."""
        data = self.cleaned_data
        kind = data.get("action_type") or FIRST
        asked = {name: data[name] for name in _fields_of(kind) if data.get(name) is not None}
        hours = _hours(data.get("amount"), data.get("unit"))
        touches = (touch.touch() for touch in self.touches) if "touches" in _fields_of(kind) else ()
        return PlannedStep(
            action_type=kind,
            delay_hours=hours.quantize(Decimal("0.0001")),
            touches=tuple(touch for touch in touches if touch is not None),
            **asked,
        )


class Editor:
    """The whole form: of a plan, or of what was sent."""

    def __init__(self, *, offer: Offer, plan: Plan, sent: QueryDict | None = None) -> None:
        self.offer = offer
        self._plan = plan
        self.start = StartForm(sent, offer=offer, initial=_start_of(plan, offer))
        self.steps = self._sent(sent) if sent is not None else self._of(plan)
        self.general: list[str] = []
        self.problems: list[str] = []

    def is_readable(self) -> bool:
        """Whether every field says something that can be understood."""
        steps = [step.is_valid() for step in self.steps]
        touches = [touch.is_valid() for step in self._following_up() for touch in step.touches]
        return all([self.start.is_valid(), *steps, *touches])

    def plan(self) -> Plan:
        """What the form says, as far as it can be understood; ask `is_readable` first."""
        if not self.start.is_bound:
            return self._plan
        data = self.start.cleaned_data
        events = dict.fromkeys([*(data.get("events") or ()), *(data.get("other_events") or ())])
        reentry = data.get("reentry") or WorkflowVersion.Reentry.ONCE
        is_counted = reentry == WorkflowVersion.Reentry.AFTER_DAYS
        on_reply = data.get("on_reply") or WorkflowVersion.OnReply.STOP
        waits = on_reply == WorkflowVersion.OnReply.PAUSE
        return Plan(
            name=data.get("name") or "This workflow",
            description=data.get("description") or "",
            is_tracked=data.get("tracking") != NOT_TRACKED,
            business_entity=data.get("business_entity"),
            events=tuple(events),
            **{name: tuple(data.get(name) or ()) for name in ("contact_types", "lead_sources", "interests", "tags")},
            reentry=reentry,
            reentry_days=data.get("reentry_days") if is_counted else None,
            on_reply=on_reply,
            reply_pause_days=data.get("reply_pause_days") if waits else None,
            steps=tuple(step.planned() for step in self.steps),
        )

    def place(self, found: Iterable[Fault]) -> None:
        """Let each fault stand at its field, unless something else is wrong there already."""
        for fault in found:
            self.problems.append(fault.sentence)
            form, field = self._where(fault)
            if form is None:
                self.general.append(fault.message)
            elif field == "":
                form.general_faults.append(fault.message)
            elif field not in form.errors:
                # Not add_error: an unsent form has none, and what is wrong with what is stored is said all the same.
                form.errors[field] = form.error_class([fault.message])

    def blank_step(self) -> StepForm:
        """What the page makes new steps of."""
        initial = {"action_type": FIRST, "amount": 0, "unit": "hours"}
        return StepForm(prefix="step-__step__", offer=self.offer, initial=initial)

    def usual_days(self) -> list[int]:
        """On which new touches are proposed: what the source says that starts the workflow, else its brand."""
        asked: list[Any] = [*self._plan.lead_sources, *filter(None, [self._plan.business_entity])]
        return next((row.follow_up_days for row in asked if row.follow_up_days), [])

    def blank_touch(self) -> TouchForm:
        return TouchForm(prefix="step-__step__-touch-__touch__", offer=self.offer)

    def _following_up(self) -> list[StepForm]:
        return [step for step in self.steps if "touches" in _fields_of(step.kind)]

    def _where(self, fault: Fault) -> tuple[Any, str]:
        if fault.step is None:
            return (self.start, fault.field) if fault.field in self.start.fields else (None, "")
        step = self.steps[fault.step]
        if fault.touch is not None:
            readable = [touch for touch in step.touches if touch.touch() is not None]
            return readable[fault.touch], fault.field
        if fault.field == "touches":
            return step, ""
        return step, {"delay": "amount"}.get(fault.field, fault.field)

    def _sent(self, sent: QueryDict) -> list[StepForm]:
        return [self._sent_step(sent, key) for key in _keys(sent, "step")]

    def _sent_step(self, sent: QueryDict, key: str) -> StepForm:
        prefix = f"step-{key}"
        places = [f"{prefix}-touch-{one}" for one in _keys(sent, f"{prefix}-touch")]
        touches = [TouchForm(sent, prefix=place, offer=self.offer) for place in places]
        return StepForm(sent, prefix=prefix, offer=self.offer, touches=touches)

    def _of(self, plan: Plan) -> list[StepForm]:
        return [self._step(number, step) for number, step in enumerate(plan.steps, start=1)]

    def _step(self, number: int, step: PlannedStep) -> StepForm:
        prefix = f"step-{number}"
        touches = [
            TouchForm(prefix=f"{prefix}-touch-{place}", offer=self.offer, initial=vars(touch))
            for place, touch in enumerate(step.touches, start=1)
        ]
        return StepForm(prefix=prefix, offer=self.offer, touches=touches, initial=_initial_of(step))


def _keys(sent: QueryDict, name: str) -> list[str]:
    return [key for key in dict.fromkeys(sent.getlist(name)) if key.isalnum()][:MOST_STEPS]


def _fields_of(kind: str) -> tuple[str, ...]:
    return actions.of(kind).fields if kind in action_types.registered() else ()


def _start_of(plan: Plan, offer: Offer) -> dict[str, Any]:
    return vars(plan) | {
        "tracking": "" if plan.is_tracked else NOT_TRACKED,
        "events": [name for name in plan.events if name in offer.events],
        "other_events": [name for name in plan.events if name not in offer.events],
    }


def _initial_of(step: PlannedStep) -> dict[str, Any]:
    number, unit = plan_sentences.amount(step.delay_hours)
    effort = None if step.effort_hours is None else f"{step.effort_hours.normalize():f}"
    return vars(step) | {"amount": f"{number.normalize():f}", "unit": unit, "effort_hours": effort}


def _hours(amount: Decimal | None, unit: str | None) -> Decimal:
    return (amount or Decimal(0)) * MINUTES.get(unit or "", 60) / 60


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
