"""Two contacts become one, and two again."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import random
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from contactflow import contact_merge
from contactflow.core import actor
from contactflow.models import AuditEntry, ContactMerge
from contacts import addresses, consent, deletion, intake
from contacts.models import Consent, Contact, ContactEvent, EntityMembership, FormerAddress
from engagement.models import Alert, Message, Task, TemplateVersion
from notion_bridge.models import NotionDatabase, PageLink
from tests import factories as f
from workflows import execution, leases
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db
NOW = f.NOW
LATER = NOW + dt.timedelta(days=2)
HOUR = dt.timedelta(hours=1)
COMPARED = (
    "contacts_contact",
    "contacts_contact_contact_types",
    "contacts_entitymembership",
    "contacts_consent",
    "contacts_suppression",
    "contacts_formeraddress",
    "engagement_message",
    "engagement_task",
    "engagement_alert",
    "workflows_workflowinstance",
    "workflows_scheduledaction",
    "notion_bridge_pagelink",
)
LEFT_OUT = {"updated_at", "wanted_at", "digest"}


@pytest.fixture
def ada() -> Any:
    return f.UserFactory(username="ada")


@pytest.fixture
def keep() -> Contact:
    return f.ContactFactory(email="kept@example.org", first_name="Maria", last_name="Lopez")


@pytest.fixture
def drop(keep: Contact) -> Contact:
    return f.ContactFactory(email="dropped@example.org", first_name="Mary", phone="+442079460018", company="Atelier")


def merge(keep: Contact, drop: Contact, by: Any, now: dt.datetime = NOW, **choices: str) -> ContactMerge:
    return contact_merge.merge(keep=keep, drop=drop, choices=choices, by=by, now=now)


def kept(keep: Contact) -> Contact:
    return Contact.objects.get(pk=keep.pk)


def brand(slug: str = "the_7_space") -> Any:
    return f.BusinessEntityFactory(slug=slug)


def running(contact: Contact, version: Any, *, key: str = "once", **values: Any) -> WorkflowInstance:
    return f.WorkflowInstanceFactory(contact=contact, version=version, reentry_key=key, **values)


def email_due(instance: WorkflowInstance, template: Any = None, due_at: dt.datetime = LATER, **values: Any) -> Any:
    template = template or f.EngagementTemplateFactory()
    step = f.StepFactory(version=instance.version, action_type="send_email", target=None, template=template)
    return f.ScheduledActionFactory(instance=instance, step=step, due_at=due_at, **values)


# Which values stay


def test_an_empty_value_is_filled_from_the_other(keep: Contact, drop: Contact, ada: Any) -> None:
    merge(keep, drop, ada)

    assert (kept(keep).first_name, kept(keep).company, kept(keep).phone) == ("Maria", "Atelier", "+442079460018")


def test_the_chosen_value_stays(keep: Contact, drop: Contact, ada: Any) -> None:
    merge(keep, drop, ada, first_name="drop")

    assert kept(keep).first_name == "Mary"


def test_choosing_an_empty_value_erases_nothing(keep: Contact, drop: Contact, ada: Any) -> None:
    merge(keep, drop, ada, last_name="drop")

    assert kept(keep).last_name == "Lopez"


def test_what_can_be_united_is(ada: Any) -> None:
    keep = f.ContactFactory(tags=["VIP"], interests=["art"], custom={"Size": "L"}, notes="Met in Rome.")
    drop = f.ContactFactory(
        tags=["vip", "Hot"], interests=["yoga"], custom={"Size": "S", "Pet": "cat"}, notes="Likes red."
    )

    merge(keep, drop, ada)

    one = kept(keep)
    assert one.tags[:1] == ["VIP"]
    assert "Hot" in one.tags
    assert one.interests == ["art", "yoga"]
    assert one.custom == {"Size": "L", "Pet": "cat"}
    assert one.notes == "Met in Rome.\n\nLikes red."


def test_types_and_brands_are_united_in_order(keep: Contact, drop: Contact, ada: Any) -> None:
    both, other = f.ContactTypeFactory(), f.ContactTypeFactory(slug="media")
    keep.contact_types.add(both)
    drop.contact_types.add(both, other)
    for contact, slug in ((keep, "a"), (drop, "a"), (drop, "b")):
        EntityMembership.objects.create(contact=contact, business_entity=brand(slug), because={"code": slug})

    merge(keep, drop, ada)

    assert set(keep.contact_types.all()) == {both, other}
    assert [row.business_entity.slug for row in keep.memberships.all()] == ["a", "b"]


def test_the_earliest_meeting_and_the_latest_word_stay(ada: Any) -> None:
    keep = f.ContactFactory(added_on=dt.date(2026, 2, 1), last_interaction_at=NOW)
    drop = f.ContactFactory(added_on=dt.date(2025, 1, 1), last_interaction_at=LATER)

    merge(keep, drop, ada)

    assert (kept(keep).added_on, kept(keep).last_interaction_at) == (dt.date(2025, 1, 1), LATER)


def test_the_other_address_can_be_the_one_that_stays(keep: Contact, drop: Contact, ada: Any) -> None:
    merge(keep, drop, ada, email="drop")

    assert kept(keep).email == "dropped@example.org"
    assert addresses.find(email="kept@example.org") == keep


# What goes over


def test_everything_goes_over(keep: Contact, drop: Contact, ada: Any) -> None:
    rows = [
        f.ContactEventFactory(contact=drop),
        Consent.objects.create(contact=drop, state="granted", source="Form"),
        Task.objects.create(contact=drop, title="Call"),
        Alert.objects.create(contact=drop, title="New", target=f.TargetFactory()),
        Message.objects.create(contact=drop, recipient=drop.email, subject="Hi", text="", html="", status="sent"),
        running(drop, f.WorkflowVersionFactory()),
    ]

    merge(keep, drop, ada)

    assert {type(row)._base_manager.get(pk=row.pk).contact_id for row in rows} == {keep.pk}
    assert not Contact.objects.filter(pk=drop.pk).exists()


def test_every_relation_to_a_person_is_taken_care_of() -> None:
    """A new foreign key to Contact goes over by itself, unless a constraint allows each person one of it."""
    from contacts.contact_merge import rows

    alone = {"workflows.WorkflowInstance"}  # make_room sees to it
    single = [
        model._meta.label
        for model, field in rows.relations()
        for constraint in model._meta.constraints
        if field in getattr(constraint, "fields", ()) and model._meta.label not in alone
    ]

    assert not single, f"two people may both have one: unite them in contacts.contact_merge: {single}"


def test_who_arrives_with_the_old_address_is_the_kept_person(keep: Contact, drop: Contact, ada: Any) -> None:
    f.BusinessEntityFactory(is_fallback=True)
    f.ContactTypeFactory(is_fallback=True)
    f.LeadSourceFactory(is_fallback=True)
    merge(keep, drop, ada)

    receipt = intake.receive(arrival=intake.Arrival(email="dropped@example.org"), source="api", now=NOW)

    assert (receipt.contact.pk, receipt.created) == (keep.pk, False)


def test_the_api_finds_the_kept_person_by_the_old_address(
    keep: Contact, drop: Contact, ada: Any, client: Client, admin_user: Any
) -> None:
    client.force_login(admin_user)
    merge(keep, drop, ada)

    found = client.get("/api/v1/contacts/", {"email": "dropped@example.org"}).json()

    assert [row["id"] for row in found["results"]] == [str(keep.pk)]
    assert client.get(f"/api/v1/contacts/{drop.pk}/").status_code == 404


# Permission


def test_do_not_contact_of_the_one_who_goes_holds(keep: Contact, drop: Contact, ada: Any) -> None:
    consent_status = f.ContactStatusFactory(slug="do_not_contact")
    Contact.objects.filter(pk=drop.pk).update(status=consent_status)

    merge(keep, drop, ada, status="keep")

    assert kept(keep).status == consent_status


def test_do_not_contact_of_the_one_who_stays_cannot_be_chosen_away(keep: Contact, drop: Contact, ada: Any) -> None:
    Contact.objects.filter(pk=keep.pk).update(status=f.ContactStatusFactory(slug="do_not_contact"))

    merge(keep, drop, ada, status="drop")

    assert kept(keep).status.blocks_contact


WORDS: list[Any] = [None, *itertools.product(("granted", "withdrawn"), (None, "a"))]  # the state, and of which brand
BOTH_WAYS = [
    (of_keep, of_drop, drop_spoke_last)
    for of_keep, of_drop in itertools.product(WORDS, repeat=2)
    for drop_spoke_last in ([True, False] if of_keep and of_drop else [True])
]


@pytest.mark.parametrize(("of_keep", "of_drop", "drop_spoke_last"), BOTH_WAYS)
def test_nobody_may_be_written_to_who_might_not_be_before(
    keep: Contact, drop: Contact, ada: Any, of_keep: Any, of_drop: Any, drop_spoke_last: bool
) -> None:
    spoken = [(keep, of_keep), (drop, of_drop)]
    for days, (contact, words) in enumerate(spoken if drop_spoke_last else spoken[::-1]):
        if words:
            state, slug = words
            Consent.objects.create(
                contact=contact, state=state, source="Form", recorded_at=NOW - dt.timedelta(days=9 - days),
                business_entity=brand(slug) if slug else None,
            )  # fmt: skip
    scopes = [None, brand("a"), brand("b")]
    before = [
        [consent.may_contact(contact=one, business_entity=scope).allowed for scope in scopes] for one in (keep, drop)
    ]

    merge(keep, drop, ada)

    after = [consent.may_contact(contact=kept(keep), business_entity=scope).allowed for scope in scopes]
    assert after == [mine and theirs for mine, theirs in zip(*before, strict=True)]


@pytest.mark.parametrize(
    ("reason", "is_blocked"),
    [("unsubscribed", True), ("complained", True), ("manual", True), ("bounced", False)],
)
def test_a_wish_goes_over_and_a_bounce_does_not(
    keep: Contact, drop: Contact, ada: Any, reason: str, is_blocked: bool
) -> None:
    consent.suppress(email=drop.email, reason=reason)

    merge(keep, drop, ada)

    assert consent.may_contact(contact=kept(keep)).allowed is not is_blocked


def test_a_step_that_was_being_prepared_looks_at_the_permission_again(keep: Contact, drop: Contact, ada: Any) -> None:
    action = email_due(running(keep, f.WorkflowVersionFactory()), due_at=NOW)
    (claim,) = leases.claim_outside(limit=1)
    consent.withdraw(contact=drop, source="Form", now=NOW)

    merge(keep, drop, ada)

    assert not leases.begin_sending([leases.Intent(claim, keep.email, None)], channel="email")
    action.refresh_from_db()
    assert action.status == "pending"


# Workflows


def test_the_same_workflow_goes_on_once(keep: Contact, drop: Contact, ada: Any) -> None:
    version = f.WorkflowVersionFactory()
    elder = running(keep, version, started_at=NOW - HOUR)
    younger = running(drop, version)
    stays, goes = email_due(elder), email_due(younger)

    merge(keep, drop, ada)

    elder.refresh_from_db(), younger.refresh_from_db(), stays.refresh_from_db(), goes.refresh_from_db()
    assert (elder.status, younger.status, younger.contact_id) == ("active", "cancelled", keep.pk)
    assert (stays.status, goes.status) == ("pending", "cancelled")
    assert goes.result == {"reason": {"code": "merged_workflow_twice"}}


def test_the_elder_goes_on_when_it_was_the_other_persons(keep: Contact, drop: Contact, ada: Any) -> None:
    version = f.WorkflowVersionFactory()
    younger, elder = running(keep, version), running(drop, version, started_at=NOW - HOUR)
    email_due(younger), email_due(elder)

    merge(keep, drop, ada)

    assert set(WorkflowInstance.objects.filter(status="active")) == {elder}


def test_what_one_of_them_has_been_through_does_not_go_on_for_the_other(keep: Contact, drop: Contact, ada: Any) -> None:
    version = f.WorkflowVersionFactory()
    running(drop, version, status="completed", ended_at=NOW)
    action = email_due(running(keep, version, started_at=NOW - HOUR))

    merge(keep, drop, ada)

    action.refresh_from_db()
    assert action.status == "cancelled"


def test_different_workflows_both_go_on(keep: Contact, drop: Contact, ada: Any) -> None:
    for contact in (keep, drop):
        email_due(running(contact, f.WorkflowVersionFactory()))

    merge(keep, drop, ada)

    assert WorkflowInstance.objects.filter(status="active", contact=keep).count() == 2


def test_the_same_email_is_sent_once(keep: Contact, drop: Contact, ada: Any) -> None:
    template = f.EngagementTemplateFactory()
    sooner = email_due(running(drop, f.WorkflowVersionFactory()), template, due_at=LATER - HOUR)
    other = email_due(running(keep, f.WorkflowVersionFactory()), template)

    merge(keep, drop, ada)

    sooner.refresh_from_db(), other.refresh_from_db()
    assert (sooner.status, other.status) == ("pending", "cancelled")
    assert WorkflowInstance.objects.get(pk=other.instance_id).status == "completed"


def letter(contact: Contact, template: Any, status: str = "sent") -> Message:
    """An email to the contact, in the template's words."""
    version, _ = TemplateVersion.objects.get_or_create(template=template, number=1, defaults={"subject": "Hello"})
    sent_at = NOW - HOUR if status == "sent" else None
    return Message.objects.create(
        contact=contact, version=version, recipient=contact.email, status=status, sent_at=sent_at
    )


