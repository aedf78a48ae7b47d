from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from engagement.models import Message
from tests import factories
from tests.api.caller import Caller
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance, WorkflowTemplate

TEMPLATES, INSTANCES, ACTIONS = (
    "/api/v1/workflow-templates/",
    "/api/v1/workflow-instances/",
    "/api/v1/scheduled-actions/",
)
INSTANCE = "id contact contact_email workflow version status trigger_event started_at ended_at actions"
ACTION = "id instance position action_type target due_at next_attempt_at status attempts last_error result finished_at"
TEMPLATE = "slug name business_entity active version triggers steps"
STEP = "position action_type target delay_hours template title category priority"
ENDED = {"ended_at": factories.NOW}
FINISHED = {"finished_at": factories.NOW}

pytestmark = pytest.mark.django_db


@pytest.fixture
def instance() -> WorkflowInstance:
    made: WorkflowInstance = factories.WorkflowInstanceFactory()
    factories.ScheduledActionFactory.create_batch(2, instance=made)
    return made


def make_action(status: str, **values: Any) -> ScheduledAction:
    final = FINISHED if status in ("done", "failed", "dead", "skipped", "cancelled") else {}
    made: ScheduledAction = factories.ScheduledActionFactory(status=status, **final, **values)
    return made


def test_instance_is_shown_with_all_that_is_promised(reader: Caller, instance: WorkflowInstance) -> None:
    listed = reader.get(INSTANCES).json()["results"][0]
    alone = reader.get(f"{INSTANCES}{instance.pk}").json()

    assert listed == alone
    assert set(INSTANCE.split()) <= set(alone)
    assert (alone["contact"], alone["contact_email"]) == (str(instance.contact_id), instance.contact.email)
    assert (alone["workflow"], alone["version"]) == (instance.template.slug, 1)
    assert len(alone["actions"]) == 2
    assert set(ACTION.split()) <= set(alone["actions"][0])
    assert alone["started_at"] == "2026-03-02T09:00:00Z"


def test_action_is_shown_with_all_that_is_promised(reader: Caller, instance: WorkflowInstance) -> None:
    action = instance.actions.get(position=1)

    shown = reader.get(f"{ACTIONS}{action.pk}").json()

    assert set(ACTION.split()) <= set(shown)
    assert shown in reader.get(ACTIONS).json()["results"]
    assert (shown["instance"], shown["target"]) == (str(instance.pk), "gallery_curator")
    assert (shown["due_at"], shown["finished_at"], shown["result"]) == ("2026-03-02T09:00:00Z", None, {})


def test_why_an_action_was_left_out_is_said_in_words(reader: Caller, instance: WorkflowInstance) -> None:
    action = instance.actions.get(position=1)
    result = {"reason": {"code": "status_blocks", "status": "Do Not Contact"}}
    ScheduledAction.objects.filter(pk=action.pk).update(status="skipped", result=result, **FINISHED)

    assert reader.get(f"{ACTIONS}{action.pk}").json()["result"] == {"reason": "The contact is Do Not Contact."}


def test_template_without_a_published_version_has_no_steps(reader: Caller) -> None:
    template = factories.WorkflowTemplateFactory()

    shown = reader.get(f"{TEMPLATES}{template.slug}").json()

    assert set(TEMPLATE.split()) <= set(shown)
    assert (shown["version"], shown["triggers"], shown["steps"]) == (None, None, [])


def test_template_is_shown_with_the_steps_of_its_version(reader: Caller) -> None:
    step = factories.StepFactory(delay_hours="1.50")
    WorkflowTemplate.objects.update(current_version=step.version)

    shown = reader.get(f"{TEMPLATES}{step.version.template.slug}").json()

    assert set(STEP.split()) <= set(shown["steps"][0])
    assert shown["steps"][0]["delay_hours"] == 1.5
    assert shown["triggers"]["events"] == ["new_contact", "contact_updated"]


def test_template_says_what_a_reply_does(reader: Caller) -> None:
    version = factories.StepFactory(version__on_reply="pause", version__reply_pause_days=5).version
    nothing = factories.WorkflowTemplateFactory()
    WorkflowTemplate.objects.filter(pk=version.template_id).update(current_version=version)

    shown = [reader.get(f"{TEMPLATES}{slug}").json() for slug in (version.template.slug, nothing.slug)]

    assert [(one["on_reply"], one["reply_pause_days"]) for one in shown] == [("pause", 5), (None, None)]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_templates_are_read_only(operator: Caller, method: str) -> None:
    assert operator.send(method, TEMPLATES, {}).status_code == 405


