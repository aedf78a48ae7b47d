"""An installation with contacts of every kind, for test_time_travel; run as a script in its environment."""

from __future__ import annotations

import itertools

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from contactflow.core.clock import database_now  # noqa: E402
from contacts.intake import Arrival  # noqa: E402
from workflows import entrypoints  # noqa: E402

TYPES = (
    "Artist",
    "Gallery Contact",
    "Business Contact",
    "Potential Client",
    "Academic Contact",
    "Media Contact",
    "General Contact",
)
SOURCES = ("Website", "Event", "Referral")


def main() -> None:
    call_command("deploy_contact_workflows")
    for number, (kind, source) in enumerate(itertools.product(TYPES, SOURCES)):
        name = {"first_name": "Ада", "last_name": "Швачко"} if number % 2 else {}
        person = "ada" if name else "nameless"
        entrypoints.receive_contact(
            arrival=Arrival(email=f"{person}{number}@example.org", contact_types=(kind,), lead_source=source, **name),
            source="api",
            now=database_now(),
        )
    wellness = Arrival(email="nameless-wellness@example.org", interests=("wellness",), lead_source="Website")
    entrypoints.receive_contact(arrival=wellness, source="api", now=database_now())
    for email, kind in (
        ("nameless6@example.org", "consultation_completed"),
        ("nameless18@example.org", "engagement_detected"),
    ):
        entrypoints.run_event(email=email, kind=kind, source="api", now=database_now())


if __name__ == "__main__":
    main()
