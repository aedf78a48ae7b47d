"""A page to look at the sandbox and to work in it as a colleague would in Notion."""

from __future__ import annotations

from notion_bridge.sandbox.console.desk import Console

__all__ = ["Console"]
