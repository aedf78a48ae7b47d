"""People, the brands they belong to, what arrived from them, what they allow and the rules that decided."""

from __future__ import annotations

from contacts.models.events import ContactEvent
from contacts.models.people import Contact, ContactQuerySet, EntityMembership, FormerAddress, marks
from contacts.models.permission import Consent, Preference, RecipientCount, Suppression
from contacts.models.reference import (
    BusinessEntity,
    ConfigRevision,
    ContactStatus,
    ContactType,
    LeadSource,
    follow_up_days_help,
    only_one,
    slug_field_help,
    validate_colour,
    validate_language,
    validate_mailbox,
    validate_no_variables,
    validate_slug,
)
from contacts.models.rules import ClassificationRule, RoutingRule, Rule

__all__ = [
    "BusinessEntity",
    "ClassificationRule",
    "ConfigRevision",
    "Consent",
    "Contact",
    "ContactEvent",
    "ContactQuerySet",
    "ContactStatus",
    "ContactType",
    "EntityMembership",
    "FormerAddress",
    "LeadSource",
    "Preference",
    "RecipientCount",
    "RoutingRule",
    "Rule",
    "Suppression",
    "follow_up_days_help",
    "marks",
    "only_one",
    "slug_field_help",
    "validate_colour",
    "validate_language",
    "validate_mailbox",
    "validate_no_variables",
    "validate_slug",
]
