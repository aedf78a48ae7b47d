"""The page of a person: what one sees, what one can do, and that it asks first."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client

from contacts import consent, contact_actions
from contacts.models import Consent, Contact, ContactEvent, EntityMembership, Suppression
from engagement.models import Alert, Message, Task
from tests import factories as f
from workflows import publishing
from workflows.models import ControlEntry, WorkflowInstance

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    f.ContactStatusFactory(slug="do_not_contact")
    one = f.ContactFactory(email="ada@example.org", first_name="Ada", last_name="Lovelace", company="Engines")
    EntityMembership.objects.create(
        contact=one,
        business_entity=f.BusinessEntityFactory(),
        because={"code": "field_is", "field": "contact_type", "value": "Artist"},
    )
    return one


def page(client, address, person, **query):
    return client.get(address.change(person), query).content.decode()


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def press(client, address, person, name, **answers):
    return client.post(address.button(person, name), answers)


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def published(name="Artist discovery", **values):
    version = f.WorkflowVersionFactory(template__name=name, **values)
    f.StepFactory(version=version)
    publishing.publish(version=version, by=None, now=f.NOW)
    version.template.refresh_from_db()
    return version.template


@pytest.mark.parametrize("moment", ["9999-12-31T23:59", "0001-01-01T00:00"])
def test_task_is_not_due_at_the_end_of_the_calendar(desk, address, person, moment):
    """The database or a reader's time zone may have no such moment, and no list could be shown any more."""
    shown = press(desk, address, person, "add_task", title="Call", priority="medium", due_at=moment)

    assert "Give a year between 1900 and 2199." in shown.content.decode()
    assert not Task.objects.exists()


def test_custom_field_may_be_called_like_a_method(desk, address, person):
    Contact.objects.filter(pk=person.pk).update(custom={"items": "three", "keys": "two"})

    assert "three" in page(desk, address, person)


def mail(person, when=f.NOW, **values):
    return Message.objects.create(
        contact=person,
        recipient=person.email,
        html="",
        **{"status": "sent", "sent_at": when, "subject": "Hello Ada", "text": "Dear Ada,\n<b>not bold</b>"} | values,
    )


def clerk(*codenames):
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


# What one sees


def test_head_says_who_it_is(desk, address, person):
    html = words(page(desk, address, person))

    assert "Ada Lovelace" in html
    assert "ada@example.org" in html
    assert "contact type is" in html
    assert "Active Lead" in html


def test_permission_without_a_record_is_said_in_words(desk, address, person):
    assert "The 7 Space : May be written to: no consent record needed" in words(page(desk, address, person))


def test_permission_given_is_said_with_its_source(desk, address, person):
    consent.grant(contact=person, source="By phone", now=f.NOW)

    assert "permission was given on 2 Mar 2026 (By phone)" in words(page(desk, address, person))


def test_permission_withdrawn_is_said(desk, address, person):
    consent.withdraw(contact=person, source="Footer link", now=f.NOW)

    assert "No marketing by email: consent for email from every brand was withdrawn" in words(
        page(desk, address, person)
    )


def test_ban_is_said_with_its_day_and_reason(desk, address, person):
    consent.do_not_contact(contact=person, source="Asked by phone", now=f.NOW)

    html = words(page(desk, address, person))

    assert "Do Not Contact since" in html
    assert "because: Asked by phone" in html


def test_what_runs_is_said_with_its_next_step(desk, address, person):
    instance = f.WorkflowInstanceFactory(contact=person)
    f.ScheduledActionFactory(instance=instance, next_attempt_at=dt.datetime(2100, 3, 2, 9, 0, tzinfo=dt.UTC))

    html = words(page(desk, address, person))

    assert "waiting until" in html
    assert address.change(instance) in page(desk, address, person)


def test_open_tasks_and_alerts_stand_there(desk, address, person):
    Task.objects.create(contact=person, title="Call her")
    Task.objects.create(contact=person, title="Old one", status="cancelled")
    Alert.objects.create(contact=person, title="Look here", target=f.TargetFactory())

    html = page(desk, address, person)
    now = html[html.index("Open tasks") : html.index("Everything that happened")]

    assert "Call her" in now
    assert "Look here" in now
    assert "Old one" not in now


def test_empty_timeline_says_what_to_do(desk, address, person):
    assert "Start a workflow, add a task or leave a note above." in words(page(desk, address, person))


def test_email_stands_there_as_it_was_sent_and_cannot_do_anything(desk, address, person):
    mail(person)

    html = page(desk, address, person)

    assert "Dear Ada,\n&lt;b&gt;not bold&lt;/b&gt;" in html


def test_timeline_can_be_narrowed_by_its_address(desk, address, person):
    mail(person)
    Task.objects.create(contact=person, title="Call her", status="cancelled")

    html = page(desk, address, person, show=["mail"])

    assert "Hello Ada" in html
    assert "Call her" not in html


