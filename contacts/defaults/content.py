"""What a fresh deployment loads, as content.toml says. Staff change it in the admin, not there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contacts.models import Rule

Values = Mapping[str, Any]
FIELD, OPERATOR = Rule.Field, Rule.Operator

_CONTENT: Mapping[str, Sequence[Values]] = tomllib.loads(
    (Path(__file__).parent / "content.toml").read_text(encoding="utf-8")
)
BUSINESS_ENTITIES = _CONTENT["business_entities"]
CONTACT_TYPES = _CONTENT["contact_types"]
LEAD_SOURCES = _CONTENT["lead_sources"]
STATUSES = _CONTENT["statuses"]
# `concludes` names the row by slug: {"contact_type": slug}, {"lead_source": slug} or {"interest": word}.
CLASSIFICATION_RULES = _CONTENT["classification_rules"]
ROUTING_RULES = _CONTENT["routing_rules"]
