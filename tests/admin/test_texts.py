"""The words of emails: edited as a form, kept as versions, previewed without being sent."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

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


def the_draft():
    return TemplateVersion.objects.get(published_at=None)


def faults(desk, address):
    """What the page says at its fields, of a draft that cannot be published yet."""
    form = desk.get(address.change(EngagementTemplate.objects.get())).context["adminform"].form
    return {name: field.faults for name, field in form.fields.items() if hasattr(field, "faults")}


def test_new_email_is_a_draft_by_its_author(desk, address, boss):
    add(desk, address, preheader="Good to meet you")

    draft = the_draft()
    assert (draft.number, draft.subject, draft.preheader) == (1, "Hello {{ first_name }}", "Good to meet you")
    assert draft.created_by == boss
    assert draft.template.current_version is None


def test_form_shows_what_is_sent(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello", "Good day, {{ first_name }}."))

    values = browser.form_on(desk, address.change(template), "engagementtemplate_form")

    assert values["subject"] == ["Hello"]
    assert values["body"] == ["Good day, {{ first_name }}."]


def test_editor_inserts_custom_fields_as_liquid_reads_them(desk, address):
    f.ContactFactory(custom={"Favourite Artist": "Klee", "limit": 5, "city": "Wien"})

    page = desk.get(address.add(EngagementTemplate)).context["levels"]

    assert {one["written"] for level in page for one in level["variables"] if one["name"].startswith("custom.")} == {
        '{{ custom["Favourite Artist"] }}', '{{ custom["limit"] }}', "{{ custom.city }}"
    }  # fmt: skip


def test_changed_words_wait_in_the_draft(desk, address):
    brand = f.BusinessEntityFactory()
    template = f.EngagementTemplateFactory(words=("Hello", "Good day."))

    change(desk, address, template, subject="Welcome", level="advanced", business_entity=brand.pk, name="New name")
    change(desk, address, template, preheader="Well met")

    template.refresh_from_db()
    draft = the_draft()
    assert (draft.number, draft.subject, draft.preheader, draft.level, draft.business_entity) == (
        2, "Welcome", "Well met", "advanced", brand,
    )  # fmt: skip
    assert (template.current_version.subject, template.level, template.business_entity) == ("Hello", "basic", None)
    assert template.name == "New name"


def test_saving_without_a_change_makes_no_draft(desk, address):
    template = f.EngagementTemplateFactory()

    change(desk, address, template)

    assert list(TemplateVersion.objects.all()) == [template.current_version]


def test_saving_leads_on_to_publishing_where_that_is_possible(desk, address):
    template = f.EngagementTemplateFactory()

    on = change(desk, address, template, subject="Welcome", _publish="")
    back = change(desk, address, template, body="{{ nobody }}", _publish="")

    assert on.url == reverse("admin:engagement_engagementtemplate_publish", args=[template.pk])
    assert back.url == address.change(template)


def rows_of(field, *rows):
    """A browser's controls for these rows; each a name and its other columns."""
    columns = ("name", "mode", "words") if field == "fallbacks" else ("name", "instruction", "fallback")
    return {f"{field}_{column}": [row[place] for row in rows] for place, column in enumerate(columns)}


def test_fallbacks_are_rows(desk, address):
    rows = rows_of("fallbacks", ("first_name", "write", "friend"), ("last_name", "leave_out", ""), ("", "write", ""))

    add(desk, address, **rows)

    assert TemplateVersion.objects.get().fallbacks == {"first_name": "friend", "last_name": ""}


def test_fallback_may_hold_the_email(desk, address):
    add(desk, address, **rows_of("fallbacks", ("first_name", "hold", "")))

    assert TemplateVersion.objects.get().fallbacks == {"first_name": None}


def test_saved_fallbacks_come_back_as_rows(desk, address):
    template = f.EngagementTemplateFactory(words__fallbacks={"first_name": "friend", "last_name": None})

    values = browser.form_on(desk, address.change(template), "engagementtemplate_form")

    assert values["fallbacks_name"] == ["last_name", "first_name", ""]
    assert values["fallbacks_mode"] == ["hold", "write", "write"]


def test_passages_are_rows(desk, address):
    rows = rows_of("passages", ("opening", "Greet warmly.", "It was good to meet you."))

    add(desk, address, level="premium", body="{{ passage.opening }}", **rows)

    assert TemplateVersion.objects.get().passages == {
        "opening": {"instruction": "Greet warmly.", "fallback": "It was good to meet you."}
    }


@pytest.mark.parametrize(
    ("field", "row"),
    [
        ("fallbacks", ("", "write", "friend")),
        ("fallbacks", ("first_name", "write", "")),
        ("passages", ("", "Greet.", "Hello.")),
    ],
)
def test_fault_in_a_row_is_said_there_and_the_row_stays(desk, address, field, row):
    response = add(desk, address, level="premium", body="{{ passage.opening }}", **rows_of(field, row))

    assert field in errors(response)
    page = response.content.decode()
    assert all(f'value="{cell}"' in page or f">{cell}</textarea>" in page for cell in row if cell)


def test_two_rows_for_one_variable_are_refused(desk, address):
    response = add(
        desk, address, **rows_of("fallbacks", ("first_name", "write", "friend"), ("first_name", "write", "you"))
    )

    assert "two rows" in errors(response)["fallbacks"][0]


def test_what_was_typed_survives_an_error(desk, address):
    page = add(desk, address, name="", preheader="Kept preheader", body="Kept body").content.decode()

    assert "Kept preheader" in page
    assert "Kept body" in page


