"""Plans the emails of a follow-up, over days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from workflows import scheduling
from workflows.actions.base import ActionType, Lane, Result
from workflows.models import PlannedTouch, ScheduledAction


class ScheduleFollowUp(ActionType):
    """The touches of its step become actions of the same instance; planned again they are the same rows."""

    name = "schedule_follow_up"
    label = "Schedule follow-up"
    lane = Lane.INSIDE

    def perform_many(self, actions: Sequence[ScheduledAction], now: dt.datetime) -> list[Result]:
        touches: dict[int, list[PlannedTouch]] = defaultdict(list)
        for touch in PlannedTouch.objects.filter(step__in={action.step_id for action in actions}):
            touches[touch.step_id].append(touch)
        planned = [_plan(action, touches[action.step_id]) for action in actions]
        ScheduledAction.objects.bulk_create([one for some in planned for one in some], ignore_conflicts=True)
        return [
            {"planned": [{"day": touch.occurrence, "due_at": touch.due_at.isoformat()} for touch in some]}
            for some in planned
        ]


def _plan(action: ScheduledAction, touches: Sequence[PlannedTouch]) -> list[ScheduledAction]:
    # Pauses shift the action; counted back from it, the start of the instance is shifted with them.
    started_at = action.due_at - scheduling.delay_of(action.step)
    return scheduling.plan_touches(instance=action.instance, started_at=started_at, step=action.step, touches=touches)