@pytest.mark.parametrize("status", ["sent", "sending", "ambiguous"])
def test_an_email_that_one_of_them_has_is_not_sent_to_the_other(
    keep: Contact, drop: Contact, ada: Any, status: str
) -> None:
    template = f.EngagementTemplateFactory()
    letter(keep, template, status)
    due = email_due(running(drop, f.WorkflowVersionFactory()), template)

    merge(keep, drop, ada)

    due.refresh_from_db()
    assert (due.status, due.result["reason"]) == ("cancelled", {"code": "merged_email_sent"})


def test_an_email_that_never_left_is_still_sent_to_the_other(keep: Contact, drop: Contact, ada: Any) -> None:
    template = f.EngagementTemplateFactory()
    letter(keep, template, "failed")
    due = email_due(running(drop, f.WorkflowVersionFactory()), template)

    merge(keep, drop, ada)

    due.refresh_from_db()
    assert due.status == "pending"


def test_an_email_that_somebody_is_to_get_again_comes_again(keep: Contact, drop: Contact, ada: Any) -> None:
    template = f.EngagementTemplateFactory()
    letter(keep, template)
    again = email_due(running(keep, f.WorkflowVersionFactory()), template)

    merge(keep, drop, ada)

    again.refresh_from_db()
    assert again.status == "pending"


