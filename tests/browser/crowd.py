"""Many people who come over many days, so that lists and drawings have something to show."""

from __future__ import annotations

import random

from django.db import connection

from tests.workflows import world

FIRST = ("Noor", "Ines", "Jonas", "Lena", "Omar", "Priya", "Tomas", "Wen", "Amara", "Bruno", "Chiara", "Dmitri", "Elif")
    "Noor",
    "Ines",
    "Jonas",
    "Lena",
    "Omar",
    "Priya",
    "Tomas",
    "Wen",
    "Amara",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Elif",
    "Farah",
    "Goran",
    "Hana",
    "Ivo",
    "Jun",
    "Kofi",
    "Lucia",
]
LAST = ("Abe", "Berg", "Costa", "Diaz", "Eriksen", "Fofana", "Greco", "Haas", "Ito", "Jansen", "Kaya")
    "Abe",
    "Berg",
    "Costa",
    "Diaz",
    "Eriksen",
    "Fofana",
    "Greco",
    "Haas",
    "Ito",
    "Jansen",
    "Kaya",
    "Lindt",
    "Mori",
    "Novak",
    "Okafor",
    "Petrov",
    "Quist",
    "Rossi",
]
TYPES = ("Artist", "Gallery Contact", "Business Contact", "Potential Client", "General Contact", "Academic Contact")
SOURCES = ("Website", "Website", "Event", "Referral")
# What world.let_pass leaves where it is, because no test of the engine looks at it.
MOMENTS = {
    "contacts_contact": ("created_at", "updated_at"),
    "contacts_entitymembership": ("since",),
    "engagement_task": ("created_at", "due_at", "completed_at"),
    "engagement_alert": ("created_at", "acknowledged_at"),
}


def come_and_go(*, days: int, chance: random.Random) -> None:
    """Two to six people a day, whose workflows do what is due."""
    for day in range(days):
        for number in range(chance.randint(2, 6)):
            first, last = chance.choice(FIRST), chance.choice(LAST)
            world.arrive(
                first_name=first, last_name=last, email=f"{first}.{last}.{day}.{number}@example.org".lower(),
                contact_types=(chance.choice(TYPES),), lead_source=chance.choice(SOURCES),
            )  # fmt: skip
        for _ in range(2):
            world.run_due()
            world.let_pass(hours=12)
            _let_pass(hours=12)
        _look_after()
    world.run_due()


def _look_after() -> None:
    """Colleagues acknowledge most alerts and finish most tasks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE engagement_alert SET acknowledged_at = created_at + interval '40 minutes', "
            "acknowledged_by = 'operator' WHERE acknowledged_at IS NULL AND hashtext(id::text) % 10 <> 0 "
            "AND created_at < now() - interval '6 hours'"
        )
        cursor.execute(
            "UPDATE engagement_task SET status = 'done', completed_at = created_at + interval '5 hours' "
            "WHERE status = 'to_do' AND hashtext(id::text) % 8 <> 0 AND created_at < now() - interval '20 hours'"
        )
        cursor.execute(
            "UPDATE engagement_task SET status = 'in_progress' WHERE status = 'to_do' AND hashtext(id::text) % 3 = 0"
        )


def _let_pass(*, hours: int) -> None:
    with connection.cursor() as cursor:
        for table, columns in MOMENTS.items():
            changes = ", ".join(f"{column} = {column} - make_interval(hours => {hours})" for column in columns)
            cursor.execute(f"UPDATE {table} SET {changes}")
