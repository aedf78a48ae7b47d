"""The three databases of a team that works with contacts, and people to work in them."""

from __future__ import annotations

from typing import Final

# A column is (name, type) or (name, type, options).
Column = tuple[str, str] | tuple[str, str, tuple[str, ...]]

TYPES = (
    *("Artist", "Gallery Contact", "Business Contact", "Potential Client"),
    *("Academic Contact", "Media Contact", "General Contact"),
)
SOURCES = ("Website", "Event", "Referral")
ENTITIES = ("The 7 Space", "AM Consulting", "HigherSelf Core")
STATUSES = ("Active Lead", "Qualified Lead", "Active Client", "Former Client", "Inactive", "Do Not Contact")

DATABASES: Final[dict[str, tuple[str, tuple[Column, ...]]]] = {
    "contacts": (
        "Contacts & Profiles",
        (
            ("First Name", "title"),
            ("Last Name", "rich_text"),
            ("Email", "email"),
            ("Phone", "phone_number"),
            ("Contact Type", "multi_select", TYPES),
            ("Lead Source", "select", SOURCES),
            ("Business Entity", "multi_select", ENTITIES),
            ("Status", "select", STATUSES),
            ("Tags", "multi_select"),
            ("Company", "rich_text"),
            ("Job Title", "rich_text"),
            ("Notes", "rich_text"),
            ("Date Added", "date"),
            ("Last Interaction", "date"),
            ("Contact ID", "rich_text"),
        ),
    ),
    "tasks": (
        "Master Tasks",
        (
            ("Task Name", "title"),
            ("Task ID", "rich_text"),
            ("Status", "select", ("To Do", "In Progress", "On Hold", "Done", "Cancelled")),
            ("Description", "rich_text"),
            ("Priority", "select", ("Low", "Medium", "High", "Urgent")),
            ("Category", "select"),
            ("Due Date", "date"),
            ("Assigned To", "rich_text"),
            ("Contact Email", "email"),
            ("Business Entity", "select", ENTITIES),
            ("Source", "select", ("Workflow", "Manual")),
        ),
    ),
    "instances": (
        "Active Workflow Instances",
        (
            ("Instance Name", "title"),
            ("Instance ID", "rich_text"),
            ("Workflow", "select"),
            ("Status", "select", ("Active", "Completed", "Error", "On Hold", "Cancelled")),
            ("Contact Email", "email"),
            ("Business Entity", "select", ENTITIES),
            ("Trigger Event", "rich_text"),
            ("Current Step", "rich_text"),
            ("Start Date", "date"),
            ("End Date", "date"),
            ("Execution Results", "rich_text"),
        ),
    ),
}
COLLEAGUES = (("Robin Vale", "robin.vale@example.org"), ("Sam Okoye", "sam.okoye@example.org"))
