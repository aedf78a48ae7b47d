"""The nine workflows of a fresh deployment, as data. Delays are hours from the start of the instance."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.conditions import CONTACT_UPDATED, NEW_CONTACT

ARRIVALS = (NEW_CONTACT, CONTACT_UPDATED)


@dataclass(frozen=True, kw_only=True)
class StepContent:
    delay_hours: int
    action_type: str
    target: str = ""
    template: str = ""
    title: str = ""
    category: str = ""
    priority: str = ""
    effort_hours: int | None = None
    touches: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class WorkflowContent:
    slug: str
    name: str
    description: str
    steps: tuple[StepContent, ...]
    entity: str = ""
    events: tuple[str, ...] = ARRIVALS
    contact_types: tuple[str, ...] = ()
    lead_sources: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def notify(target: str, priority: str) -> StepContent:
    return StepContent(delay_hours=0, action_type="send_notification", target=target, priority=priority)


def task(
    delay_hours: int, title: str, target: str, category: str, priority: str, effort_hours: int | None = None
) -> StepContent:
    return StepContent(
        delay_hours=delay_hours,
        action_type="create_task",
        title=title,
        target=target,
        category=category,
        priority=priority,
        effort_hours=effort_hours,
    )


def email(delay_hours: int, template: str) -> StepContent:
    return StepContent(delay_hours=delay_hours, action_type="send_email", template=template)


def follow_up(delay_hours: int, *touches: tuple[int, str]) -> StepContent:
    return StepContent(delay_hours=delay_hours, action_type="schedule_follow_up", touches=touches)


WORKFLOWS = (
    WorkflowContent(
        slug="the7space_artist_discovery",
        name="Artist discovery",
        description="An artist or a gallery introduces themselves: look at the work, welcome them, find out more.",
        entity="the_7_space",
        contact_types=("artist", "gallery_contact"),
        steps=(
            notify("gallery_curator", "high"),
            task(2, "Artist Portfolio Review", "gallery_team", "CURATION", "high", 2),
            email(24, "artist_welcome"),
            task(48, "Artist Social Media Research", "social_media_team", "RESEARCH", "medium"),
        ),
    ),
    WorkflowContent(
        slug="the7space_wellness_inquiry",
        name="Wellness inquiry",
        description="Somebody is interested in wellness: tell them about the programme, offer a consultation.",
        entity="the_7_space",
        interests=("wellness",),
        tags=("wellness",),
        steps=(
            notify("wellness_coordinator", "medium"),
            email(4, "wellness_program"),
            task(6, "Wellness Consultation Booking", "wellness_team", "BOOKING", "high"),
        ),
    ),
    WorkflowContent(
        slug="am_consulting_lead_qualification",
        name="Lead qualification",
        description="A business contact arrives: qualify within the hour, offer a consultation, know the company.",
        entity="am_consulting",
        contact_types=("business_contact", "potential_client"),
        steps=(
            notify("business_development", "urgent"),
            task(1, "Business Lead Qualification", "lead_qualifier", "SALES", "urgent", 1),
            email(2, "consultation_offer"),
            task(4, "Company Research & Analysis", "research_team", "RESEARCH", "high"),
        ),
    ),
    WorkflowContent(
        slug="am_consulting_proposal_follow_up",
        name="Proposal follow-up",
        description="A consultation took place: call, write, and improve the proposal.",
        entity="am_consulting",
        events=("consultation_completed",),
        steps=(
            task(48, "Proposal Follow-up Call", "account_manager", "SALES", "high"),
            email(72, "proposal_follow_up"),
            task(120, "Proposal Optimization", "proposal_team", "PROPOSAL", "medium"),
        ),
    ),
    WorkflowContent(
        slug="higherself_community_onboarding",
        name="Community onboarding",
        description="A new member of the community: welcome them, get them started, show the platform.",
        entity="higherself_core",
        contact_types=("general_contact", "academic_contact", "media_contact"),
        steps=(
            notify("community_manager", "medium"),
            email(1, "community_welcome"),
            task(24, "Member Onboarding Sequence", "community_team", "ONBOARDING", "medium"),
            email(168, "platform_introduction"),
        ),
    ),
    WorkflowContent(
        slug="higherself_content_engagement",
        name="Content engagement",
        description="A member engages: choose content for them and share it.",
        entity="higherself_core",
        events=("engagement_detected",),
        steps=(
            task(24, "Personalized Content Curation", "content_team", "CONTENT", "low"),
            email(72, "content_sharing"),
        ),
    ),
    WorkflowContent(
        slug="event_lead_hot_follow_up",
        name="Event lead follow-up",
        description="Somebody met at an event: reach out while the conversation is warm.",
        lead_sources=("event",),
        steps=(
            notify("event_coordinator", "urgent"),
            task(4, "Event Lead Personal Outreach", "event_team", "EVENT", "urgent"),
            email(24, "event_follow_up"),
            follow_up(24, (3, "event_attendee"), (7, "event_attendee_day_7")),
        ),
    ),
    WorkflowContent(
        slug="referral_vip_treatment",
        name="Referral, VIP treatment",
        description="Somebody was recommended to us: executive attention, and thanks to who recommended us.",
        lead_sources=("referral",),
        steps=(
            notify("leadership_team", "urgent"),
            follow_up(0, (1, "vip_referral_welcome"), (2, "vip_referral_day_2"), (5, "vip_referral_day_5")),
            task(2, "VIP Referral Personal Outreach", "executive_team", "VIP", "urgent"),
            task(6, "Referral Source Thank You", "account_management", "RELATIONSHIP", "high"),
        ),
    ),
    WorkflowContent(
        slug="website_lead_nurturing",
        name="Website lead nurturing",
        description="Somebody came through the website: useful reading over two weeks.",
        lead_sources=("website",),
        steps=(
            follow_up(
                0,
                (1, "website_visitor_nurturing"),
                (7, "website_nurturing_day_7"),
                (14, "website_nurturing_day_14"),
            ),
        ),
    ),
)
