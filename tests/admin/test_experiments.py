"""A/B tests in the admin: begun from a draft, read, ended and their winner published."""

from __future__ import annotations

import pytest
from django.urls import reverse

from engagement import drafts
from engagement.models import Experiment
from engagement.rendering import Words
from tests import factories as f

pytestmark = pytest.mark.django_db
PLAN = {"counts": "click", "method": "planned", "people": "1000", "window_hours": "72", "hold_out": "0"}


def at(name, row):
    return reverse(f"admin:engagement_{row._meta.model_name}_{name}", args=[row.pk])


def drafted(subject="Next words"):
    email = f.EngagementTemplateFactory(words=("Sent words", "Good day."))
    words = Words(subject, "", "Good day.", email.level)
    drafts.save(template=email, words=words, business_entity=None, by=None, now=f.NOW)
    return email


def begun(desk, email):
    desk.post(at("compare", email), {**PLAN, "versions": ["draft"], "seen": drafts.state_of(email)})
    return Experiment.objects.get(template=email)


def test_a_draft_is_compared_with_what_is_sent(desk, boss):
    email = drafted()

    experiment = begun(desk, email)

    email.refresh_from_db()
    subjects = list(experiment.variants.values_list("key", "version__subject"))
    assert subjects == [("A", "Sent words"), ("B", "Next words")]
    assert email.current_version.subject == "Sent words"
    assert experiment.started_by == boss.username


def test_a_refused_test_keeps_the_draft_and_says_why(desk, boss):
    email = drafted()

    page = desk.post(
        at("compare", email), {**PLAN, "versions": ["draft"], "counts": "goal", "seen": drafts.state_of(email)}
    )

    assert page.status_code == 200
    assert not Experiment.objects.exists()
    assert drafts.draft_of(email) is not None


def test_drafts_are_kept_one_after_the_other_for_one_test(desk, boss):
    email = drafted()

    desk.post(at("keep", email), {"seen": drafts.state_of(email)})

    assert drafts.draft_of(email) is None
    offered = desk.get(at("compare", email)).context["form"].fields["versions"].choices
    assert [label for _, label in offered] == ["Version 2: “Next words”"]


def test_the_winner_is_published_with_one_press(desk, boss):
    experiment = begun(desk, drafted())
    better = experiment.variants.get(key="B")

    desk.post(at("publish", experiment), {"version": better.pk, "seen": drafts.state_of(experiment.template)})

    experiment.refresh_from_db()
    assert experiment.template.current_version_id == better.version_id
    assert (experiment.status, experiment.winner) == ("stopped", better)


def test_nothing_is_tested_kept_thrown_away_or_published_that_nobody_looked_at(desk, boss):
    """A colleague saved meanwhile."""
    email = drafted()
    experiment = begun(desk, email)
    words = Words("Words of a colleague", "", "Good day.", email.level)
    drafts.save(template=email, words=words, business_entity=None, by=None, now=f.NOW)
    old = {"seen": "0/2020-01-01T00:00:00+00:00"}

    desk.post(at("keep", email), old)
    desk.post(at("discard", email), old)
    desk.post(at("publish", experiment), {"version": experiment.variants.get(key="B").pk, **old})

    email.refresh_from_db()
    assert drafts.draft_of(email).subject == "Words of a colleague"
    assert email.current_version.subject == "Sent words"


def test_who_may_only_read_begins_and_ends_nothing(desk, reading_room):
    email = drafted()
    experiment = begun(desk, email)

    codes = [
        reading_room.post(address).status_code
        for address in (at("compare", email), at("keep", email), at("stop", experiment), at("publish", experiment))
    ]

    assert codes == [403, 403, 403, 403]