def test_undoing_lets_the_email_be_sent_again(keep: Contact, drop: Contact, ada: Any) -> None:
    template = f.EngagementTemplateFactory()
    letter(keep, template)
    due = email_due(running(drop, f.WorkflowVersionFactory()), template)

    contact_merge.undo(merge=merge(keep, drop, ada), by=ada, now=NOW)

    due.refresh_from_db()
    assert due.status == "pending"


def test_the_preview_names_the_email_that_went_out_already(keep: Contact, drop: Contact) -> None:
    template = f.EngagementTemplateFactory(name="Welcome")
    letter(keep, template)
    email_due(running(drop, f.WorkflowVersionFactory()), template)

    found = contact_merge.preview(keep=keep, drop=drop, choices={})

    assert found.cancels == ["The email “Welcome” went to one of the two already: it is not sent again."]


@pytest.mark.parametrize("status", ["sending", "ambiguous"])
def test_what_may_have_left_is_left_alone(keep: Contact, drop: Contact, ada: Any, status: str) -> None:
    version = f.WorkflowVersionFactory()
    running(keep, version, started_at=NOW - HOUR)
    held = {"lease_until": LATER, "token": 1} if status == "sending" else {}
    action = email_due(running(drop, version), status=status, **held)

    merge(keep, drop, ada)

    action.refresh_from_db()
    assert action.status == status


