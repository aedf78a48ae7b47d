"""What was tried against a running system, through its public face."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.files import uploadhandler
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from contactflow import deployment, environment, machine, roles
from contactflow.core.log_filters import OneLine
from contactflow.management.commands import prepare_machine
from contactflow.models import ApiKey, AuditEntry
from contacts import consent, contact_actions, deletion
from contacts.models import BusinessEntity, Contact, ContactEvent, ContactStatus, Suppression
from engagement import goals, stream, touches
from engagement.inbound import taking
from engagement.models import ChannelState, Delivery, Goal, Message
from notion_bridge.models import NotionDatabase, PageLink, SyncProblem
from tests.benchmarks import stand
from tests.factories import NOW, ContactFactory
from workflows.models import ExportChunk, ExportRun, ImportLine, ImportRun, WorkflowInstance

BODY = b"POST /contact-workflows/new-contact HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n"
READ = b"GET /static/admin/css/base.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW = {  # what each kind of caller sends, and then a byte now and then
    "heads": b"GET /healthz HTTP/1.1\r\nX-Slow: ",
    "bodies": BODY,
    "silent": b"",
    "readers": READ * 8,
}


# Slow sockets


@pytest.fixture
def web_server(live_environment: dict[str, str]) -> Iterator[int]:
    with stand.web_server(DATABASE_URL=live_environment["DATABASE_URL"]) as port:
        yield port


def connect(port: int, *, buffer: int = 0) -> socket.socket:
    slow = socket.socket()
    if buffer:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    slow.connect(("127.0.0.1", port))
    return slow


@pytest.mark.slow
def test_two_hundred_slow_sockets_hold_nobody_up(web_server: int) -> None:
    callers = {}
    for kind, first in SLOW.items():
        callers[kind] = [connect(web_server, buffer=4096 if kind == "readers" else 0) for _ in range(50)]
        for caller in callers[kind]:
            caller.sendall(first)

    seconds = []
    for _ in range(40):
        for kind in ("heads", "bodies"):
            for caller in callers[kind]:
                with contextlib.suppress(OSError):  # by now one may be cut off for its slowness
                    caller.sendall(b"x")
        for reader in callers["readers"]:
            reader.recv(1)
        for path, status in (("/healthz", 200), ("/admin/login/", 200), ("/api/v1/contacts", 401)):
            began = time.monotonic()
            assert httpx.get(f"http://127.0.0.1:{web_server}{path}", timeout=20).status_code == status
            seconds.append(time.monotonic() - began)

    assert max(seconds) < 5, sorted(seconds)[-5:]  # held up, they would wait for the deadlines of the slow
    for caller in chain(*callers.values()):
        caller.close()


@pytest.mark.slow
def test_a_request_that_never_ends_is_cut_off(web_server: int) -> None:
    callers = [connect(web_server) for _ in range(3)]
    for caller, first in zip(callers, (SLOW["heads"], SLOW["bodies"], b""), strict=True):
        caller.sendall(first)

    give_up = time.monotonic() + 50
    open_ones = dict(enumerate(callers))
    while open_ones and time.monotonic() < give_up:
        time.sleep(1)
        for number, caller in list(open_ones.items()):
            caller.settimeout(0.01)
            try:
                if number < 2:
                    caller.sendall(b"x")
                if caller.recv(1) == b"":
                    del open_ones[number]
            except TimeoutError:
                continue
            except OSError:
                del open_ones[number]

    assert not open_ones


@pytest.mark.slow
def test_a_large_body_is_refused_before_it_is_received(web_server: int) -> None:
    for path, kind in (("/admin/login/", "text/plain"), ("/contact-workflows/new-contact", "application/problem+json")):
        caller = connect(web_server)
        caller.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            "Content-Length: 3000000000\r\n\r\n".encode()
        )
        caller.settimeout(5)
        answer = caller.recv(4096).decode()
        caller.close()

        assert answer.startswith("HTTP/1.1 413 ")
        assert kind in answer


# A key that stands in a web page

NEW_CONTACT = "/contact-workflows/new-contact"
KNOWN = {
    "email": "ada@example.com",
    "first_name": "Ada",
    "phone": "+44 20 7946 0958",
    "contact_types": ["Gallery Contact"],
    "tags": ["VIP"],
    "custom": {"Budget": 5},
}


@pytest.fixture
def form(deployed: None, db: None) -> Client:
    _, key = ApiKey.objects.issue(name="web form", scope="intake")
    return Client(headers={"authorization": f"Bearer {key}"})


def send(caller: Client, **told: Any) -> Any:
    return caller.post(NEW_CONTACT, told, content_type="application/json")


@pytest.fixture
def ada(form: Client) -> Contact:
    assert send(form, **KNOWN).status_code == 202
    return Contact.objects.get(email="ada@example.com")


def test_public_form_is_told_the_same_of_known_and_unknown_people(form: Client, ada: Contact) -> None:
    consent.do_not_contact(contact=ada, source="asked on the telephone", now=NOW)

    answers = [send(form, email=email, first_name="Eve") for email in ("ada@example.com", "new@example.com")]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert [set(answer.json()) for answer in answers] == [{"success", "event_id"}] * 2
    assert {name for answer in answers for name in answer.headers} == set(answers[0].headers)


def test_public_form_fills_what_is_empty_and_overwrites_nothing(form: Client, ada: Contact) -> None:
    send(
        form, email="ADA@example.com", first_name="Eve", last_name="Lovelace", phone="+49 30 901820", company="Engines",
        contact_types=["Business Contact"], tags=["Spam"], custom={"Budget": 1, "Room": 3}, lead_source="Referral",
    )  # fmt: skip

    known = Contact.objects.get(pk=ada.pk)
    assert (known.first_name, known.last_name, known.phone) == ("Ada", "Lovelace", "+442079460958")
    assert (known.company, known.tags, known.custom) == ("Engines", ["VIP"], {"Budget": 5, "Room": 3})
    assert [kind.name for kind in known.contact_types.all()] == ["Gallery Contact"]
    event = known.events.first()
    assert event is not None
    assert event.proposed["first_name"] == ["Ada", "Eve"]
    assert {"phone", "tags", "contact_types", "custom.Budget", "lead_source"} <= set(event.proposed)
    assert {"last_name", "company", "custom.Room"} <= set(event.changes)


def test_staff_take_over_what_a_public_form_proposed(form: Client, ada: Contact, admin_client: Client) -> None:
    send(form, email="ada@example.com", first_name="Augusta", tags=["Mathematics"], custom={"Budget": 9})
    event = ada.events.latest("received_at")
    page = f"/admin/contacts/contactevent/{event.pk}/change/"
    started = WorkflowInstance.objects.count()

    assert "Augusta" in admin_client.get(page).content.decode()
    admin_client.post(reverse("admin:contacts_contactevent_take_over", args=[event.pk]))

    known = Contact.objects.get(pk=ada.pk)
    assert (known.first_name, known.tags, known.custom) == ("Augusta", ["VIP", "Mathematics"], {"Budget": 9})
    assert ContactEvent.objects.get(pk=event.pk).proposed == {}
    assert WorkflowInstance.objects.count() == started


def test_what_a_known_person_asks_for_starts_all_the_same(form: Client, ada: Contact) -> None:
    send(form, email="ada@example.com", contact_types=["Business Contact"])

    event = ada.events.latest("received_at")
    assert "Business Contact" in event.facts["contact_types"]


def test_key_that_operates_is_told_everything_and_updates(deployed: None, ada: Contact) -> None:
    _, key = ApiKey.objects.issue(name="operator", scope="operate")

    answer = send(Client(headers={"authorization": f"Bearer {key}"}), email="ada@example.com", first_name="Augusta")

    assert answer.status_code == 200
    assert answer.json()["contact_email"] == "ada@example.com"
    assert Contact.objects.get(pk=ada.pk).first_name == "Augusta"


# Files nobody asked for

UPLOAD_PAGE = "/admin/workflows/importrun/add/"


@pytest.fixture
def kept_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    kept: list[str] = []
    monkeypatch.setattr(uploadhandler, "TemporaryUploadedFile", lambda name, *about: kept.append(name))
    return kept


@pytest.mark.django_db
@pytest.mark.parametrize("path", [UPLOAD_PAGE, "/admin/login/", "/contact-workflows/new-contact", "/nowhere/"])
@pytest.mark.parametrize("who", ["nobody", "reader"])
def test_file_nobody_asked_for_is_not_kept(kept_files: list[str], path: str, who: str) -> None:
    client = Client(enforce_csrf_checks=True)
    if who == "reader":
        client.force_login(User.objects.create_user("reader", is_staff=True))
    file = SimpleUploadedFile("people.csv", b"x" * 100_000)

    answer = client.post(path, {"file": file})

    assert answer.status_code in (302, 400, 401, 403, 404, 415)
    assert kept_files == []


@pytest.mark.django_db
def test_second_file_is_refused(admin_client: Client) -> None:
    files = {name: SimpleUploadedFile(f"{name}.csv", b"Email\nada@example.com\n") for name in ("file", "another")}

    answer = admin_client.post(UPLOAD_PAGE, {**files, "source": "Newsletter"})

    assert answer.status_code == 400


# Nothing is left of somebody who was erased

CANARY = "Qzanarix"  # in every value of hers
EMAIL = f"{CANARY}.ada@example.com".lower()


def left_of(words: str) -> dict[str, list[str]]:
    """The tables that still hold the words, in any case, also within files that are rows."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT row::text FROM "{table}" AS row WHERE row::text ~* %s', [f"{words}|{words.encode().hex()}"]
            )
            if rows := [row[0][:300] for row in cursor.fetchall()]:
                found[table] = rows
    return found


