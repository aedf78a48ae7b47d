"""What former releases stored is Liquid after the migration, published versions and drafts alike, and comes back."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from engagement.models import TemplateVersion
from engagement.rendering import render
from tests.factories import NOW, ContactFactory, EngagementTemplateFactory, StepFactory, WorkflowVersionFactory
from workflows.models import Step

pytestmark = pytest.mark.django_db
FORMER, LIQUID = "Hello {{ first_name|there }}", 'Hello {{ first_name | default: "there" }}'
EMAILS = importlib.import_module("engagement.migrations.0025_liquid")
STEPS = importlib.import_module("workflows.migrations.0006_liquid")


def run(migrate) -> None:
    with connection.schema_editor() as editor:
        migrate(apps, editor)


def said() -> tuple[set[str], set[str]]:
    versions = TemplateVersion.objects.filter(number=7).values_list("subject", "body")
    steps = Step.objects.exclude(title="").values_list("title", "description")
    return {text for one in versions for text in one}, {text for one in steps for text in one}


def test_stored_words_become_liquid_and_come_back():
    template = EngagementTemplateFactory()
    version = TemplateVersion.objects.create(template=template, number=7, subject=FORMER, body=FORMER)
    published, draft = WorkflowVersionFactory(published_at=None), WorkflowVersionFactory(published_at=None)
    for workflow in (published, draft):
        StepFactory(version=workflow, title=FORMER, description=FORMER)
    type(published).objects.filter(pk=published.pk).update(published_at=NOW)

    run(EMAILS.forwards), run(STEPS.forwards)
    assert said() == ({LIQUID}, {LIQUID})

    run(EMAILS.backwards), run(STEPS.backwards)
    assert said() == ({FORMER}, {FORMER})

    with pytest.raises(IntegrityError), transaction.atomic():
        TemplateVersion.objects.filter(pk=version.pk).update(body="x")


def test_a_name_with_both_kinds_of_quotes_keeps_what_stands_in_and_its_passage():
    name, passage = """Ada's "city\"""", {"instruction": "Greet.", "fallback": "Good day."}
    TemplateVersion.objects.create(
        template=EngagementTemplateFactory(level="premium"), number=7, subject=f"{{{{ custom.{name} }}}}",
        body=f"{{{{ passage.{name} }}}}", fallbacks={f"custom.{name}": "town"}, passages={name: passage},
    )  # fmt: skip

    run(EMAILS.forwards)

    version = TemplateVersion.objects.get(number=7)
    sent = render(version=version, contact=ContactFactory(), business_entity=None, now=NOW)
    assert (sent.subject, "Good day." in sent.text, sent.missing) == ("town", True, [])


def test_the_fullest_subject_and_title_of_former_releases_become_liquid():
    full, title = "{{tags|}}" * 33 + "abc", "{{tags|}}" * 22 + "ab"
    TemplateVersion.objects.create(
        template=EngagementTemplateFactory(), number=7, subject=full, preheader=full, body="x"
    )
    StepFactory(version=WorkflowVersionFactory(published_at=None), title=title)

    run(EMAILS.forwards), run(STEPS.forwards)

    version, step = TemplateVersion.objects.get(number=7), Step.objects.get()
    assert {version.subject, version.preheader} == {'{{tags|default:""}}' * 33 + "abc"}
    assert step.title == '{{tags|default:""}}' * 22 + "ab"
