"""The list of alerts, the bell, and who is alerted."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from engagement.admin.alerts import told
from engagement.models import Alert, Delivery
from tests import factories as f
from tests.admin import rows

pytestmark = pytest.mark.django_db
NO_MAILBOX = {"code": "mailbox_unknown", "said": "no such mailbox"}
JSON = {"Accept": "application/json"}


def seen(alert: Alert) -> str:
    return reverse("admin:engagement_alert_seen", args=[alert.pk])


def listed(client, **query) -> list[Alert]:
    return list(client.get(reverse("admin:engagement_alert_changelist"), query).context["cl"].result_list)


def test_alert_is_acknowledged_with_one_press(desk):
    alert = rows.alert()

    answer = desk.post(seen(alert), headers=JSON)

    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.acknowledged_at is not None) == ("boss", True)
    assert answer.json() == {"said": "“New artist” is acknowledged."}


def test_second_one_is_told_who_was_first(desk):
    alert = rows.alert()
    Alert.objects.filter(pk=alert.pk).update(acknowledged_at=f.NOW, acknowledged_by="anna")

    answer = desk.post(seen(alert), headers=JSON)

    assert answer.json() == {"said": "“New artist” is acknowledged: anna was first."}


def test_without_scripts_the_press_leads_back_to_the_list(desk):
    answer = desk.post(seen(rows.alert()), {"next": "/admin/engagement/alert/?whose=mine"})

    assert answer["Location"] == "/admin/engagement/alert/?whose=mine"


def test_reader_acknowledges_nothing(reading_room):
    alert = rows.alert()

    answer = reading_room.post(seen(alert), headers=JSON)

    alert.refresh_from_db()
    assert (answer.status_code, alert.acknowledged_at) == (403, None)


def test_reader_sees_no_button_in_the_list(reading_room):
    alert = rows.alert()

    assert seen(alert) not in reading_room.get(reverse("admin:engagement_alert_changelist")).content.decode()


def test_acknowledging_needs_a_press(desk):
    assert desk.get(seen(rows.alert())).status_code == 405


def test_list_shows_what_is_open(desk):
    waiting, done = rows.alert(), rows.alert()
    Alert.objects.filter(pk=done.pk).update(acknowledged_at=f.NOW)

    assert listed(desk) == [waiting]
    assert set(listed(desk, state="any")) == {waiting, done}


def test_list_is_narrowed_to_my_roles(desk, boss):
    mine = rows.alert()
    rows.alert()
    mine.target.people.add(boss)

    assert listed(desk, whose="mine") == [mine]


def test_list_is_narrowed_to_what_reaches_nobody(desk):
    for_nobody, for_address = rows.alert(), rows.alert()
    for_address.target.extra_emails = ["a@example.org"]
    for_address.target.save(update_fields=["extra_emails"])
    for_nobody.target.extra_emails = []
    for_nobody.target.people.clear()
    for_nobody.target.save(update_fields=["extra_emails"])

    assert listed(desk, whose="nobody") == [for_nobody]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("pending", "The email to a@example.org is on its way"),
        ("sending", "The email to a@example.org is on its way"),
        ("sent", "Emailed to a@example.org"),
        ("failed", "The email to a@example.org was refused: no such mailbox"),
        ("ambiguous", "The email to a@example.org may or may not have arrived: no such mailbox"),
        ("undeliverable", "Nobody was told"),
    ],
)
def test_delivery_is_told_in_words(status, said):
    delivery = Delivery(address="a@example.org", status=status, reason=NO_MAILBOX if status != "sent" else {})
    if status in ("pending", "sending"):
        delivery.reason = {}

    assert told(delivery) == said


def test_alert_that_reached_nobody_leads_to_its_target(desk, address):
    alert = rows.alert()
    Delivery.objects.filter(alert=alert).update(status="undeliverable", address="")

    page = desk.get(address.list(Alert)).content.decode()

    assert "Nobody was told" in page
    assert address.change(alert.target) in page


def bell(client, **headers):
    return client.get(reverse("admin:engagement_alert_bell"), headers=headers)


def test_bell_counts_my_open_alerts(desk, boss):
    mine = rows.alert()
    mine.target.people.add(boss)
    rows.alert()

    answer = bell(desk)

    assert "1 open alert for you" in answer.content.decode()
    assert address_of(mine) in answer.content.decode()


def address_of(alert: Alert) -> str:
    return reverse("admin:engagement_alert_change", args=[alert.pk])


def test_bell_has_nothing_to_say_twice(desk):
    version = bell(desk).context["version"]

    assert bell(desk, **{"X-Live-Version": version}).status_code == 204


def test_bell_without_alerts_says_so(desk):
    assert "No open alerts for you" in bell(desk).content.decode()


def test_bell_is_on_every_page_of_those_who_see_alerts(desk, client):
    index = reverse("admin:index")

    assert reverse("admin:engagement_alert_bell") in desk.get(index).content.decode()
    client.force_login(User.objects.create_user("new", is_staff=True))
    assert reverse("admin:engagement_alert_bell") not in client.get(index).content.decode()


def test_bell_is_refused_to_those_who_see_no_alerts(client):
    client.force_login(User.objects.create_user("new", is_staff=True))

    assert bell(client).status_code == 403


def test_test_alert_reaches_who_is_behind_the_target(desk, address, boss):
    target = f.TargetFactory(extra_emails=[])
    target.people.add(boss)

    desk.post(address.button(target, "send_test"))

    assert [one.address for one in Alert.objects.get().deliveries.all()] == [boss.email]


def test_test_alert_for_nobody_says_so_before(desk, address):
    target = f.TargetFactory(extra_emails=[])

    assert "Nobody is behind this target yet." in desk.get(address.button(target, "send_test")).content.decode()


def test_target_tells_whom_an_alert_reaches(desk, address, boss):
    target = f.TargetFactory(extra_emails=["team@example.org"])
    target.people.add(boss)

    page = desk.get(address.change(target)).content.decode()

    assert "At the bell: boss. By email: boss@staff.example, team@example.org." in page


def test_task_and_alert_lead_to_the_workflow_that_made_them(desk, address):
    action = f.ScheduledActionFactory()
    task, alert = rows.task(), rows.alert()
    for row in (task, alert):
        type(row).objects.filter(pk=row.pk).update(action=action.pk)

    pages = [desk.get(address.change(row)).content.decode() for row in (task, alert)]

    assert all(address.change(action.instance) in page for page in pages)


def test_task_made_by_hand_says_so(desk, address):
    assert "By hand" in desk.get(address.change(rows.task())).content.decode()
