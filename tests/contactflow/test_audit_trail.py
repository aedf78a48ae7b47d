"""What staff change is written down, whatever way it takes; what machines do is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory

from contactflow.audit import rendering
from contactflow.core import actor
from contactflow.models import ApiKey, AuditEntry
from contacts import consent, deletion
from contacts.models import Contact, ContactStatus, EntityMembership
from engagement.models import Task
from tests import factories as f

pytestmark = pytest.mark.django_db

# Tables no person changes through the desk, or which are themselves a record of who did what.
UNWATCHED = {
    "contactflow_auditentry": "the trail",
    "contactflow_contactmerge": "a record with who did it",
    "contacts_formeraddress": "made by merges alone",
    "contactflow_erasurerequest": "a record with who asked for it",
    "contactflow_retentionrun": "a record",
    "contactflow_idempotentanswer": "a cache",
    "contactflow_intakewindow": "a counter",
    "contacts_configrevision": "a counter",
    "contacts_recipientcount": "a counter",
    "contacts_preference": "a ledger of what people chose themselves",
    "contactflow_profile": "what everybody sets for themselves",
    "contacts_contactevent": "a record with its changes",
    "engagement_assignment": "machines",
    "engagement_conversion": "a record with who recorded it",
    "engagement_delivery": "machines",
    "engagement_brandmodeluse": "a counter",
    "engagement_generatedpassage": "a record",
    "engagement_humantouch": "a record with who did it",
    "engagement_mailbox": "machines",
    "engagement_message": "a record",
    "engagement_messageevent": "a record",
    "engagement_modelbreaker": "machines",
    "engagement_passagebudget": "a counter",
    "engagement_providerdelivery": "machines",
    "engagement_sendingbreaker": "machines, and who let it go on",
    "engagement_reply": "a record with who settled it",
    "engagement_responseclock": "machines",
    "engagement_variant": "of an A/B test, which is watched; never changed",
    "notion_bridge_pagelink": "machines",
    "notion_bridge_requestbudget": "machines",
    "notion_bridge_requesttally": "machines",
    "notion_bridge_syncconflict": "a record with who settled it",
    "notion_bridge_syncentry": "a record",
    "notion_bridge_syncproblem": "a record with who closed it",
    "notion_bridge_syncrun": "a record",
    "notion_bridge_webhookdelivery": "a record",
    "workflows_actionattempt": "a record",
    "workflows_bulkdecision": "a record with who decided",
    "workflows_digestletter": "a record",
    "workflows_exportchunk": "machines",
    "workflows_exportperson": "a record",
    "workflows_exportrun": "a record with who asked for it",
    "workflows_importchunk": "machines",
    "workflows_importline": "a record",
    "workflows_importrun": "a record with who asked for it",
    "workflows_controlentry": "a record with who did it",
    "workflows_startorder": "a record with who gave it",
    "workflows_scheduledaction": "its controls are recorded",
    "workflows_workerheartbeat": "machines",
    "workflows_workflowinstance": "its controls are recorded",
}
OURS = ("contactflow", "contacts", "engagement", "notion_bridge", "workflows")


@pytest.fixture
def ada() -> User:
    return f.UserFactory(username="ada")


def entries(**wanted: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**wanted).order_by("id"))


def changed(user: User, work: Any) -> list[AuditEntry]:
    with actor.acting(user=user, path="/admin/somewhere/"):
        work()
    return entries()


def test_a_change_names_who_when_before_and_after(ada: User) -> None:
    contact = f.ContactFactory(company="Old")

    (entry,) = changed(ada, lambda: Contact.objects.filter(pk=contact.pk).update(company="New"))

    assert (entry.actor, entry.user, entry.verb, entry.path) == ("ada", ada, "changed", "/admin/somewhere/")
    assert (entry.table, entry.object_id, entry.contact_key) == ("contacts_contact", str(contact.pk), contact.pk)
    assert entry.changes == {"company": ["Old", "New"]}


def test_a_machine_leaves_no_entry() -> None:
    contact = f.ContactFactory()

    Contact.objects.filter(pk=contact.pk).update(company="New")

    assert not entries()


def test_nothing_is_written_once_the_request_is_over(ada: User) -> None:
    contact = f.ContactFactory()
    changed(ada, lambda: None)

    Contact.objects.filter(pk=contact.pk).update(company="New")

    assert not entries()


def test_an_exception_clears_the_name_too(ada: User) -> None:
    contact = f.ContactFactory()

    with pytest.raises(ZeroDivisionError), actor.acting(user=ada, path="/"):
        raise ZeroDivisionError
    Contact.objects.filter(pk=contact.pk).update(company="New")

    assert not entries()


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_fails_clears_the_name_too() -> None:
    ada, contact = f.UserFactory(), f.ContactFactory()

    with pytest.raises(Exception, match="duplicate key"), actor.acting(user=ada, path="/"), transaction.atomic():
        f.ContactFactory(email=contact.email)
    Contact.objects.filter(pk=contact.pk).update(company="New")

    assert not entries()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_carries_no_name_on() -> None:
    ada, contact = f.UserFactory(), f.ContactFactory()

    with actor.acting(user=ada, path="/"):
        connection.connection.close()
    Contact.objects.filter(pk=contact.pk).update(company="New")

    assert not entries()


def test_a_change_that_changes_nothing_leaves_no_entry(ada: User) -> None:
    contact = f.ContactFactory(company="Same")

    assert not changed(ada, lambda: Contact.objects.filter(pk=contact.pk).update(company="Same"))


def test_the_moment_of_the_change_alone_is_no_change(ada: User) -> None:
    contact = f.ContactFactory()

    assert not changed(ada, lambda: Contact.objects.filter(pk=contact.pk).update(updated_at=f.NOW))


def test_a_change_that_is_undone_leaves_no_entry(ada: User) -> None:
    contact = f.ContactFactory()

    def fail() -> None:
        with transaction.atomic():
            Contact.objects.filter(pk=contact.pk).update(company="New")
            transaction.set_rollback(True)

    assert not changed(ada, fail)


def test_a_new_row_says_what_it_holds(ada: User) -> None:
    (entry,) = changed(ada, lambda: ContactStatus.objects.create(slug="new", name="New one"))

    assert (entry.verb, entry.label) == ("created", "New one")
    assert entry.changes["name"] == [None, "New one"]


def test_a_deleted_row_says_what_it_held(ada: User) -> None:
    status = ContactStatus.objects.create(slug="old", name="Old one")

    (entry,) = changed(ada, status.delete)

    assert (entry.verb, entry.label) == ("deleted", "Old one")
    assert entry.changes["slug"] == ["old", None]


def test_long_texts_are_kept_whole(ada: User) -> None:
    contact = f.ContactFactory(notes="")
    notes = "word " * 20_000

    (entry,) = changed(ada, lambda: Contact.objects.filter(pk=contact.pk).update(notes=notes))

    assert entry.changes["notes"][1] == notes


def test_a_password_is_never_written_down(ada: User) -> None:
    def work() -> None:
        ada.set_password("new secret")
        ada.save()

    (entry,) = changed(ada, work)

    assert entry.changes == {"password": ["***", "***"]}


def test_the_hash_of_a_key_is_never_written_down(ada: User) -> None:
    (entry,) = changed(ada, lambda: ApiKey.objects.issue(name="Website", scope="intake"))

    assert entry.changes["digest"] == ["***", "***"]
    assert ApiKey.objects.get().digest not in json.dumps(entry.changes)


def test_what_somebody_belongs_to_is_written_down(ada: User) -> None:
    team = Group.objects.create(name="Editors")

    (entry,) = changed(ada, lambda: ada.groups.add(team))

    assert (entry.table, entry.object_id, entry.changes) == ("auth_user", str(ada.pk), {"groups": [None, team.pk]})


def test_a_brand_that_is_taken_away_is_written_down(ada: User) -> None:
    contact, brand = f.ContactFactory(), f.BusinessEntityFactory()
    EntityMembership.objects.create(contact=contact, business_entity=brand)

    (entry,) = changed(ada, lambda: contact.memberships.all().delete())

    assert entry.changes == {"business_entities": [brand.pk, None]}
    assert entry.contact_key == contact.pk


def test_who_deletes_their_own_account_is_still_named(ada: User) -> None:
    ada.groups.add(Group.objects.create(name="Editors"))

    found = changed(ada, ada.delete)

    assert {entry.actor for entry in found} == {"ada"}
    assert AuditEntry.objects.select_related("user").filter(verb="deleted").get().user is None


def test_what_was_kept_about_a_person_goes_with_the_person(ada: User) -> None:
    contact = f.ContactFactory(first_name="Maria", company="Old")
    changed(ada, lambda: Contact.objects.filter(pk=contact.pk).update(company="New"))
    changed(ada, lambda: consent.grant(contact=contact, source="at the fair", now=f.NOW))

    found = changed(ada, lambda: deletion.delete_contacts(contacts=[contact]))

    told = json.dumps([[entry.label, entry.changes] for entry in found])
    assert not any(word in told for word in ("Maria", "Old", "New", "at the fair", contact.email))
    assert [entry.verb for entry in found if entry.table == "contacts_contact"] == ["changed", "deleted"]


def test_every_table_staff_change_is_watched() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname IN ('audit_row', 'audit_member')"
        )
        watched = {row[0] for row in cursor.fetchall()}

    ours = {
        model._meta.db_table
        for label in OURS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }

    unknown = sorted(ours - watched - set(UNWATCHED))
    assert not unknown, f"let a migration SELECT contactflow_watch(...) for them, or say above why not: {unknown}"


def test_no_table_is_both_watched_and_exempt() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'audit\\_%'")
        watched = {row[0] for row in cursor.fetchall()}

    assert not watched & set(UNWATCHED)


def test_the_migration_can_be_taken_back() -> None:
    from importlib import import_module

    migration = import_module("contactflow.migrations.0002_triggers")

    with connection.cursor() as cursor:
        cursor.execute(migration.UNWATCHED)  # with CASCADE: later triggers go with their function
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audit\\_%'")
        left = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'contactflow\\_%'")
        left += cursor.fetchone()[0]

    assert left == 0


# Whose request it is


def request_of(user: Any, method: str) -> list[AuditEntry]:
    contact = f.ContactFactory(company="Old")

    def view(request: Any) -> HttpResponse:
        Contact.objects.filter(pk=contact.pk).update(company=method)
        return HttpResponse()

    request = RequestFactory().generic(method, "/admin/contacts/")
    request.user = user
    actor.ActorMiddleware(view)(request)
    return entries()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_a_colleague_sends_is_written_down(ada: User, method: str) -> None:
    (entry,) = request_of(ada, method)

    assert (entry.actor, entry.path) == ("ada", "/admin/contacts/")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_sets_no_name(ada: User, method: str) -> None:
    assert not request_of(ada, method)


def test_a_visitor_has_no_name() -> None:
    assert not request_of(AnonymousUser(), "POST")


def test_somebody_who_is_no_colleague_has_no_name() -> None:
    assert not request_of(f.UserFactory(is_staff=False), "POST")


def test_a_colleague_who_uses_the_api_is_named(client: Client) -> None:
    boss = User.objects.create_superuser("boss", password="secret")
    client.force_login(boss)
    task = Task.objects.create(title="Call")

    answer = client.patch(f"/api/v1/tasks/{task.pk}/", {"status": "done"}, content_type="application/json")

    assert answer.status_code == 200, answer.content
    assert [entry.changes["status"] for entry in entries(table="engagement_task")] == [["to_do", "done"]]


def test_a_key_is_no_colleague(client: Client) -> None:
    _, key = ApiKey.objects.issue(name="Website", scope="admin")
    task = Task.objects.create(title="Call")

    answer = client.patch(
        f"/api/v1/tasks/{task.pk}/", {"status": "done"}, "application/json", headers={"Authorization": f"Bearer {key}"}
    )

    assert answer.status_code == 200, answer.content
    assert not entries()


# In words


def told(user: User, work: Any) -> list[str]:
    return [str(line) for one in rendering.tell(changed(user, work)) for line in one.lines]


def test_another_row_is_told_by_its_name(ada: User) -> None:
    contact, client_now = f.ContactFactory(), f.ContactStatusFactory(slug="active_client")

    said = told(ada, lambda: Contact.objects.filter(pk=contact.pk).update(status=client_now))

    assert said == ["Status: Active Lead → Active Client"]


def test_a_row_that_went_since_is_told_as_such(ada: User) -> None:
    contact, source = f.ContactFactory(), f.LeadSourceFactory()
    changed(ada, lambda: Contact.objects.filter(pk=contact.pk).update(lead_source=source))
    Contact.objects.update(lead_source=None)
    source.delete()

    (one,) = rendering.tell(entries())

    assert [str(line) for line in one.lines] == ["Lead source: empty → deleted since"]


def test_a_choice_is_told_by_its_label(ada: User) -> None:
    task = Task.objects.create(title="Call")

    said = told(ada, lambda: Task.objects.filter(pk=task.pk).update(status="in_progress", priority="urgent"))

    assert said == ["Priority: Medium → Urgent", "Status: To do → In progress"]


def test_a_member_is_told_as_added(ada: User) -> None:
    contact, kind = f.ContactFactory(), f.ContactTypeFactory()

    assert told(ada, lambda: contact.contact_types.add(kind)) == ["Contact types: added Artist"]


def test_a_member_that_left_is_told_as_removed(ada: User) -> None:
    contact, kind = f.ContactFactory(), f.ContactTypeFactory()
    contact.contact_types.add(kind)

    assert told(ada, lambda: contact.contact_types.remove(kind)) == ["Contact types: removed Artist"]


def test_a_custom_field_is_told_by_itself(ada: User) -> None:
    contact = f.ContactFactory(custom={"Size": "large", "Colour": "red"})

    said = told(ada, lambda: Contact.objects.filter(pk=contact.pk).update(custom={"Size": "small", "Colour": "red"}))

    assert said == ["Custom, Size: large → small"]


def test_a_secret_is_told_without_its_value(ada: User) -> None:
    assert told(ada, lambda: User.objects.filter(pk=ada.pk).update(password="x")) == [
        "Password: changed; what it was and is is not kept"
    ]


def test_yes_and_no_are_words(ada: User) -> None:
    assert told(ada, lambda: User.objects.filter(pk=ada.pk).update(is_superuser=True)) == ["Superuser status: no → yes"]


def test_a_table_that_is_no_more_is_told_all_the_same() -> None:
    AuditEntry.objects.create(actor="ada", table="old_table", object_id="1", verb="changed", changes={"a": [1, 2]})

    (one,) = rendering.tell(entries())

    assert [str(line) for line in one.lines] == ["a: 1 → 2"]


def test_many_entries_take_no_more_queries_than_few(ada: User, django_assert_num_queries: Any) -> None:
    for number in range(12):
        contact = f.ContactFactory(status=f.ContactStatusFactory(slug=f"status_{number}", is_default=False))
        changed(ada, lambda contact=contact: Contact.objects.filter(pk=contact.pk).update(owner=ada, company="New"))
    found = entries()

    with django_assert_num_queries(2):  # the contacts, the owners
        rendering.tell(found)