def leave_traces(form: Client, admin_client: Client) -> Contact:
    """She arrives twice, is edited, noted, exported, imported, suppressed and released, and is in Notion."""
    told = {"first_name": CANARY, "last_name": CANARY, "message": f"I am {CANARY}", "custom": {"Nick": CANARY}}
    _, key = ApiKey.objects.issue(name="operator", scope="operate")
    operator = Client(headers={"authorization": f"Bearer {key}", "idempotency-key": f"{CANARY}-1"})
    answer = operator.post(NEW_CONTACT, {"email": EMAIL, **told, "contact_types": ["Artist"]}, "application/json")
    assert answer.status_code == 201
    send(form, email=EMAIL, first_name=f"{CANARY}a")
    person = Contact.objects.get(email=EMAIL)
    for _ in range(2):
        admin_client.post(reverse("admin:contacts_suppression_add"), {"email": EMAIL, "reason": "manual"})
        suppression = Suppression.objects.get()
        admin_client.post(reverse("admin:contacts_suppression_delete", args=[suppression.pk]), {"post": "yes"})
    contact_actions.leave_note(contact=person, text=CANARY, colleague="max", now=NOW)
    LogEntry.objects.create(user=User.objects.get(username="admin"), object_repr=str(person), action_flag=2)
    run = ImportRun.objects.create(
        file_name="list.csv", source="x", header=["Email"], samples=[[EMAIL]], unknown={"t": {EMAIL: [1]}}, state="done"
    )
    ImportLine.objects.create(run=run, position=1, number=2, cells=[EMAIL], person=EMAIL, became="created")
    ImportLine.objects.create(run=run, position=2, number=3, cells=[EMAIL, "?"], became="rejected")
    export = ExportRun.objects.create(state="ready")
    ExportChunk.objects.create(run=export, number=0, data=EMAIL.encode())
    goal = Goal.objects.create(slug="x", name="X", business_entity=BusinessEntity.objects.all()[0], reached_by="hand")
    goals.record([goals.Reached(goal=goal, contact=person.pk, at=NOW, source="hand", key="x", note=CANARY)], now=NOW)
    touches.log(contact=person, kind="called", business_entity=None, at=NOW, colleague="max", note=CANARY, now=NOW)
    sent = Message.objects.create(
        contact=person, recipient=EMAIL, subject=CANARY, text=CANARY, html=CANARY, status="sent", sent_at=NOW
    )
    sent.events.create(type="clicked", url=f"https://x.example/{CANARY}", detail={"agent": CANARY})
    for sender in (EMAIL, "stranger@example.com"):
        raw = f"From: {sender}\nTo: us@brand.example\nSubject: {EMAIL}\n\nI am {EMAIL}, {sender}\n"
        taking.take_in(raw.encode(), via="test", key=sender, now=NOW)
    Delivery.objects.create(parts={"subject": CANARY, "text": EMAIL}, address="max@staff.example", status="failed")
    ChannelState.objects.create(channel="email", reason={"code": "x", "said": f"450 <{EMAIL}> later"})
    database = NotionDatabase.objects.create(kind="contacts")
    link = PageLink.objects.create(
        database=database,
        state="linked",
        contact=person,
        page_id=uuid4(),
        remote={"email": EMAIL},
        url=f"https://notion.example/{CANARY}",
    )
    link.entries.create(direction="to_notion", what="changed", fields={"email": ["", EMAIL]})
    link.conflicts.create(field="email", local=EMAIL, rule="ask")
    SyncProblem.objects.create(cause="two_pages", database=database, subject=f"contacts {EMAIL}", message=EMAIL)
    return person