def test_what_was_cancelled_says_who_did_it(keep: Contact, drop: Contact, ada: Any) -> None:
    version = f.WorkflowVersionFactory()
    running(keep, version, started_at=NOW - HOUR)
    email_due(running(drop, version))

    merge(keep, drop, ada)

    assert list(ControlEntry.objects.values_list("verb", "actor")) == [("cancel", "ada")]


# Refusals


def test_nobody_is_merged_with_themselves(keep: Contact, ada: Any) -> None:
    with pytest.raises(contact_merge.NotPossible, match="the same person"):
        merge(keep, keep, ada)


def test_who_is_gone_is_not_merged(keep: Contact, drop: Contact, ada: Any) -> None:
    Contact.objects.filter(pk=drop.pk).delete()

    with pytest.raises(contact_merge.NotPossible, match="is gone"):
        merge(keep, drop, ada)


# What is written down


def test_the_trail_says_it_once_and_in_whole(keep: Contact, drop: Contact, ada: Any) -> None:
    Task.objects.create(contact=drop, title="Call")

    with actor.acting(user=ada, path="/"):
        merge(keep, drop, ada)

    (entry,) = AuditEntry.objects.all()
    assert entry.changes["contacts_merged"] == ["", "Mary"]
    assert entry.changes["company"] == ["", "Atelier"]


