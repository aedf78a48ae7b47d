"""Erasing somebody: what goes, that it stays gone, and that what is left to do is done."""

from __future__ import annotations

import datetime as dt
import time
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from contactflow.models import ApiKey, ErasureRequest, IdempotentAnswer
from contactflow.personal_data import erasure
from contacts import consent, intake
from contacts.models import Contact, Suppression
from notion_bridge.models import NotionDatabase, PageLink, SyncProblem
from tests import factories as f
from workflows import entrypoints
from workflows.models import ImportLine, ImportRun

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.org"


@pytest.fixture
def person() -> Contact:
    one: Contact = f.ContactFactory(email=EMAIL, first_name="Ada", last_name="Lovelace")
    f.ScheduledActionFactory(instance__contact=one)
    return one


def erase(person: Contact, reason: str = "") -> ErasureRequest:
    return erasure.erase(contacts=[person], reason=reason, actor="max", now=f.NOW)[0]


def go_on() -> int:
    """As the pump does, when its time has come."""
    ErasureRequest.objects.update(due_at=f.NOW)
    return erasure.run_pump_step(time.monotonic() + 0.5)


def arrives(source: str, **values: Any) -> intake.Receipt:
    arrival = intake.Arrival(email=EMAIL, first_name="Ada", **values)
    return intake.receive(arrival=arrival, source=source, now=f.NOW)


def test_person_goes_and_the_request_names_them_by_ids_alone(person: Contact) -> None:
    request = erase(person, reason="Ada Lovelace asked, from ADA@example.org")
    go_on()
    request = ErasureRequest.objects.get(pk=request.pk)

    assert not Contact.objects.exists()
    assert request.contact_keys == [person.pk]
    assert request.reason == "… asked, from …"
    assert (request.emails, request.names) == ([], [])
    assert request.steps["deleted"]["workflows.workflowinstance"] == 1


def test_reason_says_neither_what_they_are_called_nor_what_they_were(person: Contact) -> None:
    arrival = intake.Arrival(email=EMAIL, last_name="Byron")
    intake.amend(contact=person, arrival=arrival, source="admin", now=f.NOW)

    assert erase(person, reason="Mrs Lovelace, now Ada Byron, called").reason == "Mrs …, now …, called"


def test_of_the_address_a_hash_is_kept_that_keeps_lists_and_notion_out(person: Contact) -> None:
    consent.suppress(email=EMAIL, reason="bounced")
    erase(person)

    suppression = Suppression.objects.get()
    assert (suppression.reason, EMAIL in suppression.email) == ("erased", False)
    for source in ("csv", "notion"):
        with pytest.raises(intake.IntakeError):
            arrives(source)
    assert not Contact.objects.exists()


def test_of_a_list_only_the_line_of_the_erased_is_refused(person: Contact) -> None:
    erase(person)
    arrivals = [intake.Arrival(email=email) for email in (EMAIL, "other@example.org")]

    answers = entrypoints.apply_many(
        changes=[intake.Change(arrival=one, source="csv") for one in arrivals],
        policy=intake.BASELINE,
        now=f.NOW,
        is_listed=True,
    )

    assert [isinstance(answer, intake.IntakeError) for answer, _ in answers] == [True, False]


def test_who_comes_back_by_themselves_is_a_new_person_and_not_written_to(person: Contact) -> None:
    erase(person)
    go_on()

    back = arrives("api").contact

    assert back.pk != person.pk
    assert not consent.may_contact(contact=back).allowed


def test_who_comes_in_again_at_that_moment_goes_again(person: Contact) -> None:
    request = erase(person)
    back = arrives("api").contact

    go_on()

    request.refresh_from_db()
    assert not Contact.objects.exists()
    assert request.steps["traces"] == {"came_back": 1}
    assert back.pk in request.contact_keys


def test_what_was_at_work_meanwhile_leaves_no_trace(person: Contact) -> None:
    erase(person)
    IdempotentAnswer.objects.create(caller="x", key="k", fingerprint="f", status=201, body={"email": EMAIL})

    go_on()

    assert not IdempotentAnswer.objects.exists()


def test_file_that_is_being_read_is_waited_for(person: Contact) -> None:
    run = ImportRun.objects.create(file_name="list.csv", source="x", state="reading")
    request = erase(person)
    ImportRun.objects.filter(pk=run.pk).update(created_at=f.NOW)
    go_on()
    request.refresh_from_db()
    assert request.emails == [EMAIL]

    ImportLine.objects.create(run=run, position=1, number=2, cells=[EMAIL])
    ImportRun.objects.update(state="columns")
    go_on()

    request.refresh_from_db()
    assert (request.emails, ImportLine.objects.count()) == ([], 0)