@pytest.mark.parametrize(("path", "queries"), [(INSTANCES, 4), (ACTIONS, 3)])
def test_lists_need_no_query_per_row(
    reader: Caller, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int
) -> None:
    factories.ScheduledActionFactory.create_batch(6)
    reader.get(path)

    with django_assert_num_queries(queries):
        assert len(reader.get(path).json()["results"]) == 6


def test_list_of_templates_needs_no_query_per_row(
    reader: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(4):
        step = factories.StepFactory()
        WorkflowTemplate.objects.filter(pk=step.version.template_id).update(current_version=step.version)
    reader.get(TEMPLATES)

    with django_assert_num_queries(7):  # key, count, templates, types, sources, steps, touches
        assert len(reader.get(TEMPLATES).json()["results"]) == 4


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"{INSTANCES}?status=running", "status"),
        (f"{INSTANCES}?workflow=nothing", "workflow"),
        (f"{INSTANCES}?workflow=%00", "workflow"),
        (f"{INSTANCES}?contact=x", "contact"),
        (f"{ACTIONS}?instance=5", "instance"),
        (f"{ACTIONS}?instance=not-a-uuid", "instance"),
        (f"{ACTIONS}?status=late", "status"),
        (f"{ACTIONS}?due_before=yesterday", "due_before"),
        (f"{ACTIONS}?due_before=2026-13-45T00:00:00Z", "due_before"),
        (f"{ACTIONS}?due_before=99999-01-01T00:00:00Z", "due_before"),
        (f"{ACTIONS}?due_before=%00", "due_before"),
        (f"{ACTIONS}?due_before=0001-01-01T00:00:00%2B14:00", "due_before"),
        (f"{ACTIONS}?due_before=9999-12-31T23:59:59-14:00", "due_before"),
        (f"{TEMPLATES}?active=true", "active"),
    ],
)
def test_wrong_filter_is_refused_naming_it(reader: Caller, query: str, field: str) -> None:
    answer = reader.get(query)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-02T09:00:00-23:59", "2026-03-02", "2026-03-02T09:00:00"],
)
def test_odd_moments_are_read(reader: Caller, moment: str) -> None:
    factories.ScheduledActionFactory()

    assert reader.get(f"{ACTIONS}?due_before={moment}").status_code == 200


def test_instances_are_found_by_contact_workflow_and_status(reader: Caller, instance: WorkflowInstance) -> None:
    factories.WorkflowInstanceFactory(status="completed", **ENDED)
    filters = ("contact_email=" + instance.contact.email.upper(), f"workflow={instance.template.slug}", "status=active")

    for query in (*filters, "&".join(filters)):
        found = reader.get(f"{INSTANCES}?{query}").json()["results"]

        assert [row["id"] for row in found] == [str(instance.pk)]


def test_actions_are_found_by_instance_and_status(reader: Caller, instance: WorkflowInstance) -> None:
    elsewhere = make_action("done")

    of_instance = reader.get(f"{ACTIONS}?instance={instance.pk}").json()["results"]
    done = reader.get(f"{ACTIONS}?status=done").json()["results"]

    assert {row["instance"] for row in of_instance} == {str(instance.pk)}
    assert [row["id"] for row in done] == [str(elsewhere.pk)]


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        ("2026-03-02T09:00:00Z", 0),
        ("2026-03-02T09:00:01Z", 1),
        ("2026-03-02T10:00:01%2B01:00", 1),
        ("2026-03-02T10:00:01+01:00", 1),
        ("2026-03-02T09:00:01+01:00", 0),
    ],
)
def test_actions_are_found_by_due_time(reader: Caller, moment: str, found: int) -> None:
    factories.ScheduledActionFactory()

    assert len(reader.get(f"{ACTIONS}?due_before={moment}").json()["results"]) == found


def test_instance_is_paused_resumed_and_cancelled(operator: Caller, instance: WorkflowInstance) -> None:
    path = f"{INSTANCES}{instance.pk}/"

    states = [
        operator.post(f"{path}{verb}/", {"reason": "holiday"}).json()["status"]
        for verb in ("pause", "resume", "cancel")
    ]

    assert states == ["paused", "active", "cancelled"]
    assert sorted(ControlEntry.objects.values_list("verb", "reason", "actor")) == [
        ("cancel", "holiday", "API key the operate key"),
        ("pause", "holiday", "API key the operate key"),
        ("resume", "holiday", "API key the operate key"),
    ]


