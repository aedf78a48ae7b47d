"""Goals that are reached by completing a workflow."""

from __future__ import annotations

import datetime as dt

from contactflow.core.clock import database_now
from engagement import goals
from engagement.goals import MOVED_EVERY, OVERLAP, Reached
from engagement.models import Conversion, Goal
from workflows.models import WorkflowInstance

LOOK_BACK = dt.timedelta(minutes=10)  # an instance may end in a long transaction


def run_pump_step(deadline: float) -> int:
    """Look for what was completed since the last time."""
    wanted = list(
        Goal.objects.filter(active=True, reached_by=Goal.ReachedBy.WORKFLOW).select_related("business_entity")
    )
    return sum(_look(goal, database_now()) for goal in wanted)


def _look(goal: Goal, now: dt.datetime) -> int:
    keys = Conversion.objects.filter(goal=goal, source=Conversion.Source.WORKFLOW)
    since = max(goal.looked_until - LOOK_BACK, goal.created_at)
    ended = WorkflowInstance.objects.filter(
        template__slug=goal.workflow, status=WorkflowInstance.Status.COMPLETED, ended_at__gt=since
    )
    known = set(keys.filter(at__gt=since - OVERLAP).values_list("key", flat=True))
    found = [
        Reached(
            goal=goal,
            contact=one.contact_id,
            at=one.ended_or_started_at,
            source=Conversion.Source.WORKFLOW,
            key=f"workflow:{goal.slug}:{one.pk}",
        )
        for one in ended.order_by("ended_at")[: goals.AT_ONCE]
    ]
    fresh = [one for one in found if one.key not in known]
    recorded = goals.record(fresh, now=max([now, *(one.at for one in fresh)])) if fresh else []
    is_all = len(found) < goals.AT_ONCE
    if not is_all or now - goal.looked_until > MOVED_EVERY:
        Goal.objects.filter(pk=goal.pk).update(looked_until=now if is_all else found[-1].at + LOOK_BACK)
    return len(recorded)
