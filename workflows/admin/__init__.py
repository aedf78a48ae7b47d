"""Workflows in the admin; importing registers the pages."""

from __future__ import annotations

from workflows.admin import executions, workflow_versions, workflows
from workflows.admin.transfers import exports, imports

__all__ = ["executions", "exports", "imports", "workflow_versions", "workflows"]
