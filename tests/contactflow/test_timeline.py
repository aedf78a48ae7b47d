"""One timeline of a contact, out of what every room tells."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.contrib.auth.models import Permission, User

from contactflow import timeline
from contactflow.core import actor
from contactflow.models import AuditEntry
from contacts import consent, contact_actions
from contacts.models import Consent, ContactEvent
from engagement import touches
from engagement.models import Alert, Message, Task
from notion_bridge.models import NotionDatabase, PageLink, SyncConflict, SyncEntry
from tests import factories as f
from workflows import controls

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return f.ContactFactory()


def at(minutes):
    return f.NOW + dt.timedelta(minutes=minutes)


def event(person, when=f.NOW, **values):
    return f.ContactEventFactory(contact=person, received_at=when, processed_at=when, **values)


def mail(person, when=f.NOW, **values):
    values = {"status": "sent", "sent_at": when, "created_at": when, "subject": "Hello", "text": "Dear Ada,"} | values
    return Message.objects.create(contact=person, recipient=person.email, html="", **values)


def alert(person, when=f.NOW, **values):
    return Alert.objects.create(contact=person, target=f.TargetFactory(), title="Look", created_at=when, **values)


def task(person, when=f.NOW, **values):
    return Task.objects.create(contact=person, title="Call", created_at=when, **values)


def page_in_notion(person):
    database = NotionDatabase.objects.get_or_create(kind="contacts")[0]
    return PageLink.objects.create(
        database=database, state="linked", contact=person, page_id="1b0d2c6e-7a44-4f6e-9a53-3a2f6c8e0a11"
    )


def read(person, *kinds, **options):
    return timeline.read(contact=person, kinds=kinds, **options).entries


def titles(person, *kinds):
    return [entry.title for entry in read(person, *kinds)]


def everything(person, *, limit):
    found, before = [], ""
    while True:
        stretch = timeline.read(contact=person, before=before, limit=limit)
        found += stretch.entries
        if not stretch.next:
            return found
        before = stretch.next


def one_of_each(person, when=f.NOW):
    template = f.WorkflowTemplateFactory()
    version = f.WorkflowVersionFactory(template=template)
    instance = f.WorkflowInstanceFactory(
        contact=person, template=template, version=version, started_at=when, status="failed", ended_at=when
    )
    f.ScheduledActionFactory(instance=instance, status="failed", finished_at=when, reason={"code": "our_fault"})
    event(person, when)
    event(person, when, mode="edit", source="admin", changes={"company": ["A", "B"]})
    event(person, when, kind="converted", event_key=f"converted:{uuid.uuid4()}", payload={"metadata": {"goal": "x"}})
    contact_actions.leave_note(contact=person, text="Likes tea", colleague="ada", now=when)
    consent.grant(contact=person, source="By phone", now=when)
    mail(person, when)
    mail(person, when, sent_at=None, status="held", missing=["first_name"])
    alert(person, when)
    task(person, when, status="done", completed_at=when)
    touches.log(contact=person, kind="called", business_entity=None, at=when, colleague="ada", now=when)
    controls.ControlEntry.objects.create(instance=instance, verb="pause", reason="Holiday", actor="ada", at=when)


def test_newest_comes_first_whatever_the_room(person):
    event(person, at(0))
    mail(person, at(2))
    task(person, at(1))

    assert [entry.kind for entry in read(person)] == ["mail", "task", "arrival"]


def test_every_kind_has_its_entries(person):
    one_of_each(person)
    SyncEntry.objects.create(link=page_in_notion(person), direction="to_notion", what="created", at=f.NOW)

    assert {entry.kind for entry in read(person)} == set(timeline.KINDS)


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_hold_everything_once_also_at_equal_times(person, limit):
    for _ in range(2):
        one_of_each(person, f.NOW)
    one_of_each(person, at(5))

    paged = everything(person, limit=limit)

    at_once = timeline.read(contact=person, limit=1000).entries
    assert [entry.place for entry in paged] == [entry.place for entry in at_once]
    assert len({(entry.place.source, entry.place.pk) for entry in paged}) == len(paged) == 3 * 15


def test_order_at_equal_times_does_not_depend_on_the_filter(person):
    one_of_each(person)

    whole = [entry.place for entry in read(person)]

    some = [entry.place for entry in read(person, "mail", "task", "arrival")]
    assert some == [place for place in whole if place in some]


def test_only_the_chosen_kinds_are_told(person):
    one_of_each(person)

    assert {entry.kind for entry in read(person, "mail", "note")} == {"mail", "note"}


def test_unknown_kind_narrows_nothing(person):
    one_of_each(person)

    assert len(read(person, "nonsense")) == len(read(person))


def test_entries_of_other_people_are_not_told(person):
    one_of_each(f.ContactFactory())

    assert read(person) == []


def test_number_of_queries_does_not_grow_with_the_entries(person, django_assert_max_num_queries):
    for minute in range(6):
        one_of_each(person, at(minute))

    # One for each source, the names of workflows, and those behind emails, alerts and tasks.
    with django_assert_max_num_queries(len(timeline.SOURCES) + 2):
        timeline.read(contact=person)


def test_each_source_is_asked_for_one_page_at_most(person):
    for minute in range(40):
        mail(person, at(minute))

    stretch = timeline.read(contact=person, limit=10)

    assert len(stretch.entries) == 10
    assert stretch.next


@pytest.mark.parametrize(
    "place",
    [
        "nonsense",
        "2026-03-02T09:00:00+00:00~nowhere~1",
        "2026-03-02T09:00:00~contacts.event~1",
        "never~contacts.event~1",
        "2026-03-02T09:00:00+00:00~contacts.event~1",
        "2026-03-02T09:00:00+00:00~contacts.permission~x",
    ],
)
def test_place_that_is_none_is_refused(person, place):
    with pytest.raises(timeline.UnknownPlace):
        timeline.read(contact=person, before=place)


def test_arrival_tells_what_was_decided_by_which_rule(person):
    event(
        person,
        decisions=[
            {"kind": "contact_type", "value": "Artist", "rule": "Painters", "because": {"code": "source_named_it"}}
        ],
    )

    (entry,) = read(person)

    assert entry.title == "Arrived for the first time (API)"
    assert entry.lines == ("Contact type: Artist, because the source named it (rule “Painters”)",)


def test_arrival_names_the_workflows_that_started(person):
    template = f.WorkflowTemplateFactory(name="Artist discovery")
    event(
        person,
        outcome=[{"workflow": template.slug, "matched": True, "because": {"code": "contact_type", "has": ["Artist"]}}],
    )

    (entry,) = read(person)

    assert timeline.told(entry.answers, started=True) == ["Artist discovery started: contact type Artist"]


def test_message_of_the_person_is_told(person):
    event(person, payload={"message": "I paint."})

    assert read(person)[0].text == "I paint."


def test_edit_tells_who_changed_what(person):
    event(
        person,
        mode="edit",
        source="admin",
        payload={"colleague": "ada"},
        changes={"company": ["Engines", "Analytical Engines"]},
    )

    (entry,) = read(person, "edit")

    assert (entry.by, entry.lines) == ("ada", ("Company: was “Engines”, now “Analytical Engines”",))


def test_change_in_notion_is_told_as_such(person):
    event(person, mode="edit", source="notion", changes={"company": ["A", "B"]})

    (entry,) = read(person)

    assert (entry.kind, entry.title) == ("notion", "Changed in Notion")


def test_ban_is_told_with_its_reason(person):
    f.ContactStatusFactory(slug="do_not_contact")
    consent.do_not_contact(contact=person, source="Asked by phone", now=f.NOW, colleague="ada")

    (entry,) = read(person, "permission")

    assert (entry.title, entry.by) == ("Do not contact from now on", "ada")
    assert entry.lines[0] == "Because: Asked by phone"


def test_permission_tells_brand_and_source(person):
    consent.withdraw(contact=person, source="Footer link", now=f.NOW, business_entity=f.BusinessEntityFactory())

    (entry,) = read(person)

    assert entry.title == "Permission withdrawn: email from The 7 Space"
    assert entry.lines == ("How: Footer link",)
    assert Consent.objects.get() == entry.row


def test_email_brings_its_text_as_sent_and_its_workflow(person):
    action = f.ScheduledActionFactory(instance=f.WorkflowInstanceFactory(contact=person))
    mail(person, at(1), action=action.pk)

    (entry,) = read(person, "mail")

    assert entry.text == "Dear Ada,"
    assert f"Workflow: {action.instance.template}" in entry.lines


def test_held_email_says_what_is_missing(person):
    mail(person, sent_at=None, status="held", missing=["first_name"])

    (entry,) = read(person)

    assert entry.title.startswith("Email held, something is missing")
    assert "Missing: first_name" in entry.lines


def test_skipped_step_says_why(person):
    instance = f.WorkflowInstanceFactory(contact=person)
    f.ScheduledActionFactory(
        instance=instance, status="skipped", finished_at=f.NOW, result={"reason": "Another email went out."}
    )

    (entry,) = read(person, "step")

    assert "Because: Another email went out." in entry.lines


def test_done_step_is_told_by_what_it_made(person):
    instance = f.WorkflowInstanceFactory(contact=person)
    f.ScheduledActionFactory(instance=instance, status="done", finished_at=f.NOW, action_type="create_task")

    assert titles(person, "step") == []


def test_unclear_step_is_told_although_it_is_not_over(person):
    instance = f.WorkflowInstanceFactory(contact=person)
    f.ScheduledActionFactory(instance=instance, status="ambiguous", started_at=f.NOW)

    (title,) = titles(person, "step")

    assert title.startswith("Unclear whether it arrived")


def test_control_tells_who_and_why(person):
    instance = f.WorkflowInstanceFactory(contact=person)
    controls.pause(instance=instance, reason="Holiday", actor="ada", now=f.NOW)

    (entry,) = read(person, "control")

    assert (entry.by, entry.lines) == ("ada", ("Reason: Holiday",))


def test_conflict_with_notion_tells_both_values(person):
    SyncConflict.objects.create(
        link=page_in_notion(person), field="company", base="A", local="B", remote="C", rule="ask", opened_at=f.NOW
    )

    (entry,) = read(person, "notion")

    assert entry.title == "Company was changed here and in Notion"
    assert entry.lines == ("Here: B", "In Notion: C", "Waits for somebody to choose")


def test_what_came_from_notion_by_an_edit_is_told_once(person):
    SyncEntry.objects.create(link=page_in_notion(person), direction="from_notion", what="changed", at=f.NOW)
    event(person, mode="edit", source="notion", changes={"company": ["A", "B"]})

    assert titles(person) == ["Changed in Notion"]


@pytest.mark.django_db(transaction=True)
def test_new_owner_is_told_with_the_colleague_who_chose(person):
    boss, owner = f.UserFactory(username="boss"), f.UserFactory(username="grace")

    with actor.acting(user=boss, path="/admin/"):
        contact_actions.assign_owner(contacts=[person], owner=owner)

    (entry,) = read(person, "edit")
    assert AuditEntry.objects.count() == 1
    assert entry.by == "boss"
    assert "grace" in " ".join(entry.lines)


def test_sources_a_person_may_not_see_are_left_out():
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contactevent", "view_task"]))

    sources = timeline.visible_to(user)

    assert {source.name for source in sources} == {"contacts.event", "engagement.task", "engagement.task_done"}
    assert "mail" not in timeline.kinds_of(sources)


def test_baseline_is_said_to_have_started_nothing(person):
    event(person, mode="baseline", source="csv")

    assert "Was on a list that started no workflow." in read(person)[0].lines


def test_event_that_waits_says_so(person):
    ContactEvent.objects.create(contact=person, kind="new_contact", source="api", event_key="waits")

    assert "Workflows have not looked at this yet." in read(person)[0].lines
