"""What examples of bodies and answers say: one person of a fresh deployment, by the names of fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SAMPLES: dict[str, Any] = {
    "email": "ada.lovelace@example.com",
    "contact_email": "ada.lovelace@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "+44 20 7946 0018",
    "company": "Lovelace Studio",
    "job_title": "Painter",
    "contact_types": ["Artist"],
    "lead_source": "Website",
    "business_entity": "The 7 Space",
    "business_entities": ["The 7 Space"],
    "interests": ["wellness"],
    "tags": ["Newsletter"],
    "timezone": "Europe/London",
    "locale": "en-GB",
    "message": "I would like to show my paintings.",
    "notes": "Met at the spring exhibition.",
    "custom": {"website": "https://ada.example.com"},
    "source_metadata": {"page": "/artists", "form": "apply"},
    "metadata": {"consultant": "Jane"},
    "trigger_event": "consultation_completed",
    "workflow": "the7space_artist_discovery",
    "workflows": ["the7space_artist_discovery"],
    "workflows_triggered": ["the7space_artist_discovery"],
    "target": "gallery_curator",
    "template": "artist_welcome",
    "title": "Artist Portfolio Review",
    "description": "Look at the portfolio and say what fits the spring exhibition.",
    "category": "CURATION",
    "effort_hours": 2,
    "subject": "Welcome, Ada",
    "reason": "Asked by phone to wait until May.",
    "acknowledged_by": "jane",
    "status": "Active Lead",
}
KINDS = {"string": str, "array": list, "object": dict, "number": int}


def of(names: Iterable[str]) -> dict[str, Any]:
    return {name: SAMPLES[name] for name in names if name in SAMPLES}


def complete(schemas: dict[str, Any]) -> None:
    """Every property of OpenAPI schemas that has a sample of its type."""
    for schema in schemas.values():
        properties = schema.get("properties", {})
        for name, sample in of(properties).items():
            kind = KINDS.get(properties[name].get("type", ""))
            if kind and isinstance(sample, kind) and not {"enum", "format"} & set(properties[name]):
                properties[name]["example"] = sample
