"""What is wrong with a plan, and where it is said."""

from __future__ import annotations

import pytest

from engagement.models import EngagementTemplate
from tests.workflows.plan import alert, email, follow_up, plan, task
from workflows import validation
from workflows.actions.base import Severity

WORDLESS = EngagementTemplate(pk=3, name="Empty")
SWITCHED_OFF = EngagementTemplate(pk=4, name="Old", current_version_id=4, active=False)


def test_sound_plan_has_no_fault():
    assert validation.find(plan(alert(), task("2"), email("24"), follow_up(3, 7, hours="24"))) == []


@pytest.mark.parametrize(
    ("made", "step", "field", "severity"),
    [
        (plan(task(), events=()), None, "events", Severity.BROKEN),
        (plan(), None, "steps", Severity.BROKEN),
        (plan(task("-1")), 0, "delay", Severity.REFUSED),
        (plan(task("4"), task("2")), 1, "delay", Severity.DOUBTFUL),
        (plan(task(target=None)), 0, "target", Severity.REFUSED),
        (plan(alert(target=None)), 0, "target", Severity.REFUSED),
        (plan(task(title="")), 0, "title", Severity.BROKEN),
        (plan(email(template=None)), 0, "template", Severity.REFUSED),
        (plan(email(template=WORDLESS)), 0, "template", Severity.BROKEN),
        (plan(email(template=SWITCHED_OFF)), 0, "template", Severity.DOUBTFUL),
        (plan(follow_up()), 0, "touches", Severity.BROKEN),
        (plan(follow_up(1, template=None)), 0, "template", Severity.REFUSED),
        (plan(follow_up(1, template=WORDLESS)), 0, "template", Severity.BROKEN),
        (plan(follow_up(1, template=SWITCHED_OFF)), 0, "template", Severity.DOUBTFUL),
        (plan(follow_up(3, 3)), 0, "day", Severity.REFUSED),
        (plan(follow_up(1, hours="48")), 0, "day", Severity.DOUBTFUL),
        (plan(task(), reentry="after_days"), None, "reentry_days", Severity.REFUSED),
    ],
)
def test_fault_stands_at_its_field(made, step, field, severity):
    found = validation.find(made)

    assert [(fault.step, fault.field, fault.severity) for fault in found] == [(step, field, severity)]


@pytest.mark.parametrize("event", sorted(validation.ECHOES))
def test_workflow_that_its_own_emails_would_start_again_is_a_loop(event):
    (found,) = validation.find(plan(email(), events=(event,), reentry="always"))

    assert found.field == "reentry"
    assert "round in a circle" in found.message


@pytest.mark.parametrize(("days", "is_loop"), [(7, True), (8, False)])
def test_workflow_that_may_start_again_before_its_last_email_is_a_loop(days, is_loop):
    made = plan(follow_up(7), events=("engagement_detected",), reentry="after_days", reentry_days=days)

    assert bool(validation.find(made)) is is_loop


@pytest.mark.parametrize(
    "made",
    [
        plan(email(), events=("engagement_detected",)),
        plan(email(), events=("new_contact",), reentry="always"),
        plan(task(), events=("engagement_detected",), reentry="always"),
    ],
)
def test_workflow_that_comes_to_an_end_is_no_loop(made):
    assert validation.find(made) == []


def test_second_touch_of_a_day_is_the_one_at_fault():
    (found,) = validation.find(plan(follow_up(3, 3)))

    assert (found.touch, found.message) == (1, "There is an email on day 3 already.")


def test_fault_away_from_its_field_names_the_step():
    (found,) = validation.find(plan(task(), task(title="")))

    assert found.sentence == "Step 2: give the task a title."


def test_emails_are_counted_with_their_touches():
    assert validation.emails_of(plan(alert(), email(), follow_up(1, 2, 5))) == 4
