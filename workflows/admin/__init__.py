"""Workflows in the admin; importing registers the pages."""

from __future__ import annotations

from workflows.admin import runs, templates

__all__ = ["runs", "templates"]
