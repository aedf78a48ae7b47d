"""How long data is kept: set on one page that first shows what would go, and what every pass took away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from contactflow.core import clock
from contactflow.core.admin.filters import choice_filter
from contactflow.core.admin.model_admin import ReadOnlyAdmin, column, page
from contactflow.models import RetentionRun
from contactflow.personal_data import retention
from contactflow.personal_data.retention import COUNTED, KINDS, LONGEST


class PeriodsForm(forms.Form):
    """A number of days for each kind; what the preview was of travels in `shown`."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for kind in KINDS:
            self.fields[kind.name] = forms.IntegerField(
                label=kind.label,
                help_text=kind.does,
                min_value=0,
                max_value=LONGEST,
                required=False,
                widget=forms.NumberInput(
                    attrs={"class": "desk-input", "min": 0, "aria-describedby": f"{kind.name}-does"}
                ),
            )

    @property
    def days(self) -> dict[str, int]:
        return {kind.name: self.cleaned_data[kind.name] or 0 for kind in KINDS}


@choice_filter("kind", "kind", [(kind.name, kind.label) for kind in KINDS])
def of_kind(rows: Any, chosen: str, request: HttpRequest) -> Any:
    return rows.filter(kind=chosen) if chosen else rows


@admin.register(RetentionRun)
class RetentionRunAdmin(ReadOnlyAdmin):
    when_empty = "Nothing was taken away yet. “Retention” in the menu says how long what is kept."
    list_display = ("began_at", "what", "before", "rows", "finished_at")
    list_filter: ClassVar = (of_kind,)
    search_fields = ("kind",)
    fields: ClassVar[Any] = ("what", "before", "rows", "began_at", "finished_at")
    brand_path = ""

    def title_of(self, row: RetentionRun) -> str:
        return self.what(row)

    @column("What")
    def what(self, row: RetentionRun) -> str:
        kind = retention.BY_NAME.get(row.kind)
        return kind.label if kind else row.kind

    def has_set_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contactflow.change_retentionperiod")

    @page("periods/", permission="view")
    def periods(self, request: HttpRequest) -> HttpResponse:
        """Shows what would go now with what is typed, and keeps it once that was shown."""
        kept = retention.periods()
        if request.method == "POST" and not self.has_set_permission(request):
            raise PermissionDenied
        form = PeriodsForm(request.POST if request.method == "POST" else None, initial=kept)
        foreseen: Mapping[str, int] = {}
        typed = ""
        if form.is_bound and form.is_valid():
            typed = json.dumps(form.days, sort_keys=True)
            if "keep" in request.POST and form.cleaned_data["shown"] == typed:
                retention.keep(form.days)
                messages.success(request, "Kept. What is older goes within a day, a part at a time.")
                return HttpResponseRedirect(reverse("admin:contactflow_retentionrun_periods"))
            foreseen = retention.foreseen(form.days, now=clock.database_now())
        context = {
            "title": "Retention",
            "form": form,
            "typed": typed,
            "kinds": [_row(form, kind, foreseen, kept) for kind in KINDS],
            "may_set": self.has_set_permission(request),
            "runs": reverse("admin:contactflow_retentionrun_changelist"),
        }
        return self.framed(request, "admin/contactflow/retention.html", context)


def _row(
    form: PeriodsForm, kind: retention.Kind, foreseen: Mapping[str, int], kept: Mapping[str, int]
) -> dict[str, Any]:
    number = foreseen.get(kind.name)
    goes = "" if number is None else f"{number:,}" if number < COUNTED else f"{COUNTED:,} or more"
    return {"kind": kind, "field": form[kind.name], "goes": goes, "days": kept[kind.name]}
