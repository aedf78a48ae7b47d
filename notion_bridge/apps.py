"""What the app is called where people see it."""

from __future__ import annotations

from django.apps import AppConfig


class NotionBridge(AppConfig):
    name = "notion_bridge"
    verbose_name = "Notion"
