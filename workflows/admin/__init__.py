"""Workflows in the admin; importing registers the pages."""

from __future__ import annotations

from workflows.admin import lists, runs, templates, versions

__all__ = ["lists", "runs", "templates", "versions"]
