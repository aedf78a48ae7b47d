"""The frame of the admin: start page, sidebar, policy, keys, people and what is kept out."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contactflow.admin_site import PLACES
from contactflow.core.clock import database_now
from contactflow.models import ApiKey
from contactflow.today import attention
from engagement import worklist
from engagement.models import Alert, ChannelState, Message, Task
from tests import factories as f
from tests.admin import browser, rows
from workflows import heartbeat
from workflows.models import ScheduledAction

pytestmark = pytest.mark.django_db


def numbers(desk):
    return {card.title: card.value for card in desk.get(reverse("admin:index")).context["cards"]}


def test_start_page_of_an_empty_installation_has_nothing_to_do(desk):
    assert set(numbers(desk).values()) == {"0"}


def sentences_of(desk):
    return [notice.sentence for notice in desk.get(reverse("admin:index")).context["notices"]]


def test_start_page_says_that_mail_is_not_connected(desk, settings):
    settings.EMAIL_URL = ""

    assert "Mail is not connected: emails stay here. EMAIL_URL or EMAIL_PROVIDER connects it." in sentences_of(desk)


def test_start_page_says_that_notion_is_not_connected(desk):
    assert any(sentence.startswith("Notion is not connected.") for sentence in sentences_of(desk))


def test_start_page_is_silent_about_a_notion_that_is_connected(desk, settings):
    settings.NOTION_API_KEY, settings.NOTION_DATABASES = "key", {"contacts": "1", "instances": "2", "tasks": "3"}

    assert not any("Notion" in sentence for sentence in sentences_of(desk))


def test_start_page_says_that_a_channel_is_paused_and_why(desk, settings):
    settings.EMAIL_URL, settings.TIME_ZONE = "smtp://localhost:1025", "Europe/Berlin"
    until = database_now().replace(hour=8, minute=5) + dt.timedelta(days=1)
    reason = {"code": "server_unreachable", "host": "mail.example", "said": "timed out"}
    ChannelState.objects.create(channel="email", paused_until=until, troubles=1, reason=reason)
    heartbeat.beat(name="host:1")

    page = desk.get(reverse("admin:index"))

    notice = next(one for one in page.context["notices"] if "paused" in one.sentence)
    hour = until.astimezone(ZoneInfo("Europe/Berlin")).hour
    assert notice.sentence == f"Email is paused until {hour}:05: The mail server mail.example cannot be used: timed out"
    assert reverse("admin:engagement_channelstate_changelist") in page.content.decode()
    assert "alerts go out" not in page.content.decode()


def test_start_page_says_nothing_while_all_channels_run(desk, settings):
    settings.EMAIL_URL = "smtp://localhost:1025"
    ChannelState.objects.create(channel="email", paused_until=f.NOW, troubles=1)

    assert not any("paused" in sentence or "Mail" in sentence for sentence in sentences_of(desk))


def test_start_page_shows_the_newest_open_alerts(desk):
    for number in range(7):
        alert = rows.alert()
        Alert.objects.filter(pk=alert.pk).update(
            title=f"Alert {number}", created_at=f.NOW + dt.timedelta(hours=number), acknowledged_at=None
        )
    Alert.objects.filter(title="Alert 6").update(acknowledged_at=f.NOW)

    shown = desk.get(reverse("admin:index")).context["alerts"]

    assert [alert.title for alert in shown] == ["Alert 5", "Alert 4", "Alert 3", "Alert 2", "Alert 1"]


@pytest.mark.parametrize(
    ("due", "count"), [("12:59", 0), ("13:00", 1), ("23:59", 1), ("+00:00", 0)], ids=["past", "now", "late", "tomorrow"]
)
def test_day_ends_at_midnight_of_this_installation(settings, due, count):
    settings.TIME_ZONE = "America/New_York"
    day = dt.datetime(2026, 3, 2, tzinfo=ZoneInfo("America/New_York"))
    hour, minute = due.removeprefix("+").split(":")
    due_at = day.replace(hour=int(hour), minute=int(minute)) + dt.timedelta(days=due.startswith("+"))
    Task.objects.create(title="Call her", due_at=due_at)

    assert worklist.due_today(Task.objects.all(), now=day.replace(hour=13)).count() == count


def test_start_page_counts_what_needs_a_person(desk):
    for status in ("failed", "dead", "ambiguous", "pending"):
        action = rows.action()
        finished = database_now() if status in ("failed", "dead") else None
        ScheduledAction.objects.filter(pk=action.pk).update(status=status, finished_at=finished)
    rows.message()
    Message.objects.update(status="held")
    rows.alert()
    rows.task()
    heartbeat.beat(name="host:1")

    assert numbers(desk) == {
        "Failed steps": "2",
        "Unclear steps": "1",
        "Held emails": "1",
        "Given up this week": "0",
        "Mails to answer": "0",
        "Open alerts": "1",
        "Overdue tasks": "1",
        "Due today": "0",
        "Teams with nobody": "0",
        "Workers running": "1",
    }


def test_start_page_leaves_out_what_is_dealt_with(desk):
    rows.alert()
    Alert.objects.update(acknowledged_at=database_now())
    rows.task()
    Task.objects.update(status="cancelled")

    assert numbers(desk)["Open alerts"] == numbers(desk)["Overdue tasks"] == "0"


def test_every_number_leads_to_its_list(desk):
    cards = desk.get(reverse("admin:index")).context["cards"]

    statuses = [desk.get(card.address).status_code for card in cards]

    assert statuses == [200] * 10


@pytest.mark.parametrize(
    ("title", "make"), [("Held emails", rows.message), ("Open alerts", rows.alert), ("Overdue tasks", rows.task)]
)
def test_list_behind_a_number_shows_as_many_rows(desk, title, make):
    make()
    make()
    Message.objects.update(status="held")
    card = next(card for card in attention.gather(now=database_now()).cards if card.title == title)

    listing = desk.get(card.address).context["cl"]

    assert str(listing.result_count) == card.value == "2"


def test_start_page_asks_as_often_whatever_there_is(desk):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get(reverse("admin:index"))
        return len(captured)

    rows.entity()  # without a brand, nothing is asked about promises
    queries()
    empty = queries()
    for make in (rows.action, rows.message, rows.alert, rows.task, rows.heartbeat):
        make()

    assert queries() == empty


def test_count_goes_no_further_than_the_limit(monkeypatch):
    monkeypatch.setattr(worklist, "COUNT_UP_TO", 2)
    for _ in range(3):
        rows.alert()

    cards = {card.title: card.value for card in attention.gather(now=database_now()).cards}

    assert cards["Open alerts"] == "2 or more"


def test_start_page_shows_only_what_the_person_may_see(client):
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_task", content_type__app_label="engagement"))
    client.force_login(user)

    assert list(numbers(client)) == ["Overdue tasks", "Due today"]
    assert sentences_of(client) == client.get(reverse("admin:index")).context["alerts"] == []


def test_old_sign_of_life_counts_as_no_worker(desk):
    heartbeat.beat(name="host:1")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE workflows_workerheartbeat SET beat_at = beat_at - interval '1 hour'")

    assert numbers(desk)["Workers running"] == "0"


def sidebar_of(client):
    groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
    return {item["title"]: item["link"] for group in groups for item in group["items"]}


def test_sidebar_goes_by_task(desk):
    groups = desk.get(reverse("admin:index")).context["sidebar_navigation"]

    assert [group.get("title") for group in groups] == [None, *PLACES]


def test_every_place_in_the_sidebar_opens(desk):
    statuses = {title: desk.get(link).status_code for title, link in sidebar_of(desk).items()}

    assert set(statuses.values()) == {200}


def test_every_list_has_its_place_in_the_sidebar(desk):
    places = {link.partition("?")[0] for link in sidebar_of(desk).values()}

    lists = {
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in admin.site._registry
    }

    assert lists <= places


def test_what_went_wrong_and_the_board_are_found_in_the_sidebar(desk):
    places = sidebar_of(desk)

    assert places["Failures"] == reverse("admin:workflows_failures")
    assert places["Board"] == reverse("admin:engagement_task_board")


@pytest.mark.parametrize(
    ("page", "here"),
    [
        ("index", "Today"),
        ("workflows_failures", "Failures"),
        ("workflows_scheduledaction_changelist", "Scheduled steps"),
        ("engagement_task_add", "Tasks"),
    ],
)
def test_sidebar_marks_the_one_line_where_one_is(desk, page, here):
    groups = desk.get(reverse(f"admin:{page}")).context["sidebar_navigation"]

    assert [item["title"] for group in groups for item in group["items"] if item["active"]] == [here]


def test_start_page_leads_to_the_causes_of_what_went_wrong(desk):
    assert (
        f'href="{reverse("admin:workflows_failures")}">Failures, by cause'
        in desk.get(reverse("admin:index")).content.decode()
    )


def test_sidebar_hides_what_the_person_may_not_see(client):
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_task", content_type__app_label="engagement"))
    client.force_login(user)

    assert list(sidebar_of(client)) == ["Today", "Tasks", "Board"]


def policy(response):
    parts = response.headers["Content-Security-Policy"].split(";")
    return {part.split()[0]: part.split()[1:] for part in parts}


def test_admin_may_run_its_own_scripts_only(desk):
    found = policy(desk.get(reverse("admin:index")))

    assert found["script-src"] == ["'self'", "'unsafe-eval'"]
    assert found["style-src"] == ["'self'", "'unsafe-inline'"]


def test_admin_keeps_the_rest_of_the_policy(desk):
    found = policy(desk.get(reverse("admin:index")))

    assert found["object-src"] == ["'none'"]
    assert found["img-src"] == ["'self'", "data:"]


@pytest.mark.parametrize("path", ["/", "/administrator/", "/contact-workflows/status", "/nothing-here/admin/"])
def test_policy_is_strict_everywhere_else(client, path):
    found = policy(client.get(path))

    assert not {"'unsafe-eval'", "'unsafe-inline'"} & {word for words in found.values() for word in words}


@pytest.mark.parametrize("label", rows.HIDDEN)
def test_what_is_not_for_people_is_not_in_the_admin(label):
    assert not admin.site.is_registered(apps.get_model(label))


def test_new_key_is_shown_once_and_works(desk, address):
    response = desk.post(address.add(ApiKey), {"name": "Website", "scope": "intake"})

    (warning,) = [str(message) for message in get_messages(response.wsgi_request) if message.level_tag == "warning"]
    plaintext = next(word for word in warning.split() if word.startswith("cf_"))
    assert ApiKey.objects.match(plaintext) == ApiKey.objects.get(name="Website")


def test_key_is_never_shown_again(desk, address):
    key, plaintext = ApiKey.objects.issue(name="Website", scope="intake")

    pages = [desk.get(page).content.decode() for page in (address.list(ApiKey), address.change(key))]

    assert not any(plaintext in page or key.digest in page for page in pages)


def test_key_is_revoked(desk, address):
    key, plaintext = ApiKey.objects.issue(name="Website", scope="intake")

    desk.post(address.button(key, "revoke"))

    assert ApiKey.objects.match(plaintext) is None


def test_revoked_key_has_nothing_to_revoke(desk, address):
    key, _ = ApiKey.objects.issue(name="Website", scope="intake")
    key.revoke()

    page = desk.get(address.change(key)).content.decode()

    assert address.button(key, "revoke") not in page


def test_key_is_neither_changed_nor_deleted(desk, address):
    key, _ = ApiKey.objects.issue(name="Website", scope="intake")

    statuses = [
        desk.post(address.change(key), {"scope": "admin"}).status_code,
        desk.post(address.delete(key), {"post": "yes"}).status_code,
    ]

    assert statuses == [403, 403]


@pytest.mark.parametrize("scope", ["", "everything"])
def test_key_needs_a_scope_that_exists(desk, address, scope):
    response = desk.post(address.add(ApiKey), {"name": "Website", "scope": scope})

    assert "scope" in response.context["adminform"].form.errors


def test_colleague_is_added_with_a_password(desk, address):
    password = "a long and winding road"

    desk.post(
        address.add(User),
        {"username": "ada", "password1": password, "password2": password, "usable_password": "true"},
    )

    assert User.objects.get(username="ada").check_password(password)


@pytest.fixture
def office(client):
    """Somebody who looks after the accounts without being a superuser."""
    user = User.objects.create_user("office", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__model__in=["user", "group"]))
    client.force_login(user)
    return client


def test_office_cannot_give_rights(office, address):
    colleague = User.objects.create_user("ada", is_staff=True)

    browser.submit(office, address.change(colleague), "user_form", is_superuser="on", first_name="Ada")

    colleague.refresh_from_db()
    assert (colleague.first_name, colleague.is_superuser) == ("Ada", False)


def test_office_cannot_touch_a_superuser(office, boss, address):
    statuses = [
        office.post(address.change(boss), {"username": "mine"}).status_code,
        office.post(address.delete(boss), {"post": "yes"}).status_code,
        office.post(reverse("admin:auth_user_password_change", args=[boss.pk]), {}).status_code,
    ]

    assert statuses == [403, 403, 403]


def test_group_takes_permissions(desk, address):
    permission = Permission.objects.get(codename="view_task", content_type__app_label="engagement")

    browser.submit(desk, address.add(Group), "group_form", name="Readers", permissions=[permission.pk])

    assert list(Group.objects.get().permissions.all()) == [permission]


def test_login_page_opens_and_leads_to_the_start_page(client, boss):
    response = client.post(reverse("admin:login"), {"username": "boss", "password": "secret"})

    assert response.url == reverse("admin:index")
