"""The list of people: what one sees at a glance, by what one narrows it, and what one does to several at once."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from contactflow.admin.person_buttons import forbid
from contactflow.admin.person_forms import OwnerForm, StopForm
from contactflow.core import clock
from contactflow.core.admin import bulk
from contactflow.core.admin.bulk import Bulk
from contactflow.core.admin.confirmation import ReasonForm
from contactflow.core.admin.filters import BelongsFilter
from contactflow.core.admin.model_admin import column, joined, name_of
from contactflow.core.datetimes import moment
from contactflow.core.numbers import counted
from contactflow.today.filters import AnswerFilter, CameFilter
from contacts import consent, contact_actions, intake
from contacts.models import Contact
from engagement.models import Message
from workflows import controls, enrolment, wake
from workflows.models import WorkflowInstance, WorkflowTemplate
from workflows.starting import manual

AT_ONCE = 500
RUNNING = Q(status__in=["active", "paused"])


class RunningFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    title = "what runs"
    parameter_name = "runs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "A workflow runs"), ("no", "No workflow runs")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        running = Exists(WorkflowInstance.objects.filter(RUNNING, contact=OuterRef("pk")))
        if self.value() == "yes":
            return queryset.filter(running)
        return queryset.filter(~running) if self.value() == "no" else queryset


class NobodyWroteFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    """Bounded by the date of arrival: among everybody it would read every email ever sent."""

    title = "nobody wrote yet"
    parameter_name = "unwritten"
    DAYS: ClassVar = {
        "7": "Arrived in the last 7 days",
        "30": "Arrived in the last 30 days",
        "90": "In the last 90 days",
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.DAYS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        if self.value() not in self.DAYS:
            return queryset
        since = clock.database_now() - dt.timedelta(days=int(str(self.value())))
        written = Message.objects.filter(contact=OuterRef("pk"), sent_at__isnull=False)
        return queryset.filter(~Exists(written), created_at__gte=since)


class TagForm(forms.Form):
    tag = forms.CharField(max_length=60, widget=UnfoldAdminTextInputWidget(), help_text="For example: VIP")


class WorkflowForm(forms.Form):
    workflow = forms.ModelChoiceField(
        WorkflowTemplate.objects.filter(active=True, current_version__isnull=False).order_by("name"),
        widget=UnfoldAdminSelectWidget(),
        empty_label="Choose a workflow",
        help_text="Nothing starts yet: the next page says for how many of them, and why not for the others.",
    )


PEOPLE: Any = {"noun": ("person", "people"), "at_once": AT_ONCE}


class PeopleList:
    """Before an admin of contacts."""

    list_display: Any = ("person", "brands", "types", "state", "owner_name", "heard", "runs")
    list_display_links: Any = ("person",)
    list_filter: Any = (
        ("contact_types", BelongsFilter),
        ("lead_source", RelatedDropdownFilter),
        ("business_entities", BelongsFilter),
        ("status", RelatedDropdownFilter),
        ("owner", RelatedDropdownFilter),
        RunningFilter,
        NobodyWroteFilter,
        CameFilter,
        AnswerFilter,
    )
    list_filter_sheet = True
    sortable_by: Any = ()  # the newest come first; no other order has an index
    actions: Any = ("assign_owner_to_all", "add_tag_to_all", "start_for_all", "do_not_contact_all")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        rows: QuerySet[Contact] = super().get_queryset(request).select_related("status", "lead_source", "owner")  # type: ignore[misc]
        match = request.resolver_match
        if match is None or match.url_name != "contacts_contact_changelist":
            return rows
        running = WorkflowInstance.objects.filter(RUNNING).select_related("template")
        return rows.prefetch_related(Prefetch("workflow_instances", queryset=running, to_attr="running_now"))

    @column("Name")
    def person(self, contact: Contact) -> str:
        about = ", ".join(part for part in (contact.email if contact.full_name else "", contact.company) if part)
        return format_html('{}<span class="person-about">{}</span>', str(contact), about)

    @column("Owner")
    def owner_name(self, contact: Contact) -> str:
        return name_of(contact.owner) if contact.owner else "-"

    @column("Last heard from")
    def heard(self, contact: Contact) -> str:
        if contact.last_interaction_at is None:
            return format_html('<span class="person-about">never; arrived {}</span>', moment(contact.created_at))
        return moment(contact.last_interaction_at)

    @column("Runs now")
    def runs(self, contact: Contact) -> str:
        now = getattr(contact, "running_now", ())
        return joined(f"{one.template}{' (on hold)' if one.status == 'paused' else ''}" for one in now)

    @action(description="Assign an owner", permissions=["upkeep"])  # type: ignore[untyped-decorator]  # Unfold has no types
    def assign_owner_to_all(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        def act(people: list[Contact], answers: dict[str, Any]) -> str:
            count = contact_actions.assign_owner(contacts=people, owner=answers["owner"])
            whose = f"{answers['owner']} looks" if answers["owner"] else "Nobody looks"
            return f"{whose} after them now: changed for {_people(count)}."

        def lines(people: list[Contact]) -> list[str]:
            owned = sum(one.owner_id is not None for one in people)
            return [f"{_people(owned)} of them have an owner now, who is replaced."] if owned else []

        return bulk.ask(
            self,
            request,
            queryset.order_by(),
            Bulk(
                name="assign_owner_to_all", title="Assign an owner", submit="Assign", act=act, lines=lines,
                form=OwnerForm, **PEOPLE,
            ),
        )  # fmt: skip

    @action(description="Add a tag", permissions=["upkeep"])  # type: ignore[untyped-decorator]  # Unfold has no types
    def add_tag_to_all(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        def act(people: list[Contact], answers: dict[str, Any]) -> str:
            now = clock.database_now()
            receipts = contact_actions.add_tag(
                contacts=people, tag=answers["tag"], colleague=request.user.get_username(), now=now
            )
            started = sum(len(enrolment.enrol(event=one.event, now=now).instances) for one in receipts)
            wake.on_commit()
            also = f" It started {counted(started, 'workflow')}." if started else ""
            return f"{_people(len(receipts))} got the tag.{also}"

        said = "Whoever has it already stays as they are. Workflows that ask for this tag may start, as with any edit."
        question = Bulk(
            **PEOPLE,
            name="add_tag_to_all",
            title="Add a tag",
            submit="Add the tag",
            act=act,
            form=TagForm,
            lines=lambda _: [said],
            refusals=(intake.IntakeError,),
        )
        return bulk.ask(self, request, queryset.order_by(), question)

    @action(description="Start a workflow", permissions=["start"])  # type: ignore[untyped-decorator]  # Unfold has no types
    def start_for_all(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        chosen = WorkflowForm(request.POST if "answered" in request.POST else None)
        if not (chosen.is_bound and chosen.is_valid()):
            which = Bulk(
                name="start_for_all", title="Start a workflow", submit="Look", act=_nothing, form=WorkflowForm,
                is_final=False, **PEOPLE,
            )  # fmt: skip
            return bulk.ask(self, request, queryset.order_by(), which)
        template = chosen.cleaned_data["workflow"]

        def act(people: list[Contact], answers: dict[str, Any]) -> str:
            actor, now = request.user.get_username(), clock.database_now()
            count = manual.start_several(contacts=people, template=template, actor=actor, now=now)
            return f"{template} runs for {_people(count)} now."

        def lines(people: list[Contact]) -> list[str]:
            found = manual.preview(contacts=people, template=template, now=clock.database_now())
            left = [f"Not for {_people(count)}: {because}." for because, count in found.left_out.items()]
            return [f"It would start for {_people(found.would_start)}.", *left[:10]]

        class Chosen(forms.Form):
            workflow = forms.CharField(widget=forms.HiddenInput(), initial=str(template.pk))

        question = Bulk(
            **PEOPLE,
            name="start_for_all",
            title=f"Start “{template}”",
            submit="Start it for those",
            act=act,
            form=Chosen,
            lines=lines,
            refusals=(manual.NotStarted,),
        )
        return bulk.ask(self, request, queryset.order_by(), question)

    @action(description="Do not contact", permissions=["upkeep"])  # type: ignore[untyped-decorator]  # Unfold has no types
    def do_not_contact_all(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        may_stop = bool(self.has_control_permission(request))  # type: ignore[attr-defined]  # the person's buttons

        def act(people: list[Contact], answers: dict[str, Any]) -> str:
            stop, colleague = may_stop and bool(answers.get("stop")), request.user.get_username()
            for one in people:
                forbid(contact=one, reason=answers["reason"], stop=stop, colleague=colleague)
            return f"Nobody writes to these {_people(len(people))} any more."

        def lines(people: list[Contact]) -> list[str]:
            already = sum(one.status.blocks_contact for one in people)
            running = WorkflowInstance.objects.filter(RUNNING, contact__in=people).count()
            said = ["No brand writes to them any more, and no workflow starts for them."]
            said += [f"{_people(already)} of them are not contacted already."] if already else []
            return [*said, f"{counted(running, 'workflow')} running for them at present."]

        question = Bulk(
            **PEOPLE,
            name="do_not_contact_all",
            title="Do not contact",
            submit="Do not contact any more",
            act=act,
            form=StopForm if may_stop else ReasonForm,
            lines=lines,
            refusals=(consent.NoBlockingStatus, controls.NotPossible),
            is_danger=True,
        )
        return bulk.ask(self, request, queryset.order_by(), question)


def _nothing(people: list[Contact], answers: dict[str, Any]) -> str:
    return ""


def _people(number: int) -> str:
    return counted(number, "person", "people")
