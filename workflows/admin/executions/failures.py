"""What went wrong, by cause: the page of it, and the page that asks before many steps are touched."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from contactflow.core import clock
from contactflow.core.admin.confirmation import ReasonForm
from contactflow.core.admin.model_admin import BaseAdmin, page
from contactflow.core.numbers import counted
from workflows import failure_causes, failures
from workflows.admin.executions import history
from workflows.models import BulkDecision, ScheduledAction

Verb = BulkDecision.Verb
IN_THE_REQUEST = 8.0  # seconds the page works itself; the rest is left to the workers
SHOWN = 10  # steps the preview shows by name

# What each decision is called on its button, asked as, and told as afterwards.
WORDS: dict[str, tuple[str, str, str]] = {
    Verb.RETRY: ("Try again", "Try {steps} again?", "{done} tried again."),
    Verb.SKIP: ("Leave out", "Leave {steps} out?", "{done} left out."),
    Verb.RESOLVE_SENT: ("They arrived", "Count {steps} as arrived?", "{done} counted as arrived."),
    Verb.RESOLVE_NOT_SENT: ("They did not: send now", "Send {steps} now?", "{done} on their way."),
}
LOOKED_AT_AGAIN = (
    "Each is looked at once more when its turn comes: one that yields to another email, or may not be sent any more, "
    "is left out. The page of failures says what became of each."
)
MEANS: dict[str, str] = {
    Verb.RETRY: "Each is tried at once, and its workflow goes on when that works.",
    Verb.SKIP: "Nothing of them is sent or made; the other steps of their workflows go on. You can still try one again "
    "later, from its own page.",
    Verb.RESOLVE_SENT: "They are counted as done, and nothing is sent.",
    Verb.RESOLVE_NOT_SENT: "Each email is sent again. Whoever did get it the first time gets it twice, so be sure.",
}


class DecisionForm(ReasonForm):
    """What is decided, about what, and why."""

    verb = forms.ChoiceField(choices=Verb.choices, widget=forms.HiddenInput)
    cause = forms.CharField(max_length=120, required=False, widget=forms.HiddenInput)
    chosen = forms.CharField(required=False, widget=forms.HiddenInput)
    expected = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    """How many steps the page told of."""
    field_order = ("reason",)

    def clean_chosen(self) -> list[uuid.UUID]:
        try:
            return [uuid.UUID(one) for one in self.cleaned_data["chosen"].split(",") if one][: failures.CHOSEN]
        except ValueError:
            raise forms.ValidationError("Choose the steps in the list again.") from None

    def clean(self) -> dict[str, Any]:
        """An empty choice is no decision about every step without a cause."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("cause") and "chosen" in data and not data["chosen"]:
            self.add_error("chosen", "Choose the steps in the list again.")
        return data


def _about_chosen(verb: str, description: str) -> Callable[..., HttpResponse | None]:
    """The action of the list that asks about the steps chosen in it."""

    @admin.action(description=description, permissions=["control"])
    def about(page: FailurePages, request: HttpRequest, chosen: QuerySet[ScheduledAction]) -> HttpResponse | None:
        ids = list(chosen.order_by("pk").values_list("pk", flat=True)[: failures.CHOSEN + 1])
        if len(ids) > failures.CHOSEN:
            sentence = f"Choose {failures.CHOSEN} steps at most, or decide about a whole cause in “Failures”."
            messages.error(request, sentence)
            return None
        form = DecisionForm(initial={"verb": verb, "chosen": ",".join(map(str, ids))})
        return page.ask(request, form, verb, "", ids)

    return about