@pytest.mark.django_db
def test_nothing_is_left_of_somebody_who_was_erased(form: Client, admin_client: Client) -> None:
    person = leave_traces(form, admin_client)
    assert set(left_of(CANARY)) > {"contactflow_auditentry", "django_admin_log", "contactflow_idempotentanswer"}

    admin_client.post(reverse("admin:contacts_contact_delete", args=[person.pk]), {"post": "yes"})

    assert not Contact.objects.filter(pk=person.pk).exists()
    assert left_of(CANARY) == {}


@pytest.mark.django_db
def test_of_somebody_erased_who_must_not_be_written_to_a_hash_is_left(form: Client, admin_client: Client) -> None:
    person = leave_traces(form, admin_client)
    consent.do_not_contact(contact=person, source=CANARY, now=NOW)

    deletion.delete_contacts(contacts=[person])

    assert left_of(CANARY) == {}
    assert Suppression.objects.get().email.startswith("hmac:")
    found = admin_client.get(reverse("admin:contacts_suppression_changelist"), {"q": EMAIL.title()})
    assert "Somebody who was deleted" in found.content.decode()


@pytest.mark.django_db
def test_somebody_erased_who_comes_in_again_starts_nothing_and_gets_nothing(form: Client) -> None:
    send(form, **KNOWN)
    person = Contact.objects.get()
    consent.do_not_contact(contact=person, source="phone", now=NOW)
    deletion.delete_contacts(contacts=[person])

    send(form, **KNOWN)

    again = Contact.objects.get()
    assert not consent.may_contact(contact=again).allowed
    assert not WorkflowInstance.objects.exists()


