"""One question about many tasks: who shall do them, or until when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget

from contactflow.core import clock, datetimes
from contactflow.core.admin import bulk
from contactflow.core.admin.bulk import Bulk
from contactflow.core.admin.model_admin import name_of
from contactflow.core.numbers import counted
from engagement.admin import task_actions
from engagement.models import Task

TOGETHER = 1000


class ColleagueForm(forms.Form):
    colleague = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_staff=True).order_by("username"),
        required=False,
        empty_label="Nobody yet",
        widget=UnfoldAdminSelectWidget(),
        help_text="Only colleagues who can log in here are listed.",
    )


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


TASKS: Any = {"noun": ("task", "tasks"), "at_once": TOGETHER, "cuts": True}


def ask_who(page: Any, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
    """Who shall do them."""

    def act(tasks: list[Task], answers: dict[str, Any]) -> str:
        who = answers["colleague"]
        count = task_actions.bulk(tasks=tasks, values={"assignee": who}, now=clock.database_now())
        return f"{counted(count, 'task')}: {f'assigned to {name_of(who)}' if who else 'nobody has them any more'}."

    question = Bulk(
        name="assign_chosen", title="Who shall do these tasks?", submit="Assign", form=ColleagueForm, act=act,
        named=_named, **TASKS,
    )  # fmt: skip
    return bulk.ask(page, request, chosen, question)


def ask_until(page: Any, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
    """Until when."""

    def act(tasks: list[Task], answers: dict[str, Any]) -> str:
        now = clock.database_now()
        until = (
            answers["moment"] if answers["until"] == "moment" else task_actions.put_off_until(answers["until"], now=now)
        )
        count = task_actions.bulk(tasks=tasks, values={"due_at": until}, now=now)
        return f"{counted(count, 'task')}: due {datetimes.words(until)}."

    question = Bulk(
        name="put_off_chosen", title="Until when?", submit="Move the due date", form=DueForm, act=act,
        named=_named, **TASKS,
    )  # fmt: skip
    return bulk.ask(page, request, chosen, question)


def _named(task: Task) -> str:
    return f"{task.title}, for {task.contact}" if task.contact else task.title
