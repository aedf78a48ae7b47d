"""Properties in Notion <-> fields here. Pure: values in, values out."""

from __future__ import annotations

from notion_bridge.mapping.fields import FIELDS, READ_ONLY, Field, Shape, Value, field_of, folded, key_of, person
from notion_bridge.mapping.reading import Truncated, Unreadable, property_by_id, read, read_items, unquoted
from notion_bridge.mapping.schema import (
    ChangeKind,
    Chosen,
    Schema,
    SchemaChange,
    Seen,
    additions,
    changes,
    definition,
    definitions,
    guess,
    is_usable,
    missing,
    option_ids,
    renamed,
    seen,
)
from notion_bridge.mapping.writing import Written, same, write