# Secrets and logs


def test_logins_and_refusals_are_a_line_with_who_and_from_where(
    admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for password in ("wrong", "password"):
        Client(REMOTE_ADDR="203.0.113.9").post(
            "/admin/login/?next=/admin/", {"username": "admin", "password": password}
        )

    assert "login of admin refused, from 203.0.113.9" in caplog.messages
    assert "login of admin, from 203.0.113.9" in caplog.messages


@pytest.mark.django_db
def test_refused_key_is_a_line_with_from_where(caplog: pytest.LogCaptureFixture) -> None:
    Client(REMOTE_ADDR="203.0.113.9", headers={"authorization": "Bearer cf_guess"}).get("/api/v1/contacts/")

    assert "API key refused, from 203.0.113.9" in caplog.messages
    assert "cf_guess" not in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["forbidden", "host"])
def test_what_is_refused_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture, way: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    caplog.handler.addFilter(OneLine())

    answer = client.get("/admin/auth/user/", headers={"host": "evil.example" if way == "host" else "localhost"})

    assert answer.status_code == (400 if way == "host" else 403)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("path", ["/api/v1/contacts/", "/api/v1/events/", "/contact-workflows/status", NEW_CONTACT])
def test_answers_with_people_are_stored_by_nobody(admin_client: Client, path: str) -> None:
    assert admin_client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("in_container", ["", "1"])
def test_secrets_are_printed_once_and_never_into_the_log_of_a_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_container: str
) -> None:
    monkeypatch.setattr(machine, "VAR_DIR", tmp_path)
    monkeypatch.setattr(prepare_machine.Command, "prepare", lambda self: None)
    monkeypatch.setenv("CONTACTFLOW_IN_CONTAINER", in_container)

    first, second = (StringIO(), StringIO())
    for said in (first, second):
        call_command("prepare_machine", stdout=said)

    password = (tmp_path / "secrets" / "admin_password").read_text().strip()
    key = (tmp_path / "secrets" / "operate_key").read_text().strip()
    assert (password in first.getvalue(), password in second.getvalue()) == (not in_container, False)
    assert (key in first.getvalue(), key in second.getvalue()) == (not in_container, not in_container)
    assert "secrets/admin_password" in second.getvalue()


# Settings

SCHEMES = {"EMAIL_URL": "smtp+tls", "DATABASE_URL": "postgresql", "REDIS_URL": "rediss"}


@pytest.mark.parametrize("password", ["pa/ss", "pa#ss", "pa[ss", "12/34", "1?x"])
@pytest.mark.parametrize("variable", ["EMAIL_URL", "DATABASE_URL", "REDIS_URL"])
def test_password_that_must_be_percent_encoded_is_said_to_be(
    monkeypatch: pytest.MonkeyPatch, variable: str, password: str
) -> None:
    monkeypatch.setenv(variable, f"{SCHEMES[variable]}://user:{password}@mail.example.com:587/0")
    env = environment.Environment()
    read = {"EMAIL_URL": env.mail, "REDIS_URL": env.redis, "DATABASE_URL": lambda name: env.database(name, "")}

    with pytest.raises(SystemExit, match="percent-encoded") as refused:
        read[variable](variable)

    assert password not in str(refused.value)


