"""What colleagues do with one person, each asked first: the page says what will happen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from contactflow import contact_summary
from contactflow.admin.person_forms import NoteForm, OwnerForm, PermissionForm, StopForm, TaskForm, TouchForm
from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.confirmation import ReasonForm, confirmed
from contactflow.core.admin.model_admin import BaseAdmin, address_of, button, joined
from contactflow.core.numbers import counted
from contacts import consent, contact_actions, intake
from contacts.models import Consent, Contact
from engagement import tasking, touches
from workflows import actions, controls
from workflows.admin import plan_sentences
from workflows.models import ScheduledAction, Step, WorkflowInstance
from workflows.starting import manual


def _still_blocked(contact: Contact) -> str:
    blocked = consent.suppression_of(email=contact.email)
    if blocked is None:
        return ""
    reason = blocked.get_reason_display().lower()
    return f"The address itself stays blocked ({reason}); that is lifted under “Suppressed addresses”."


class PersonButtons(BaseAdmin):
    """Before an admin of contacts. Every button calls one function of the domain."""

    actions_detail = (
        "start", "add_task", "log_touch", "add_note", "convert", "assign_owner", "record_permission",
        "pause_all", "resume_all", "do_not_contact", "contact_again", "unfollow", "follow", "takeout", "erase",
    )  # fmt: skip

    def has_start_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.add_workflowinstance")

    def has_control_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.change_workflowinstance")

    def has_upkeep_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contacts.change_contact")

    def has_consent_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contacts.add_consent")

    def has_task_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.add_task")

    def has_touch_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.add_humantouch")

    def possible_buttons(self, row: Contact) -> Sequence[str]:
        running = set(WorkflowInstance.objects.filter(contact=row).values_list("status", flat=True))
        possible = {
            "start": not row.status.blocks_contact,
            "do_not_contact": not row.status.blocks_contact,
            "contact_again": row.status.blocks_contact,
            "unfollow": row.is_tracked,
            "follow": not row.is_tracked,
            "pause_all": "active" in running,
            "resume_all": "paused" in running,
        }
        return [name for name in self.actions_detail if possible.get(name, True)]

    @button("Start a workflow", permission="start", icon="play_arrow")
    def start(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Which workflow, what speaks for and against each, and what it would do."""
        contact = confirmation.opened(self, request, object_id)
        now, error = clock.database_now(), ""
        prospects = manual.prospects(contact=contact, now=now)
        chosen = request.POST.get("workflow") or request.GET.get("workflow", "")
        if request.method == "POST":
            prospect = next((one for one in prospects if one.template.slug == chosen and not one.refusal), None)
            if prospect is None:
                error = "Choose the workflow to start."
            elif prospect.repeats and "force" not in request.POST:
                error = f"{prospect.template} started for them before. Tick “Start it again” if that is what you want."
            else:
                return self._start(request, contact, prospect)
        context = {
            "original": contact,
            "title": "Start a workflow",
            "prospects": _with_steps(prospects),
            "chosen": chosen,
            "error": error,
            "back": address_of(contact),
        }
        return self.framed(request, "admin/contacts/start.html", context)

    def _start(self, request: HttpRequest, contact: Contact, prospect: manual.Prospect) -> HttpResponse:
        about: dict[str, Any] = {"template": prospect.template, "force": prospect.repeats, **_who_and_when(request)}
        try:
            instance = manual.start(contact=contact, **about)
        except manual.NotStarted as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{instance.template} runs for {contact} now.")
        return HttpResponseRedirect(address_of(contact))

    @confirmed(
        "Pause everything",
        permission="control",
        icon="pause",
        explanation=lambda _, __, contact: (
            f"{_list_of(contact, 'active')} Nothing of it goes on until somebody resumes it; then what waits is "
            "shifted by the length of the pause. What is being handed over at this moment still ends."
        ),
        form=ReasonForm,
        refusals=(controls.NotPossible,),
    )
    def pause_all(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        count = controls.pause_all(contact=contact, reason=answers["reason"], **_who_and_when(request))
        return f"{counted(count, 'workflow')} on hold."

    @confirmed(
        "Resume everything",
        permission="control",
        icon="resume",
        explanation=lambda _, __, contact: (
            f"{_list_of(contact, 'paused')} Each goes on where it stood; what waits is shifted by the pause."
        ),
        form=ReasonForm,
        refusals=(controls.NotPossible,),
    )
    def resume_all(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        count = controls.resume_all(contact=contact, reason=answers["reason"], **_who_and_when(request))
        return f"{counted(count, 'workflow')} running again."

    @confirmed(
        "Do not contact",
        permission="upkeep",
        icon="do_not_disturb_on",
        danger=True,
        explanation=lambda _, __, contact: (
            f"No brand writes to {contact} any more, and no workflow starts for them. {_what_stops(contact)}"
        ),
        submit="Do not contact any more",
        choose_form=lambda page, request, contact: (
            StopForm if page.has_control_permission(request) and _running(contact) else ReasonForm
        ),
        refusals=(consent.NoBlockingStatus, controls.NotPossible),
    )
    def do_not_contact(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        stop = self.has_control_permission(request) and bool(answers.get("stop"))
        return forbid(contact=contact, reason=answers["reason"], stop=stop, colleague=request.user.get_username())

    @confirmed(
        "May be written to again",
        permission="upkeep",
        icon="undo",
        explanation="The status goes back to what it was before Do Not Contact. Nothing that was cancelled begins "
        "again by itself. Do this only when the person asked for it, or the ban was a mistake.",
        submit="Allow it again",
        form=ReasonForm,
        refusals=(consent.NoAllowingStatus,),
        warning=_still_blocked,
    )
    def contact_again(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        colleague, now = request.user.get_username(), clock.database_now()
        done = consent.contact_again(contact=contact, source=answers["reason"], now=now, colleague=colleague)
        return f"{contact} is {contact.status} now." if done else "Nothing forbade it any more."

    @confirmed(
        "Do not follow opens and clicks",
        permission="upkeep",
        icon="visibility_off",
        explanation="Emails written from now on have direct links and no picture that tells of opens. Links of those "
        "they have already lead where they led, and nothing is noted any more.",
        submit="Do not follow",
    )
    def unfollow(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        contact_actions.follow(contact=contact, is_tracked=False)
        return f"What {contact} opens and clicks is not followed any more."

    @confirmed(
        "Follow opens and clicks again",
        permission="upkeep",
        icon="visibility",
        explanation="Emails to them that are written from now on tell of opens and clicks, where their brand has it.",
        submit="Follow again",
    )
    def follow(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        contact_actions.follow(contact=contact, is_tracked=True)
        return f"What {contact} opens and clicks is followed again."

    @confirmed(
        "Assign an owner",
        permission="upkeep",
        icon="person_add",
        explanation="Colleagues see whose contact this is. Nothing is sent, and no workflow changes.",
        submit="Assign",
        form=OwnerForm,
        initial=lambda contact: {"owner": contact.owner_id},
    )
    def assign_owner(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        owner = answers["owner"]
        contact_actions.assign_owner(contacts=[contact], owner=owner)
        return f"{owner} looks after {contact} now." if owner else f"Nobody looks after {contact} now."

    @confirmed(
        "Record consent",
        permission="consent",
        icon="how_to_reg",
        explanation="The newest record for a brand holds. Once withdrawn, emails that wait for that brand are skipped "
        "when their time comes; alerts and tasks go on. Records are never changed or deleted.",
        submit="Record",
        form=PermissionForm,
    )
    def record_permission(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        record = consent.grant if answers["state"] == Consent.State.GRANTED else consent.withdraw
        record(
            contact=contact,
            business_entity=answers["business_entity"],
            source=answers["source"],
            basis=answers.get("basis") or "",
            wording=answers.get("wording") or "",
            actor=request.user.get_username(),
            now=clock.database_now(),
        )
        return "Recorded. It holds from this moment on."

    @confirmed(
        "Add a task",
        permission="task",
        icon="add_task",
        explanation="It stands among everybody's tasks and in this person's timeline.",
        submit="Add the task",
        form=TaskForm,
    )
    def add_task(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        now, assignee = clock.database_now(), answers.pop("assignee")
        with transaction.atomic():
            task = tasking.create_task(action_id=None, contact=contact, now=now, **answers)
            if assignee is not None:
                tasking.change(task=task, values={"assignee": assignee}, now=now)
        return f"The task “{task}” is on the list{f' of {assignee}' if assignee else ''}."

    @confirmed(
        "Log a call or meeting",
        permission="touch",
        icon="call",
        explanation="For what happened outside of Contactflow: it stands in the timeline and counts as an answer to "
        "this person. Nothing is sent.",
        submit="Log it",
        form=TouchForm,
        refusals=(touches.NotYet,),
    )
    def log_touch(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        now = clock.database_now()
        answers["at"] = answers["at"] or now
        touch = touches.log(contact=contact, colleague=request.user.get_username(), now=now, **answers)
        return f"“{touch.get_kind_display()}” stands in the timeline."

    @confirmed(
        "Add a note",
        permission="upkeep",
        icon="sticky_note_2",
        explanation="For colleagues who open this contact.",
        submit="Keep the note",
        form=NoteForm,
        refusals=(intake.IntakeError,),
    )
    def add_note(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        colleague = request.user.get_username()
        contact_actions.leave_note(contact=contact, text=answers["text"], colleague=colleague, now=clock.database_now())
        return "The note stands in the timeline."


def forbid(*, contact: Contact, reason: str, stop: bool, colleague: str) -> str:
    """Do Not Contact, and with `stop` the end of what runs; says what it did."""
    now = clock.database_now()
    with transaction.atomic():
        consent.do_not_contact(contact=contact, source=reason, now=now, colleague=colleague)
        count = controls.cancel_all(contact=contact, reason=reason, actor=colleague, now=now) if stop else 0
    ended = f" {counted(count, 'workflow')} cancelled." if count else ""
    return f"Nobody writes to {contact} any more.{ended}"


def _with_steps(prospects: list[manual.Prospect]) -> list[dict[str, Any]]:
    """What each workflow would do, in words; the steps of all of them in one query."""
    ids = [step.pk for prospect in prospects for step in prospect.steps]
    steps = Step.objects.filter(pk__in=ids).select_related("target", "template").prefetch_related("touches__template")
    by_version: dict[int, list[str]] = defaultdict(list)
    for step in steps.order_by("delay_hours", "position"):
        by_version[step.version_id].append(plan_sentences.step(step))
    return [{"prospect": one, "steps": by_version[one.steps[0].version_id] if one.steps else []} for one in prospects]


def _who_and_when(request: HttpRequest) -> dict[str, Any]:
    return {"actor": request.user.get_username(), "now": clock.database_now()}


def _running(contact: Contact, *statuses: str) -> list[WorkflowInstance]:
    rows = WorkflowInstance.objects.filter(contact=contact, status__in=statuses or ("active", "paused"))
    return list(rows.select_related("template")[:50])


def _list_of(contact: Contact, status: str) -> str:
    found = _running(contact, status)
    words = {
        "active": "runs" if len(found) == 1 else "run",
        "paused": "is on hold" if len(found) == 1 else "are on hold",
    }
    if not found:
        return "Nothing runs for this person." if status == "active" else "Nothing is on hold for this person."
    return f"{joined(one.template for one in found)} {words[status]} for {contact}."


def _what_stops(contact: Contact) -> str:
    found = _running(contact)
    if not found:
        return "Nothing runs for them at present."
    waiting = ScheduledAction.objects.filter(instance__in=found, status__in=contact_summary.OPEN)
    kinds = list(waiting.values_list("action_type", flat=True))
    emails = sum(actions.of(kind).is_email for kind in kinds)
    steps = f"{counted(len(kinds), 'step')} waiting" + (f", {emails} of them emails" if emails else "")
    return f"Running now: {joined(one.template for one in found)} ({steps})."
