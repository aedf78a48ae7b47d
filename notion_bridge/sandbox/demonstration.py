"""A furnished sandbox: the three databases at ids that never change, and sample people in them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from notion_bridge.sandbox import samples
from notion_bridge.sandbox.sandbox import Ids, Sandbox

NAMES: Final = uuid.UUID("6f0c2a52-3a3e-4b52-9d55-1f8f6f1b7a10")  # the ids are derived from this one
VARIABLES: Final = {
    "contacts": "NOTION_CONTACTS_PROFILES_DB",
    "instances": "NOTION_ACTIVE_WORKFLOW_INSTANCES_DB",
    "tasks": "NOTION_TASKS_DB",
}
PEOPLE: Final = (
    ("Amara", "Nwosu", "amara.nwosu", "Artist", "The 7 Space", "Studio Nwosu", "Painter"),
    ("Benedikt", "Lang", "benedikt.lang", "Business Contact", "AM Consulting", "Lang Logistics", "Managing Director"),
    ("Chiara", "Rossi", "chiara.rossi", "Gallery Contact", "The 7 Space", "Galleria Rossi", "Curator"),
    ("Dmitri", "Volkov", "dmitri.volkov", "Potential Client", "AM Consulting", "Volkov & Partners", "Partner"),
    ("Elif", "Kaya", "elif.kaya", "Artist", "The 7 Space", "", "Sculptor"),
    ("Fatima", "el-Sayed", "fatima.elsayed", "Academic Contact", "HigherSelf Core", "City University", "Lecturer"),
    ("Grace", "O'Neill", "grace.oneill", "General Contact", "HigherSelf Core", "", ""),
    ("Hiroshi", "Tanaka", "hiroshi.tanaka", "Media Contact", "The 7 Space", "Art Weekly", "Editor"),
    ("Ines", "Müller-Sánchez", "ines.mueller", "Business Contact", "AM Consulting", "Sánchez Textil", "Head of Sales"),
    ("Jonas", "Þórsson", "jonas.thorsson", "Potential Client", "AM Consulting", "Norðurljós", "Founder"),
    ("נועה", "לוי", "noa.levi", "Artist", "The 7 Space", "", "Photographer 📷"),
    ("Lucía", "Fernández", "lucia.fernandez", "General Contact", "HigherSelf Core", "", "Volunteer"),
)


def fixed(name: str) -> str:
    """An id that is the same every time."""
    return str(uuid.uuid5(NAMES, name))


def furnish(sandbox: Sandbox, *, people: int) -> None:
    """The three databases, so many people, and two tasks."""
    for kind, (title, columns) in samples.DATABASES.items():
        sandbox.create_database(title, columns, ids=place(kind))
    for at in range(people):
        sandbox.person_creates(place("contacts").data_source_id, person(at, sandbox.clock.now().date()))
    tasks = place("tasks").data_source_id
    for name, status, email in (
        ("Prepare the studio visit", "To Do", "amara.nwosu@example.org"),
        ("Send the proposal", "In Progress", "benedikt.lang@example.org"),
    ):
        manual = {"Task Name": name, "Status": status, "Contact Email": email, "Source": "Manual"}
        sandbox.person_creates(tasks, manual | {"Priority": "Medium"})


def place(kind: str) -> Ids:
    return Ids(fixed(f"database {kind}"), fixed(f"data source {kind}"))


def person(at: int, today: dt.date) -> dict[str, Any]:
    """The sample contact of that number; they repeat with a number behind the name after the twelfth."""
    first, last, address, kind, entity, company, job = PEOPLE[at % len(PEOPLE)]
    behind = str(at // len(PEOPLE) + 1) if at >= len(PEOPLE) else ""
    return {
        "First Name": first,
        "Last Name": f"{last} {behind}".strip(),
        "Email": f"{address}{behind}@example.org",
        "Contact Type": [kind],
        "Lead Source": samples.SOURCES[at % len(samples.SOURCES)],
        "Business Entity": [entity],
        "Status": samples.STATUSES[at % 3],
        "Company": company,
        "Job Title": job,
        "Date Added": today - dt.timedelta(days=at),
    }


def env_lines(sandbox: Sandbox) -> str:
    """What to put into .env to be connected to this sandbox."""
    lines = [f"NOTION_API_KEY={sandbox.key}", f"NOTION_BASE_URL={sandbox.url}"]
    lines += [f"{variable}={place(kind).database_id}" for kind, variable in VARIABLES.items()]
    return "\n".join(lines)
