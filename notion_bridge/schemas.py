"""Which database is which, how it looks, and which property holds which field; told by Notion, corrected by staff."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from contacts.models import BusinessEntity, ContactStatus, ContactType, LeadSource
from notion_bridge import describe, mapping, problems
from notion_bridge.client import Notion
from notion_bridge.mapping import ChangeKind, SchemaChange
from notion_bridge.models import Kind, NotionDatabase, PropertyMapping, SyncProblem
from workflows.models import WorkflowTemplate

Cause = SyncProblem.Cause
Trouble = PropertyMapping.Trouble

NOTICES: Mapping[ChangeKind, tuple[Cause, str]] = {
    ChangeKind.RENAMED: (
        Cause.PROPERTY_RENAMED,
        "“{old}” is called “{new}” now. Nothing stops: properties are known by id.",
    ),
    ChangeKind.ADDED: (Cause.PROPERTY_ADDED, "“{new}” is new. It is not synchronised unless you map a field to it."),
    ChangeKind.OPTION_ADDED: (Cause.OPTION_ADDED, "“{name}” has the new option “{new}”."),
    ChangeKind.OPTION_RENAMED: (Cause.OPTION_RENAMED, "The option “{old}” of “{name}” is called “{new}” now."),
    ChangeKind.OPTION_REMOVED: (
        Cause.OPTION_REMOVED,
        "“{name}” lost the option “{old}”. Who had it keeps it in Contactflow.",
    ),
}


class Misconfigured(Exception):
    """A database cannot be used; the message says why and what to do."""


def plain_id(named: str) -> str:
    """The id within what people copy: the id itself, dashed or not, or the address of a page or database."""
    path = named.split("?", maxsplit=1)[0].lower()
    # A title may end in letters that hexadecimal numbers have, too: the id is what the word ends with.
    found = re.findall(r"[0-9a-f]{32}(?![0-9a-f])", re.sub(r"(?<=[0-9a-f])-(?=[0-9a-f])", "", path))
    return str(UUID(found[-1])) if found else named.strip()


def configured(rows: Iterable[NotionDatabase] | None = None) -> dict[str, str]:
    """The id of each database: from the environment, else the one that was created from the admin."""
    made = (
        NotionDatabase.objects.filter(is_made_here=True) if rows is None else (row for row in rows if row.is_made_here)
    )
    ids = {row.kind: row.named_id for row in made}
    named = {kind: settings.NOTION_DATABASES.get(kind) or ids.get(kind, "") for kind in Kind.values}
    return {kind: plain_id(one) for kind, one in named.items() if one}


def connect_database(*, kind: str, named_id: str, notion: Notion, now: dt.datetime) -> NotionDatabase:
    """The row of the database with its data source resolved and its schema read. Raises Misconfigured, NotionError."""
    database, _ = NotionDatabase.objects.get_or_create(kind=kind)
    if database.named_id != named_id or not database.data_source_id:
        database_id, data_source_id = resolve(named_id=named_id, notion=notion)
        _refuse_another_role(kind, data_source_id, notion.data_source(data_source_id))
        if database.data_source_id and database.data_source_id != data_source_id:
            database = _start_over(database)
        database.named_id, database.database_id, database.data_source_id = named_id, database_id, data_source_id
        database.save()
    refresh(database=database, notion=notion, now=now)
    return database


def _refuse_another_role(kind: str, data_source_id: str, answer: Mapping[str, Any]) -> None:
    """Ids are easily swapped, and a person would become a task. Raises Misconfigured."""
    title = Kind(kind).label
    taken = NotionDatabase.objects.filter(data_source_id=data_source_id).exclude(kind=kind).first()
    if taken is not None and configured().get(taken.kind) == taken.named_id:
        raise Misconfigured(f"This is the database of {taken} already. Name the one of {title}.")
    names = {known["name"] for known in mapping.seen(answer).values()}
    if mapping.key_of(kind).label in names:
        return
    for other in mapping.FIELDS:
        key = mapping.key_of(other).label
        if key in names:
            raise Misconfigured(f"This looks like {Kind(other).label}: it has a property {key}. Name {title}.")


def resolve(*, named_id: str, notion: Notion) -> tuple[str, str]:
    """(database id, data source id) of an id that may be either. Raises Misconfigured where there is a choice."""
    answer = notion.find_database(named_id)
    if answer is None:
        source = notion.data_source(named_id)
        parent = source.get("parent") or {}
        return str(parent.get("database_id") or ""), str(source["id"])
    sources = [one for one in answer.get("data_sources") or [] if one.get("id")]
    if len(sources) == 1:
        return str(answer["id"]), str(sources[0]["id"])
    if not sources:
        raise Misconfigured("The database has no data source that is shared with the integration.")
    choices = ", ".join(f"{one['id']} ({one.get('name') or 'without a name'})" for one in sources)
    raise Misconfigured(f"The database has several data sources. Name the right one by its own id: {choices}.")


def refresh(*, database: NotionDatabase, notion: Notion, now: dt.datetime) -> None:
    """Look at the schema, follow what changed in it and report it. Raises NotionError."""
    answer = notion.data_source(database.data_source_id)
    schema = _with_ids(dict[str, Any](mapping.seen(answer)), answer, database.schema)
    with transaction.atomic():
        rows = {row.field: row for row in PropertyMapping.objects.filter(database=database)}
        found = mapping.changes(
            database.kind, database.schema, schema, {name: row.property_id for name, row in rows.items()}
        )
        _follow(database, rows, schema, now)
        _guess(database, rows, schema)
        database.schema, database.schema_seen_at = schema, now
        database.title = "".join(part.get("plain_text", "") for part in answer.get("title") or [])[:300]
        database.url = str(answer.get("url") or "")[:500]
        if any(change.kind is ChangeKind.OPTION_RENAMED for change in found):
            database.full_pass_at = None  # no page of those that have it counts as edited
        database.save(update_fields=["schema", "schema_seen_at", "title", "url", "full_pass_at"])
        for change in found:
            _notice(database, change, schema, now)
        _report_missing(database, rows.values(), now)


def add_missing(*, database: NotionDatabase, notion: Notion, now: dt.datetime) -> list[str]:
    """Add a property for every field that has none; their names. Raises NotionError."""
    chosen = dict(PropertyMapping.objects.filter(database=database).values_list("field", "property_id"))
    lacking = mapping.additions(database.kind, database.schema, chosen, options=_options(database.kind))
    if not lacking:
        return []
    notion.update_properties(database.data_source_id, {name: definition for name, (_, definition) in lacking.items()})
    refresh(database=database, notion=notion, now=now)
    return list(lacking)


def create_database(*, kind: str, parent_page_id: str, notion: Notion, now: dt.datetime) -> NotionDatabase:
    """Create the database with all its properties under a page that is shared with the integration."""
    answer = notion.create_database(
        plain_id(parent_page_id),
        Kind(kind).label,
        mapping.definitions(kind, options=_options(kind)),
    )
    named_id = str(answer["id"])
    # Kept at once: whatever happens to the requests that follow, it is not made a second time.
    NotionDatabase.objects.update_or_create(kind=kind, defaults={"named_id": named_id, "is_made_here": True})
    return connect_database(kind=kind, named_id=named_id, notion=notion, now=now)


def choose(*, row: PropertyMapping, property_id: str, now: dt.datetime) -> None:
    """Staff map a field to a property, or to none. Raises ValueError with a sentence where it does not suit."""
    database, field = row.database, mapping.field_of(row.database.kind, row.field)
    known = database.schema.get(property_id)
    if property_id and known is None:
        raise ValueError("There is no such property in Notion any more.")
    if known and not mapping.is_usable(field, known["type"]):
        raise ValueError(f"{field.label} cannot live in a property of the type {describe.type_of(known['type'])}.")
    with transaction.atomic():
        _set(row, property_id, known or {"name": "", "type": ""})
        row.by_staff = True
        row.save()
        _forget_agreements(database, [row.field])
        _close(database, row.field, now)


def rearrange(*, chosen: Mapping[PropertyMapping, str], now: dt.datetime) -> None:
    """Staff map several fields of one database at once, so that two can swap their properties. Raises as `choose`."""
    with transaction.atomic():
        rows = PropertyMapping.objects.filter(pk__in=[row.pk for row in chosen])
        rows.update(property_id="")  # a property holds one field at a time
        for row, property_id in chosen.items():
            choose(row=row, property_id=property_id, now=now)
        for database in {row.database for row in chosen}:
            _report_missing(database, PropertyMapping.objects.filter(database=database), now)


def set_rule(*, row: PropertyMapping, rule: str) -> None:
    """Who wins the field from now on; what was settled stays as it is."""
    PropertyMapping.objects.filter(pk=row.pk).update(rule=rule)


def _with_ids(schema: dict[str, Any], answer: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Beside each property its id as Notion spells it, which is what requests name it by, and those of its options."""
    for given in answer.get("properties", {}).values():
        property_id = mapping.unquoted(str(given.get("id", "")))
        if property_id in schema:
            known = schema[property_id] | {"key": given["id"], "ids": mapping.option_ids(given)}
            schema[property_id] = known | {"renamed": mapping.renamed(before.get(property_id, {}), known)}
    return schema


