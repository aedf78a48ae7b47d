"""Everything about one person: that nothing is missing, that nobody else is in it, and who may have it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from contactflow.models import ApiKey, AuditEntry
from contactflow.personal_data import export
from contacts import consent, contact_actions
from contacts.models import Contact, EntityMembership
from engagement.models import Message
from notion_bridge.models import NotionDatabase, PageLink
from tests import factories as f
from workflows.models import ImportLine, ImportRun

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.org"


@pytest.fixture
def person() -> Contact:
    one: Contact = f.ContactFactory(email=EMAIL, first_name="Ada", timezone="Asia/Tokyo")
    EntityMembership.objects.create(contact=one, business_entity=f.BusinessEntityFactory())
    action = f.ScheduledActionFactory(instance__contact=one)
    sent = Message.objects.create(
        contact=one, recipient=EMAIL, subject="Hello", text="T", html="H", status="sent", sent_at=f.NOW
    )
    sent.events.create(type="clicked", url="https://brand.example/show")
    contact_actions.leave_note(contact=one, text="prefers <b>tea</b>", colleague="max", now=f.NOW)
    consent.suppress(email=EMAIL, reason="bounced")
    database = NotionDatabase.objects.create(kind="contacts")
    page = {"database": database, "state": "linked", "page_id": uuid4()}
    link = PageLink.objects.create(**page, contact=one, url="https://notion.example/ada")
    link.entries.create(direction="to_notion", what="changed", fields={"email": ["", EMAIL]})
    PageLink.objects.create(**page | {"page_id": uuid4()}, instance=action.instance)
    run = ImportRun.objects.create(file_name="list.csv", source="x", state="done")
    ImportLine.objects.create(run=run, position=9, number=10, cells=[EMAIL], person=EMAIL, contact=one)
    ImportLine.objects.create(run=run, position=1, number=2, cells=[EMAIL], person=EMAIL, became="created")
    AuditEntry.objects.create(actor="x", table="contacts_contact", object_id="1", contact_key=one.pk, verb="changed")
    return one


def everything(person: Contact) -> Any:
    return json.loads(export.of(contact=person, now=f.NOW).as_json())["tables"]


def test_every_table_that_leads_to_the_person_is_in_it(person: Contact) -> None:
    tables = everything(person)

    assert {
        "contacts.contact", "contacts.entitymembership", "contacts.contactevent", "contacts.suppression",
        "engagement.message", "engagement.messageevent", "workflows.workflowinstance", "workflows.scheduledaction",
        "workflows.importline", "notion_bridge.pagelink", "notion_bridge.syncentry", "contactflow.auditentry",
    } <= set(tables)  # fmt: skip
    assert len(tables["notion_bridge.pagelink"]) == len(tables["workflows.importline"]) == 2
    assert tables["contacts.contact"][0]["status"] == "Active Lead"


def test_nobody_else_is_in_it(person: Contact) -> None:
    other = f.ContactFactory(email="other@example.org")
    f.ScheduledActionFactory(instance__contact=other)

    assert "other@example.org" not in json.dumps(everything(person))
    assert str(other.pk) not in json.dumps(everything(person))


def test_page_says_it_in_the_time_of_the_person_and_repeats_no_markup(person: Contact) -> None:
    html = export.of(contact=person, now=f.NOW).as_html()

    assert "2 March 2026, 18:00" in html
    assert "Asia/Tokyo" in html
    assert "&lt;b&gt;tea" in html


def test_time_zone_that_does_not_exist_is_passed_over(person: Contact) -> None:
    Contact.objects.filter(pk=person.pk).update(timezone="Mars/Base")
    person.refresh_from_db()

    assert export.of(contact=person, now=f.NOW).zone == "UTC"


def test_command_writes_two_files_for_this_account_alone(person: Contact, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("ada.json", "ada.html")]

    call_command("export_person", "Ada@Example.org", json=files[0], html=files[1], stdout=StringIO())

    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert json.loads(files[0].read_text())["contact"] == str(person.pk)


@pytest.mark.parametrize(("email", "json"), [("nobody@example.org", "x.json"), (EMAIL, "missing/x.json")])
def test_command_says_what_is_wrong(person: Contact, tmp_path: Path, email: str, json: str) -> None:
    with pytest.raises(CommandError):
        call_command("export_person", email, json=tmp_path / json, html=tmp_path / "x.html")


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("operate", 403), ("admin", 200)])
def test_api_gives_it_to_keys_of_the_owner(person: Contact, scope: str, status: int) -> None:
    _, key = ApiKey.objects.issue(name="x", scope=scope)

    answer = Client(headers={"authorization": f"Bearer {key}"}).get(f"/api/v1/contacts/{person.pk}/export/")

    assert answer.status_code == status
    assert status != 200 or answer.json()["tables"]["contacts.contact"][0]["email"] == EMAIL


@pytest.mark.parametrize("kind", ["json", "html"])
def test_person_page_gives_it_as_a_file(admin_client: Client, person: Contact, kind: str) -> None:
    page = admin_client.get(reverse("admin:contacts_contact_takeout", args=[person.pk]))
    file = admin_client.get(reverse("admin:contacts_contact_takeout", args=[person.pk]), {"as": kind})

    assert "1 sent email" in page.content.decode()
    assert file.headers["Content-Disposition"].endswith(f'.{kind}"')
    assert EMAIL in file.content.decode()


def test_who_may_take_no_lists_out_takes_nobody_out(person: Contact) -> None:
    client = Client()
    client.force_login(f.UserFactory())

    assert client.get(reverse("admin:contacts_contact_takeout", args=[person.pk])).status_code == 403
