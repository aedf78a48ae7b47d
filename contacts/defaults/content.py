"""What a fresh deployment loads. Staff change it in the admin, not here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from contacts.models import Rule

Values = Mapping[str, Any]
FIELD, OPERATOR = Rule.Field, Rule.Operator

BUSINESS_ENTITIES: Final[Sequence[Values]] = (
    {
        "slug": "the_7_space",
        "name": "The 7 Space",
        "description": "Art gallery and wellness centre",
        "position": 10,
        "preferred_channels": ["email", "in person", "social media"],
        "response_hours": 24,
        "follow_up_days": [1, 3, 7, 14, 30],
        "success_metrics": [
            "exhibition bookings",
            "artist registrations",
            "wellness bookings",
            "community engagement",
        ],
        "sender_name": "The 7 Space",
        "colour": "#7c3f58",
        "signature": "With warmth,\n\n**The 7 Space**  \nGallery and wellness centre",
    },
    {
        "slug": "am_consulting",
        "name": "AM Consulting",
        "description": "Business consulting",
        "position": 20,
        "preferred_channels": ["email", "phone", "virtual meeting"],
        "response_hours": 4,
        "follow_up_days": [1, 2, 5, 10, 21],
        "success_metrics": ["consultation bookings", "proposal requests", "client conversions", "revenue"],
        "sender_name": "AM Consulting",
        "colour": "#1f3a5f",
        "signature": "Kind regards,\n\n**AM Consulting**  \nClear decisions, steady growth",
    },
    {
        "slug": "higherself_core",
        "name": "HigherSelf Core",
        "description": "Community platform",
        "position": 30,
        "is_fallback": True,
        "preferred_channels": ["email", "social media", "virtual meeting"],
        "response_hours": 12,
        "follow_up_days": [1, 7, 14, 30, 60],
        "success_metrics": [
            "community sign-ups",
            "platform engagement",
            "event attendance",
            "content consumption",
        ],
        "sender_name": "HigherSelf Core",
        "colour": "#2f6f62",
        "signature": "See you in the community,\n\n**The HigherSelf team**",
    },
)

CONTACT_TYPES: Final[Sequence[Values]] = (
    {"slug": "artist", "name": "Artist", "position": 10},
    {"slug": "gallery_contact", "name": "Gallery Contact", "position": 20},
    {"slug": "business_contact", "name": "Business Contact", "position": 30},
    {"slug": "potential_client", "name": "Potential Client", "position": 40},
    {"slug": "academic_contact", "name": "Academic Contact", "position": 50},
    {"slug": "media_contact", "name": "Media Contact", "position": 60},
    {"slug": "general_contact", "name": "General Contact", "position": 70, "is_fallback": True},
)

LEAD_SOURCES: Final[Sequence[Values]] = (
    {
        "slug": "website",
        "name": "Website",
        "position": 10,
        "is_fallback": True,
        "response_hours": 12,
        "follow_up_days": [1, 7, 14],
        "focus": "educational content, platform introduction",
    },
    {
        "slug": "event",
        "name": "Event",
        "position": 20,
        "response_hours": 24,
        "hot_tag": "Hot",
        "hot_response_hours": 4,
        "follow_up_days": [1, 3, 7],
        "focus": "personal connection, immediate value",
    },
    {
        "slug": "referral",
        "name": "Referral",
        "position": 30,
        "response_hours": 4,
        "hot_tag": "VIP",
        "hot_response_hours": 2,
        "follow_up_days": [1, 2, 5],
        "focus": "executive attention, premium treatment",
    },
)

STATUSES: Final[Sequence[Values]] = (
    {"slug": "active_lead", "name": "Active Lead", "position": 10, "is_default": True},
    {"slug": "qualified_lead", "name": "Qualified Lead", "position": 20},
    {"slug": "active_client", "name": "Active Client", "position": 30},
    {"slug": "former_client", "name": "Former Client", "position": 40},
    {"slug": "inactive", "name": "Inactive", "position": 50},
    {"slug": "do_not_contact", "name": "Do Not Contact", "position": 60, "blocks_contact": True},
)

WELLNESS_WORDS: Final = (
    "wellness",
    "breathwork",
    "meditation",
    "mindfulness",
    "yoga",
    "reiki",
    "sound bath",
    "sound healing",
    "wellbeing",
    "well-being",
)

# `concludes` names the row by slug: {"contact_type": slug}, {"lead_source": slug} or {"interest": word}.
CLASSIFICATION_RULES: Final[Sequence[Values]] = (
    {
        "name": "Academic address",
        "field": FIELD.EMAIL_DOMAIN,
        "operator": OPERATOR.ENDS_WITH,
        "words": [".edu", ".ac.uk", ".ac.jp", ".ac.nz", ".ac.za", ".ac.in", ".edu.au"],
        "concludes": {"contact_type": "academic_contact"},
    },
    {
        "name": "Academic title",
        "field": FIELD.JOB_TITLE,
        "words": [
            "professor",
            "lecturer",
            "PhD",
            "postdoc",
            "doctoral",
            "researcher",
            "research fellow",
            "scholar",
            "dean",
            "academic",
        ],
        "concludes": {"contact_type": "academic_contact"},
    },
    {
        "name": "Press title",
        "field": FIELD.JOB_TITLE,
        "words": [
            "journalist",
            "reporter",
            "editor",
            "writer",
            "columnist",
            "critic",
            "correspondent",
            "broadcaster",
            "podcast host",
            "podcaster",
            "blogger",
            "press",
        ],
        "concludes": {"contact_type": "media_contact"},
    },
    {
        "name": "Press company",
        "field": FIELD.COMPANY,
        "words": ["magazine", "newspaper", "gazette", "herald", "broadcasting", "press", "podcast"],
        "concludes": {"contact_type": "media_contact"},
    },
    {
        "name": "Artist by title",
        "field": FIELD.JOB_TITLE,
        "words": [
            "artist",
            "painter",
            "sculptor",
            "photographer",
            "illustrator",
            "ceramicist",
            "ceramist",
            "printmaker",
            "muralist",
            "performer",
        ],
        "concludes": {"contact_type": "artist"},
    },
    {
        "name": "Artist by message",
        "field": FIELD.MESSAGE,
        "words": ["my artwork", "my art", "my portfolio", "my paintings", "my sculptures", "exhibit my work"],
        "concludes": {"contact_type": "artist"},
    },
    {
        "name": "Artist by form",
        "field": FIELD.FORM,
        "words": ["artist", "portfolio", "open call"],
        "concludes": {"contact_type": "artist"},
    },
    {
        "name": "Gallery by title",
        "field": FIELD.JOB_TITLE,
        "words": ["gallery", "gallerist", "curator", "registrar", "art dealer", "collector"],
        "concludes": {"contact_type": "gallery_contact"},
    },
    {
        "name": "Gallery by company",
        "field": FIELD.COMPANY,
        "words": ["gallery", "galerie", "galleria", "museum", "kunsthalle"],
        "concludes": {"contact_type": "gallery_contact"},
    },
    {
        "name": "Business title",
        "field": FIELD.JOB_TITLE,
        "words": [
            "CEO",
            "COO",
            "CFO",
            "CTO",
            "CMO",
            "chief executive",
            "chief executive officer",
            "chief operating officer",
            "chief financial officer",
            "founder",
            "managing director",
            "operations manager",
            "general manager",
            "business owner",
            "vice president",
            "VP",
            "head of finance",
            "head of operations",
            "head of sales",
            "entrepreneur",
        ],
        "concludes": {"contact_type": "business_contact"},
    },
    {
        "name": "Client by form",
        "field": FIELD.FORM,
        "words": ["consultation", "consulting", "proposal", "quote"],
        "concludes": {"contact_type": "potential_client"},
    },
    {
        "name": "Client by message",
        "field": FIELD.MESSAGE,
        "words": ["consultation", "consulting", "proposal", "quotation", "your rates"],
        "concludes": {"contact_type": "potential_client"},
    },
    {
        "name": "Event by form",
        "field": FIELD.FORM,
        "words": ["event", "workshop", "opening", "rsvp"],
        "concludes": {"lead_source": "event"},
    },
    {
        "name": "Referral by form",
        "field": FIELD.FORM,
        "words": ["referral", "introduction"],
        "concludes": {"lead_source": "referral"},
    },
    {
        "name": "Wellness by interest",
        "field": FIELD.INTERESTS,
        "words": list(WELLNESS_WORDS),
        "concludes": {"interest": "wellness"},
    },
    {
        "name": "Wellness by message",
        "field": FIELD.MESSAGE,
        "words": list(WELLNESS_WORDS),
        "concludes": {"interest": "wellness"},
    },
    {
        "name": "Wellness by form",
        "field": FIELD.FORM,
        "words": list(WELLNESS_WORDS),
        "concludes": {"interest": "wellness"},
    },
)

ROUTING_RULES: Final[Sequence[Values]] = (
    {
        "name": "Art to The 7 Space",
        "field": FIELD.CONTACT_TYPE,
        "words": ["Artist", "Gallery Contact"],
        "to": "the_7_space",
    },
    {
        "name": "Business to AM Consulting",
        "field": FIELD.CONTACT_TYPE,
        "words": ["Business Contact", "Potential Client"],
        "to": "am_consulting",
    },
    {
        "name": "Community to HigherSelf Core",
        "field": FIELD.CONTACT_TYPE,
        "words": ["General Contact", "Academic Contact", "Media Contact"],
        "to": "higherself_core",
    },
    {
        "name": "Wellness interest to The 7 Space",
        "field": FIELD.INTERESTS,
        "words": ["wellness"],
        "to": "the_7_space",
    },
    {"name": "Wellness tag to The 7 Space", "field": FIELD.TAGS, "words": ["wellness"], "to": "the_7_space"},
)
