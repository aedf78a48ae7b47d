"""The preview of an import: what every line would become, and what that would start."""

from __future__ import annotations

import pytest

from contacts.models import BusinessEntity, Contact, ContactEvent
from tests import factories as f
from tests.workflows.transfers.conftest import SAMPLE
from workflows.models import ImportRun, WorkflowInstance
from workflows.transfers import runs

pytestmark = pytest.mark.django_db
HEADER = "Email,First Name,Company\n"


def outcomes(run: ImportRun, field: str = "foreseen") -> list[str]:
    return list(run.lines.values_list(field, flat=True))


def test_sample_list_has_the_figures_of_the_command(preview):
    run = preview(SAMPLE.read_bytes())

    wanted = {"created": 191, "rejected": 9, "merged": 7, "warnings": 0}
    assert {name: run.foreseen[name] for name in wanted} == wanted
    assert run.state == ImportRun.State.READY


def test_applied_sample_list_has_the_figures_of_the_preview(preview):
    run = preview(SAMPLE.read_bytes())

    runs.apply(run=run, start_workflows=False)

    run.refresh_from_db()
    assert run.state == ImportRun.State.DONE
    assert {name: run.applied[name] for name in run.foreseen} == run.foreseen
    assert Contact.objects.count() == 191
    assert run.applied["differs"] == 0


def test_preview_writes_nothing_to_the_contacts(preview):
    preview(HEADER + "ada@example.org,Ada,Engines\n")

    assert not Contact.objects.exists()
    assert not ContactEvent.objects.exists()


def test_line_about_a_known_person_says_what_it_changes(preview):
    f.ContactFactory(email="ada@example.org", company="Looms")

    run = preview(HEADER + "ada@example.org,,Engines\n")

    line = run.lines.get()
    assert line.foreseen == "updated"
    assert line.changes["company"] == ["Looms", "Engines"]


def test_line_about_somebody_new_says_what_is_known_of_them(preview):
    run = preview(HEADER + "ada@example.org,Ada,Engines\n")

    assert run.lines.get().changes["company"] == [None, "Engines"]


def test_rejected_line_says_why(preview):
    run = preview(HEADER + "nobody,Ada,Engines\n")

    line = run.lines.get()
    assert (line.foreseen, line.number) == ("rejected", 2)
    assert "exactly one @" in line.reason


def test_line_with_an_open_quotation_mark_is_rejected_alone(preview):
    run = preview(HEADER + '"ada@example.org,Ada\nbob@example.org,Bob,\n')

    assert outcomes(run) == ["rejected", "created"]


def test_repeat_in_another_batch_is_judged_with_the_lines_before(preview, monkeypatch):
    monkeypatch.setattr("workflows.transfers.pipeline.JUDGED_AT_ONCE", 1)

    run = preview(
        HEADER + "ada@example.org,Ada,\nbob@example.org,Bob,\nADA@example.org,,Engines\nada@example.org,Ada,\n"
    )

    assert outcomes(run) == ["created", "created", "updated", "unchanged"]
    assert outcomes(run, "is_repeat") == [False, False, True, True]
    assert run.foreseen["merged"] == 2


def test_brand_is_for_lines_that_name_none(preview):
    brand = BusinessEntity.objects.get(name="AM Consulting")
    content = "Email,Business Entity\nada@example.org,\nbob@example.org,The 7 Space\n"

    run = preview(content, business_entity=brand)

    brands = [line.changes["business_entities"][1] for line in run.lines.all()]
    assert brands == [["AM Consulting"], ["The 7 Space"]]


def workflow(**trigger):
    version = f.WorkflowVersionFactory(events=["new_contact"], **trigger)
    f.StepFactory(version=version, action_type="send_email", template=f.EngagementTemplateFactory(), delay_hours=2)
    version.template.current_version = version
    version.template.save(update_fields=["current_version"])
    return version.template


def test_forecast_counts_people_and_emails_by_workflow(preview):
    template = workflow()

    run = preview(HEADER + "ada@example.org,Ada,\nbob@example.org,Bob,\nnobody,,\n")

    told = run.forecast["workflows"][str(template.pk)]
    assert (run.forecast["people"], told["people"], told["emails"], told["first_hours"]) == (2, 2, 2, 2.0)


def test_forecast_counts_a_person_who_stands_there_twice_once(preview, monkeypatch):
    monkeypatch.setattr("workflows.transfers.pipeline.JUDGED_AT_ONCE", 1)
    template = workflow()

    run = preview(HEADER + "ada@example.org,Ada,\nada@example.org,,Engines\n")

    assert run.forecast["workflows"][str(template.pk)]["people"] == 1


def test_forecast_leaves_out_who_must_not_be_contacted(preview):
    workflow()

    run = preview("Email,Status\nada@example.org,Do Not Contact\n")

    assert run.forecast["people"] == 0


def test_forecast_is_what_starts(preview):
    template = workflow()
    run = preview(HEADER + "ada@example.org,Ada,\nbob@example.org,Bob,\nada@example.org,,Engines\n")

    runs.apply(run=run, start_workflows=True)

    run.refresh_from_db()
    assert WorkflowInstance.objects.filter(template=template).count() == run.forecast["people"] == 2
    assert run.applied["started"] == 2


def test_nothing_starts_unless_asked(preview):
    workflow()
    run = preview(HEADER + "ada@example.org,Ada,\n")

    runs.apply(run=run, start_workflows=False)

    assert not WorkflowInstance.objects.exists()


def test_columns_can_be_chosen_again(preview):
    run = preview("Email,Firm\nada@example.org,Engines\n")
    runs.choose_again(run=run)

    runs.check(run=run, fields=["email", "company"])

    run.refresh_from_db()
    assert run.lines.get().changes["company"] == [None, "Engines"]
    assert run.foreseen["created"] == 1


def test_same_file_with_other_columns_is_no_repetition(preview):
    runs.apply(run=preview("Email,Firm\nada@example.org,Engines\n"), start_workflows=False)
    again = preview("Email,Firm\nada@example.org,Engines\n", source="Other")
    runs.choose_again(run=again)

    runs.check(run=again, fields=["email", "company"])

    assert again.lines.get().foreseen == "updated"


def test_same_file_again_changes_nothing(preview):
    runs.apply(run=preview(HEADER + "ada@example.org,Ada,\n"), start_workflows=False)

    again = preview(HEADER + "ada@example.org,Ada,\n")

    assert outcomes(again) == ["unchanged"]