def test_the_timeline_of_the_kept_person_has_what_staff_changed_of_the_other(
    keep: Contact, drop: Contact, ada: Any
) -> None:
    with actor.acting(user=ada, path="/"):
        Contact.objects.filter(pk=drop.pk).update(company="New")

    merge(keep, drop, ada)

    assert AuditEntry.objects.filter(contact_key=keep.pk, changes__company=["Atelier", "New"]).exists()


def test_the_timeline_says_that_they_were_merged(keep: Contact, drop: Contact, ada: Any) -> None:
    merge(keep, drop, ada)

    assert list(ContactEvent.objects.values_list("contact", "kind")) == [(keep.pk, "contacts_merged")]


def test_who_is_deleted_takes_their_merges_with_them(keep: Contact, drop: Contact, ada: Any) -> None:
    merge(keep, drop, ada)

    deletion.delete_contacts(contacts=[kept(keep)])

    assert not ContactMerge.objects.exists()
    assert not FormerAddress.objects.exists()


def test_a_former_address_stays_blocked_when_who_said_no_is_deleted(keep: Contact, drop: Contact, ada: Any) -> None:
    merge(keep, drop, ada)
    consent.withdraw(contact=kept(keep), source="Form", now=NOW)

    deletion.delete_contacts(contacts=[kept(keep)])

    assert consent.kept_out(emails=["kept@example.org", "dropped@example.org", "other@example.org"]) == {
        "kept@example.org",
        "dropped@example.org",
    }


# Notion


def page(contact: Contact, **values: Any) -> PageLink:
    import uuid

    database, _ = NotionDatabase.objects.get_or_create(kind="contacts")
    made = {"state": "linked", "page_id": uuid.uuid4(), "object_key": contact.pk, "contact": contact}
    return PageLink.objects.create(database=database, **{**made, **values})


def test_the_page_moves_to_who_has_none(keep: Contact, drop: Contact, ada: Any) -> None:
    link = page(drop)

    merge(keep, drop, ada)

    link.refresh_from_db()
    assert (link.contact_id, link.object_key, link.wanted_at) == (keep.pk, keep.pk, NOW)


def test_the_second_page_is_left_to_be_trashed(keep: Contact, drop: Contact, ada: Any) -> None:
    ours, theirs = page(keep), page(drop)

    merge(keep, drop, ada)

    ours.refresh_from_db(), theirs.refresh_from_db()
    assert (ours.contact_id, theirs.contact_id, theirs.state) == (keep.pk, None, "linked")


def test_undoing_takes_the_page_out_of_the_trash(keep: Contact, drop: Contact, ada: Any) -> None:
    page(keep)
    theirs = page(drop, local={"company": "Atelier"}, remote={"company": "Atelier"})
    done = merge(keep, drop, ada)
    PageLink.objects.filter(pk=theirs.pk).update(state="deleted", local={}, remote={})  # as the bridge does

    contact_merge.undo(merge=done, by=ada, now=NOW)

    theirs.refresh_from_db()
    assert (theirs.state, theirs.contact_id, theirs.local) == ("restoring", drop.pk, {"company": "Atelier"})


