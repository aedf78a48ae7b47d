"""What engagement may know of the actions whose ids its rows carry (settings.ACTION_ORIGINS)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from workflows.models import ScheduledAction

# Whether the workflow of `message.action` lets opens and clicks be followed now; also of a message without one.
IS_FOLLOWED_SQL = """coalesce((
    SELECT template.is_tracked FROM workflows_scheduledaction AS action
    JOIN workflows_workflowinstance AS instance ON instance.id = action.instance_id
    JOIN workflows_workflowtemplate AS template ON template.id = instance.template_id
    WHERE action.id = message.action
), true)"""


def workflows_of(actions: Collection[UUID]) -> dict[UUID, str]:
    """The slug of the workflow that each belongs to."""
    rows = ScheduledAction.objects.filter(pk__in=actions).values_list("pk", "instance__template__slug")
    return dict(rows)