def test_older_entries_are_reached_without_javascript(desk, address, person):
    for minute in range(30):
        mail(person, f.NOW + dt.timedelta(minutes=minute), subject=f"Email {minute:02}")
    first = page(desk, address, person)
    link = re.search(r'href="(\?before=[^"#]+)#timeline"', first).group(1)

    second = desk.get(address.change(person) + link.replace("&amp;", "&")).content.decode()

    assert "Email 29" in first
    assert "Email 04" not in first
    assert "Email 04" in second
    assert "Email 29" not in second
    assert "Back to the newest" in second


def test_older_entries_come_alone_for_htmx(desk, address, person):
    for minute in range(30):
        mail(person, f.NOW + dt.timedelta(minutes=minute))
    link = re.search(r'hx-get="(\?before=[^"]+)"', page(desk, address, person)).group(1)

    response = desk.get(address.change(person) + link.replace("&amp;", "&"), headers={"HX-Request": "true"})

    assert response.content.decode().count("person-entry") == 5
    assert "<html" not in response.content.decode()
    assert "HX-Request" in response["Vary"]


def test_place_that_is_none_answers_not_found(desk, address, person):
    assert desk.get(address.change(person), {"before": "nonsense"}).status_code == 404


def test_number_of_queries_is_the_same_for_a_long_history(desk, address, person, django_assert_max_num_queries):
    def fill(count):
        for minute in range(count):
            mail(person, f.NOW + dt.timedelta(minutes=minute))
            Task.objects.create(contact=person, title="Call")
            f.WorkflowInstanceFactory(contact=person)

    page(desk, address, person)
    fill(12)

    with django_assert_max_num_queries(55):
        page(desk, address, person)


def test_contact_that_is_gone_leads_back_with_a_word(desk, address, person):
    gone = address.change(person).replace(str(person.pk), "00000000-0000-0000-0000-000000000000")

    assert desk.get(gone, follow=True).status_code == 200
    assert desk.get(gone).status_code == 302


def test_who_may_not_see_emails_sees_none_in_the_timeline(address, person):
    mail(person)
    contact_actions.leave_note(contact=person, text="Likes tea", colleague="ada", now=f.NOW)

    html = page(clerk("view_contact", "view_contactevent"), address, person)

    assert "Likes tea" in html
    assert "Hello Ada" not in html


def test_who_may_not_see_contacts_is_refused(address, person):
    assert clerk("view_task").get(address.change(person)).status_code == 403


def test_reader_is_led_to_all_fields_and_to_no_change(reading_room, address, person):
    html = page(reading_room, address, person)

    assert "All fields" in html
    assert "Delete" not in words(html)


def test_edit_leads_to_the_form_and_saving_back_to_the_page(desk, address, person):
    from tests.admin import browser

    response = browser.submit(desk, address.button(person, "edit"), "contact_form", company="Analytical Engines")

    assert response["Location"] == address.change(person)
    assert ContactEvent.objects.get().payload["colleague"] == "boss"


# What one can do


def test_start_shows_what_speaks_for_and_against_each(desk, address, person):
    published()
    published("VIP care", tags=["VIP"])

    html = words(desk.get(address.button(person, "start")).content.decode())

    assert "Everything holds" in html
    assert "Needs the tag VIP." in html
    assert "At once: task “Look at it” for Gallery curator" in html


def test_chosen_workflow_starts(desk, address, person):
    template = published()

    response = press(desk, address, person, "start", workflow=template.slug)

    assert WorkflowInstance.objects.get().template == template
    assert said(response) == ["Artist discovery runs for Ada Lovelace now."]


def test_nothing_starts_where_nothing_was_chosen(desk, address, person):
    published()

    response = press(desk, address, person, "start")

    assert "Choose the workflow to start." in response.content.decode()
    assert not WorkflowInstance.objects.exists()


def test_second_start_asks_whether_it_is_meant(desk, address, person):
    template = published()
    press(desk, address, person, "start", workflow=template.slug)

    response = press(desk, address, person, "start", workflow=template.slug)

    assert "started for them before" in response.content.decode()
    assert WorkflowInstance.objects.count() == 1


def test_second_start_that_is_meant(desk, address, person):
    template = published()
    press(desk, address, person, "start", workflow=template.slug)

    press(desk, address, person, "start", workflow=template.slug, force="on")

    assert WorkflowInstance.objects.count() == 2


def test_workflow_of_another_brand_cannot_be_chosen(desk, address, person):
    template = published(template__business_entity=f.BusinessEntityFactory(slug="am_consulting"))

    press(desk, address, person, "start", workflow=template.slug)

    assert not WorkflowInstance.objects.exists()


