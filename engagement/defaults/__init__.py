"""What a fresh deployment has of engagement: the targets and the emails, loaded without overwriting staff's changes."""

from __future__ import annotations

from django.db import transaction

from contactflow.core.clock import database_now
from contacts.models import BusinessEntity
from engagement.defaults import shipped
from engagement.models import Target

# The roles that the workflows of a fresh deployment call on, by brand ("": of all). Staff put the people behind them.
ROLES = {
    "the_7_space": "gallery_curator gallery_team social_media_team wellness_coordinator wellness_team",
    "am_consulting": "business_development lead_qualifier research_team account_manager proposal_team",
    "higherself_core": "community_manager community_team content_team",
    "": "event_coordinator event_team leadership_team executive_team account_management",
}


@transaction.atomic
def load(*, check_only: bool = False) -> list[str]:
    """Add what is missing and update what nobody changed. A sentence per row that was, or would be, concerned.

    Expects the brands of contacts.defaults. Loading twice adds nothing. With `check_only` nothing is written.
    """
    return [*_load_targets(check_only=check_only), *shipped.load(check_only=check_only, now=database_now())]


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
