"""The fields of the three databases: their names in Notion, the property types that hold them, who may change them.

Canonical values are JSON: a text is a str, "" when empty; CHOICES is a list of names; a DATE is "2026-03-01"; a MOMENT
is "2026-03-01T09:30Z", or a date where somebody gave no time.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypedDict, Unpack

Value = str | list[str]
Rule = Literal["notion", "contactflow", "newest", "ask"]


class Shape(enum.StrEnum):
    """What kind of value a field holds here, whatever the property that holds it in Notion."""

    TEXT = "text"  # one line; links are not kept
    LONG_TEXT = "long_text"  # several lines; links as Markdown
    EMAIL = "email"
    PHONE = "phone"
    CHOICE = "choice"  # one name, "" for none
    CHOICES = "choices"  # names, each once, in any order
    DATE = "date"
    MOMENT = "moment"
    PERSON = "person"  # "Ada Lovelace <ada@example.org>", or the name or the address alone; several joined by ", "


# Types that a field cannot live in, since what is written would not come back, but that say something all the same.
_SAY: Final = ("number", "email", "phone_number", "url", "select", "status", "multi_select", "rich_text", "title")
_COMPUTED: Final = ("formula", "rollup")


@dataclass(frozen=True)
class Field:
    """One field of one database.

    `pulled`: a change in Notion may come here; what is not pulled is read once, from a page that was typed into Notion.
    `options` are those a fresh property gets; with `synonyms` (folded name -> option) the list is closed, and
    "Erledigt" in Notion is "Done" here.
    """

    name: str
    label: str
    shape: Shape
    default_type: str
    accepts: tuple[str, ...]
    pulled: bool = True
    pushed: bool = True
    is_key: bool = False
    default_rule: Rule = "notion"
    options: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_title(self) -> bool:
        return self.default_type == "title"

    @property
    def reads(self) -> tuple[str, ...]:
        """The types of properties that are read into the field and never written."""
        said = _COMPUTED if self.shape in (Shape.DATE, Shape.MOMENT) else (*_SAY, *_COMPUTED, "relation")
        return tuple(kind for kind in said if kind not in self.accepts) if self.pulled else ()


# Notion sets these itself: they can be read into a field and are never written.
READ_ONLY: Final = frozenset({"created_time", "last_edited_time"})

_LINE: Final = ("rich_text", "title")
_ACCEPTS: Final[Mapping[Shape, tuple[str, ...]]] = {
    Shape.TEXT: _LINE,
    Shape.LONG_TEXT: ("rich_text",),
    Shape.EMAIL: ("email", *_LINE),
    Shape.PHONE: ("phone_number", "rich_text"),
    Shape.CHOICE: ("select", "status", "rich_text"),
    Shape.CHOICES: ("multi_select", "select"),
    Shape.DATE: ("date",),
    Shape.MOMENT: ("date",),
    Shape.PERSON: ("rich_text", "people", "select", "email"),
}

_TASK_STATUS: Final = {
    "To Do": "not started, todo, open, backlog, zu erledigen, offen, nicht begonnen, à faire, pas commencé, por hacer, "
    "pendiente, sin empezar",
    "In Progress": "doing, started, in bearbeitung, in arbeit, en cours, en curso, en progreso",
    "On Hold": "paused, waiting, wartet, pausiert, zurückgestellt, en attente, en pause, en espera, en pausa",
    "Done": "complete, completed, finished, closed, erledigt, fertig, abgeschlossen, terminé, fait, hecho, completado, "
    "terminado",
    "Cancelled": "canceled, abgebrochen, storniert, annulé, cancelado, anulado",
}
_PRIORITY: Final = {
    "Low": "niedrig, gering, basse, faible, baja",
    "Medium": "normal, mittel, moyenne, normale, media",
    "High": "hoch, haute, élevée, alta",
    "Urgent": "critical, dringend, urgente",
}
_SOURCE: Final = {"Workflow": "automatic, automatisch", "Manual": "manuell, manuel"}
_INSTANCE_STATUS: Final = {
    "Active": "running, in progress, aktiv, läuft, actif, en cours, activo, en curso",
    "Completed": "complete, done, finished, abgeschlossen, erledigt, fertig, terminé, completado, terminado, hecho",
    "Error": "failed, fehler, fehlgeschlagen, erreur, échec, fallido",
    "On Hold": "paused, waiting, pausiert, en pause, en attente, en pausa, en espera",
    "Cancelled": "canceled, abgebrochen, annulé, cancelado",
}


def folded(name: str) -> str:
    """The form in which two spellings of one option are the same."""
    return " ".join(name.split()).casefold()


class _Flags(TypedDict, total=False):
    pulled: bool
    pushed: bool


def person(value: str) -> tuple[str, str]:
    """(name, address) of a PERSON, each "" where it is not said."""
    name, _, rest = value.strip().rpartition("<")
    if name and rest.endswith(">"):
        return name.strip(), rest[:-1].strip()
    return ("", value.strip()) if "@" in value and " " not in value.strip() else (value.strip(), "")


def _field(
    name: str, label: str, shape: Shape = Shape.TEXT, *, more: tuple[str, ...] = (), **given: Unpack[_Flags]
) -> Field:
    accepts = (*_ACCEPTS[shape], *more)
    return Field(name, label, shape, accepts[0], accepts, **given)


def _title(name: str, label: str, **given: Unpack[_Flags]) -> Field:
    return Field(name, label, Shape.TEXT, "title", ("title", "rich_text"), **given)


def _key(name: str, label: str) -> Field:
    """Our id; looked up by an exact filter, so it lives in a text property and nowhere else."""
    return Field(name, label, Shape.TEXT, "rich_text", ("rich_text",), pulled=False, is_key=True)


def _closed(name: str, label: str, options: Mapping[str, str], **given: Unpack[_Flags]) -> Field:
    synonyms = {folded(word): option for option, words in options.items() for word in words.split(", ")}
    synonyms |= {folded(option): option for option in options}
    return replace(_field(name, label, Shape.CHOICE, **given), options=tuple(options), synonyms=synonyms)


def _ruled(rule: Rule, *fields: Field) -> tuple[Field, ...]:
    """What cannot be changed in Notion is Contactflow's, whatever the rule of the others."""
    return tuple(replace(one, default_rule=rule if one.pulled else "contactflow") for one in fields)