def test_commands_beside_a_server_on_another_port_ask_that_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "PORT_FILE", tmp_path / "web.port")
    assert machine.running_port() == 8000

    machine.PORT_FILE.write_text(f"8010 {os.getpid()}\n")
    assert machine.running_port() == 8010

    machine.PORT_FILE.write_text("8010 999999999\n")
    assert machine.running_port() == 8000


class Other(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "up"}')


def test_another_program_on_the_port_is_not_taken_for_ours(settings: Any) -> None:
    with HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.handle_request).start()
        settings.PUBLIC_URL = f"http://127.0.0.1:{other.server_port}"

        line = deployment._web_server()

    assert line.level == "warning"
    assert "Another program" in line.text


# Rights


@pytest.fixture
def desk(deployed: None, db: None) -> Callable[[str], Client]:
    roles.load()

    def of(role: str) -> Client:
        person = User.objects.create_user(f"a {role}", is_staff=True)
        person.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(person)
        return client

    return of


@pytest.mark.parametrize(("role", "may"), [("Reader", False), ("Editor", False), ("Operator", True), ("Owner", True)])
def test_taking_lists_out_is_a_right_of_its_own(desk: Callable[[str], Client], role: str, may: bool) -> None:
    ContactFactory(status=ContactStatus.objects.get(is_default=True))
    client = desk(role)

    assert client.get(reverse("admin:contacts_contact_changelist")).status_code == 200
    for method in ("get", "post"):
        assert getattr(client, method)(reverse("admin:workflows_exportrun_add")).status_code == (200 if may else 403)


def test_reader_sees_no_accounts_in_the_trail(desk: Callable[[str], Client]) -> None:
    for table, label in (("auth_user", "the_boss"), ("contactflow_apikey", "the_key"), ("contacts_contact", "the_one")):
        AuditEntry.objects.create(actor="x", table=table, object_id="1", label=label, verb="changed")
    account = AuditEntry.objects.get(label="the_boss")
    page = reverse("admin:contactflow_auditentry_changelist")

    seen = {role: desk(role).get(page).content.decode() for role in ("Reader", "Owner")}
    detail = reverse("admin:contactflow_auditentry_change", args=[account.pk])

    assert [word in seen["Reader"] for word in ("the_boss", "the_key", "the_one")] == [False, False, True]
    assert all(word in seen["Owner"] for word in ("the_boss", "the_key", "the_one"))
    reader = User.objects.get(username="a Reader")
    client = Client()
    client.force_login(reader)
    assert client.get(detail).status_code != 200
    assert "the_boss" not in client.get(f"{page}?thing=auth_user&row=1").content.decode()


@pytest.mark.parametrize(("role", "may"), [("Editor", False), ("Owner", True)])
def test_a_new_domain_of_senders_is_for_an_owner_to_allow(desk: Callable[[str], Client], role: str, may: bool) -> None:
    brand = BusinessEntity.objects.order_by("pk")[0]
    BusinessEntity.objects.filter(pk=brand.pk).update(sender_email="team@brand.example")
    client, page = desk(role), reverse("admin:contacts_businessentity_change", args=[brand.pk])

    def send_from(address: str) -> str:
        form = client.get(page).context["adminform"].form
        given = {
            name: field.prepare_value(form.get_initial_for_field(field, name)) for name, field in form.fields.items()
        }
        client.post(
            page, {**{name: "" if value is None else value for name, value in given.items()}, "sender_email": address}
        )
        return str(BusinessEntity.objects.get(pk=brand.pk).sender_email)

    assert send_from("office@brand.example") == "office@brand.example"
    assert (send_from("ceo@other.example") == "ceo@other.example") is may


@pytest.mark.django_db
def test_one_key_holds_a_few_streams_and_a_reader_who_left_holds_none(settings: Any) -> None:
    settings.ALERT_STREAMS_OF_ONE = 2
    gone = threading.Event()
    held = [stream.open_stream(caller="key"), stream.open_stream(caller="key", is_gone=gone.is_set)]
    with pytest.raises(stream.StreamsExhausted):
        stream.open_stream(caller="key")
    stream.open_stream(caller="other").close()

    gone.set()
    assert list(held[1]) == [b": connected\nretry: 3000\n\n"]
    held[1].close()

    stream.open_stream(caller="key").close()
    held[0].close()
