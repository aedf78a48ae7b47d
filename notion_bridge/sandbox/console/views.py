"""The sandbox's pages to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from notion_bridge.sandbox import faults, rendering
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.console import fields
from notion_bridge.sandbox.console.html import Safe, button, form, hidden, joined, options, table, tag, void
from notion_bridge.sandbox.model import TYPES, WITH_OPTIONS, Database, DataSource, Page, Property
from notion_bridge.sandbox.server import Door
from notion_bridge.sandbox.webhooks import Webhooks
from notion_bridge.sandbox.workspace import Workspace

ROWS_A_PAGE = 50
REQUESTS_SHOWN = 200
NEW_TYPES = tuple(kind for kind in TYPES if kind not in ("title", "relation", "formula", "rollup"))


def bare(object_id: str) -> str:
    return object_id.replace("-", "")


def navigation(workspace: Workspace, here: str) -> Safe:
    """The databases, and the sandbox's own pages."""
    links = [(f"/table/{bare(one.id)}", one.title) for one in workspace.sources.values() if not one.in_trash]
    links += [("/faults", "Faults"), ("/webhook", "Webhook"), ("/requests", "Requests"), ("/connect", "Connect")]
    return tag(
        "nav",
        joined(
            tag("a", title, href=href, aria_current="page") if href == here else tag("a", title, href=href)
            for href, title in links
        ),
    )


def rows(workspace: Workspace, source: DataSource, *, page: int, search: str, trashed: bool) -> Safe:
    """A data source as a table whose cells can be edited."""
    found = list(_found(workspace, source, search, trashed))
    shown = found[page * ROWS_A_PAGE : (page + 1) * ROWS_A_PAGE]
    database = workspace.databases[source.database_id]
    return joined(
        [
            tag("h1", source.title),
            _facts(workspace, database, source),
            _bar(workspace, source, search, trashed=trashed),
            _grid(workspace, source, shown),
            _pages(source, len(found), page, search),
            tag("details", joined([tag("summary", "Add a row"), _new_row(workspace, source)])),
        ]
    )


def _found(workspace: Workspace, source: DataSource, search: str, trashed: bool) -> Iterator[Page]:
    """Newest first."""
    for one in reversed(workspace.rows[source.id].values()):
        if one.in_trash == trashed and (not search or search.casefold() in _everything(workspace, source, one)):
            yield one


def _everything(workspace: Workspace, source: DataSource, one: Page) -> str:
    return " ".join(fields.text_of(workspace, prop, one) for prop in source.properties.values()).casefold()


def _facts(workspace: Workspace, database: Database, source: DataSource) -> Safe:
    shared = "shared with the integration" if workspace.is_shared(source.id) else "not shared with the integration"
    return tag(
        "p",
        joined(
            [
                joined(["Database ", tag("code", bare(database.id)), " · data source ", tag("code", bare(source.id))]),
                f" · {shared}",
            ]
        ),
        class_="facts",
    )


def _flip(object_id: str, *, shared: bool, back: str) -> Safe:
    act = "unshare" if shared else "share"
    text = "Unshare" if shared else "Share again"
    return form("/_sandbox/act", hidden(id=object_id, act=act, back=back), button(text), class_="inline")


def _bar(workspace: Workspace, source: DataSource, search: str, *, trashed: bool) -> Safe:
    here = f"/table/{bare(source.id)}"
    finder = tag(
        "form",
        joined([void("input", name="q", value=search, placeholder="Find", aria_label="Find"), button("Find")]),
        action=here,
        class_="inline",
    )
    trash = tag("a", "Back from the trash", href=here) if trashed else tag("a", "Trash", href=f"{here}?trash=1")
    schema = tag("a", "Columns", href=f"/schema/{bare(source.id)}")
    flip = _flip(source.database_id, shared=source.database_id not in workspace.unshared, back=here)
    return tag("div", joined([finder, schema, trash, flip]), class_="bar")


