"""The roles that the workflows of a fresh deployment call on. Staff put the people behind them."""

from __future__ import annotations

from dataclasses import dataclass

from contacts.models import BusinessEntity
from engagement.models import Target


@dataclass(frozen=True)
class Role:
    slug: str
    name: str
    brand: str = ""  # the slug of a business entity; "" where the role serves all of them


ROLES = (
    Role("gallery_curator", "Gallery curator", "the_7_space"),
    Role("gallery_team", "Gallery team", "the_7_space"),
    Role("social_media_team", "Social media team", "the_7_space"),
    Role("wellness_coordinator", "Wellness coordinator", "the_7_space"),
    Role("wellness_team", "Wellness team", "the_7_space"),
    Role("business_development", "Business development", "am_consulting"),
    Role("lead_qualifier", "Lead qualifier", "am_consulting"),
    Role("research_team", "Research team", "am_consulting"),
    Role("account_manager", "Account manager", "am_consulting"),
    Role("proposal_team", "Proposal team", "am_consulting"),
    Role("community_manager", "Community manager", "higherself_core"),
    Role("community_team", "Community team", "higherself_core"),
    Role("content_team", "Content team", "higherself_core"),
    Role("event_coordinator", "Event coordinator"),
    Role("event_team", "Event team"),
    Role("leadership_team", "Leadership team"),
    Role("executive_team", "Executive team"),
    Role("account_management", "Account management"),
)


def load(*, check_only: bool) -> list[str]:
    """Add the targets that are missing; those that exist are staff's."""
    known = set(Target.objects.values_list("slug", flat=True))
    missing = [role for role in ROLES if role.slug not in known]
    if check_only:
        return [f'Target "{role.name}" would be added.' for role in missing]
    brands = BusinessEntity.objects.in_bulk(field_name="slug")
    Target.objects.bulk_create(
        Target(slug=role.slug, name=role.name, business_entity=brands.get(role.brand)) for role in missing
    )
    return [f'Target "{role.name}" added.' for role in missing]
