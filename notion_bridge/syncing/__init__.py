"""Passes over Notion: the turns of the pump while Notion is monitored, and the whole pass of sync_notion."""

from __future__ import annotations

from notion_bridge.syncing.databases import introduce
from notion_bridge.syncing.drain import SyncScope, run
from notion_bridge.syncing.lock import Busy
from notion_bridge.syncing.scheduler import run_pump_step
