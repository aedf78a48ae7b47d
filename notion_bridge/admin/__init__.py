"""Notion in the admin; importing registers the pages."""

from __future__ import annotations

from notion_bridge.admin import connection, databases, decisions, journal, pagelinks