def test_pause_says_what_runs_and_pauses_it(desk, address, person):
    instance = f.WorkflowInstanceFactory(contact=person)

    asked = words(desk.get(address.button(person, "pause_all")).content.decode())
    press(desk, address, person, "pause_all", reason="On holiday")

    instance.refresh_from_db()
    assert f"{instance.template} runs for Ada Lovelace." in asked
    assert instance.status == "paused"
    assert ControlEntry.objects.get().actor == "boss"


def test_resume_lets_it_go_on(desk, address, person):
    instance = f.WorkflowInstanceFactory(contact=person, status="paused", paused_at=f.NOW)
    f.ScheduledActionFactory(instance=instance)

    press(desk, address, person, "resume_all", reason="Back again")

    instance.refresh_from_db()
    assert instance.status == "active"


def test_a_reason_is_asked_for(desk, address, person):
    f.WorkflowInstanceFactory(contact=person)

    response = press(desk, address, person, "pause_all", reason="")

    assert response.status_code == 200
    assert not ControlEntry.objects.exists()


def test_do_not_contact_says_what_stops(desk, address, person):
    instance = f.WorkflowInstanceFactory(contact=person)
    f.ScheduledActionFactory(instance=instance, action_type="send_email")

    asked = words(desk.get(address.button(person, "do_not_contact")).content.decode())

    assert f"Running now: {instance.template} (1 step waiting, 1 of them emails)." in asked


def test_do_not_contact_forbids_and_cancels(desk, address, person):
    instance = f.WorkflowInstanceFactory(contact=person)

    press(desk, address, person, "do_not_contact", reason="Asked by phone", stop="on")

    instance.refresh_from_db()
    assert not consent.may_contact(contact=person).allowed
    assert instance.status == "cancelled"
    assert ContactEvent.objects.get().payload == {"how": "Asked by phone", "colleague": "boss"}


def test_do_not_contact_may_leave_the_inner_work_going(desk, address, person):
    instance = f.WorkflowInstanceFactory(contact=person)

    press(desk, address, person, "do_not_contact", reason="Asked by phone")

    instance.refresh_from_db()
    assert instance.status == "active"


def test_ban_can_be_lifted(desk, address, person):
    consent.do_not_contact(contact=person, source="Mistake", now=f.NOW)

    response = press(desk, address, person, "contact_again", reason="Changed her mind")

    assert said(response) == ["Ada Lovelace is Active Lead now."]
    assert consent.may_contact(contact=person).allowed


def test_lifting_warns_of_an_address_that_stays_blocked(desk, address, person):
    consent.do_not_contact(contact=person, source="Mistake", now=f.NOW)
    consent.suppress(email=person.email, reason=Suppression.Reason.BOUNCED)

    asked = words(desk.get(address.button(person, "contact_again")).content.decode())

    assert "The address itself stays blocked" in asked


def test_owner_is_assigned_and_taken_away(desk, address, person, boss):
    press(desk, address, person, "assign_owner", owner=boss.pk)
    person.refresh_from_db()
    assert person.owner == boss

    press(desk, address, person, "assign_owner", owner="")

    person.refresh_from_db()
    assert person.owner is None


def test_permission_is_recorded_with_who_noted_it(desk, address, person):
    press(
        desk, address, person, "record_permission", state="granted", source="By phone", business_entity="",
        basis="consent", wording="Yes, do write.",
    )  # fmt: skip

    record = Consent.objects.get()
    assert (record.state, record.source, record.actor, record.basis) == ("granted", "By phone", "boss", "consent")
    html = words(page(desk, address, person))
    assert "By phone, by boss, Consent, “Yes, do write.”" in html


def test_what_somebody_chose_stands_on_their_page(desk, address, person):
    consent.choose(contact=person, source="on their page", now=f.NOW, frequency="weekly", refused_kinds=["welcome"])

    html = words(page(desk, address, person))
    assert "at most one email a week" in html
    assert "Not wanted: welcome" in html


def test_task_is_added_for_a_colleague(desk, address, person, boss):
    press(desk, address, person, "add_task", title="Call her", assignee=boss.pk, priority="high")

    task = Task.objects.get()
    assert (task.contact, task.assignee, task.priority, task.source) == (person, boss, "high", "manual")


def test_note_stands_in_the_timeline(desk, address, person):
    press(desk, address, person, "add_note", text="Likes tea")

    html = words(page(desk, address, person))
    assert "Likes tea" in html
    assert "by boss" in html


@pytest.mark.parametrize(
    ("status", "offered", "left_out"),
    [("active_lead", "do_not_contact", "contact_again"), ("do_not_contact", "contact_again", "do_not_contact")],
)
def test_only_what_makes_sense_is_offered(desk, address, person, status, offered, left_out):
    Contact.objects.filter(pk=person.pk).update(status=f.ContactStatusFactory(slug=status))

    html = page(desk, address, person)

    assert address.button(person, offered) in html
    assert address.button(person, left_out) not in html