def _start_over(database: NotionDatabase) -> NotionDatabase:
    """Another database than before: what was agreed with the old one means nothing to it."""
    kind = database.kind
    database.delete()
    return NotionDatabase.objects.create(kind=kind)


def _follow(
    database: NotionDatabase, rows: Mapping[str, PropertyMapping], schema: mapping.Schema, now: dt.datetime
) -> None:
    """A property that vanished or changed its type stops its own field; one that is back in order lets it go on."""
    for row in rows.values():
        known = schema.get(row.property_id)
        if not row.property_id:
            continue
        before, before_name = row.trouble, row.property_name
        if known is None:
            row.trouble = Trouble.VANISHED
        elif known["type"] != row.property_type and not _can_be_written_now(row, known):
            row.trouble = Trouble.TYPE_CHANGED
        else:
            before = before or (Trouble.TYPE_CHANGED if known["type"] != row.property_type else "")
            _set(row, row.property_id, known)
        if (row.trouble, row.property_name) != (before, before_name):
            row.save(update_fields=["trouble", "property_name", "property_type"])
        if row.trouble:
            _report_trouble(database, row, known, now)
        elif before:
            _close(database, row.field, now)
            _go_on_with(database, row.field)


def _can_be_written_now(row: PropertyMapping, known: Mapping[str, Any]) -> bool:
    """Whether somebody gave a property that could only be read a type that its field can live in."""
    field = mapping.field_of(row.database.kind, row.field)
    return row.property_type in field.reads and known["type"] in field.accepts