_CONTACTS: Final = _ruled(
    "notion",
    _title("first_name", "First Name"),
    _field("last_name", "Last Name"),
    _field("email", "Email", Shape.EMAIL),
    _field("phone", "Phone", Shape.PHONE),
    _field("contact_types", "Contact Type", Shape.CHOICES),
    _field("lead_source", "Lead Source", Shape.CHOICE),
    _field("business_entities", "Business Entity", Shape.CHOICES),
    _field("status", "Status", Shape.CHOICE),
    _field("tags", "Tags", Shape.CHOICES),
    _field("company", "Company", more=("select",)),
    _field("job_title", "Job Title", more=("select",)),
    _field("notes", "Notes", Shape.LONG_TEXT),
    _field("date_added", "Date Added", Shape.DATE, more=("created_time",)),
    _field("last_interaction", "Last Interaction", Shape.MOMENT, pulled=False),
    _key("contact_id", "Contact ID"),
)
_TASKS: Final = _ruled(
    "newest",
    _title("title", "Task Name"),
    _key("task_id", "Task ID"),
    _closed("status", "Status", _TASK_STATUS),
    _field("description", "Description", Shape.LONG_TEXT),
    _closed("priority", "Priority", _PRIORITY),
    _field("category", "Category", Shape.CHOICE),
    _field("due_date", "Due Date", Shape.MOMENT),
    _field("assigned_to", "Assigned To", Shape.PERSON),
    _field("contact_email", "Contact Email", Shape.EMAIL, pulled=False),
    _field("business_entity", "Business Entity", Shape.CHOICE),
    _closed("source", "Source", _SOURCE, pulled=False),
)
_INSTANCES: Final = _ruled(
    "notion",
    _title("name", "Instance Name", pulled=False),
    _key("instance_id", "Instance ID"),
    _field("workflow", "Workflow", Shape.CHOICE, pulled=False),
    _closed("status", "Status", _INSTANCE_STATUS),
    _field("contact_email", "Contact Email", Shape.EMAIL, pulled=False),
    _field("business_entity", "Business Entity", Shape.CHOICE, pulled=False),
    _field("trigger_event", "Trigger Event", more=("select",), pulled=False),
    _field("current_step", "Current Step", more=("select",), pulled=False),
    _field("start_date", "Start Date", Shape.MOMENT, pulled=False),
    _field("end_date", "End Date", Shape.MOMENT, pulled=False),
    _field("execution_results", "Execution Results", Shape.LONG_TEXT, pulled=False),
)

# In the place of the first name, where the title of a page is the whole name.
FULL_NAME: Final = _title("full_name", "Full Name")

FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {"contacts": _CONTACTS, "tasks": _TASKS, "instances": _INSTANCES}


def field_of(kind: str, name: str) -> Field:
    """The field of that name; a KeyError where the database has none."""
    for one in (*FIELDS[kind], FULL_NAME):
        if one.name == name:
            return one
    raise KeyError(name)


def key_of(kind: str) -> Field:
    """The field that carries our id."""
    return next(one for one in FIELDS[kind] if one.is_key)
