"""Properties in Notion <-> fields here. Pure: values in, values out."""

from __future__ import annotations

from notion_bridge.mapping.fields import (
    FIELDS,
    FULL_NAME,
    READ_ONLY,
    Field,
    Shape,
    Value,
    field_of,
    folded,
    key_of,
    person,
)
from notion_bridge.mapping.reading import (
    Truncated,
    Unreadable,
    is_address,
    property_by_id,
    read,
    read_items,
    title_of,
    unquoted,
)
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
    has_full_name,
    is_usable,
    missing,
    namesakes,
    option_ids,
    renamed,
    seen,
)
from notion_bridge.mapping.writing import Written, same, write