def _guess(database: NotionDatabase, rows: dict[str, PropertyMapping], schema: mapping.Schema) -> None:
    """Fields that nobody mapped yet get the property that probably holds them."""
    taken = {row.property_id for row in rows.values() if row.property_id}
    free = {one: known for one, known in schema.items() if one not in taken}
    guessed = mapping.guess(database.kind, free)
    fresh, found = [], []
    for field in mapping.FIELDS[database.kind]:
        row = rows.get(field.name)
        if row is None:
            row = rows[field.name] = PropertyMapping(database=database, field=field.name, rule=field.default_rule)
            fresh.append(row)
        if field.name in guessed and not row.property_id and not row.by_staff:
            _set(row, guessed[field.name], schema[guessed[field.name]])
            found.append(row)
    PropertyMapping.objects.bulk_create(fresh)
    known = [row for row in found if row not in fresh]
    PropertyMapping.objects.bulk_update(known, ["property_id", "property_name", "property_type", "trouble"])
    if found and database.baseline_at:
        _forget_agreements(database, [row.field for row in found])


def _set(row: PropertyMapping, property_id: str, known: Mapping[str, Any]) -> None:
    row.property_id, row.property_name, row.property_type = property_id, known["name"], known["type"]
    row.trouble = Trouble.NONE


def _forget_agreements(database: NotionDatabase, fields: Iterable[str]) -> None:
    """The property is another one: both sides meet for the first time in these fields."""
    with connection.cursor() as cursor:
        for name in fields:
            cursor.execute(
                "UPDATE notion_bridge_pagelink SET local = local - %s, remote = remote - %s, digest = '' "
                "WHERE database_id = %s",
                [name, name, database.pk],
            )
    _compare_anew(database)


