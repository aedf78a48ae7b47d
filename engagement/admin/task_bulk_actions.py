"""One question about many tasks: who shall do them, or until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget

from contactflow.core import clock, datetimes
from contactflow.core.numbers import counted
from engagement.admin import task_actions
from engagement.models import Task

TOGETHER = 1000
SHOWN = 10
ANSWERED = "answered"


class ColleagueForm(forms.Form):
    colleague = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_staff=True).order_by("username"),
        required=False,
        empty_label="Nobody yet",
        widget=UnfoldAdminSelectWidget(),
        help_text="Only colleagues who can log in here are listed.",
    )

    def values(self) -> dict[str, Any]:
        return {"assignee": self.cleaned_data["colleague"]}

    def said(self, count: int) -> str:
        who = self.cleaned_data["colleague"]
        if who is None:
            return f"{counted(count, 'task')}: nobody has them any more."
        return f"{counted(count, 'task')}: assigned to {who.get_full_name() or who.get_username()}."


class DueForm(forms.Form):
    until = forms.ChoiceField(
        choices=[*task_actions.LATER.items(), ("moment", "Another day and hour")],
        label="Due",
        widget=UnfoldAdminSelectWidget(),
    )
    moment = forms.SplitDateTimeField(
        required=False,
        label="Another day and hour",
        widget=UnfoldAdminSplitDateTimeWidget(),
        validators=[clock.validate_moment],
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("until") == "moment" and not found.get("moment") and "moment" not in self.errors:
            self.add_error("moment", "Say which day and hour.")
        return found

    def values(self) -> dict[str, Any]:
        wish = self.cleaned_data["until"]
        until = self.cleaned_data["moment"] if wish == "moment" else None
        self.due_at = until or task_actions.put_off_until(wish, now=clock.database_now())
        return {"due_at": self.due_at}

    def said(self, count: int) -> str:
        return f"{counted(count, 'task')}: due {datetimes.words(self.due_at)}."


@dataclass(frozen=True, kw_only=True)
class Question:
    action: str
    title: str
    submit: str
    form: Callable[..., Any]


ASSIGN = Question(action="assign_chosen", title="Who shall do these tasks?", submit="Assign", form=ColleagueForm)
PUT_OFF = Question(action="put_off_chosen", title="Until when?", submit="Move the due date", form=DueForm)


def ask(page: Any, request: HttpRequest, chosen: QuerySet[Task], question: Question) -> HttpResponse | None:
    """The page with the question; once answered, the deed, and back to the list."""
    form = question.form(request.POST if ANSWERED in request.POST else None)
    if form.is_bound and form.is_valid():
        values = form.values()
        count = task_actions.bulk(tasks=chosen[:TOGETHER], values=values, now=clock.database_now())
        messages.success(request, form.said(count))
        return None
    found = list(chosen[: TOGETHER + 1])
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": question.title,
        "question": question,
        "form": form,
        "media": page.media + form.media,
        "count": counted(min(len(found), TOGETHER), "task"),
        "is_cut": len(found) > TOGETHER,
        "shown": found[:SHOWN],
        "more": min(len(found), TOGETHER) - SHOWN,
        "ids": cast(Any, request.POST).getlist(ACTION_CHECKBOX_NAME),
        "is_across": request.POST.get("select_across") == "1",
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "admin/engagement/board_bulk.html", context)
