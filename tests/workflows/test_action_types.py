"""A new action type is one class in one file, its line in settings.ACTION_TYPES, and its test: two files and a line.

This is both: a type that writes a note about the contact, and what the editor, publishing, the dry run, the engine and
the history make of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.core import checks
from django.http import QueryDict
from django.template.loader import render_to_string

from contactflow.core.clock import database_now
from contacts.models import Contact
from engagement.delivery import Order
from engagement.models import Message
from tests.factories import (
    NOW,
    ContactFactory,
    EngagementTemplateFactory,
    ScheduledActionFactory,
    StepFactory,
    TargetFactory,
)
from tests.workflows import plan, world
from workflows import actions, drafts, progress, publishing, simulation, timeline, validation
from workflows.actions.base import ActionType, Fault, Lane, Result
from workflows.admin.editor_choices import Offer
from workflows.admin.editor_forms import Editor
from workflows.drafts import PlannedStep
from workflows.models import ScheduledAction, Step

pytestmark = pytest.mark.django_db


class AddNote(ActionType):
    """Adds the step's title to the contact's notes."""

    name = "add_note"
    label = "Add a note"
    noun = "Note"
    icon = "edit_note"
    lane = Lane.INSIDE
    fields: ClassVar[tuple[str, ...]] = ("title",)

    def perform_many(self, actions: Sequence[ScheduledAction], now: dt.datetime) -> list[Result]:
        for action in actions:
            Contact.objects.filter(pk=action.instance.contact_id).update(notes=action.step.title)
        return [{"noted": action.step.title} for action in actions]

    def faults(self, step: PlannedStep) -> Iterator[Fault]:
        if not step.title:
            yield Fault(field="title", message="Say what to note.")

    def sentence(self, step: PlannedStep | Step) -> str:
        return f"note “{step.title}”"


class SendCard(ActionType):
    """Sends the step's email as a card: what leaves the house orders a message, and the dispatcher does the rest."""

    name = "send_card"
    label = "Send a card"
    noun = "Card"
    icon = "style"
    lane = Lane.OUTSIDE
    fields: ClassVar[tuple[str, ...]] = ("template",)

    def order(self, action: ScheduledAction) -> Order | None:
        instance = action.instance
        return action.template and Order(action.pk, action.template, instance.contact, instance.business_entity)


@pytest.fixture(autouse=True)
def new_types(settings: Any) -> None:
    settings.ACTION_TYPES = [*settings.ACTION_TYPES, f"{__name__}.AddNote", f"{__name__}.SendCard"]


def a_step(title: str = "Likes tea") -> Step:
    return StepFactory(action_type="add_note", title=title, target=None)


def test_the_editor_offers_it_and_reads_what_it_asks_for() -> None:
    sent = QueryDict(mutable=True)
    sent.update(
        {
            "name": "Notes", "reentry": "once", "step": "1", "step-1-action_type": "add_note", "step-1-amount": "2",
            "step-1-unit": "hours", "step-1-title": "Likes tea", "step-1-effort_hours": "not asked for",
        }
    )  # fmt: skip

    editor = Editor(offer=Offer.read(), plan=plan.plan(), sent=sent)

    assert editor.is_readable()
    (step,) = editor.plan().steps
    assert (step.action_type, step.title, step.delay_hours) == ("add_note", "Likes tea", Decimal(2))
    assert "Add a note" in render_to_string("admin/workflows/step.html", {"step": editor.steps[0], "number": 1})


def test_what_it_lacks_is_said_at_its_field() -> None:
    step = PlannedStep(action_type="add_note")

    (fault,) = validation.find(plan.plan(step))

    assert (fault.step, fault.field) == (0, "title")


def test_a_dry_run_and_the_sentences_tell_it() -> None:
    version = a_step().version
    contact = ContactFactory()

    (foreseen,) = simulation.simulate_plan(
        plan=drafts.plan_of(version, version.template),
        someone=simulation.real(contact=contact, plan=plan.plan()),
        start=NOW,
    )

    assert (foreseen.action_type, foreseen.what, foreseen.at) == ("add_note", "Add a note", NOW)


def test_it_is_published_started_done_and_told() -> None:
    world.deploy()
    version = publishing.publish(version=a_step().version, by=None, now=database_now())
    world.arrive()
    world.run_due()

    action = ScheduledAction.objects.get(step__version=version)
    action.refresh_from_db()
    assert (action.lane, action.status, action.result) == ("inside", "done", {"noted": "Likes tea"})
    assert Contact.objects.get().notes == "Likes tea"
    assert progress.name_of(action) == "Add a note"
    told = next(source for source in timeline.SOURCES if source.name == "workflows.step")
    assert action.pk in [one.pk for one in told.rows(Contact.objects.get())]


def test_a_type_of_the_other_lane_leaves_the_house() -> None:
    action = ScheduledActionFactory(
        step__action_type="send_card", step__template=EngagementTemplateFactory(), step__target=None
    )

    world.run_due()

    action.refresh_from_db()
    assert (action.lane, action.status) == ("outside", "done")
    assert Message.objects.get(action=action.pk).recipient == action.instance.contact.email


def test_a_type_that_cannot_be_imported_is_said_by_a_system_check(settings: Any) -> None:
    settings.ACTION_TYPES = ["workflows.actions.gone.Gone"]

    assert "contactflow.E006" in {message.id for message in checks.run_checks()}


def test_every_type_says_all_that_is_shown_of_it() -> None:
    target = TargetFactory()

    for kind in actions.all_types():
        action = ScheduledActionFactory(step__action_type="create_task", step__target=target)
        action.action_type = kind.name
        step = PlannedStep(action_type=kind.name, title="Call")
        assert all((kind.name_of(action), kind.sentence(step), kind.noun, kind.icon, kind.label))
        assert kind.lane in Lane
