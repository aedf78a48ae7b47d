"""Labels in the database: when they are made, made anew, what follows, and what is forgotten."""

from __future__ import annotations

import datetime as dt
import gzip
import time
import uuid

import pytest
from django.core.management import CommandError, call_command

from contactflow.core.clock import database_now
from contacts import intake
from contacts.models import ContactEvent
from engagement import message_events
from engagement.message_events import Fact
from engagement.models import Message, MessageEvent, Network
from engagement.tracking import engaged, labelling, networks
from tests.engagement.tracking.test_verdicts import WINDOWS
from tests.factories import BusinessEntityFactory, ContactFactory

pytestmark = pytest.mark.django_db
LINKS = [f"https://a.example/{number}" for number in range(5)]
HOME = "198.51.100.7"


@pytest.fixture
def now():
    return database_now()


@pytest.fixture
def message(now):
    brand = BusinessEntityFactory()
    return Message.objects.create(
        contact=ContactFactory(), business_entity=brand, status="sent", sent_at=now - dt.timedelta(hours=3), links=LINKS
    )


def hit(message, at, *, kind="clicked", link=0, ip=HOME, agent=WINDOWS, **detail):
    raw = {"ip": ip, "agent": agent, **({"link": link} if kind == "clicked" else {}), **detail}
    return MessageEvent.objects.create(
        message=message, type=kind, at=at, url=LINKS[link] if kind == "clicked" else "", detail=raw
    )


def ago(now, **time):
    return now - dt.timedelta(**time)


def label_of(row):
    row.refresh_from_db()
    return row.label, row.label_reasons


def test_a_hit_waits_so_that_its_burst_shows(message, now):
    fresh, waited = hit(message, ago(now, seconds=80)), hit(message, ago(now, seconds=100))

    assert labelling.label_due(now=now) == 1
    assert (label_of(fresh)[0], label_of(waited)[0]) == ("unknown", "human")


def test_what_came_later_changes_what_was_labelled(message, now):
    first = hit(message, ago(now, seconds=100))
    labelling.label_due(now=now)
    for link in (1, 2):
        hit(message, ago(now, seconds=92), link=link)

    labelling.label_due(now=now)

    assert label_of(first) == ("machine", ["many_links"])


def test_network_of_the_shipped_list_decides(message, now):
    machine, proxy = (
        hit(message, ago(now, hours=1), ip="40.94.20.3"),
        hit(message, ago(now, hours=1), kind="opened", ip="104.28.40.1"),
    )

    labelling.label_due(now=now)

    assert label_of(machine) == ("machine", ["microsoft_network"])
    assert label_of(proxy) == ("unknown", ["privacy"])


def test_what_staff_entered_holds_before_it_and_the_narrowest_first(message, now):
    Network.objects.create(network="40.94.0.0/16", kind="people")
    Network.objects.create(network="40.94.20.0/24", kind="gateway")
    find = networks.finder()

    assert [find(ip) for ip in ("40.94.30.1", "40.94.20.1", "40.95.0.1")] == ["people", "gateway", "microsoft"]


def test_a_newer_list_of_networks_is_taken_in_whole_or_not_at_all(tmp_path, settings, capsys):
    settings.VAR_DIR = tmp_path
    kinds = ("microsoft 40.94.0.0/16", "apple 104.28.0.0/16", "gateway 170.10.128.0/24")
    good = "\n".join(["# as of 2026-11-30", *kinds, "hosting 198.51.100.0/24"])
    find = networks.finder(entered=())
    before = find(HOME)
    (tmp_path / "new").write_text(good)
    (tmp_path / "new.gz").write_bytes(gzip.compress(good.encode()))
    bad = {"half": good[:60], "wide": f"{good}\nhosting 0.0.0.0/1", "kind": f"{good}\npeople 198.51.100.0/24", "gz": ""}

    call_command("refresh_networks", str(tmp_path / "new.gz"))
    for name, text in bad.items():
        (tmp_path / name).write_bytes(text.encode() or b"\x1f\x8bx")
        with pytest.raises(CommandError, match="the list in use stays"):
            call_command("refresh_networks", str(tmp_path / name))

    assert (before, find(HOME), find("3.5.140.2")) == ("", "hosting", "")
    assert "of 2026-11-30 (taken in here)" in capsys.readouterr().out
    (tmp_path / "networks.txt.gz").unlink()
    assert (find(HOME), networks.date_of_list()) == ("", "2026-08-22 (shipped)")


@pytest.mark.parametrize("ip", ["", "nonsense", "999.1.1.1", "::ffff:198.51.100.7", "198.51.100.7", "2001:db8::1"])
def test_addresses_of_no_network_are_none(ip):
    assert networks.finder()(ip) == ""


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("67.231.152.9", "gateway"),
        ("170.10.128.5", "gateway"),
        ("::ffff:40.94.20.3", "microsoft"),
        ("3.5.140.2", "hosting"),
    ],
)
def test_known_networks_are_found(ip, kind):
    assert networks.finder()(ip) == kind