def _grid(workspace: Workspace, source: DataSource, shown: list[Page]) -> Safe:
    if not shown:
        return tag("p", "No rows here.", class_="note")
    columns = sorted(source.properties.values(), key=lambda prop: prop.type != "title")
    head = joined(tag("th", joined([prop.name, " ", tag("small", prop.type)])) for prop in columns)
    head = joined([head, tag("th", "")])
    body = joined(_row(workspace, columns, one) for one in shown)
    made = tag("table", joined([tag("thead", tag("tr", head)), tag("tbody", body)]), class_="cells")
    return tag("div", made, class_="scroll")


def _row(workspace: Workspace, columns: list[Property], one: Page) -> Safe:
    key, back = f"r{bare(one.id)}", f"/table/{bare(one.source_id)}"
    opener = tag("a", "Open", href=f"/{bare(one.id)}")
    cells = [fields.field(workspace, prop, one, form=key) for prop in columns]
    first = tag("td", tag("div", joined([cells[0], opener]), class_="name"))
    rest = [tag("td", cell) for cell in cells[1:]]
    save = form("/_sandbox/edit", hidden(id=one.id), id=key, data_cells="1")
    last = tag("td", tag("div", joined([save, _trash_button(one, back)]), class_="name"))
    return tag("tr", joined([first, *rest, last]), class_="gone" if one.in_trash else "")


def _trash_button(one: Page, back: str) -> Safe:
    act, text = ("restore", "Restore") if one.in_trash else ("trash", "Trash")
    return form("/_sandbox/act", hidden(id=one.id, act=act, back=back), button(text), class_="inline")


def _pages(source: DataSource, total: int, page: int, search: str) -> Safe:
    if total <= ROWS_A_PAGE:
        return Safe("")
    here = f"/table/{bare(source.id)}?q={quote(search)}&page="
    links = [tag("a", "Newer", href=f"{here}{page - 1}")] if page else []
    if (page + 1) * ROWS_A_PAGE < total:
        links.append(tag("a", "Older", href=f"{here}{page + 1}"))
    return tag(
        "p", joined([f"{total} rows · page {page + 1} ", *(joined([link, " "]) for link in links)]), class_="facts"
    )


def _new_row(workspace: Workspace, source: DataSource) -> Safe:
    inputs = [
        joined([tag("label", prop.name), tag("div", fields.field(workspace, prop, None, form="new", roomy=True))])
        for prop in sorted(source.properties.values(), key=lambda prop: prop.type != "title")
    ]
    add = form("/_sandbox/rows", hidden(id=source.id), button("Add the row", class_="main"), id="new")
    return joined([tag("div", joined(inputs), class_="fields"), tag("p", add)])


def one_page(workspace: Workspace, one: Page, version: str) -> Safe:
    """A page with its properties, to edit, trash, move."""
    source = workspace.sources.get(one.source_id)
    back = f"/{bare(one.id)}"
    who = workspace.users[one.edited_by].name
    facts = f"Last edited {one.edited:%Y-%m-%d %H:%M} UTC by {who}{' · in the trash' if one.in_trash else ''}"
    parts: list[object] = [tag("h1", rendering.title_of(one) or "Untitled"), tag("p", facts, class_="facts")]
    if source is not None:
        parts.append(tag("p", tag("a", f"← {source.title}", href=f"/table/{bare(source.id)}")))
        parts.append(_page_form(workspace, source, one))
    parts.append(tag("div", joined(_page_buttons(workspace, one, back)), class_="bar"))
    answer = json.dumps(rendering.page(one, workspace, version), ensure_ascii=False, indent=2)
    parts.append(tag("details", joined([tag("summary", "As the API answers it"), tag("pre", answer)])))
    return joined(parts)


def _page_form(workspace: Workspace, source: DataSource, one: Page) -> Safe:
    inputs = [
        joined([tag("label", prop.name), tag("div", _kept_field(workspace, prop, one))])
        for prop in sorted(source.properties.values(), key=lambda prop: prop.type != "title")
    ]
    save = form("/_sandbox/edit", hidden(id=one.id, back=f"/{bare(one.id)}"), button("Save", class_="main"), id="page")
    return joined([tag("div", joined(inputs), class_="fields"), tag("p", save)])