def test_cancelled_instance_is_shown_with_its_cancelled_actions(operator: Caller, instance: WorkflowInstance) -> None:
    shown = operator.post(f"{INSTANCES}{instance.pk}/cancel/", {"reason": "wrong person"}).json()

    assert {action["status"] for action in shown["actions"]} == {"cancelled"}
    assert shown["ended_at"]


@pytest.mark.parametrize(("verb", "status"), [("pause", "paused"), ("resume", "active"), ("cancel", "cancelled")])
def test_control_the_state_does_not_allow_is_a_conflict(operator: Caller, verb: str, status: str) -> None:
    times = {"paused": {"paused_at": factories.NOW}, "cancelled": ENDED}.get(status, {})
    stuck = factories.WorkflowInstanceFactory(status=status, **times)

    answer = operator.post(f"{INSTANCES}{stuck.pk}/{verb}/", {"reason": "again"})

    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("Only")
    assert not ControlEntry.objects.exists()


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": 5}, "reason"),
        ({"reason": "a" * 501}, "reason"),
        ({"reason": "x", "until": "tomorrow"}, "until"),
    ],
)
def test_control_needs_a_reason(
    operator: Caller, instance: WorkflowInstance, verb: str, body: dict[str, Any], field: str
) -> None:
    answer = operator.post(f"{INSTANCES}{instance.pk}/{verb}/", body)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    ("verb", "status", "becomes"),
    [
        ("retry", "failed", "pending"),
        ("retry", "dead", "pending"),
        ("skip", "pending", "skipped"),
        ("skip", "failed", "skipped"),
    ],
)
def test_action_is_tried_again_or_skipped(operator: Caller, verb: str, status: str, becomes: str) -> None:
    action = make_action(status)

    answer = operator.post(f"{ACTIONS}{action.pk}/{verb}/", {"reason": "asked for"})

    assert answer.status_code == 200
    assert answer.json()["status"] == becomes
    assert answer.json()["id"] == str(action.pk)
    assert action.controls.get().reason == "asked for"


@pytest.mark.parametrize(
    ("verb", "status"), [("retry", "pending"), ("retry", "done"), ("skip", "done"), ("resolve", "pending")]
)
def test_action_that_cannot_be_controlled_is_a_conflict(operator: Caller, verb: str, status: str) -> None:
    action = make_action(status)
    body = {"reason": "asked for"} | ({"outcome": "sent"} if verb == "resolve" else {})

    answer = operator.post(f"{ACTIONS}{action.pk}/{verb}/", body)

    assert answer.status_code == 409


@pytest.mark.parametrize(("outcome", "becomes"), [("sent", "done"), ("not_sent", "pending")])
def test_unclear_action_is_settled(operator: Caller, outcome: str, becomes: str) -> None:
    action = make_action(
        "ambiguous", step__action_type="send_email", step__template=factories.EngagementTemplateFactory()
    )
    contact = action.instance.contact
    Message.objects.create(action=action.pk, contact=contact, recipient=contact.email, subject="x", status="ambiguous")

    answer = operator.post(f"{ACTIONS}{action.pk}/resolve/", {"outcome": outcome, "reason": "saw it"})

    assert answer.status_code == 200
    assert answer.json()["status"] == becomes


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "x"}, "outcome"),
        ({"outcome": "sent"}, "reason"),
        ({"outcome": "maybe", "reason": "x"}, "outcome"),
        ({"outcome": True, "reason": "x"}, "outcome"),
        ({"outcome": ["sent"], "reason": "x"}, "outcome"),
    ],
)
def test_wrong_settling_is_refused(operator: Caller, body: dict[str, Any], field: str) -> None:
    action = make_action("ambiguous")

    answer = operator.post(f"{ACTIONS}{action.pk}/resolve/", body)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_retry_leaves_the_planned_time(operator: Caller) -> None:
    action = make_action("failed")

    shown = operator.post(f"{ACTIONS}{action.pk}/retry/", {"reason": "server is back"}).json()

    assert shown["due_at"] == "2026-03-02T09:00:00Z"
    assert dt.datetime.fromisoformat(shown["next_attempt_at"]) > factories.NOW


@pytest.mark.parametrize("path", [f"{INSTANCES}%s/pause/", f"{ACTIONS}%s/retry/"])
def test_control_of_nothing_is_not_found(operator: Caller, path: str) -> None:
    answer = operator.post(path % "00000000-0000-0000-0000-000000000001", {"reason": "x"})

    assert answer.status_code == 404
