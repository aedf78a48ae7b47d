"""A Notion to develop against: the part of its API that a bridge uses, strict where the real one is strict."""

from __future__ import annotations

from notion_bridge.sandbox.sandbox import KEY, Ids, Sandbox
from notion_bridge.sandbox.workspace import Clock
