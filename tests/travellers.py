"""An installation with contacts of every kind, for test_time_travel; run as a script in its environment."""

from __future__ import annotations

import itertools

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from tests.workflows import world  # noqa: E402

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
        world.arrive(email=f"{person}{number}@example.org", contact_types=(kind,), lead_source=source, **name)
    world.arrive(email="nameless-wellness@example.org", interests=("wellness",), lead_source="Website")
    for email, kind in (
        ("nameless6@example.org", "consultation_completed"),
        ("nameless18@example.org", "engagement_detected"),
    ):
        world.happen(email, kind)


if __name__ == "__main__":
    main()