def test_unfinished_words_are_kept_and_their_faults_said_at_their_fields(desk, address):
    rows = rows_of("fallbacks", ("nobody", "write", "friend")) | rows_of("passages", ("opening", "Greet.", ""))
    words = {"subject": "Hello {{ company }}", "preheader": "{{ first_name", "body": "Good day.\n\n<b>Hello</b>"}

    add(desk, address, level="premium", **rows | words | {"subject": ""})

    found = faults(desk, address)
    assert set(found) == {"subject", "preheader", "body", "fallbacks", "passages"}
    assert found["body"][0].startswith("Line 3:")
    assert the_draft().body == "Good day.\n\n<b>Hello</b>\n"


@pytest.mark.parametrize("fault", ["<b>bold</b>", "[go](javascript:x)", "[x](/shop)", "[x]({{ first_name }})"])
def test_every_fault_of_the_body_names_its_line(desk, address, fault):
    add(desk, address, body=f"Good day.\n\nHello,\n{fault}")

    assert faults(desk, address)["body"][0].startswith("Line 4:")


def opened_before_a_colleague_saved(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello", "Good day."))
    page = browser.form_on(desk, address.change(template), "engagementtemplate_form")
    change(desk, address, template, subject="Theirs")
    return template, {**page, "subject": "Mine"}


def test_second_of_two_editors_is_told(desk, address):
    template, page = opened_before_a_colleague_saved(desk, address)

    response = desk.post(address.change(template), page)

    assert "boss saved the draft" in errors(response)["__all__"][0]
    assert 'value="Mine"' in response.content.decode()
    assert template.versions.count() == 2


def test_second_of_two_editors_may_insist(desk, address):
    template, page = opened_before_a_colleague_saved(desk, address)
    told = desk.post(address.change(template), page)
    seen = told.context["adminform"].form["seen"].value()

    desk.post(address.change(template), {**page, "seen": seen})

    assert the_draft().subject == "Mine"


def test_colleague_who_changed_only_the_settings_is_noticed(desk, address):
    template = f.EngagementTemplateFactory()
    page = browser.form_on(desk, address.change(template), "engagementtemplate_form")
    change(desk, address, template, name="Another name")

    response = desk.post(address.change(template), page)

    assert "Somebody else saved this email" in errors(response)["__all__"][0]


def test_lower_level_waits_for_words_that_do_not_need_the_higher_one(desk, address):
    add(desk, address, level="advanced", body="How is {{ company }}?")

    change(desk, address, EngagementTemplate.objects.get(), level="basic")

    assert list(faults(desk, address)) == ["body"]


def test_slug_stays_as_it_was_chosen(desk, address):
    template = f.EngagementTemplateFactory(slug="artist_welcome")

    change(desk, address, template, slug="other", subject="Hello")

    template.refresh_from_db()
    assert template.slug == "artist_welcome"


def test_email_cannot_be_deleted(desk, address):
    template = f.EngagementTemplateFactory()

    response = desk.post(address.delete(template), {"post": "yes"})

    assert response.status_code == 403


def test_translations_are_kept_with_what_stands_in_and_come_back(desk, address):
    template = f.EngagementTemplateFactory(words__passages={"opening": {"instruction": "x", "fallback": "y"}})
    german = {"subject": "Hallo", "preheader": "", "body": "Guten Tag.\n"}
    typed = {f"translation_de_{part}": words for part, words in german.items()} | {
        "translation": ["de", "fr"],
        "translation_de_fallbacks_name": ["first_name"], "translation_de_fallbacks_mode": ["write"],
        "translation_de_fallbacks_words": ["und willkommen"],
        "translation_de_passages_name": ["opening"], "translation_de_passages_fallback": ["Schön, dass Sie da sind."],
    }  # fmt: skip

    change(desk, address, template, **typed)
    held = browser.form_on(desk, address.change(template), "engagementtemplate_form")
    change(desk, address, template, subject="Other")

    passages = {"opening": {"fallback": "Schön, dass Sie da sind."}}
    draft = the_draft()
    assert draft.translations == {"de": german | {"fallbacks": {"first_name": "und willkommen"}, "passages": passages}}
    assert (held["translation"], held["translation_de_body"]) == (["de"], ["Guten Tag.\n"])
    assert draft.subject == "Other"


def test_page_names_the_latest_versions(desk, address):
    template = f.EngagementTemplateFactory(words=("Hello", "Good day."))
    change(desk, address, template, subject="Welcome")

    page = desk.get(address.change(template)).content.decode()

    assert "Version 1" in page
    assert "This is a draft: 1 difference from what is sent" in page


def test_reader_sees_the_words(reading_room, address):
    template = f.EngagementTemplateFactory(words=("A subject", "A body with {{ first_name }}."))

    page = reading_room.get(address.change(template)).content.decode()

    assert "A subject" in page
    assert "A body with" in page


def test_sent_email_is_shown_in_a_frame_without_rights(desk, address):
    message = rows.message()

    page = desk.get(address.change(message)).content.decode()

    assert '<iframe sandbox="" srcdoc="&lt;p&gt;Hello Ada&lt;/p&gt;"' in page


def test_html_of_an_email_cannot_break_out_of_its_frame(desk, address):
    message = rows.message()
    Message.objects.update(html='"></iframe><script>alert(1)</script>', text="</div><script>alert(2)</script>")

    page = desk.get(address.change(message)).content.decode()

    assert "<script>alert" not in page


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
    message.events.create(type="opened", label="machine")

    page = desk.get(address.change(message)).content.decode()

    assert "A machine" in page


def test_form_with_unsaved_words_does_not_let_go_of_them(desk, address):
    page = desk.get(address.change(f.EngagementTemplateFactory())).content.decode()

    assert 'class="warn-unsaved-form"' in page


def test_empty_list_says_so(desk, address):
    page = desk.get(address.list(EngagementTemplate)).content.decode()

    assert "No emails yet." in page
    assert address.add(EngagementTemplate) in page
