"""The kinds of objects that live on both sides: people, tasks, and workflows under way."""

from __future__ import annotations

from notion_bridge.adapters.adapter import Adapter, Applied, Made, Source, Values
from notion_bridge.adapters.contacts import ContactAdapter
from notion_bridge.adapters.instances import InstanceAdapter
from notion_bridge.adapters.tasks import TaskAdapter
from notion_bridge.models import Kind

ADAPTERS: dict[str, Adapter] = {
    Kind.CONTACTS: ContactAdapter(),
    Kind.TASKS: TaskAdapter(),
    Kind.INSTANCES: InstanceAdapter(),
}
