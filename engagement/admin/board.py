"""Tasks by status, side by side: moved with the mouse, with the keyboard, or from a card's menu."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from contactflow.core import clock
from contacts import brands
from contacts.models import BusinessEntity
from engagement import worklist
from engagement.admin import due_dates, live_updates, task_actions
from engagement.models import Target, Task
from engagement.worklist import Scope

WHOSE = "whose"
REMEMBERED = "tasks_whose"
COLUMN_NAMES = {Task.Status.DONE: "Done today"}
NOTHING = {
    Task.Status.TO_DO: "Nothing waits to be begun.",
    Task.Status.IN_PROGRESS: "Nobody works on anything. Move a task here when you begin it.",
    Task.Status.ON_HOLD: "Nothing waits for somebody else. Move a task here while you wait for an answer.",
    Task.Status.DONE: "Nothing yet today. Move a task here when it is done.",
}
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


class Board:
    """The addresses of the board and of the deeds on single tasks, for the page of the tasks."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("board/", view(self.board), name="engagement_task_board"),
            *(
                path(
                    f"<uuid:object_id>/{deed}/", view(task_actions.act), {"deed": deed}, name=f"engagement_task_{deed}"
                )
                for deed in task_actions.DEEDS
            ),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]  # the page's

    def board(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]  # the page's
            raise PermissionDenied
        now = clock.database_now()
        version = worklist.tasks_version(now=now)
        if live_updates.is_unchanged(request, version):
            return live_updates.unchanged()
        scope = live_updates.remembered(
            request, parameter=WHOSE, key=REMEMBERED, choices=Scope.values, default=Scope.ALL
        )
        narrowing = BoardFilter(request.GET)
        tasks = brands.only(
            _narrowed(narrowing, scope, cast(User, request.user)),
            brand=brands.chosen(request),
            path=brands.path_of(Task),
        )
        may_move = request.user.has_perm("engagement.change_task")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Board",
            "tabs": live_updates.tabs(request, parameter=WHOSE, choices=Scope.choices, current=scope),
            "scope": scope,
            "filter": narrowing,
            "columns": [_shown(column, now, scope) for column in worklist.board(tasks, now=now)],
            "may_move": may_move,
            "live": {"version": version, "address": live_updates.address(request), "every": live_updates.EVERY_SECONDS},
        }
        return TemplateResponse(request, "admin/engagement/board.html", context)


def _narrowed(narrowing: BoardFilter, scope: str, user: User) -> Any:
    tasks = worklist.tasks_of(
        Task.objects.select_related("contact", "business_entity", "target", "assignee"), scope=scope, user=user
    )
    narrowing.is_valid()  # a choice that is gone narrows nothing; its error stands at its field
    said = narrowing.cleaned_data
    if said.get("brand"):
        tasks = tasks.filter(business_entity=said["brand"])
    if said.get("target"):
        tasks = tasks.filter(target=said["target"])
    return worklist.matching(tasks, text=said.get("q") or "")


def _shown(column: worklist.Column, now: Any, scope: str) -> dict[str, Any]:
    name = COLUMN_NAMES.get(column.status, str(column.status.label))
    listed = {WHOSE: scope, "status__exact": column.status.value}
    return {
        "status": column.status.value,
        "name": name,
        "count": f"{len(column.tasks)}+" if column.is_cut else str(len(column.tasks)),
        "is_cut": column.is_cut,
        "list": f"{reverse('admin:engagement_task_changelist')}?{'&'.join(f'{k}={v}' for k, v in listed.items())}",
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


MOVES: list[tuple[Task.Status, str]] = [
    (Task.Status.TO_DO, "To do"),
    (Task.Status.IN_PROGRESS, "In progress"),
    (Task.Status.ON_HOLD, "On hold"),
    (Task.Status.DONE, "Done"),
    (Task.Status.CANCELLED, "Cancelled"),
]