def test_hits_that_a_provider_tells_are_labelled_too(message, now):
    told = {"message_id": message.pk, "at": ago(now, minutes=10), "type": "clicked", "url": LINKS[0]}
    message_events.record([
        Fact(**told, key="1", detail={"agent": WINDOWS}),
        Fact(**told, key="2", detail={"agent": "curl/8"}),
        Fact(**told, key="3"),
        Fact(**told, key="4", detail={"agent": WINDOWS, "bot": "generic"}),
    ])  # fmt: skip

    labelling.label_due(now=now)

    assert list(message.events.order_by("provider_event_id").values_list("label", flat=True)) == [
        "human", "machine", "unknown", "machine",
    ]  # fmt: skip


def test_clicks_of_a_person_are_told_to_workflows_once_a_day(message, now):
    for minutes in (30, 20, 10):
        hit(message, ago(now, minutes=minutes), link=minutes // 10)
        labelling.label_due(now=now)

    event = ContactEvent.objects.get(kind="engagement_detected")
    assert event.contact == message.contact
    assert event.processed_at is None
    assert event.facts["business_entities"] == [message.business_entity.name]
    assert event.payload["metadata"]["what"] == "clicked"
    assert event.payload["metadata"]["link"] == LINKS[3]


@pytest.mark.parametrize("about", [{"agent": "curl/8"}, {"ip": "40.94.20.3"}, {"kind": "opened"}, {"method": "HEAD"}])
def test_machines_and_opens_start_nothing(message, now, about):
    hit(message, ago(now, minutes=30), **about)

    labelling.label_due(now=now)

    assert not ContactEvent.objects.exists()


def test_another_brand_is_told_apart(message, now):
    contact, other = message.contact, BusinessEntityFactory(slug="studio")

    told = [
        engaged.record(contact=contact, brand=brand, what="replied", at=now, now=now)
        for brand in (message.business_entity, other, other)
    ]

    assert told == [True, True, False]


def test_a_reply_makes_suspects_people_backwards(message, now):
    suspect = hit(message, message.sent_at + dt.timedelta(seconds=30))
    machine = hit(message, message.sent_at + dt.timedelta(seconds=1))
    labelling.label_due(now=now)
    assert label_of(suspect) == ("unknown", ["soon"])
    intake.record_event(email=message.contact.email, kind="replied", source="system", now=now)

    assert labelling.reopen_proven(now=now) == 1
    labelling.run_pump_step(time.monotonic() + 10)

    assert label_of(suspect) == ("human", ["proven", "soon"])
    assert label_of(machine)[0] == "machine"
    assert labelling.reopen_proven(now=now) == 0


def test_where_somebody_clicked_from_before_lifts_that_a_click_came_soon(message, now):
    earlier = Message.objects.create(contact=message.contact, status="sent", sent_at=now - dt.timedelta(days=9))
    before = hit(earlier, now - dt.timedelta(days=8))
    labelling.label_due(now=now)
    soon = hit(message, message.sent_at + dt.timedelta(seconds=40))

    labelling.label_due(now=now)

    assert (label_of(before), label_of(soon)) == (("human", []), ("human", ["known_reader", "soon"]))


def test_labels_can_be_made_anew(message, now, capsys):
    Message.objects.update(sent_at=ago(now, days=60))
    old = hit(message, ago(now, days=10), ip="203.0.113.9")
    labelling.label_due(now=now)
    Network.objects.create(network="203.0.113.0/24", kind="microsoft")

    call_command("label_hits", "--since", "2020-01-01")

    assert label_of(old) == ("machine", ["microsoft_network"])
    assert "machine: 1" in capsys.readouterr().out


def test_an_old_click_starts_nothing_when_it_is_labelled_anew(message, now):
    hit(message, ago(now, days=10))

    labelling.label_due(now=now)

    assert not ContactEvent.objects.exists()


def test_traces_are_forgotten_and_labels_stay(message, now):
    Message.objects.update(sent_at=ago(now, days=60))
    old, fresh = hit(message, ago(now, days=40), agent="curl/8"), hit(message, ago(now, days=1))
    labelling.label_due(now=now)

    assert labelling.blank_hits(older_than=ago(now, days=30)) == 1
    labelling.label_anew()
    hit(message, ago(now, hours=1))
    labelling.label_due(now=now)

    assert label_of(old) == ("machine", ["tool_agent"])
    assert old.detail == {"link": 0, "blanked": True}
    assert "ip" in fresh.detail


@pytest.mark.parametrize(
    "detail", [{"ip": 5, "agent": ["x"]}, {"headers": "prefetch"}, {"link": None}, {"ip": "\ud800"[:0]}]
)
def test_strange_raw_data_holds_nobody_up(message, now, detail):
    MessageEvent.objects.create(message=message, type="clicked", at=ago(now, hours=1), detail=detail)

    assert labelling.label_due(now=now) == 1


def test_two_workers_who_label_at_once_tell_once(message, now):
    hit(message, ago(now, minutes=30))
    labelling.label_due(now=now)
    MessageEvent.objects.update(label_version=None, label="unknown")
    ContactEvent.objects.update(received_at=ago(now, hours=25))  # the quiet day did not show the other one's yet

    labelling.label_due(now=now)

    assert ContactEvent.objects.count() == 1


def test_message_of_another_person_says_nothing(message, now):
    other = Message.objects.create(id=uuid.uuid4(), contact=ContactFactory(), status="sent", links=LINKS)
    for link in range(3):
        hit(other if link else message, ago(now, minutes=30), link=link)

    labelling.label_due(now=now)

    assert label_of(message.events.get()) == ("human", [])