class FailurePages(BaseAdmin):
    """The pages of failures, for the admin of steps."""

    def has_control_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.change_scheduledaction")

    @page("failures/", name="workflows_failures")
    def failures_view(self, request: HttpRequest) -> HttpResponse:
        found = failures.groups()
        context = {
            "title": "Failures",
            "groups": [self._shown(group) for group in found],
            "steps": sum(group.steps for group in found),
            "decisions": [_decided(decision) for decision in failures.lately(now=clock.database_now())],
            "may_control": self.has_control_permission(request),
        }
        return self.framed(request, "admin/workflows/failures.html", context)

    @page("failures/decide/", permission="control", name="workflows_failures_decide")
    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """Shows what a decision would touch; acts when it is confirmed with a reason."""
        asked = request.POST if request.method == "POST" else request.GET
        verb = asked.get("verb", "")
        if verb not in WORDS or not (asked.get("cause") or asked.get("chosen")):
            return HttpResponseRedirect(reverse("admin:workflows_failures"))
        form = DecisionForm(request.POST) if request.method == "POST" else DecisionForm(initial=asked.dict())
        if request.method == "POST" and form.is_valid():
            return self._decide(request, form.cleaned_data)
        return self.ask(request, form, verb, asked.get("cause", ""), _ids(asked.get("chosen", "")))

    retry_chosen = _about_chosen(Verb.RETRY, "Try again…")
    skip_chosen = _about_chosen(Verb.SKIP, "Leave out…")
    arrived_chosen = _about_chosen(Verb.RESOLVE_SENT, "Unclear ones: they arrived…")
    not_arrived_chosen = _about_chosen(Verb.RESOLVE_NOT_SENT, "Unclear ones: they did not arrive, send them…")

    def ask(
        self, request: HttpRequest, form: DecisionForm, verb: str, cause: str, chosen: list[uuid.UUID]
    ) -> HttpResponse:
        now = clock.database_now()
        seen = failures.preview(verb=verb, cause=cause, chosen=chosen, now=now)
        steps = failures.newest(cause=cause, chosen=chosen, now=now, limit=SHOWN)
        form.initial["expected"] = seen.steps
        button, question, _ = WORDS[verb]
        context = {
            "title": question.format(steps=counted(seen.steps, "step")),
            "means": MEANS[verb],
            "explanation": failure_causes.explain(cause) if cause else None,
            "seen": seen,
            "lines": _lines(seen, verb),
            "steps": _told(steps),
            "more": max(0, seen.steps + seen.cancelled + seen.others - len(steps)),
            "form": form,
            "submit": f"{button}: {counted(seen.steps, 'step')}",
            "is_dangerous": verb in failures.SENDS,
            "address": reverse("admin:workflows_failures_decide"),
            "back": reverse("admin:workflows_failures") if cause else _list_address({}),
        }
        return self.framed(request, "admin/workflows/failures_decide.html", context)

    def _decide(self, request: HttpRequest, answers: dict[str, Any]) -> HttpResponse:
        now = clock.database_now()
        about = {"verb": answers["verb"], "cause": answers["cause"], "chosen": answers["chosen"]}
        seen = failures.preview(**about, now=now)
        expected = answers["expected"]
        if expected is not None and seen.steps > expected:
            return self._ask_again(request, answers, expected)
        who = {"reason": answers["reason"], "actor": request.user.get_username()}
        decision = BulkDecision.objects.create(**about, **who, expected=seen.steps, decided_at=now)
        failures.carry_out(decision, deadline=time.monotonic() + IN_THE_REQUEST)
        messages.success(request, WORDS[decision.verb][2].format(done=counted(decision.done, "step")))
        if decision.refused:
            left = counted(decision.refused, "step")
            messages.warning(request, f"Left as they were, because their state does not allow it any more: {left}.")
        if decision.finished_at is None:
            messages.info(request, "The workers do the rest; this page shows how far they are.")
        return HttpResponseRedirect(reverse("admin:workflows_failures"))

    def _ask_again(self, request: HttpRequest, answers: dict[str, Any], expected: int) -> HttpResponse:
        """More went wrong while somebody read: nobody said yes to those."""
        messages.warning(request, f"There are more now than the {expected:,} you were shown. Look at them once more.")
        chosen = answers["chosen"]
        form = DecisionForm(initial=answers | {"chosen": ",".join(map(str, chosen))})
        return self.ask(request, form, answers["verb"], answers["cause"], chosen)

    def _shown(self, group: failures.Group) -> dict[str, Any]:
        asked = {"cause": group.cause or "unknown"}
        statuses = [("status__exact", "ambiguous")] if group.is_unclear else [
            ("status__exact", "failed"), ("status__exact", "dead"),
        ]  # fmt: skip
        place = reverse("admin:workflows_failures_decide")
        workflows = f", {counted(group.workflows, 'workflow')}" if group.workflows else ""
        return {
            "group": group,
            "explanation": group.explanation,
            "counted": counted(group.steps, "step") + workflows,
            "list": _list_address([("cause", asked["cause"]), *statuses]),
            "examples": _told(group.examples),
            "buttons": [
                {
                    "text": WORDS[verb][0],
                    "address": f"{place}?{urlencode({'verb': verb, **asked})}",
                    "is_first_choice": verb == _first_choice(group),
                }
                for verb in group.verbs
            ],
        }


def _decided(decision: BulkDecision) -> dict[str, Any]:
    """A decision, and what became of each step since."""
    found = failures.outcome(decision, limit=SHOWN)
    counts = ", ".join(f"{count:,} {state}" for state, count in found.counts)
    return {"decision": decision, "counts": counts, "steps": [history.StepTold(one) for one in found.steps]}


def _told(steps: Iterable[ScheduledAction]) -> list[history.StepTold]:
    """Only of what is unclear is more asked than the line shows."""
    return [history.of_step(one) if one.status == "ambiguous" else history.StepTold(one) for one in steps]


def _lines(seen: failures.Preview, verb: str) -> list[tuple[str, str]]:
    """What will happen to whom, each with a tone; only what is not nothing."""
    touched = (
        f"{counted(seen.steps, 'step')} of {counted(seen.people, 'person', 'people')} "
        f"in {counted(seen.workflows, 'workflow')}."
    )
    steps = {
        "Left until somebody resumes their workflow, which is on hold": seen.waiting,
        "Left out at once, because the contact must not be written to": seen.blocked,
        "Left out at once, because the email is switched off": seen.switched_off,
        "Not possible, because the workflow was cancelled; start it again, or leave the step out": seen.cancelled,
        "Left as they are, because their state does not allow it": seen.others,
    }
    again = "Refused before and not corrected since; trying again will fail again"
    said = [
        ("info", touched if seen.steps else ""),
        ("warn", f"{counted(seen.emails, 'email')} would go out now." if seen.emails else ""),
        ("", LOOKED_AT_AGAIN if seen.emails else ""),
        ("", "No email would go out now." if verb in failures.SENDS and not seen.emails else ""),
        ("bad", f"{again}: {counted(seen.unchanged, 'address', 'addresses')}." if seen.unchanged else ""),
        *(("", f"{sentence}: {counted(count, 'step')}." if count else "") for sentence, count in steps.items()),
    ]
    return [(tone, sentence) for tone, sentence in said if sentence]


def _first_choice(group: failures.Group) -> str:
    """What is usually right. Of what is unclear nothing is: one has to find out."""
    if group.is_unclear:
        return ""
    return Verb.RETRY if group.explanation.worth_retrying else Verb.SKIP


def _ids(said: str) -> list[uuid.UUID]:
    found = []
    for one in said.split(","):
        with suppress(ValueError):
            found.append(uuid.UUID(one))
    return found[: failures.CHOSEN]


def _list_address(query: Any) -> str:
    place = reverse("admin:workflows_scheduledaction_changelist")
    return f"{place}?{urlencode(query)}" if query else place
