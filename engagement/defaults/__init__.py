"""What a fresh deployment has of engagement: the targets and the emails, loaded without overwriting staff's changes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from django.db import transaction

from contactflow.core.clock import database_now
from contacts.models import BusinessEntity, ContactStatus
from engagement.defaults import shipped
from engagement.models import Goal, Target

# The roles that the workflows of a fresh deployment call on, by brand ("": of all). Staff put the people behind them.
ROLES = {
    "the_7_space": "gallery_curator gallery_team social_media_team wellness_coordinator wellness_team",
    "am_consulting": "business_development lead_qualifier research_team account_manager proposal_team",
    "higherself_core": "community_manager community_team content_team",
    "": "event_coordinator event_team leadership_team executive_team account_management",
}
GOALS: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(Path(__file__).with_name("goals.toml").read_text("utf-8"))


@transaction.atomic
def load(*, check_only: bool = False) -> list[str]:
    """Add what is missing and update what nobody changed. A sentence per row that was, or would be, concerned.

    Expects the brands of contacts.defaults. Loading twice adds nothing. With `check_only` nothing is written.
    """
    rows = [*_load_targets(check_only=check_only), *_load_goals(check_only=check_only)]
    return [*rows, *shipped.load(check_only=check_only, now=database_now())]


def _load_targets(*, check_only: bool) -> list[str]:
    brands = BusinessEntity.objects.in_bulk(field_name="slug")
    known = set(Target.objects.values_list("slug", flat=True))
    missing = [
        Target(slug=slug, name=slug.replace("_", " ").capitalize(), business_entity=brands.get(brand))
        for brand, slugs in ROLES.items()
        for slug in slugs.split()
        if slug not in known
    ]
    if not check_only:
        Target.objects.bulk_create(missing)
    return [f'Target "{one.name}" {"would be added" if check_only else "added"}.' for one in missing]


def _load_goals(*, check_only: bool) -> list[str]:
    """Known by slug; of a brand or status that is not there, none."""
    brands = BusinessEntity.objects.in_bulk(field_name="slug")
    statuses = ContactStatus.objects.in_bulk(field_name="slug")
    known = set(Goal.objects.values_list("slug", flat=True))
    missing = []
    for brand, of_brand in GOALS.items():
        for slug, told in of_brand.items():
            status = statuses.get(told.get("status", ""))
            if slug in known or brand not in brands or ("status" in told and status is None):
                continue
            by = Goal.ReachedBy.STATUS if status else Goal.ReachedBy.EVENT
            rest = {name: value for name, value in told.items() if name != "status"}
            about = {"business_entity": brands[brand], "status": status, "reached_by": by}
            missing.append(Goal(slug=slug, **about, **rest))
    if not check_only:
        Goal.objects.bulk_create(missing)
    return [f'Goal "{one.name}" {"would be added" if check_only else "added"}.' for one in missing]