# Taking it back


def dump() -> dict[str, list[Any]]:
    found = {}
    with connection.cursor() as cursor:
        for table in COMPARED:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY id")
            rows = [json.loads(row[0]) for row in cursor.fetchall()]
            found[table] = [{key: value for key, value in row.items() if key not in LEFT_OUT} for row in rows]
    return found


@pytest.mark.parametrize("seed", range(25 if "SWEEP" in os.environ else 8))
def test_merging_and_undoing_gives_back_every_row(ada: Any, seed: int) -> None:
    keep, drop = _two_at_random(random.Random(seed))
    rng = random.Random(seed)
    before = dump()
    chosen = {name: rng.choice(["keep", "drop"]) for name in ("email", "first_name", "company", "status", "phone")}

    done = contact_merge.merge(keep=keep, drop=drop, choices=chosen, by=ada, now=NOW)
    undone = contact_merge.undo(merge=done, by=ada, now=NOW)

    assert dump() == before
    assert undone.remarks == []


def _two_at_random(rng: random.Random) -> tuple[Contact, Contact]:
    statuses = [f.ContactStatusFactory(slug=slug) for slug in ("active_lead", "active_client", "do_not_contact")]
    kinds = [f.ContactTypeFactory(slug=slug) for slug in ("artist", "media", "general")]
    brands = [brand(slug) for slug in ("a", "b", "c")]
    versions = [f.WorkflowVersionFactory() for _ in range(3)]
    templates = [f.EngagementTemplateFactory() for _ in range(2)]
    people = []
    for name in ("keep", "drop"):
        person = f.ContactFactory(
            email=f"{name}@example.org", email_typed=f"{name.title()}@Example.org", status=rng.choice(statuses),
            first_name=rng.choice(["", name]), company=rng.choice(["", name]), phone=rng.choice(["", "+4420"]),
            tags=rng.sample(["a", "b", "c"], rng.randint(0, 3)), notes=rng.choice(["", name, "both"]),
            custom=rng.choice([{}, {"x": name}, {"y": [1, None, 2.5]}]),
            added_on=rng.choice([None, dt.date(2026, 1, 1)]),
            last_interaction_at=rng.choice([None, NOW]), created_at=NOW - rng.randint(0, 9) * HOUR,
        )  # fmt: skip
        person.contact_types.add(*rng.sample(kinds, rng.randint(0, 3)))
        for position, one in enumerate(rng.sample(brands, rng.randint(0, 3))):
            EntityMembership.objects.create(
                contact=person, business_entity=one, position=position, because={"code": name}
            )
        for _ in range(rng.randint(0, 3)):
            consent_brand = rng.choice([None, *brands])
            Consent.objects.create(
                contact=person, business_entity=consent_brand, state=rng.choice(["granted", "withdrawn"]),
                source="Form", recorded_at=NOW - rng.randint(1, 99) * HOUR,
            )  # fmt: skip
        if rng.random() < 0.3:
            consent.suppress(email=person.email, reason=rng.choice(["bounced", "unsubscribed"]))
        Task.objects.create(contact=person, title=name)
        for version in rng.sample(versions, rng.randint(0, 3)):
            _run_at_random(rng, person, version, templates)
        if rng.random() < 0.7:
            page(person, local={"a": name}, remote={"a": name})
        people.append(person)
    return people[0], people[1]


def _run_at_random(rng: random.Random, person: Contact, version: Any, templates: list[Any]) -> None:
    status = rng.choice(["active", "active", "paused", "completed"])
    moments = {"paused_at": NOW if status == "paused" else None, "ended_at": NOW if status == "completed" else None}
    key = rng.choice(["once", "once", f"event-{rng.random()}"])
    started = NOW - rng.randint(1, 50) * HOUR
    instance = running(person, version, key=key, status=status, started_at=started, **moments)
    for _ in range(rng.randint(1, 2)):
        if status == "completed":
            sent = email_due(instance, rng.choice(templates), status="done", finished_at=NOW)
            letter(person, sent.template)
        else:
            email_due(instance, rng.choice(templates), due_at=LATER + rng.randint(1, 50) * HOUR)


