"""PRODUCT: what a fresh deployment starts for whom, when and for which target."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.workflows import world
from workflows import defaults
from workflows.defaults import WORKFLOWS
from workflows.models import WorkflowInstance, WorkflowTemplate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

BY_TYPE = {
    "Artist": "the7space_artist_discovery",
    "Gallery Contact": "the7space_artist_discovery",
    "Business Contact": "am_consulting_lead_qualification",
    "Potential Client": "am_consulting_lead_qualification",
    "Academic Contact": "higherself_community_onboarding",
    "Media Contact": "higherself_community_onboarding",
    "General Contact": "higherself_community_onboarding",
}
BY_SOURCE = {
    "Website": "website_lead_nurturing",
    "Event": "event_lead_hot_follow_up",
    "Referral": "referral_vip_treatment",
}
# Each step: after how many hours, what, for which target, how urgent, under which title.
STEPS = {
    "the7space_artist_discovery": [
        (0, "send_notification", "gallery_curator", "high", ""),
        (2, "create_task", "gallery_team", "high", "Artist Portfolio Review"),
        (24, "send_email", None, "", ""),
        (48, "create_task", "social_media_team", "medium", "Artist Social Media Research"),
    ],
    "the7space_wellness_inquiry": [
        (0, "send_notification", "wellness_coordinator", "medium", ""),
        (4, "send_email", None, "", ""),
        (6, "create_task", "wellness_team", "high", "Wellness Consultation Booking"),
    ],
    "am_consulting_lead_qualification": [
        (0, "send_notification", "business_development", "urgent", ""),
        (1, "create_task", "lead_qualifier", "urgent", "Business Lead Qualification"),
        (2, "send_email", None, "", ""),
        (4, "create_task", "research_team", "high", "Company Research & Analysis"),
    ],
    "am_consulting_proposal_follow_up": [
        (48, "create_task", "account_manager", "high", "Proposal Follow-up Call"),
        (72, "send_email", None, "", ""),
        (120, "create_task", "proposal_team", "medium", "Proposal Optimization"),
    ],
    "higherself_community_onboarding": [
        (0, "send_notification", "community_manager", "medium", ""),
        (1, "send_email", None, "", ""),
        (24, "create_task", "community_team", "medium", "Member Onboarding Sequence"),
        (168, "send_email", None, "", ""),
    ],
    "higherself_content_engagement": [
        (24, "create_task", "content_team", "low", "Personalized Content Curation"),
        (72, "send_email", None, "", ""),
    ],
    "event_lead_hot_follow_up": [
        (0, "send_notification", "event_coordinator", "urgent", ""),
        (4, "create_task", "event_team", "urgent", "Event Lead Personal Outreach"),
        (24, "send_email", None, "", ""),
        (24, "schedule_follow_up", None, "", ""),
    ],
    "referral_vip_treatment": [
        (0, "send_notification", "leadership_team", "urgent", ""),
        (0, "schedule_follow_up", None, "", ""),
        (2, "create_task", "executive_team", "urgent", "VIP Referral Personal Outreach"),
        (6, "create_task", "account_management", "high", "Referral Source Thank You"),
    ],
    "website_lead_nurturing": [(0, "schedule_follow_up", None, "", "")],
}


@pytest.mark.parametrize("source", BY_SOURCE)
@pytest.mark.parametrize("kind", BY_TYPE)
def test_type_and_source_start_exactly_their_workflows(kind: str, source: str) -> None:
    answer = world.arrive(contact_types=(kind,), lead_source=source)

    started = {instance.template.slug for instance in answer.enrolment.instances}
    assert started == {BY_TYPE[kind], BY_SOURCE[source]}


def plan_of(instance: WorkflowInstance) -> list[tuple[float, str, str | None, str, str]]:
    return [
        (
            (action.due_at - instance.started_at) / dt.timedelta(hours=1),
            action.action_type,
            action.target.slug if action.target else None,
            action.step.priority,
            action.step.title,
        )
        for action in instance.actions.order_by("position").select_related("step", "target")
    ]


@pytest.mark.parametrize(
    ("slug", "trigger"),
    [
        ("the7space_artist_discovery", {"contact_types": ("Artist",)}),
        ("the7space_wellness_inquiry", {"interests": ("wellness",)}),
        ("am_consulting_lead_qualification", {"contact_types": ("Business Contact",)}),
        ("higherself_community_onboarding", {"contact_types": ("General Contact",)}),
        ("event_lead_hot_follow_up", {"lead_source": "Event"}),
        ("referral_vip_treatment", {"lead_source": "Referral"}),
        ("website_lead_nurturing", {"lead_source": "Website"}),
    ],
)
def test_steps_have_their_delays_and_targets(slug: str, trigger: dict[str, object]) -> None:
    answer = world.arrive(**trigger)

    instance = next(one for one in answer.enrolment.instances if one.template.slug == slug)
    assert plan_of(instance) == STEPS[slug]


def test_completed_consultation_starts_the_proposal_follow_up() -> None:
    contact = world.arrive(contact_types=("Potential Client",)).receipt.contact

    answer = world.happen(contact.email, "consultation_completed")

    assert [one.template.slug for one in answer.enrolment.instances] == ["am_consulting_proposal_follow_up"]
    assert plan_of(answer.enrolment.instances[0]) == STEPS["am_consulting_proposal_follow_up"]


def test_detected_engagement_starts_content_sharing() -> None:
    contact = world.arrive(contact_types=("General Contact",)).receipt.contact

    answer = world.happen(contact.email, "engagement_detected")

    assert [one.template.slug for one in answer.enrolment.instances] == ["higherself_content_engagement"]
    assert plan_of(answer.enrolment.instances[0]) == STEPS["higherself_content_engagement"]


@pytest.mark.parametrize(
    ("source", "after_hours", "days"), [("Website", 0, [1, 7, 14]), ("Event", 25, [3, 7]), ("Referral", 0, [1, 2, 5])]
)
def test_touches_of_a_source_have_their_days(source: str, after_hours: int, days: list[int]) -> None:
    instances = world.arrive(lead_source=source).enrolment.instances
    instance = next(one for one in instances if one.template.slug == BY_SOURCE[source])
    world.let_pass(hours=after_hours)

    world.run_due()

    instance.refresh_from_db()
    touches = instance.actions.filter(action_type="follow_up").order_by("due_at")
    assert [(touch.due_at - instance.started_at) / dt.timedelta(days=1) for touch in touches] == days


def test_wellness_interest_starts_the_inquiry_beside_the_others() -> None:
    answer = world.arrive(contact_types=("Business Contact",), interests=("Wellness",), lead_source="Website")

    started = {instance.template.slug for instance in answer.enrolment.instances}
    assert started == {"am_consulting_lead_qualification", "the7space_wellness_inquiry", "website_lead_nurturing"}


def test_every_template_answers_with_a_reason() -> None:
    outcome = world.arrive(contact_types=("Artist",)).enrolment.outcome

    assert {answer["workflow"] for answer in outcome} == set(STEPS)
    assert all(answer["because"] for answer in outcome)


def test_loading_twice_adds_nothing() -> None:
    assert defaults.load(now=world.database_now()) == []


def test_check_changes_nothing() -> None:
    WorkflowInstance.objects.all().delete()
    WorkflowTemplate.objects.filter(slug="website_lead_nurturing").update(loaded_digest="older")

    lines = defaults.load(now=world.database_now(), check_only=True)

    assert lines == ["workflow website_lead_nurturing: renewed"]
    assert WorkflowTemplate.objects.get(slug="website_lead_nurturing").loaded_digest == "older"


def test_a_newer_default_arrives_where_nobody_changed_anything() -> None:
    WorkflowTemplate.objects.filter(slug="website_lead_nurturing").update(loaded_digest="older")

    defaults.load(now=world.database_now())

    assert WorkflowTemplate.objects.get(slug="website_lead_nurturing").current_version.number == 2


def test_what_staff_published_is_left_alone(admin_user) -> None:
    template = WorkflowTemplate.objects.get(slug="website_lead_nurturing")
    draft = defaults.drafts.draft_of(template)
    defaults.publishing.publish(version=draft, by=admin_user, now=world.database_now())
    WorkflowTemplate.objects.filter(pk=template.pk).update(loaded_digest="older")

    assert defaults.load(now=world.database_now()) == []


def test_every_default_has_its_expectation_here() -> None:
    assert {content["slug"] for content in WORKFLOWS} == set(STEPS)
