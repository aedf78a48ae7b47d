"""Many people who come over many days, so that lists and drawings have something to show."""

from __future__ import annotations

import random

from django.db import connection

from tests.workflows import world

FIRST = ("Noor", "Ines", "Jonas", "Lena", "Omar", "Priya", "Tomas", "Wen", "Amara", "Bruno", "Chiara", "Dmitri", "Elif")
LAST = ("Abe", "Berg", "Costa", "Diaz", "Eriksen", "Fofana", "Greco", "Haas", "Ito", "Jansen", "Kaya", "Mori", "Okafor")
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
    """Two to six people a day, whose workflows do what is due; the last ones came this morning."""
    for day in range(days):
        _arrive(day, chance)
        for _ in range(2):
            world.run_due()
            world.let_pass(hours=12)
            _let_pass(hours=12)
        _look_after()
    _arrive(days, chance)
    world.run_due()
    _be_punctual()


def _arrive(day: int, chance: random.Random) -> None:
    for number in range(chance.randint(2, 6)):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        world.arrive(
            first_name=first,
            last_name=last,
            email=f"{first}.{last}.{day}.{number}@example.org".lower(),
            contact_types=(chance.choice(TYPES),),
            lead_source=chance.choice(SOURCES),
        )


def _be_punctual() -> None:
    """As workers would have been, who do not wait for the next half of a day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_scheduledaction SET finished_at = due_at + random() * interval '4 seconds' "
            "WHERE status = 'done'"
        )


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
