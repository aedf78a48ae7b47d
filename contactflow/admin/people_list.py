"""The list of people: what one sees at a glance, by what one narrows it, and what one does to several at once."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.contrib.filters.admin import RelatedDropdownFilter, TextFilter
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from contactflow.admin.person_buttons import forbid
from contactflow.admin.person_forms import OwnerForm, StopForm
from contactflow.core import clock
from contactflow.core.admin import bulk
from contactflow.core.admin.bulk import Bulk
from contactflow.core.admin.confirmation import ReasonForm
from contactflow.core.admin.filters import BelongsFilter, choice_filter
from contactflow.core.admin.model_admin import BaseAdmin, column, joined, name_of
from contactflow.core.datetimes import moment
from contactflow.core.numbers import counted
from contactflow.today.filters import by_answer, by_arrival
from contacts import consent, contact_actions, filters, intake
from contacts.models import Contact
from engagement.models import Message
from workflows import controls, enrolment, wake
from workflows.models import WorkflowInstance, WorkflowTemplate
from workflows.starting import manual

AT_ONCE = 500
RUNNING = Q(status__in=["active", "paused"])


@choice_filter("what runs", "runs", [("yes", "A workflow runs"), ("no", "No workflow runs")])
def by_running(people: QuerySet[Contact], chosen: str, request: HttpRequest) -> QuerySet[Contact]:
    running = Exists(WorkflowInstance.objects.filter(RUNNING, contact=OuterRef("pk")))
    if chosen == "yes":
        return people.filter(running)
    return people.filter(~running) if chosen == "no" else people


UNWRITTEN = {"7": "Arrived in the last 7 days", "30": "Arrived in the last 30 days", "90": "In the last 90 days"}


@choice_filter("nobody wrote yet", "unwritten", list(UNWRITTEN.items()))
def by_unwritten(people: QuerySet[Contact], chosen: str, request: HttpRequest) -> QuerySet[Contact]:
    """Bounded by the date of arrival: among everybody it would read every email ever sent."""
    if chosen not in UNWRITTEN:
        return people
    written = Message.objects.filter(contact=OuterRef("pk"), sent_at__isnull=False)
    return people.filter(~Exists(written), created_at__gte=clock.database_now() - dt.timedelta(days=int(chosen)))


def by_mark(title: str, mark: str) -> type[TextFilter]:
    class Filter(TextFilter):  # type: ignore[misc]  # Unfold has no types
        def queryset(self, request: HttpRequest, queryset: Any) -> Any:
            return filters.marked(queryset, mark, [self.value()]) if self.value() else queryset

    Filter.title, Filter.parameter_name = title, mark
    return Filter


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


def _owned(people: list[Contact]) -> list[str]:
    owned = sum(one.owner_id is not None for one in people)
    return [f"{_people(owned)} of them have an owner now, who is replaced."] if owned else []


def _forbidden(people: list[Contact]) -> list[str]:
    already = sum(one.status.blocks_contact for one in people)
    running = WorkflowInstance.objects.filter(RUNNING, contact__in=people).count()
    said = ["No brand writes to them any more, and no workflow starts for them."]
    said += [f"{_people(already)} of them are not contacted already."] if already else []
    return [*said, f"{counted(running, 'workflow')} running for them at present."]


class PeopleList(BaseAdmin):
    """Before an admin of contacts."""

    list_display: Any = ("person", "brands", "types", "state", "owner_name", "heard", "runs")
    list_display_links: Any = ("person",)
    list_filter: ClassVar[Any] = (
        ("contact_types", BelongsFilter),
        ("lead_source", RelatedDropdownFilter),
        ("business_entities", BelongsFilter),
        ("status", RelatedDropdownFilter),
        ("owner", RelatedDropdownFilter),
        by_mark("tag", "tags"),
        by_mark("interest", "interests"),
        by_mark("custom field, such as Size=large", "custom"),
        by_running,
        by_unwritten,
        by_arrival,
        by_answer,
    )
    list_filter_sheet = True
    sortable_by: ClassVar[Any] = ()  # the newest come first; no other order has an index
    actions: Any = ("assign_owner_to_all", "add_tag_to_all", "start_for_all", "do_not_contact_all")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        rows = super().get_queryset(request).select_related("status", "lead_source", "owner")
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

    @bulk.asked("Assign an owner", permission="upkeep", submit="Assign", lines=_owned, form=OwnerForm, **PEOPLE)
    def assign_owner_to_all(self, request: HttpRequest, people: list[Contact], answers: dict[str, Any]) -> str:
        count = contact_actions.assign_owner(contacts=people, owner=answers["owner"])
        whose = f"{answers['owner']} looks" if answers["owner"] else "Nobody looks"
        return f"{whose} after them now: changed for {_people(count)}."

    @bulk.asked(
        "Add a tag",
        permission="upkeep",
        submit="Add the tag",
        form=TagForm,
        lines=lambda _: [
            "Whoever has it already stays as they are. Workflows that ask for this tag may start, as with any edit."
        ],
        refusals=(intake.IntakeError,),
        **PEOPLE,
    )
    def add_tag_to_all(self, request: HttpRequest, people: list[Contact], answers: dict[str, Any]) -> str:
        now, colleague = clock.database_now(), request.user.get_username()
        receipts = contact_actions.add_tag(contacts=people, tag=answers["tag"], colleague=colleague, now=now)
        started = sum(len(enrolment.enrol(event=one.event, now=now).instances) for one in receipts)
        wake.on_commit()
        also = f" It started {counted(started, 'workflow')}." if started else ""
        return f"{_people(len(receipts))} got the tag.{also}"

    @action(description="Start a workflow", permissions=["start"])  # type: ignore[untyped-decorator]  # Unfold has no types
    def start_for_all(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        chosen = WorkflowForm(request.POST if "answered" in request.POST else None)
        if not (chosen.is_bound and chosen.is_valid()):
            which = Bulk(
                name="start_for_all", title="Start a workflow", submit="Look", act=lambda people, answers: "",
                form=WorkflowForm, is_final=False, **PEOPLE,
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

    @bulk.asked(
        "Do not contact",
        permission="upkeep",
        submit="Do not contact any more",
        form=lambda page, request: StopForm if page.has_control_permission(request) else ReasonForm,
        lines=_forbidden,
        refusals=(consent.NoBlockingStatus, controls.NotPossible),
        is_danger=True,
        **PEOPLE,
    )
    def do_not_contact_all(self, request: HttpRequest, people: list[Contact], answers: dict[str, Any]) -> str:
        stop = self.allows(request, "control") and bool(answers.get("stop"))
        for one in people:
            forbid(contact=one, reason=answers["reason"], stop=stop, colleague=request.user.get_username())
        return f"Nobody writes to these {_people(len(people))} any more."


def _people(number: int) -> str:
    return counted(number, "person", "people")
