"""The words of emails: edited as a form, kept as versions, previewed without being sent."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.models import EngagementTemplate, Message, TemplateVersion
from tests import factories as f
from tests.admin import browser, rows

pytestmark = pytest.mark.django_db
NEW = {"name": "Artist welcome", "slug": "artist_welcome", "subject": "Hello {{ first_name }}", "body": "Good day."}


def add(desk, address, **values):
    return browser.submit(desk, address.add(EngagementTemplate), "engagementtemplate_form", **NEW | values)


def change(desk, address, template, **values):
    return browser.submit(desk, address.change(template), "engagementtemplate_form", **values)


def errors(response):
    return response.context["adminform"].form.errors


def test_new_email_has_a_first_version_by_its_author(desk, address, boss):
    add(desk, address, preheader="Good to meet you")

    version = EngagementTemplate.objects.get().current_version
    assert (version.number, version.subject, version.preheader) == (1, "Hello {{ first_name }}", "Good to meet you")
    assert version.created_by == boss


def test_form_shows_the_current_words(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello", "Good day, {{ first_name }}."))

    values = browser.form_on(desk, address.change(template), "engagementtemplate_form")

    assert values["subject"] == ["Hello"]
    assert values["body"] == ["Good day, {{ first_name }}."]


def test_changed_words_make_the_next_version(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello", "Good day."))

    change(desk, address, template, subject="Welcome")

    template.refresh_from_db()
    assert (template.current_version.number, template.current_version.subject) == (2, "Welcome")
    assert TemplateVersion.objects.get(number=1).subject == "Hello"


def test_saving_without_a_change_makes_no_version(desk, address):
    add(desk, address)

    change(desk, address, EngagementTemplate.objects.get())

    assert TemplateVersion.objects.count() == 1


def test_fallbacks_are_typed_line_by_line(desk, address):
    add(desk, address, fallbacks="first_name = friend\nlast_name =")

    assert TemplateVersion.objects.get().fallbacks == {"first_name": "friend", "last_name": ""}


def test_passages_are_typed_as_blocks(desk, address):
    block = "opening\nInstruction: Greet warmly.\nFallback: It was good to meet you."

    add(desk, address, level="premium", body="{{ passage.opening }}", passages=block)

    assert TemplateVersion.objects.get().passages == {
        "opening": {"instruction": "Greet warmly.", "fallback": "It was good to meet you."}
    }


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("subject", "Hello {{ nobody }}"),
        ("subject", "Hello {{ company }}"),
        ("preheader", "{{ first_name"),
        ("body", "<b>Hello</b>"),
        ("body", "Hello {% if x %}"),
        ("body", "[here](javascript:alert)"),
        ("fallbacks", "nobody = friend"),
        ("fallbacks", "= friend"),
        ("passages", "opening\nInstruction: Greet."),
        ("passages", "Instruction: Greet."),
    ],
)
def test_fault_is_said_at_its_field_and_nothing_is_stored(desk, address, field, words):
    response = add(desk, address, **{field: words})

    assert response.status_code == 200
    assert list(errors(response)) == [field]
    assert not EngagementTemplate.objects.exists()


def test_lowering_the_level_is_refused_while_the_words_need_it(desk, address):
    add(desk, address, level="advanced", body="How is {{ company }}?")

    response = change(desk, address, EngagementTemplate.objects.get(), level="basic")

    assert list(errors(response)) == ["body"]
    assert EngagementTemplate.objects.get().level == "advanced"


def test_slug_stays_as_it_was_chosen(desk, address):
    template = f.EngagementTemplateFactory(slug="artist_welcome")

    change(desk, address, template, slug="other", subject="Hello")

    template.refresh_from_db()
    assert template.slug == "artist_welcome"


def test_email_cannot_be_deleted(desk, address):
    template = f.EngagementTemplateFactory()

    response = desk.post(address.delete(template), {"post": "yes"})

    assert response.status_code == 403


def test_page_lists_every_version(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello", "Good day."))
    change(desk, address, template, subject="Welcome")

    page = desk.get(address.change(template)).content.decode()

    for version in template.versions.all():
        assert address.change(version) in page


def test_reader_sees_the_words(reading_room, address):
    template = f.EngagementTemplateFactory(words=("A subject", "A body with {{ first_name }}."))

    page = reading_room.get(address.change(template)).content.decode()

    assert "A subject" in page
    assert "A body with" in page


def test_preview_has_sample_values_and_stores_nothing(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello {{ first_name }}", "Good day, {{ first_name }}."))

    page = desk.get(address.button(template, "preview")).content.decode()

    assert "Hello Ada" in page
    assert not Message.objects.exists()


def test_preview_has_the_values_of_the_chosen_contact(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello {{ first_name }}", "Good day."))
    f.ContactFactory(email="grace@example.org", first_name="Grace")

    page = desk.get(address.button(template, "preview"), {"email": "Grace@example.org"}).content.decode()

    assert "Hello Grace" in page


def test_preview_says_what_is_missing(desk, address):
    template = f.EngagementTemplateFactory(
        level="advanced", words__fallbacks={"company": None}, words=("{{ company }}", "Hi.")
    )
    f.ContactFactory(email="grace@example.org")

    page = desk.get(address.button(template, "preview"), {"email": "grace@example.org"}).content.decode()

    assert "It would be held: company" in page


def test_preview_for_an_unknown_address_says_so(desk, address):
    template = f.EngagementTemplateFactory()

    page = desk.get(address.button(template, "preview"), {"email": "nobody@example.org"}).content.decode()

    assert "No contact has this address." in page


def test_preview_of_an_email_without_words_says_so(desk, address):
    template = EngagementTemplate.objects.create(slug="empty", name="Empty")

    page = desk.get(address.button(template, "preview")).content.decode()

    assert "no words yet" in page


def test_preview_shows_no_contact_to_those_who_may_not_see_contacts(client, reader, address):
    reader.user_permissions.set(reader.user_permissions.filter(codename="view_engagementtemplate"))
    client.force_login(reader)
    template = f.EngagementTemplateFactory(words=("Hello {{ first_name }}", "Good day."))
    f.ContactFactory(email="grace@example.org", first_name="Grace")

    page = client.get(address.button(template, "preview"), {"email": "grace@example.org"}).content.decode()

    assert "Grace" not in page


def test_sent_email_is_shown_in_a_frame_without_rights(desk, address):
    message = rows.message()

    page = desk.get(address.change(message)).content.decode()

    assert '<iframe sandbox="" srcdoc="&lt;p&gt;Hello Ada&lt;/p&gt;"' in page


def test_html_of_an_email_cannot_break_out_of_its_frame(desk, address):
    message = rows.message()
    Message.objects.update(html='"></iframe><script>alert(1)</script>', text="</div><script>alert(2)</script>")

    page = desk.get(address.change(message)).content.decode()

    assert "<script>alert" not in page


def test_preview_cannot_break_out_of_its_frame(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello", "Good day."))

    page = desk.get(address.button(template, "preview")).content.decode()

    frame = page[page.index("<iframe") : page.index("</iframe>")]
    assert frame.count("<") == 1


@pytest.mark.parametrize(
    ("status", "says"), [("held", "Held"), ("sent", "Sent"), ("failed", "Refused"), ("ambiguous", "Unclear")]
)
def test_outbox_says_what_became_of_an_email(desk, address, status, says):
    rows.message()
    Message.objects.update(status=status)

    page = desk.get(address.list(Message)).content.decode()

    assert says in page


def test_outbox_is_listed_without_reading_the_bodies(desk, address):
    rows.message()

    with CaptureQueriesContext(connection) as captured:
        desk.get(address.list(Message))

    assert not any('"engagement_message"."html"' in query["sql"] for query in captured)


def status_shown(desk, address, **values):
    rows.message()
    Message.objects.update(**values)
    return desk.get(address.list(Message)).content.decode()


def test_message_of_the_outbox_does_not_count_as_sent(desk, address):
    assert "Kept here (no mail server)" in status_shown(desk, address, transport="outbox")


def test_message_that_left_counts_as_sent(desk, address):
    assert "Kept here (no mail server)" not in status_shown(desk, address, transport="smtp")


def of_a_step(**values):
    message, action = rows.message(), rows.action()
    Message.objects.filter(pk=message.pk).update(action=action.pk, **values)
    message.refresh_from_db()
    return message, action


def test_held_message_leads_to_its_step(desk, address):
    message, action = of_a_step(status="held")

    page = desk.get(address.change(message)).content.decode()
    response = desk.get(address.button(message, "try_again"))

    assert address.change(action) in page
    assert response.url == address.button(action, "retry")


def test_sent_message_is_not_tried_again(desk, address):
    message, _ = of_a_step(status="sent")

    page = desk.get(address.change(message)).content.decode()

    assert address.button(message, "try_again") not in page


def test_message_without_a_step_cannot_be_tried_again(desk, address):
    message = rows.message()

    response = desk.get(address.button(message, "try_again"))

    assert response.status_code == 404


def test_reader_tries_no_message_again(reading_room, address):
    message, _ = of_a_step(status="held")

    response = reading_room.get(address.button(message, "try_again"))

    assert response.status_code == 403


def test_message_says_in_a_word_whether_a_machine_opened_it(desk, address):
    message = rows.message()
    message.events.create(type="opened", machine=True)

    page = desk.get(address.change(message)).content.decode()

    assert "By a machine" in page
    assert "yes" in page


def test_preview_says_that_it_shows_what_is_saved(desk, address):
    page = desk.get(address.button(f.EngagementTemplateFactory(), "preview")).content.decode()

    assert "Shows what is saved." in page


def test_form_with_unsaved_words_does_not_let_go_of_them(desk, address):
    page = desk.get(address.change(f.EngagementTemplateFactory())).content.decode()

    assert 'class="warn-unsaved-form"' in page


def test_empty_list_says_so(desk, address):
    page = desk.get(address.list(EngagementTemplate)).content.decode()

    assert "Nothing here yet." in page
