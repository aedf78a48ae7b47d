"""A/B tests: begun on an email's page, read and ended on their own."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
)

from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyAdmin, address_of, column, link, page
from engagement import describe, drafts, publishing
from engagement.experiments import report, running, statistics
from engagement.experiments.running import NotPossible, Plan
from engagement.models import EngagementTemplate, Experiment, Goal, TemplateVersion, Variant

DRAFT = "draft"
OFFERED = 8  # earlier versions to compare with
STATUS_LABELS = {
    Experiment.Status.RUNNING.label: "info",
    Experiment.Status.DECIDED.label: "success",
    Experiment.Status.UNDECIDED.label: "warning",
}


class StartForm(forms.Form):
    """What is compared, by what, and for how long."""

    versions = forms.MultipleChoiceField(
        label="Compare what is sent with", widget=UnfoldAdminCheckboxSelectMultipleWidget, choices=(),
        error_messages={"required": "Choose what to compare with: write a draft with other words first."},
    )  # fmt: skip
    counts = forms.ChoiceField(
        label="What counts", choices=Experiment.Counts.choices, widget=UnfoldAdminRadioSelectWidget, initial="click"
    )
    goal = forms.ModelChoiceField(
        Goal.objects.filter(active=True), required=False, widget=UnfoldAdminSelectWidget(),
        help_text="Of “a goal was reached”: which one.",
    )  # fmt: skip
    method = forms.ChoiceField(
        label="How people are spread",
        choices=Experiment.Method.choices,
        widget=UnfoldAdminRadioSelectWidget,
        initial="planned",
    )
    people = forms.IntegerField(
        label="How many people", min_value=100, max_value=10_000_000, initial=2000, widget=UnfoldAdminIntegerFieldWidget
    )
    window_hours = forms.IntegerField(
        label="Counted for (hours)", min_value=1, max_value=1440, initial=72, widget=UnfoldAdminIntegerFieldWidget,
        help_text="How long after the email what people do counts.",
    )  # fmt: skip
    hold_out = forms.IntegerField(
        label="Nobody writes to (%)", min_value=0, max_value=50, initial=0, widget=UnfoldAdminIntegerFieldWidget,
        help_text="So many of 100 get no email, to see what happens without one. It says little below 10,000 people.",
    )  # fmt: skip

    seen = forms.CharField(widget=forms.HiddenInput)
    """What the draft was when the page was opened: nothing else is sent in its place."""

    def __init__(self, *args: Any, template: EngagementTemplate, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["seen"] = drafts.state_of(template)
        draft, kept = drafts.draft_of(template), _comparable(template)
        offered = [(DRAFT, f"The draft: “{draft.subject}”")] if draft else []
        offered += [(str(one.pk), f"Version {one.number}: “{one.subject}”") for one in kept]
        self.fields["versions"].choices = offered  # type: ignore[attr-defined]  # of a choice field
        self.initial.setdefault("versions", [DRAFT] if draft else [])
        self.fields["people"].help_text = _how_many()


def _comparable(template: EngagementTemplate) -> list[TemplateVersion]:
    finished = template.versions.exclude(published_at=None).order_by("-number")[: OFFERED + 1]
    return [one for one in finished if one.pk != template.current_version_id][:OFFERED]


def _how_many() -> str:
    """What it takes, for whoever has never planned one."""

    def needed(rate: float, lift: float) -> str:
        return f"{round(statistics.people_needed(rate=rate, lift=lift, variants=2), -2):,}"

    return (
        "To notice, with two versions, that half as many again do it: about "
        f"{needed(0.1, 0.5)} people where 10 % do, {needed(0.03, 0.5)} where 3 % do; a fifth more: {needed(0.1, 0.2)} "
        f"and {needed(0.03, 0.2)}."
    )


class Testing(BaseAdmin):
    """The pages about tests, below an email's own."""

    @page("<path:object_id>/keep/", permission="change", method="POST")
    def keep(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Finish the draft without sending it, so that the next one can be written for the same test."""
        template = confirmation.opened(self, request, object_id)
        by: Any = request.user  # staff only
        try:
            kept = publishing.keep(
                template=template, by=by, now=clock.database_now(), seen=request.POST.get("seen", "")
            )
        except (publishing.NotPublishable, publishing.InvalidTemplate) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"Version {kept.number} is kept for a test. What is sent stays as it is.")
        return HttpResponseRedirect(address_of(template))

    @page("<path:object_id>/compare/", permission="change")
    def compare(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin an A/B test."""
        template = confirmation.opened(self, request, object_id)
        form = StartForm(request.POST if request.method == "POST" else None, template=template)
        if request.method == "POST" and form.is_valid() and (begun := _begin(request, template, form)):
            return HttpResponseRedirect(address_of(begun))
        running_now = Experiment.objects.filter(template=template, status=Experiment.Status.RUNNING).first()
        context = {
            "original": template,
            "title": f"Test the words of {template}",
            "form": form,
            "back": address_of(template),
            "running": running_now,
            "current": template.current_version,
        }
        return self.framed(request, "admin/engagement/experiment_start.html", context)


def _begin(request: HttpRequest, template: EngagementTemplate, form: StartForm) -> Experiment | None:
    typed = dict(form.cleaned_data)
    chosen, seen = typed.pop("versions"), typed.pop("seen")
    now, by = clock.database_now(), request.user
    known = {str(one.pk): one for one in _comparable(template)}
    try:
        with transaction.atomic():
            others = [known[one] for one in chosen if one in known]
            if DRAFT in chosen:
                others = [publishing.keep(template=template, by=by, now=now, seen=seen), *others]  # type: ignore[arg-type]  # staff
            begun = running.start(
                template=template, plan=Plan(**typed), others=others, by=request.user.get_username(), now=now
            )
    except (publishing.NotPublishable, publishing.InvalidTemplate) as refusal:
        form.add_error("versions", str(refusal))
    except NotPossible as refusal:
        form.add_error(None, describe.why(refusal.reason))
    else:
        messages.success(request, "The test is running: whoever gets the email from now on takes part.")
        return begun
    return None


def _winner_form(page: Any, request: HttpRequest, row: Experiment) -> type[forms.Form]:
    """Which words everybody gets."""
    variants = row.variants.select_related("version")

    class WinnerForm(forms.Form):
        version = VariantField(variants, widget=UnfoldAdminSelectWidget(), empty_label=None)
        seen = forms.CharField(widget=forms.HiddenInput)

    return WinnerForm


class VariantField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at runtime
    def label_from_instance(self, obj: Variant) -> str:
        return f"{obj.key}: “{obj.version.subject}” (version {obj.version.number})"


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    when_empty = "No test yet. Write a draft of an email, then choose “A/B test” on its page."
    brand_path = "template__business_entity"
    list_display = ("email", "state", "counts", "method", "people", "started_at", "ended_at")
    list_filter: ClassVar = (("status", ChoicesDropdownFilter), ("template", RelatedDropdownFilter))
    list_select_related = ("template", "winner")
    search_fields = ("template__name",)
    fields: ClassVar[Any] = ("email", "state", "verdict", "results", "plan", "started_at", "started_by", "ended_at")
    actions_detail = ("publish", "stop")

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_engagementtemplate")

    def possible_buttons(self, row: Experiment) -> tuple[str, ...]:
        return ("publish", "stop") if row.is_running else ("publish",)

    def title_of(self, row: Experiment) -> str:
        return f"Test of {row.template}"

    @column("Email", ordering="template__name")
    def email(self, row: Experiment) -> SafeString | str:
        return link(row.template)

    @column("State", label=STATUS_LABELS)
    def state(self, row: Experiment) -> str:
        return row.get_status_display()

    @column("Verdict")
    def verdict(self, row: Experiment) -> str:
        return describe.why(row.reason) or "It has just begun."

    @column("How")
    def plan(self, row: Experiment) -> str:
        counted = f"“{row.goal}” was reached" if row.goal else row.get_counts_display()
        within = f"within {row.window_hours} hours of the email"
        return f"{counted}, {within}. {row.get_method_display()}; {row.people:,} people."

    @column("Results")
    def results(self, row: Experiment) -> SafeString:
        found = report.of(row, now=clock.database_now())
        return render_to_string("admin/engagement/experiment_results.html", {"report": found})

    @confirmed(
        "Stop",
        permission="decide",
        icon="stop",
        title="Stop this test",
        explanation="Everybody gets the published words from now on. What was counted can still be read; a test that "
        "is stopped proves nothing.",
        submit="Stop the test",
    )
    def stop(self, request: HttpRequest, row: Experiment, answers: dict[str, Any]) -> str:
        stopped = running.stop(experiment=row, by=request.user.get_username(), now=clock.database_now())
        return "The test is stopped." if stopped else "It had ended already."

    @confirmed(
        "Publish a version",
        permission="decide",
        icon="publish",
        title="Publish one of the versions",
        explanation="Everybody gets its words from now on. A test that is still running ends.",
        submit="Publish",
        choose_form=_winner_form,
        initial=lambda row: {"version": row.winner_id, "seen": drafts.state_of(row.template)},
        refusals=(publishing.NotPublishable, publishing.InvalidTemplate),
    )
    def publish(self, request: HttpRequest, row: Experiment, answers: dict[str, Any]) -> str:
        by: Any = request.user  # staff only
        version = publishing.publish_variant(
            variant=answers["version"], by=by, now=clock.database_now(), seen=answers["seen"]
        )
        return f"Version {version.number} is published."
