"""A dry run in the admin: what would happen to whom, when, and how it would read. Nothing is written."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import formats, timezone

from contactflow.core import clock
from contactflow.core.admin.model_admin import BaseAdmin
from contacts import describe
from contacts.admin import people_search
from contacts.models import BusinessEntity, ContactType, LeadSource
from engagement.admin.messages import framed
from workflows import actions, active_workflows, drafts, enrolment, explain, simulation
from workflows.actions.base import Someone
from workflows.admin import workflow_pages
from workflows.conditions import Facts, Verdict
from workflows.drafts import Plan
from workflows.models import WorkflowTemplate, WorkflowVersion

INPUT = {"class": "desk-input"}


class ExampleForm(forms.Form):
    """Somebody who exists nowhere, and when it would start."""

    first_name = forms.CharField(required=False, max_length=150, widget=forms.TextInput(attrs=INPUT))
    contact_type = forms.ModelChoiceField(
        ContactType.objects.all(), required=False, empty_label="None", widget=forms.Select(attrs=INPUT)
    )
    lead_source = forms.ModelChoiceField(
        LeadSource.objects.all(), required=False, empty_label="None", widget=forms.Select(attrs=INPUT)
    )
    brand = forms.ModelChoiceField(
        BusinessEntity.objects.all(), required=False, empty_label="None", widget=forms.Select(attrs=INPUT)
    )
    interest = forms.CharField(required=False, max_length=100, widget=forms.TextInput(attrs=INPUT))
    tag = forms.CharField(required=False, max_length=60, widget=forms.TextInput(attrs=INPUT))


class StartForm(forms.Form):
    start = forms.DateTimeField(
        required=False, label="Starting", validators=[clock.validate_moment],
        widget=forms.DateTimeInput(attrs={**INPUT, "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": "Give a day and a time, such as 2026-03-02 09:00."},
    )  # fmt: skip


def dry_run(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Choose a contact or an example person; see the calendar."""
    template = workflow_pages.opened(page, request, object_id)
    version = _version(template, request.GET.get("version", ""))
    plan = drafts.plan_of(version, template)
    contact = people_search.chosen(request)
    example = ExampleForm(request.GET if "example" in request.GET else None, initial=_fitting(plan))
    when = StartForm(request.GET)
    when.is_valid()
    now = clock.database_now()
    someone = _someone(plan, contact, example)
    verdict = _verdict(template, version, someone, contact, now) if version and someone else None
    if someone and verdict and verdict.matched:
        someone = dataclasses.replace(someone, because=describe.because(verdict.because))
    start = when.cleaned_data.get("start") or now
    return workflow_pages.answer(
        page, request, template, "dry_run", "dry_run",
        plan=plan,
        version=version,
        draft=template.versions.filter(published_at=None).first(),
        current=template.current_version,
        example=example,
        when=when,
        chosen=contact,
        find_address=workflow_pages.address(template, "find"),
        start=start,
        **(_calendar(plan, someone, start) if someone else {}),
        verdict=verdict,
        because=describe.because(verdict.because) if verdict else "",
        may_see_people=request.user.has_perm("contacts.view_contact"),
    )  # fmt: skip


def _version(template: WorkflowTemplate, asked: str) -> WorkflowVersion | None:
    """ "draft", "published", or what an editor sees."""
    if asked == "published" and template.current_version:
        return template.current_version
    return drafts.in_work(template)


def _someone(plan: Plan, contact: Any, example: ExampleForm) -> Someone | None:
    if contact is not None:
        return simulation.real(contact=contact, plan=plan)
    if not example.is_bound or not example.is_valid():
        return None
    said = example.cleaned_data
    return simulation.example(
        first_name=said["first_name"],
        contact_types=[said["contact_type"]] if said["contact_type"] else [],
        lead_source=said["lead_source"],
        business_entity=plan.business_entity or said["brand"],
        interests=[said["interest"]] if said["interest"] else [],
        tags=[said["tag"]] if said["tag"] else [],
    )


def _calendar(plan: Plan, someone: Someone, start: dt.datetime) -> dict[str, Any]:
    shown = [
        {
            "one": one,
            "kind": actions.of(one.action_type),
            "theirs": _at(one.at, someone.zone),
            "ours": _at(one.at, someone.team_zone),
            "frame": framed(one.html, f"{one.subject}, as its reader sees it") if one.html else "",
        }
        for one in simulation.simulate_plan(plan=plan, someone=someone, start=start)
    ]
    return {
        "shown": shown,
        "someone": someone,
        "their_zone": someone.zone,
        "team_zone": someone.team_zone,
        "has_two_zones": someone.zone != someone.team_zone,
        "begins": _at(start, someone.team_zone),
        "reader_zone": timezone.get_current_timezone_name(),
    }


def _verdict(
    template: WorkflowTemplate, version: WorkflowVersion, someone: Someone, contact: Any, now: dt.datetime
) -> Verdict:
    """Whether it would start for them at all."""
    candidate = active_workflows.candidate_of(template, version)
    facts = Facts.from_event(someone.facts or {}) if contact is None else explain.facts_of(contact)
    return enrolment.judge(candidate=candidate, contact=someone.contact, facts=facts, event=None, now=now)


def _fitting(plan: Plan) -> dict[str, Any]:
    """An example who matches, as far as one choice of each can."""
    return {
        "first_name": "Robin",
        "contact_type": plan.contact_types[0] if plan.contact_types else None,
        "lead_source": plan.lead_sources[0] if plan.lead_sources else None,
        "brand": plan.business_entity,
        "interest": next(iter(plan.interests), ""),
        "tag": next(iter(plan.tags), "") if not plan.interests else "",
    }


def _at(moment: dt.datetime, zone: str) -> str:
    """Tue 3 Mar 2026, 9:00 in that zone; an unknown zone is read as UTC."""
    return formats.date_format(moment.astimezone(_zone_of(zone)), "D j M Y, G:i")


def _zone_of(name: str) -> dt.tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a name that somebody typed
        return dt.UTC
