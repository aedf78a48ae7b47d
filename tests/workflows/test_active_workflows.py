"""The workflows that run, as they are kept in memory."""

from __future__ import annotations

import pytest

from workflows import active_workflows
from workflows.models import Step, WorkflowTemplate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


def test_a_workflow_that_is_switched_off_is_a_candidate_no_more() -> None:
    template = WorkflowTemplate.objects.filter(active=True).first()
    assert template in [one.template for one in active_workflows.load()]

    WorkflowTemplate.objects.filter(pk=template.pk).update(active=False)

    assert template not in [one.template for one in active_workflows.load()]


def test_candidates_have_their_steps_in_order() -> None:
    for candidate in active_workflows.load():
        assert list(candidate.steps) == list(Step.objects.filter(version=candidate.version).order_by("position"))
