"""Plans are written into a draft; what runs stays as it is."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from tests import factories as f
from workflows import drafts, publishing
from workflows.drafts import EditedMeanwhile, PlannedStep, Touch
from workflows.models import WorkflowTemplate, WorkflowVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def published() -> WorkflowTemplate:
    version = f.StepFactory(version__template__business_entity=f.BusinessEntityFactory()).version
    publishing.publish(version=version, by=None, now=f.NOW)
    return WorkflowTemplate.objects.get(pk=version.template_id)


@pytest.fixture
def editor():
    return f.UserFactory()


def held(template):
    return drafts.plan_of(drafts.in_work(template), template)


def save(template, plan, *, by=None, seen=None):
    seen = drafts.fingerprint(held(template)) if seen is None else seen
    return drafts.save(template=template, plan=plan, seen=seen, by=by, now=f.NOW)


def changed(template, **values):
    return dataclasses.replace(held(template), **values)


def test_saving_makes_a_draft_and_leaves_what_runs(published, editor):
    draft = save(published, changed(published, events=("replied",)), by=editor)

    published.refresh_from_db()
    assert (draft.events, draft.is_draft, draft.edited_by, draft.edited_at) == (["replied"], True, editor, f.NOW)
    assert published.current_version.events == ["new_contact", "contact_updated"]


def test_saved_plan_reads_as_it_was_written(published):
    plan = changed(
        published,
        interests=("wellness",),
        tags=("VIP",),
        contact_types=(f.ContactTypeFactory(),),
        lead_sources=(f.LeadSourceFactory(),),
        reentry="after_days",
        reentry_days=30,
        steps=(
            PlannedStep(
                action_type="schedule_follow_up",
                delay_hours=Decimal("0.0833"),
                touches=(Touch(day=3, template=f.EngagementTemplateFactory()),),
            ),
            PlannedStep(action_type="create_task", target=f.TargetFactory(), title="Call", effort_hours=Decimal("1.5")),
        ),
    )

    draft = save(published, plan)

    assert drafts.fingerprint(drafts.plan_of(draft, published)) == drafts.fingerprint(plan)


def test_saving_what_runs_already_makes_no_draft(published):
    assert save(published, held(published)) is None
    assert published.versions.count() == 1


def test_new_name_holds_at_once_without_a_draft(published):
    save(published, changed(published, name="Renamed"))

    published.refresh_from_db()
    assert (published.name, published.versions.count()) == ("Renamed", 1)


def test_new_brand_waits_until_it_is_published(published):
    other = f.BusinessEntityFactory(slug="am_consulting")
    draft = save(published, changed(published, business_entity=other))
    published.refresh_from_db()
    before = published.business_entity

    publishing.publish(version=draft, by=None, now=f.NOW)

    published.refresh_from_db()
    assert before != other
    assert published.business_entity == other


def test_publishing_a_draft_nobody_edited_keeps_the_brand(published):
    brand = published.business_entity

    publishing.publish(version=drafts.draft_of(published), by=None, now=f.NOW)

    published.refresh_from_db()
    assert published.business_entity == brand is not None


def test_second_of_two_editors_is_told_and_nothing_is_lost(published, editor):
    seen = drafts.fingerprint(held(published))
    save(published, changed(published, tags=("first",)), by=editor)

    with pytest.raises(EditedMeanwhile) as told:
        save(published, changed(published, tags=("second",)), seen=seen)

    assert (told.value.by, told.value.held.tags) == (editor, ("first",))
    assert held(published).tags == ("first",)


def test_second_editor_may_replace_what_the_first_saved_once_they_saw_it(published):
    save(published, changed(published, tags=("first",)))

    save(published, changed(published, tags=("second",)))

    assert held(published).tags == ("second",)


def test_earlier_version_is_restored_into_the_draft(published, editor):
    first = published.current_version
    publishing.publish(version=save(published, changed(published, tags=("VIP",))), by=None, now=f.NOW)
    published.refresh_from_db()

    draft = drafts.restore(version=first, by=editor, now=f.NOW)

    assert (draft.tags, draft.steps.count(), draft.edited_by) == ([], 1, editor)
    assert published.current_version.tags == ["VIP"]


def test_discarded_draft_leaves_what_runs(published):
    save(published, changed(published, tags=("VIP",)))

    assert drafts.discard(template=published)
    assert held(published).tags == ()


def test_draft_that_nothing_stands_behind_is_not_discarded():
    draft = f.WorkflowVersionFactory()

    assert not drafts.discard(template=draft.template)
    assert WorkflowVersion.objects.filter(pk=draft.pk).exists()


def test_copy_says_the_same_and_runs_nothing(published):
    copy = drafts.duplicate(template=published, name="Copy", slug="copy", by=None, now=f.NOW)

    assert copy.current_version is None
    assert held(copy).steps == held(published).steps


def test_number_of_people_under_way_is_told_by_version(published):
    f.WorkflowInstanceFactory.create_batch(2, template=published, version=published.current_version)
    f.WorkflowInstanceFactory(template=published, version=published.current_version, status="completed", ended_at=f.NOW)

    assert publishing.in_flight(published) == [(1, 2)]
    assert WorkflowTemplate.objects.annotate(people=publishing.under_way()).get(pk=published.pk).people == 2
