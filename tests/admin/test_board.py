"""Tasks as a live list and a board, and what is done with them there."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contactflow.core.clock import database_now
from engagement.models import Task
from tests.admin import rows

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


def act(client: Client, task: Task, deed: str, *, as_script: bool = True, **fields):
    return client.post(
        reverse(f"admin:engagement_task_{deed}", args=[task.pk]), fields, headers=JSON if as_script else {}
    )


def board(client: Client, **query):
    return client.get(reverse("admin:engagement_task_board"), query)


def on_board(client: Client, **query) -> set[str]:
    columns = board(client, **query).context["columns"]
    return {card["task"].title for column in columns for card in column["cards"]}


def open_task(title: str, **values) -> Task:
    task = rows.task()
    Task.objects.filter(pk=task.pk).update(title=title, **values)
    task.refresh_from_db()
    return task


def test_card_is_moved(desk):
    task = rows.task()

    answer = act(desk, task, "move", status="in_progress", **{"from": "to_do"})

    task.refresh_from_db()
    assert task.status == "in_progress"
    assert answer.json() == {
        "said": "“Portfolio review” is now “In progress”.",
        "undo": {"status": "to_do", "from": "in_progress"},
    }


def test_card_that_somebody_else_moved_stays_where_it_is(desk):
    task = open_task("Review", status="on_hold")

    answer = act(desk, task, "move", status="done", **{"from": "to_do"})

    task.refresh_from_db()
    assert (answer.status_code, task.status) == (409, "on_hold")
    assert answer.json()["said"] == "“Review” was moved by somebody else meanwhile: it is now “On hold”."


def test_card_moved_to_nowhere_is_refused(desk):
    answer = act(desk, rows.task(), "move", status="somewhere")

    assert answer.status_code == 409


def test_done_by_the_board_knows_when(desk):
    task = rows.task()

    act(desk, task, "move", status="done")

    task.refresh_from_db()
    assert task.completed_at is not None


def test_task_is_taken(desk, boss):
    task = open_task("Review", assignee=None)

    act(desk, task, "take", **{"from": "nobody"})

    task.refresh_from_db()
    assert task.assignee == boss


def test_task_that_somebody_took_first_stays_theirs(desk):
    task = rows.task()
    first = task.assignee

    answer = act(desk, task, "take", **{"from": "nobody"})

    task.refresh_from_db()
    assert (answer.status_code, task.assignee) == (409, first)


def test_task_is_put_off(desk):
    task = rows.task()

    act(desk, task, "later", until="hours")

    task.refresh_from_db()
    assert task.due_at is not None
    assert dt.timedelta(minutes=119) < task.due_at - database_now() <= dt.timedelta(hours=2)


def test_task_put_off_until_never_is_refused(desk):
    assert act(desk, rows.task(), "later", until="never").status_code == 409


@pytest.mark.parametrize("deed", ["move", "take", "later"])
def test_reader_does_nothing_with_a_task(reading_room, deed):
    task = rows.task()
    before = Task.objects.values().get(pk=task.pk)

    answer = act(reading_room, task, deed, status="done", until="hours")

    assert answer.status_code == 403
    assert Task.objects.values().get(pk=task.pk) == before


@pytest.mark.parametrize("deed", ["move", "take", "later"])
def test_deed_needs_a_press(desk, deed):
    assert desk.get(reverse(f"admin:engagement_task_{deed}", args=[rows.task().pk])).status_code == 405


def test_deed_on_a_task_that_is_gone_answers_not_found(desk):
    gone = Task(title="gone")

    assert act(desk, gone, "move", status="done").status_code == 404


def test_without_scripts_the_deed_leads_back_to_its_page(desk):
    answer = act(desk, rows.task(), "move", as_script=False, status="done", next="/admin/engagement/task/board/?q=a")

    assert (answer.status_code, answer["Location"]) == (302, "/admin/engagement/task/board/?q=a")


def test_deed_leads_to_no_other_site(desk):
    answer = act(desk, rows.task(), "move", as_script=False, status="done", next="https://elsewhere.example/")

    assert answer["Location"] == reverse("admin:engagement_task_changelist")


def test_reader_sees_a_still_board(reading_room):
    open_task("Review")

    page = board(reading_room).content.decode()

    assert "Review" in page
    assert 'draggable="true"' not in page
    assert "data-to" not in page


def test_board_is_for_those_who_may_see_tasks(client):
    user = User.objects.create_user("alerts", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    client.force_login(user)

    assert board(client).status_code == 403


def test_board_is_narrowed(desk, boss):
    mine, other = open_task("mine", assignee=boss), open_task("other")

    assert on_board(desk, whose="mine") == {"mine"}
    assert on_board(desk, whose="all", brand=other.business_entity_id) == {"other"}
    assert on_board(desk, whose="all", target=mine.target_id) == {"mine"}
    assert on_board(desk, whose="all", q="OTH") == {"other"}


def test_brand_that_is_none_narrows_nothing(desk):
    open_task("Review")

    assert on_board(desk, brand="99999") == {"Review"}


@pytest.mark.parametrize("page", ["engagement_task_board", "engagement_task_changelist"])
def test_page_remembers_whose_tasks_were_looked_at(desk, page):
    desk.get(reverse(f"admin:{page}"), {"whose": "team"})

    assert desk.get(reverse(f"admin:{page}")).context["scope"] == "team"


def test_link_to_a_part_of_the_list_is_not_narrowed_by_what_is_remembered(desk):
    desk.get(reverse("admin:engagement_task_board"), {"whose": "mine"})
    open_task("late", due_at=database_now() - dt.timedelta(hours=1))

    listing = desk.get(reverse("admin:engagement_task_changelist"), {"due": "overdue"}).context["cl"]

    assert [task.title for task in listing.result_list] == ["late"]


def test_list_shows_open_tasks_due_first(desk):
    now = database_now()
    open_task("second", due_at=now)
    open_task("first", due_at=now - dt.timedelta(hours=1))
    open_task("done", status="done", completed_at=now)

    listing = desk.get(reverse("admin:engagement_task_changelist")).context["cl"]

    assert [task.title for task in listing.result_list] == ["first", "second"]


def test_search_finds_finished_tasks_too(desk):
    open_task("done", status="done", completed_at=database_now())

    listing = desk.get(reverse("admin:engagement_task_changelist"), {"q": "done"}).context["cl"]

    assert [task.title for task in listing.result_list] == ["done"]


@pytest.mark.parametrize("page", ["engagement_task_board", "engagement_task_changelist", "engagement_alert_changelist"])
def test_page_that_shows_the_present_is_told_so_in_no_words(desk, page):
    rows.task(), rows.alert()
    address = reverse(f"admin:{page}")
    version = desk.get(address).context["live"]["version"]

    with CaptureQueriesContext(connection) as captured:
        answer = desk.get(address, headers={"X-Live-Version": version})

    if answer.status_code == 200:  # the minute was over in between
        answer = desk.get(address, headers={"X-Live-Version": answer.context["live"]["version"]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(captured) <= 7


@pytest.mark.parametrize("page", ["engagement_task_board", "engagement_task_changelist"])
def test_page_is_sent_again_when_a_task_has_changed(desk, page):
    task, address = rows.task(), reverse(f"admin:{page}")
    version = desk.get(address).context["live"]["version"]
    act(desk, task, "move", status="on_hold")

    answer = desk.get(address, headers={"X-Live-Version": version})

    assert answer.status_code == 200


def test_board_asks_the_database_as_often_for_twelve_cards_as_for_two(desk):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            board(desk)
        return len(captured)

    rows.task(), rows.task()
    queries()
    with_two = queries()
    for _ in range(10):
        rows.task()

    assert queries() == with_two


def chosen(client: Client, action: str, tasks: list[Task], **fields):
    ids = [str(task.pk) for task in tasks]
    return client.post(
        reverse("admin:engagement_task_changelist"), {"action": action, "_selected_action": ids, **fields}
    )


def test_chosen_tasks_are_taken(desk, boss):
    mine, left = [rows.task(), rows.task()], rows.task()

    chosen(desk, "take_chosen", mine)

    assert set(Task.objects.filter(assignee=boss)) == set(mine)
    assert left not in mine


def test_chosen_tasks_are_assigned_after_asking_to_whom(desk, boss):
    tasks = [rows.task(), rows.task()]

    page = chosen(desk, "assign_chosen", tasks).content.decode()
    chosen(desk, "assign_chosen", tasks, answered="yes", confirmed="yes", colleague=boss.pk)

    assert "Who shall do these tasks?" in page
    assert Task.objects.filter(assignee=boss).count() == 2


def test_due_date_of_the_chosen_is_moved(desk):
    task = rows.task()

    chosen(
        desk,
        "put_off_chosen",
        [task],
        answered="yes",
        confirmed="yes",
        until="moment",
        moment_0="2026-12-24",
        moment_1="09:30",
    )

    task.refresh_from_db()
    assert task.due_at is not None
    assert task.due_at.date() == dt.date(2026, 12, 24)


def test_another_day_wants_to_be_named(desk):
    task = rows.task()

    page = chosen(desk, "put_off_chosen", [task], answered="yes", confirmed="yes", until="moment").content.decode()

    assert "Say which day and hour." in page


def test_reader_assigns_nothing(reading_room):
    task = rows.task()
    before = task.assignee_id

    chosen(reading_room, "take_chosen", [task])

    task.refresh_from_db()
    assert task.assignee_id == before