def _kept_field(workspace: Workspace, prop: Property, one: Page) -> Safe:
    field = fields.field(workspace, prop, one, form="page", roomy=True)
    return joined([field, fields.original(workspace, prop, one, form="page")])


def _page_buttons(workspace: Workspace, one: Page, back: str) -> Iterator[Safe]:
    if not one.source_id:
        return
    yield _trash_button(one, back)
    yield _flip(one.id, shared=one.id not in workspace.unshared, back=back)
    for act, text in (("copy", "Duplicate"), ("content", "Write below it"), ("erase", "Delete for good")):
        yield form("/_sandbox/act", hidden(id=one.id, act=act, back=back), button(text), class_="inline")
    others = {bare(other.id): other.title for other in workspace.sources.values() if other.id != one.source_id}
    choice = tag("select", joined(tag("option", title, value=key) for key, title in others.items()), name="to")
    yield form("/_sandbox/act", hidden(id=one.id, act="move", back=back), choice, button("Move there"), class_="inline")


def columns(source: DataSource) -> Safe:
    """The schema, to rename, retype, remove and add."""
    here = f"/schema/{bare(source.id)}"
    adding = form(
        "/_sandbox/schema",
        hidden(id=source.id, act="add", back=here),
        void("input", name="name", placeholder="Name", aria_label="Name", required=True),
        tag("select", options(NEW_TYPES), name="type", aria_label="Type"),
        button("Add the column", class_="main"),
        class_="inline",
    )
    listed = table(
        ["Column", "Type", "Options", ""], (_column(source, prop, here) for prop in source.properties.values())
    )
    back = tag("p", tag("a", f"← {source.title}", href=f"/table/{bare(source.id)}"))
    return joined([tag("h1", f"Columns of {source.title}"), back, listed, tag("h2", "Add a column"), adding])


def _column(source: DataSource, prop: Property, here: str) -> list[object]:
    def act(name: str, *content: object) -> Safe:
        about = hidden(id=source.id, property=prop.id, act=name, back=here)
        return form("/_sandbox/schema", about, *content, class_="inline")

    rename = act("rename", void("input", name="name", value=prop.name, aria_label="Name"), button("Rename"))
    if prop.type == "title":
        return [rename, "title", "", tag("code", prop.encoded_id)]
    retype = act(
        "retype", tag("select", options(NEW_TYPES, prop.type), name="type", aria_label="Type"), button("Change")
    )
    remove = joined([tag("code", prop.encoded_id), " ", act("remove", button("Remove", class_="bad"))])
    return [rename, retype, _options(prop, act("option", void("input", name="name", size="12"), button("Add"))), remove]


def _options(prop: Property, adding: Safe) -> Safe:
    if prop.type not in WITH_OPTIONS:
        return Safe("")
    chips = [joined([tag("span", option.name, class_="chip"), " "]) for option in prop.options]
    return joined([*chips, adding])


def fault_list(door: Door) -> Safe:
    """What goes wrong, and buttons for more of it."""
    ready = (
        (
            "The next write is done, its answer lost",
            {"kind": faults.CUT_AFTER, "times": "1", "method": "POST", "path": "/v1/pages"},
        ),
        ("The next request is cut off", {"kind": faults.CUT_BEFORE, "times": "1"}),
        ("429 once, Retry-After 5", {"kind": faults.RATE_LIMITED, "times": "1", "seconds": "5"}),
        ("529 for 5 requests", {"kind": faults.OVERLOAD, "times": "5"}),
        ("502 once, though it was done", {"kind": faults.ERROR_AFTER, "status": "502", "times": "1"}),
        ("503 for one request in five", {"kind": faults.ERROR_BEFORE, "status": "503", "probability": "0.2"}),
        ("Silence for 30 s, once", {"kind": faults.SLOW_BEFORE, "seconds": "30", "times": "1"}),
        ("409 once", {"kind": faults.CONFLICT, "times": "1", "method": "PATCH"}),
        ("The key is revoked", {"kind": faults.REVOKED}),
    )
    buttons = [form("/_sandbox/faults", hidden(**chosen), button(text), class_="inline") for text, chosen in ready]
    active = [_fault(one) for one in door.faults.as_json()]
    listed = table(["Fault", "Status", "Times left", "Probability", "Meets", "Seconds"], active)
    clear = form("/_sandbox/faults", hidden(clear="1"), button("Nothing goes wrong any more", class_="main"))
    shown = joined([listed, tag("p", clear)]) if active else tag("p", "Nothing goes wrong at present.", class_="note")
    note = tag(
        "p", "Let requests fail as they fail with the real Notion, and see what becomes of the data.", class_="note"
    )
    return joined([tag("h1", "Faults"), note, tag("div", joined(buttons), class_="bar"), tag("h2", "In force"), shown])


