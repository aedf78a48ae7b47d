"""The rows of this room: workflows, what runs of them, what people do to it, and lists in and out."""

from __future__ import annotations

from workflows.models.engine import ActionAttempt, ScheduledAction, WorkerHeartbeat, WorkflowInstance
from workflows.models.operations import BulkDecision, ControlEntry, DigestChoice, DigestLetter, StartOrder
from workflows.models.templates import PlannedTouch, Step, WorkflowTemplate, WorkflowVersion
from workflows.models.transfers import (
    ExportChunk,
    ExportPerson,
    ExportRun,
    ImportChunk,
    ImportLine,
    ImportRun,
    SavedMapping,
)

__all__ = [
    "ActionAttempt", "BulkDecision", "ControlEntry", "DigestChoice", "DigestLetter", "ExportChunk", "ExportPerson",
    "ExportRun", "ImportChunk", "ImportLine", "ImportRun", "PlannedTouch", "SavedMapping", "ScheduledAction",
    "StartOrder", "Step", "WorkerHeartbeat", "WorkflowInstance", "WorkflowTemplate", "WorkflowVersion",
]  # fmt: skip