def test_a_value_that_was_changed_since_stays(keep: Contact, drop: Contact, ada: Any) -> None:
    done = merge(keep, drop, ada)
    Contact.objects.filter(pk=keep.pk).update(company="Changed since")

    undone = contact_merge.undo(merge=done, by=ada, now=NOW)

    assert kept(keep).company == "Changed since"
    assert undone.remarks == ["Changed since the merge, and therefore left as it is: company."]


def test_what_came_since_stays_with_the_kept_person(keep: Contact, drop: Contact, ada: Any) -> None:
    done = merge(keep, drop, ada)
    task = Task.objects.create(contact=kept(keep), title="Since")

    contact_merge.undo(merge=done, by=ada, now=NOW)

    assert Task.objects.get(pk=task.pk).contact_id == keep.pk


def test_a_step_whose_time_has_passed_stays_cancelled(keep: Contact, drop: Contact, ada: Any) -> None:
    version = f.WorkflowVersionFactory()
    running(keep, version, started_at=NOW - HOUR)
    action = email_due(running(drop, version), due_at=LATER)
    done = merge(keep, drop, ada)

    undone = contact_merge.undo(merge=done, by=ada, now=LATER + HOUR)

    action.refresh_from_db()
    assert action.status == "cancelled"
    assert undone.remarks == ["1 step whose time has passed stays cancelled."]


def test_a_merge_is_undone_once(keep: Contact, drop: Contact, ada: Any) -> None:
    done = merge(keep, drop, ada)
    contact_merge.undo(merge=done, by=ada, now=NOW)

    with pytest.raises(contact_merge.NotPossible, match="undone already"):
        contact_merge.undo(merge=done, by=ada, now=NOW)


def test_the_newer_merge_is_undone_first(keep: Contact, drop: Contact, ada: Any) -> None:
    first = merge(keep, drop, ada)
    third = f.ContactFactory(first_name="Third")
    second = merge(kept(keep), third, ada, now=NOW + HOUR)

    with pytest.raises(contact_merge.NotPossible, match="merged with Third since"):
        contact_merge.undo(merge=first, by=ada, now=NOW)
    contact_merge.undo(merge=second, by=ada, now=NOW)
    contact_merge.undo(merge=first, by=ada, now=NOW)

    assert Contact.objects.count() == 3


def test_who_was_merged_in_turn_is_brought_back_first(keep: Contact, drop: Contact, ada: Any) -> None:
    before = dump()
    first = merge(keep, drop, ada)
    third = f.ContactFactory(first_name="Third")
    second = merge(third, kept(keep), ada, now=NOW + HOUR)

    first.refresh_from_db()
    assert (
        contact_merge.why_not(merge=first)
        == "The person was merged again since, into Third Lopez. Undo that merge first."
    )
    assert addresses.find(email="dropped@example.org") == third
    contact_merge.undo(merge=second, by=ada, now=NOW)
    first.refresh_from_db()
    contact_merge.undo(merge=first, by=ada, now=NOW)
    Contact.objects.filter(pk=third.pk).delete()

    assert dump() == before


def test_an_address_that_is_somebodys_by_now_is_said(keep: Contact, drop: Contact, ada: Any) -> None:
    done = merge(keep, drop, ada)
    Contact.objects.filter(pk=keep.pk).update(email="dropped@example.org")

    with pytest.raises(contact_merge.NotPossible, match="was given the address"):
        contact_merge.undo(merge=done, by=ada, now=NOW)


# What it would do


def test_the_preview_says_what_would_happen(keep: Contact, drop: Contact) -> None:
    version = f.WorkflowVersionFactory(template__name="Artist discovery")
    running(keep, version, started_at=NOW - HOUR)
    email_due(running(drop, version))
    Task.objects.create(contact=drop, title="Call")
    consent.withdraw(contact=drop, source="Form", now=NOW - HOUR)
    consent.grant(contact=keep, source="Form", now=NOW)

    found = contact_merge.preview(keep=keep, drop=drop, choices={})

    assert found.moves == "1 word on permission, 1 task, 1 execution"
    assert found.cancels == ["“Artist discovery” would run twice: what is still to come of the second is cancelled."]
    assert found.permission == ["No email from any brand from now on: one of the two withdrew it."]
    assert found.address.startswith("dropped@example.org stays known")


