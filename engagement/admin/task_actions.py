"""What can be done with a task where it is seen: done, begun, taken, put off, handed on; one or many at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from contactflow.core import clock, datetimes
from engagement import tasking
from engagement.admin import live_updates
from engagement.models import Task

LATER: dict[str, str] = {"hours": "In 2 hours", "tomorrow": "Tomorrow at 9:00", "monday": "Next Monday at 9:00"}
MORNING = dt.time(9, 0)
MONDAY = 0


def put_off_until(wish: str, *, now: dt.datetime) -> dt.datetime:
    """The moment a choice of LATER means, in the time zone of whoever asks."""
    if wish == "hours":
        return now + dt.timedelta(hours=2)
    today = timezone.localtime(now).date()
    days = 1 if wish == "tomorrow" else (MONDAY - today.weekday()) % 7 or 7
    return timezone.make_aware(dt.datetime.combine(today + dt.timedelta(days=days), MORNING))


class Refused(Exception):
    """It was not done; the message says why and what to do."""


def _moved(task: Task, request: HttpRequest, now: dt.datetime) -> str:
    """To another status, unless somebody moved it meanwhile."""
    expected, wanted = request.POST.get("from"), request.POST.get("status", "")
    if expected and expected != task.status:
        raise Refused(f"“{task.title}” was moved by somebody else meanwhile: it is now “{task.get_status_display()}”.")
    try:
        moved = tasking.set_status(task=task, status=wanted, now=now, by=request.user.get_username())
    except tasking.UnknownStatus as error:
        raise Refused(str(error)) from None
    return f"“{task.title}” is now “{moved.get_status_display()}”."


def _taken(task: Task, request: HttpRequest, now: dt.datetime) -> str:
    user = cast(User, request.user)
    if task.assignee_id not in (None, user.pk) and request.POST.get("from") == "nobody":
        raise Refused(f"“{task.title}” was taken by {task.assignee} meanwhile.")
    tasking.change(task=task, values={"assignee": user}, now=now)
    return f"“{task.title}” is yours."


def _put_off(task: Task, request: HttpRequest, now: dt.datetime) -> str:
    wish = request.POST.get("until", "")
    if wish not in LATER:
        raise Refused("Choose until when to put it off.")
    until = put_off_until(wish, now=now)
    tasking.change(task=task, values={"due_at": until}, now=now)
    return f"“{task.title}” is due {datetimes.words(until, now=now)}."


DEEDS = {"move": _moved, "take": _taken, "later": _put_off}


@require_POST
def act(request: HttpRequest, object_id: UUID, deed: str) -> HttpResponse:
    """One deed on one task. A script that asks for JSON gets a sentence; a browser goes back to its page with it."""
    if not request.user.has_perm("engagement.change_task"):
        raise PermissionDenied("Your role may look at tasks but not change them.")
    task = _task(object_id)
    before = task.status
    try:
        said = DEEDS[deed](task, request, clock.database_now())
    except Refused as refusal:
        return _answer(request, task, str(refusal), is_done=False)
    return _answer(request, task, said, is_done=True, before=before if deed == "move" else "")


def _task(object_id: UUID) -> Task:
    task = Task.objects.select_related("assignee").filter(pk=object_id).first()
    if task is None:
        raise Http404("There is no such task any more.")
    return task


def _answer(request: HttpRequest, task: Task, said: str, *, is_done: bool, before: str = "") -> HttpResponse:
    if request.headers.get("Accept", "").startswith("application/json"):
        undo = {"status": before, "from": request.POST.get("status", "")} if before else None
        return JsonResponse({"said": said, "undo": undo}, status=200 if is_done else 409)
    if not is_done:
        messages.error(request, said)
    else:
        messages.success(request, said)
    return live_updates.back(request, reverse("admin:engagement_task_changelist"))


def bulk(*, tasks: Iterable[Task], values: dict[str, Any], now: dt.datetime, by: str = "") -> int:
    """The same change for each; how many there were."""
    count = 0
    for task in tasks:
        tasking.change(task=task, values=values, now=now, by=by)
        count += 1
    return count