def test_it_is_done_when_the_pages_are_in_the_trash(person: Contact) -> None:
    database = NotionDatabase.objects.create(kind="contacts")
    first = PageLink.objects.create(
        database=database, state="linked", contact=person, object_key=person.pk, page_id=uuid4()
    )
    second = PageLink.objects.create(database=database, state="duplicate", page_id=uuid4())
    about = {"cause": "duplicate_contact", "message": "x", "link": second}
    SyncProblem.objects.create(**about, subject="page", details={"object": str(person.pk)})
    request = erase(person)

    go_on()
    go_on()
    request.refresh_from_db()
    assert request.steps["notion"] == {"trashed": 0, "waiting": 2, "out_of_reach": 0}
    PageLink.objects.filter(contact=None, state="linked").update(state="deleted")
    go_on()

    request.refresh_from_db()
    assert request.finished_at is not None
    assert request.steps["notion"]["trashed"] == 2
    assert set(request.pages) == {first.pk, second.pk}


def test_erasing_again_asks_for_nothing(person: Contact) -> None:
    erase(person)

    assert erasure.erase(contacts=[person], reason="", actor="max", now=f.NOW) == []
    assert ErasureRequest.objects.count() == 1


def test_after_a_restore_whoever_came_back_goes_again(person: Contact) -> None:
    erase(person)
    f.ContactFactory(pk=person.pk, email=EMAIL)
    f.ContactFactory(email="other@example.org")

    call_command("erase_person", again=True, yes=True, stdout=StringIO())

    assert [one.email for one in Contact.objects.all()] == ["other@example.org"]


def test_command_shows_what_it_reaches_and_deletes_nothing_unasked(person: Contact) -> None:
    said = StringIO()

    with pytest.raises(CommandError):
        call_command("erase_person", EMAIL, stdout=said)

    assert "1 execution" in said.getvalue()
    assert Contact.objects.exists()


def test_command_deletes_with_yes(person: Contact) -> None:
    call_command("erase_person", EMAIL, yes=True, reason="by letter", stdout=StringIO())

    assert not Contact.objects.exists()
    assert ErasureRequest.objects.get().reason == "by letter"


def test_command_names_nobody_who_is_not_there() -> None:
    with pytest.raises(CommandError):
        call_command("erase_person", "nobody@example.org", yes=True)


@pytest.mark.parametrize(("scope", "status"), [("operate", 403), ("admin", 202)])
def test_api_erases_for_keys_of_the_owner(person: Contact, scope: str, status: int) -> None:
    _, key = ApiKey.objects.issue(name="x", scope=scope)
    client = Client(headers={"authorization": f"Bearer {key}"})

    answer = client.post(f"/api/v1/contacts/{person.pk}/erase/", {"reason": "asked"}, "application/json")

    assert answer.status_code == status
    assert Contact.objects.exists() == (status == 403)
    assert status == 403 or client.get(f"/api/v1/erasures/{answer.json()['id']}/").json()["reason"] == "asked"


def test_page_asks_first_and_leads_to_what_became_of_it(admin_client: Client, person: Contact) -> None:
    page = reverse("admin:contacts_contact_erase", args=[person.pk])

    asked = admin_client.get(page).content.decode()
    unsure = admin_client.post(page, {"reason": "by letter"})
    assert Contact.objects.exists()
    done = admin_client.post(page, {"reason": "by letter", "sure": "on"}, follow=True)

    assert "1 execution" in asked
    assert unsure.status_code == 200
    assert not Contact.objects.exists()
    assert "by letter" in done.content.decode()


def test_erasing_is_a_right_of_its_own(person: Contact) -> None:
    from django.contrib.auth.models import Permission

    colleague = f.UserFactory()
    colleague.user_permissions.set(Permission.objects.exclude(codename="add_erasurerequest"))
    client = Client()
    client.force_login(colleague)

    assert client.post(reverse("admin:contacts_contact_erase", args=[person.pk])).status_code == 403


def test_pump_leaves_alone_what_is_not_due(person: Contact) -> None:
    request = erase(person)
    ErasureRequest.objects.update(due_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC))

    assert erasure.run_pump_step(time.monotonic() + 0.5) == 0
    assert ErasureRequest.objects.get().steps == request.steps