def _fault(one: Json) -> list[object]:
    meets = f"{one['method']} {one['path']}".strip() or "any request"
    status = one["status"] if "error" in one["kind"] else ""
    return [one["kind"], status, one["times"] or "always", one["probability"], meets, one["seconds"] or ""]


def webhook(hooks: Webhooks) -> Safe:
    """The subscription: address, token, state."""
    state = "active" if hooks.active else "waiting for the token to be confirmed" if hooks.token else "none"
    subscribe = form(
        "/_sandbox/webhook",
        hidden(act="subscribe"),
        void(
            "input",
            name="url",
            value=hooks.url,
            type="url",
            size="48",
            required=True,
            aria_label="Address",
            placeholder="http://127.0.0.1:8000/contact-workflows/notion-webhook",
        ),
        button("Subscribe", class_="main"),
        class_="inline",
    )
    parts: list[object] = [tag("h1", "Webhook"), tag("p", f"Subscription: {state}.", class_="note"), subscribe]
    if hooks.token and not hooks.active:
        confirm = form(
            "/_sandbox/webhook",
            hidden(act="confirm"),
            void("input", name="token", size="48", placeholder="secret_…", aria_label="Verification token"),
            button("Confirm"),
            class_="inline",
        )
        note = "The verification token went to that address. Paste here what the receiver shows."
        parts += [tag("h2", "Confirm"), tag("p", note, class_="note"), confirm]
    if hooks.token:
        parts += [tag("h2", "Token"), tag("p", tag("code", hooks.token))]
    return joined([*parts, tag("h2", "On the way"), _mischief(hooks)])


def _mischief(hooks: Webhooks) -> Safe:
    """How much of what is sent arrives, and how often."""
    state = hooks.mischief
    return form(
        "/_sandbox/webhook",
        hidden(act="mischief"),
        tag("label", joined(["Share lost ", _share("lose", state.lose)])),
        tag("label", joined(["Share doubled ", _share("double", state.double)])),
        tag("label", joined(["Seconds late ", _share("delay", state.delay, most="600")])),
        tag("label", joined([void("input", type="checkbox", name="shuffle", checked=state.shuffle), " out of order"])),
        button("Set"),
        class_="inline",
    )


def _share(name: str, value: float, *, most: str = "1") -> Safe:
    return void("input", type="number", name=name, value=str(value), min="0", max=most, step="any", size="6")


def requests(door: Door) -> Safe:
    """What came in, newest first."""
    log = list(door.requests)
    shown = [
        [
            one.method,
            one.path,
            tag("span", one.status or "cut", class_="ok" if one.status == 200 else "no"),
            one.fault,
            f"{(one.answered_at - one.at) * 1000:.0f} ms",
        ]
        for one in reversed(log[-REQUESTS_SHOWN:])
    ]
    summary = f"{len(log)} requests: {door.requests.queries()} queries, {door.requests.writes()} writes."
    return joined(
        [tag("h1", "Requests"), tag("p", summary, class_="note"), table(["", "Path", "Status", "Fault", "Took"], shown)]
    )


def connect(lines: str) -> Safe:
    """What to write into .env."""
    note = tag("p", "Paste these lines into .env; they stay valid when the sandbox is started again.", class_="note")
    return joined([tag("h1", "Connect"), note, tag("pre", lines)])
