"""Workflows in the admin; importing registers the pages."""

from __future__ import annotations

from workflows.admin import executions, transfers, workflow_versions, workflows

__all__ = ["executions", "transfers", "workflow_versions", "workflows"]