def test_the_preview_changes_nothing(ada: Any) -> None:
    keep, drop = _two_at_random(random.Random(3))
    before = dump()

    contact_merge.preview(keep=keep, drop=drop, choices={"email": "drop"})

    assert dump() == before


# Who might be the same


@pytest.mark.parametrize(
    ("mine", "theirs", "because"),
    [
        ({"phone": "+4420"}, {"phone": "+4420"}, "the same phone number"),
        ({"first_name": "Ada", "last_name": "Byron"}, {"first_name": "ada", "last_name": "BYRON"}, "the same name"),
        (
            {"last_name": "Byron", "company": "Engines"},
            {"first_name": "A.", "last_name": "Byron", "company": "engines"},
            "the same surname at the same company",
        ),
        ({"email": "ada.byron@a.example"}, {"email": "ada.byron@b.example"}, "a similar email address"),
    ],
)
def test_a_likely_duplicate_is_suggested_with_the_reason(mine: Any, theirs: Any, because: str) -> None:
    contact, other = f.ContactFactory(**mine), f.ContactFactory(**theirs)
    f.ContactFactory(first_name="Somebody", last_name="Else")

    found = contact_merge.likely_duplicates(contact=contact)

    assert [(one.contact, one.because) for one in found] == [(other, because)]


# At once with the engine


@pytest.mark.django_db(transaction=True)
def test_a_send_under_way_and_a_merge_do_not_block_each_other(smtp_sink: Any, settings: Any) -> None:
    """The engine holds the step, and checks the contact as it commits; the merge wants both."""
    keep, drop, ada = f.ContactFactory(), f.ContactFactory(), f.UserFactory()
    action = email_due(running(drop, f.WorkflowVersionFactory()), due_at=NOW)
    (claim,) = leases.claim_outside(limit=1)
    failures: list[Exception] = []
    began, merged = threading.Event(), threading.Event()

    def send() -> None:
        try:
            with transaction.atomic():
                assert leases.begin_sending([leases.Intent(claim, drop.email, None)], channel="email")
                Message.objects.create(
                    action=action.pk, contact=drop, recipient=drop.email, subject="", text="", html="", status="sending"
                )
                began.set()
                merged.wait(0.5)  # the merge waits for us by now
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=send)
    thread.start()
    began.wait(5)
    contact_merge.merge(keep=keep, drop=drop, choices={}, by=ada, now=NOW)
    thread.join(10)

    assert failures == []
    assert Message.objects.get().contact_id == keep.pk
    assert ScheduledAction.objects.get().status == "sending"


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_who_merge_the_same_two_the_other_way_round_do_not_block_each_other() -> None:
    one, other, ada = f.ContactFactory(), f.ContactFactory(), f.UserFactory()
    outcomes: list[str] = []

    def work(keep: Contact, drop: Contact) -> None:
        try:
            contact_merge.merge(keep=keep, drop=drop, choices={}, by=ada, now=NOW)
            outcomes.append("merged")
        except contact_merge.NotPossible:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(outcomes) == ["merged", "refused"]
    assert Contact.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_engine_goes_on_with_what_is_left() -> None:
    import time

    keep, drop, ada = f.ContactFactory(first_name="Maria"), f.ContactFactory(), f.UserFactory()
    version = f.WorkflowVersionFactory()
    template = f.EngagementTemplateFactory()
    email_due(running(keep, version, started_at=NOW - HOUR), template, due_at=NOW)
    email_due(running(drop, version), template, due_at=NOW)
    contact_merge.merge(keep=keep, drop=drop, choices={}, by=ada, now=NOW)

    execution.run_pump_step(time.monotonic() + 2)

    assert [(message.contact_id, message.status) for message in Message.objects.all()] == [(keep.pk, "sent")]
