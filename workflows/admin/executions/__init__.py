"""What runs for whom: instances, their steps, every attempt, what people decided, and what went wrong."""

from __future__ import annotations

from workflows.admin.executions import attempts, instances, steps
from workflows.admin.executions.instances import WorkflowInstanceAdmin
from workflows.admin.executions.steps import ScheduledActionAdmin

__all__ = ["ScheduledActionAdmin", "WorkflowInstanceAdmin", "attempts", "instances", "steps"]
