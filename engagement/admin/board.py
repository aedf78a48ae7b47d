"""Tasks by status, side by side: moved with the mouse, with the keyboard, or from a card's menu."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from contactflow.core import clock
from contactflow.core.admin.model_admin import page
from contacts import brands
from contacts.models import BusinessEntity
from engagement import worklist
from engagement.admin import due_dates, live_updates, task_actions
from engagement.admin.live_updates import LiveList
from engagement.models import Target, Task

COLUMN_NAMES = {Task.Status.DONE: "Done today"}
NOTHING = {
    Task.Status.TO_DO: "Nothing waits to be begun.",
    Task.Status.IN_PROGRESS: "Nobody works on anything. Move a task here when you begin it.",
    Task.Status.ON_HOLD: "Nothing waits for somebody else. Move a task here while you wait for an answer.",
    Task.Status.DONE: "Nothing yet today. Move a task here when it is done.",
}
MOVES: list[tuple[Task.Status, str]] = [(status, str(status.label)) for status in Task.Status]
PRIORITY_CHIPS = {"urgent": "is-bad", "high": "is-warn", "medium": "is-info"}


class BoardFilter(forms.Form):
    """Which tasks lie on the board, besides whose."""

    brand = forms.ModelChoiceField(BusinessEntity.objects.all(), required=False, empty_label="All brands")
    target = forms.ModelChoiceField(Target.objects.all(), required=False, empty_label="All teams", label="Team")
    q = forms.CharField(required=False, max_length=200, label="Words", strip=True)

    def __init__(self, asked: Any) -> None:
        super().__init__(asked, auto_id="board-%s")
        for field in self.fields.values():
            field.widget.attrs["class"] = "desk-input"
        self.fields["q"].widget.attrs |= {"type": "search", "placeholder": "Title, name or address"}

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.values())


class Board(LiveList):
    """The addresses of the board and of the deeds on single tasks, for the page of the tasks."""

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(task_actions.act)
        deeds = [
            path(f"<uuid:object_id>/{deed}/", act, {"deed": deed}, name=f"engagement_task_{deed}")
            for deed in task_actions.DEEDS
        ]
        return [*deeds, *super().get_urls()]

    @page("board/")
    def board(self, request: HttpRequest) -> HttpResponse:
        now = clock.database_now()
        version = self.version()
        if live_updates.is_unchanged(request, version):
            return live_updates.unchanged()
        live, narrowing = self.live(request, version), BoardFilter(request.GET)
        scope = live["scope"]
        mine = _narrowed(narrowing, scope, cast(User, request.user))
        tasks = brands.only(mine, brand=brands.chosen(request), path=brands.path_of(Task))
        context = {
            "title": "Board",
            "filter": narrowing,
            "columns": [_shown(column, now, scope) for column in worklist.board(tasks, now=now)],
            "may_move": self.has_deed_permission(request),
        }
        return self.framed(request, "admin/engagement/board.html", live | context)


def _narrowed(narrowing: BoardFilter, scope: str, user: User) -> Any:
    tasks = worklist.tasks_of(
        Task.objects.select_related("contact", "business_entity", "target", "assignee"), scope=scope, user=user
    )
    narrowing.is_valid()  # a choice that is gone narrows nothing; its error stands at its field
    said = narrowing.cleaned_data
    chosen = {"business_entity": said.get("brand"), "target": said.get("target")}
    tasks = tasks.filter(**{name: row for name, row in chosen.items() if row})
    return worklist.matching(tasks, text=said.get("q") or "")


def _shown(column: worklist.Column, now: Any, scope: str) -> dict[str, Any]:
    name = COLUMN_NAMES.get(column.status, str(column.status.label))
    listed = urlencode({live_updates.WHOSE: scope, "status__exact": column.status.value})
    return {
        "status": column.status.value,
        "name": name,
        "count": f"{len(column.tasks)}+" if column.is_cut else str(len(column.tasks)),
        "is_cut": column.is_cut,
        "list": f"{reverse('admin:engagement_task_changelist')}?{listed}",
        "nothing": NOTHING[column.status],
        "cards": [
            {
                "task": task,
                "due": due_dates.chip(task, now=now),
                "priority_class": PRIORITY_CHIPS.get(task.priority, ""),
                "moves": [(value, COLUMN_NAMES.get(value, label)) for value, label in MOVES if value != task.status],
            }
            for task in column.tasks
        ],
    }