def _go_on_with(database: NotionDatabase, field: str) -> None:
    """The property is back in order. Its values may have been lost on the way, which is no wish to erase ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notion_bridge_pagelink SET remote = remote - %s, digest = '' WHERE database_id = %s",
            [field, database.pk],
        )
    _compare_anew(database)


def _compare_anew(database: NotionDatabase) -> None:
    """The next pass looks at every page and every row."""
    database.full_pass_at, database.compared_until, database.comparison = None, None, {}
    database.save(update_fields=["full_pass_at", "compared_until", "comparison"])


def _notice(database: NotionDatabase, change: SchemaChange, schema: mapping.Schema, now: dt.datetime) -> None:
    """What needs nobody is noted and closed."""
    cause, sentence = NOTICES[change.kind]
    name = schema.get(change.property_id, {"name": ""})["name"]
    subject = f"{database.kind} {change.property_id} {change.old} > {change.new}"
    message = f"{database}: {sentence.format(old=change.old, new=change.new, name=name)}"
    problems.report(cause=cause, subject=subject, message=message, database=database, now=now)
    problems.close(cause, subjects=[subject], now=now)
    if change.kind is ChangeKind.OPTION_RENAMED:
        problems.close(Cause.UNKNOWN_OPTION, subjects=[f"{database.kind} {change.field}: {change.new}"], now=now)


def _report_trouble(
    database: NotionDatabase, row: PropertyMapping, known: Mapping[str, Any] | None, now: dt.datetime
) -> None:
    problems.report(
        cause=Cause.PROPERTY_VANISHED if known is None else Cause.PROPERTY_RETYPED,
        subject=f"{database.kind} {row.field}",
        message=f"{database}: {describe.trouble_of(row, known)}",
        database=database,
        details={"field": row.field},
        now=now,
    )


def _close(database: NotionDatabase, field: str, now: dt.datetime) -> None:
    problems.close(Cause.PROPERTY_VANISHED, Cause.PROPERTY_RETYPED, subjects=[f"{database.kind} {field}"], now=now)


def _report_missing(database: NotionDatabase, rows: Iterable[PropertyMapping], now: dt.datetime) -> None:
    """One report for all that have no property, and one for each whose property has a type that does not suit."""
    found = list(rows)
    unsuitable, labels = describe.unsuitable(database, found), describe.lacking(database, found)
    if labels:
        problems.report(
            cause=Cause.PROPERTY_MISSING,
            subject=database.kind,
            message=f"{database} has no property for {', '.join(labels)}. Add them in the admin under Notion, "
            "Fields, or map these fields to other properties there.",
            database=database,
            details={"fields": labels},
            now=now,
        )
    else:
        problems.close(Cause.PROPERTY_MISSING, subjects=[database.kind], now=now)
    for name, sentence in unsuitable.items():
        problems.report(
            cause=Cause.PROPERTY_RETYPED,
            subject=f"{database.kind} {name}",
            message=f"{database}: {sentence}",
            database=database,
            details={"field": name},
            now=now,
        )
    suiting = [f"{database.kind} {row.field}" for row in found if row.field not in unsuitable and not row.trouble]
    problems.close(Cause.PROPERTY_RETYPED, subjects=suiting, now=now)


def _options(kind: str) -> dict[str, list[str]]:
    """The options a fresh property gets: the rows there are."""
    entities = list(BusinessEntity.objects.values_list("name", flat=True))
    if kind == Kind.CONTACTS:
        return {
            "contact_types": list(ContactType.objects.values_list("name", flat=True)),
            "lead_source": list(LeadSource.objects.values_list("name", flat=True)),
            "business_entities": entities,
            "status": list(ContactStatus.objects.values_list("name", flat=True)),
        }
    if kind == Kind.INSTANCES:
        return {"workflow": list(WorkflowTemplate.objects.values_list("slug", flat=True)), "business_entity": entities}
    return {"business_entity": entities}
