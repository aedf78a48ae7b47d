"""What Contactflow remembers of Notion: which databases, which page is whose, and what both sides agreed on."""

from __future__ import annotations

from notion_bridge.models.connection import NotionConnection, RequestBudget, RequestTally
from notion_bridge.models.databases import Kind, NotionDatabase, PropertyMapping, Rule
from notion_bridge.models.operations import SyncRun, WebhookDelivery
from notion_bridge.models.pages import PageLink, SyncConflict, SyncEntry, SyncProblem

__all__ = [
    "Kind",
    "NotionConnection",
    "NotionDatabase",
    "PageLink",
    "PropertyMapping",
    "RequestBudget",
    "RequestTally",
    "Rule",
    "SyncConflict",
    "SyncEntry",
    "SyncProblem",
    "SyncRun",
    "WebhookDelivery",
]
