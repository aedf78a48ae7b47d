"""What the pages say: pure functions from stored values to sentences."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st

from contactflow.core.admin.model_admin import LinesField, joined
from contacts import describe
from contacts.admin.contacts import CustomFieldsField
from engagement.admin.email_form import FallbacksField, PassagesField
from engagement.admin.messages import as_text, framed
from tests import factories as f
from tests.matrix import matrix
from workflows import drafts, progress
from workflows.admin import plan_sentences
from workflows.models import ScheduledAction, action_types

line = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), exclude_characters="=:"), min_size=1)
name = line.filter(lambda text: text.strip().lower() not in ("instruction", "fallback"))


@matrix(
    "made, sentence",
    [
        (
            {"kind": "contact_type", "value": "Artist", "rule": "Art words", "because": {"code": "source_named_it"}},
            "Contact type: Artist, because the source named it (rule “Art words”)",
        ),
        ({"kind": "business_entity", "value": "The 7 Space"}, "Brand: The 7 Space"),
        ({"kind": "shoe_size", "value": "38"}, "shoe size: 38"),
        ({}, "Decision: none"),
    ],
)
def test_decision_is_told(made, sentence):
    assert describe.decision(made) == sentence


@matrix(
    "answer, sentence",
    [
        (
            {"workflow": "art", "matched": True, "because": {"code": "asks_nothing"}},
            "art started: asks for nothing in particular",
        ),
        (
            {
                "workflow": "art",
                "matched": False,
                "because": {"code": "caller_asked_for_others", "named": ["yoga", "music"]},
            },
            "art did not start: the caller asked for yoga and music only",
        ),
        ({"workflow": "art", "matched": True}, "art started"),
        ({}, "A workflow did not start"),
    ],
)
def test_outcome_is_told(answer, sentence):
    assert describe.outcome(answer) == sentence


@matrix("matches, sentence", [(0, "started nothing"), (1, "started 1 workflow"), (3, "started 3 workflows")])
def test_number_of_started_workflows_is_told(matches, sentence):
    answers = [{"matched": True}] * matches + [{"matched": False}]

    assert describe.started(answers) == sentence


@matrix(
    "pair, sentence",
    [
        (["", "Engines"], "Company: was empty, now “Engines”"),
        (["Engines", None], "Company: was “Engines”, now empty"),
        ([["a"], ["a", "b"]], "Company: was a, now a, b"),
        ([[], True], "Company: was empty, now yes"),
        ([0, 3], "Company: was “0”, now “3”"),
        ("Engines", "Company: was empty, now “Engines”"),
    ],
)
def test_change_is_told(pair, sentence):
    assert describe.changes({"company": pair}) == [sentence]


simple = st.none() | st.booleans() | st.integers() | st.text(max_size=20)


@given(st.dictionaries(st.text(max_size=20), simple | st.lists(simple, max_size=3), max_size=4))
def test_whatever_arrived_can_be_shown(payload):
    assert describe.pairs(payload)


@given(st.text())
def test_nothing_that_arrived_becomes_part_of_the_page(text):
    shown = describe.pairs({"message": text})

    assert "<" not in shown.replace('<ul class="leading-relaxed"><li class="mb-1">', "").replace("</li></ul>", "")


def test_moment_is_told_in_the_time_zone_of_the_installation(settings):
    settings.TIME_ZONE = "Europe/Berlin"

    assert describe.moment(dt.datetime(2026, 3, 3, 8, 0, tzinfo=dt.UTC)) == "Tue 3 Mar 2026, 9:00"


def test_no_moment_is_a_dash():
    assert describe.moment(None) == "-"


@matrix("rows, text", [([], "-"), (["a"], "a"), (["a", "b"], "a, b")])
def test_rows_are_joined(rows, text):
    assert joined(rows) == text


@matrix(
    "hours, told",
    [
        ("0", "at once"),
        ("0.5", "after 30 minutes"),
        ("1", "after 1 hour"),
        ("2.00", "after 2 hours"),
        ("1.5", "after 1.5 hours"),
        ("24", "after 1 day"),
        ("48", "after 2 days"),
        ("168", "after 7 days"),
        ("240", "after 10 days"),
        ("30", "after 30 hours"),
    ],
)
def test_delay_is_told_in_the_unit_a_person_would_use(hours, told):
    assert plan_sentences.delay(Decimal(hours)) == told


@given(st.decimals(min_value=0, max_value=99999, places=2))
def test_every_delay_can_be_told(hours):
    assert plan_sentences.delay(hours)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"action_type": "create_task", "title": "Call"}, "At once: task “Call” for Gallery curator"),
        ({"action_type": "send_notification", "priority": "high"}, "At once: alert Gallery curator (high)"),
        ({"action_type": "schedule_follow_up", "target": None}, "At once: plan no touch yet"),
    ],
)
def test_step_is_told(values, told):
    step = f.StepFactory(**values)

    assert plan_sentences.steps_of(drafts.plan_of(step.version, step.version.template)) == [told]


@pytest.mark.django_db
def test_triggers_are_told():
    version = f.WorkflowVersionFactory(
        events=["new_contact"], interests=["wellness"], tags=["VIP", "wellness"], reentry="always"
    )
    version.contact_types.add(f.ContactTypeFactory(slug="artist"), f.ContactTypeFactory(slug="gallery_contact"))
    version.lead_sources.add(f.LeadSourceFactory(slug="event"))

    assert plan_sentences.triggers(version) == [
        "When a new contact arrives",
        "The contact is Artist or Gallery Contact",
        "The lead source is Event",
        "The contact is interested in wellness or has the tag VIP or wellness",
        "With every such event",
    ]


def in_state(status, **values):
    values = {"finished_at": f.NOW, "next_attempt_at": f.NOW} | values
    action = ScheduledAction(status=status, **values)
    action.instance = f.WorkflowInstanceFactory.build(version=f.WorkflowVersionFactory.build(number=1), contact=None)
    return action


@matrix("status", ScheduledAction.Status.values)
def test_every_state_of_a_step_is_told(status):
    assert progress.state_of(in_state(status))


@matrix(
    "action, told",
    [
        (in_state("pending"), "waiting until 2 Mar 2026, 9:00"),
        (in_state("pending", attempts=1), "waiting to try again 2 Mar 2026, 9:00"),
        (in_state("ambiguous"), "unclear: handed over, but no answer came back"),
        (in_state("dead"), "gave up Mon 2 Mar 2026, 9:00"),
        (in_state("skipped", result={"reason": "too late"}), "skipped Mon 2 Mar 2026, 9:00: too late"),
    ],
)
def test_state_of_a_step_needs_no_explanation(action, told):
    assert progress.state_of(action) == told


@matrix(
    "kind, told", [("send_email", "waits: email is paused"), ("follow_up", "waits: email is paused"),
                       ("create_task", "due now")],
)  # fmt: skip
def test_step_that_is_due_waits_only_for_its_channel(kind, told):
    action = in_state("pending", action_type=kind)
    action.is_due = action.is_email_paused = True

    assert progress.state_of(action) == told


def test_step_of_a_paused_workflow_is_on_hold():
    action = in_state("pending")
    action.instance.status = "paused"

    assert progress.state_of(action) == "on hold with its workflow"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", action_types.registered())
def test_every_kind_of_step_has_a_name(kind):
    action = f.ScheduledActionFactory(template=f.EngagementTemplateFactory(name="Welcome"), occurrence=3)
    action.action_type = kind

    assert progress.name_of(action)


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_error_in_a_list_is_one_short_line(text, limit):
    shown = progress.cut(text, limit)

    assert len(shown) <= limit
    assert "\n" not in shown


@given(st.dictionaries(name, st.none() | st.just("") | line))
def test_fallbacks_come_back_as_they_were_shown(fallbacks):
    field = FallbacksField()

    assert field.clean(field.prepare_value(fallbacks)) == fallbacks


@given(st.dictionaries(name, st.fixed_dictionaries({}, optional={"instruction": line, "fallback": line})))
def test_passages_come_back_as_they_were_shown(passages):
    field = PassagesField()

    assert field.clean(field.prepare_value(passages)) == passages


@matrix(
    "field, row",
    [
        (FallbacksField(), {"name": "", "mode": "write", "words": "friend"}),
        (PassagesField(), {"name": "", "instruction": "Say something nice", "fallback": ""}),
    ],
)
def test_words_without_their_place_are_refused(field, row):
    with pytest.raises(forms.ValidationError):
        field.clean([row])


@given(st.dictionaries(line, st.integers() | st.booleans() | st.lists(st.integers()) | line))
def test_custom_fields_that_are_not_touched_keep_their_kind(custom):
    field = CustomFieldsField()
    field.known = custom

    assert field.clean(field.prepare_value(custom)) == custom
    assert not field.has_changed(custom, field.prepare_value(custom))


def test_touched_custom_field_becomes_text():
    field = CustomFieldsField()
    field.known = {"Visits": 3}

    assert field.clean("Visits = 4") == {"Visits": "4"}


@matrix("text", ["Visits", "= 4"])
def test_custom_field_without_name_or_value_is_refused(text):
    with pytest.raises(forms.ValidationError):
        CustomFieldsField().clean(text)


@given(st.lists(line.map(lambda text: text.replace("=", "")).filter(str.strip)))
def test_lines_come_back_as_they_were_shown(items):
    field = LinesField(forms.CharField(), required=False)

    assert field.clean("\r\n".join(items)) == items


@given(st.text())
def test_html_stays_inside_its_frame(html):
    assert framed(html, "An email").count("<") == 2


@given(st.text())
def test_text_stays_text(text):
    assert as_text(text).count("<") == 2
