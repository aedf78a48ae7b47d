"""What the editor's script asks: preview, people, who lacks what, a test. None of it changes an email or a contact."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from contacts.models import EntityMembership, Suppression
from engagement.admin import email_preview
from engagement.channels import registry
from engagement.models import KeptTest, Message, TemplateVersion
from tests import factories as f

pytestmark = pytest.mark.django_db
TYPED = {"subject": "Hello {{ first_name }}", "preheader": "", "body": "Good day, {{ first_name }}.", "level": "basic"}


def at(name, *arguments):
    return reverse(f"admin:engagement_engagementtemplate_{name}", args=arguments)


def preview(client, **values):
    return client.post(at("preview"), {**TYPED, **values}).json()


def test_typed_words_are_shown_with_sample_values(desk):
    answer = preview(desk, body="Dear {{ first_name }}")

    assert answer["subject"] == "Hello Ada"
    assert "Dear Ada" in answer["light"]
    assert "Dear Ada" in answer["text"]


def test_saved_words_are_shown_where_nothing_is_typed(desk):
    template = f.EngagementTemplateFactory(words=("Saved subject", "Saved."))

    answer = desk.post(at("preview"), {"template": template.pk}).json()

    assert answer["subject"] == "Saved subject"


def test_values_of_the_chosen_contact_stand_there(desk):
    contact = f.ContactFactory(first_name="Grace")

    assert preview(desk, contact=str(contact.pk))["subject"] == "Hello Grace"


def test_fallback_is_marked_where_it_stands(desk):
    contact = f.ContactFactory()

    answer = preview(desk, contact=str(contact.pk), body="Hello {{ first_name | default: 'friend' }}")

    assert 'title="fallback: no first name"' in answer["light"]
    assert "No first name" in answer["notes"]


def test_typed_fallbacks_count_before_they_are_saved(desk):
    contact = f.ContactFactory()
    rows = {"fallbacks_name": ["first_name"], "fallbacks_mode": ["write"], "fallbacks_words": ["art lover"]}

    assert "art lover" in preview(desk, contact=str(contact.pk), **rows)["subject"]


def test_missing_value_says_that_it_would_be_held(desk):
    contact = f.ContactFactory()
    rows = {"fallbacks_name": ["first_name"], "fallbacks_mode": ["hold"], "fallbacks_words": [""]}

    assert "It would be held" in preview(desk, contact=str(contact.pk), **rows)["notes"]


def test_unfinished_words_say_what_is_wrong(desk):
    assert "without a closing" in preview(desk, body="Hello {{ fir")["notes"]


def test_dark_form_is_dark_for_everybody(desk):
    answer = preview(desk)

    assert 'style="color-scheme:dark"' in answer["dark"]
    assert 'style="color-scheme:light"' in answer["light"]


def test_brand_that_is_chosen_but_not_saved_speaks(desk):
    entity = f.BusinessEntityFactory(name="The Gallery", slug="gallery")

    assert preview(desk, business_entity=str(entity.pk))["sender"] == "The Gallery"


def test_email_for_any_brand_speaks_for_the_contacts_first(desk):
    entity, contact = f.BusinessEntityFactory(name="The Gallery", slug="gallery"), f.ContactFactory()
    EntityMembership.objects.create(contact=contact, business_entity=entity)

    assert preview(desk, contact=str(contact.pk), business_entity="")["sender"] == "The Gallery"


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_hostile_words_and_values_do_not_come_alive(desk, hostile):
    contact = f.ContactFactory(first_name=hostile)

    answer = preview(desk, contact=str(contact.pk), body=f"{hostile} {{{{ first_name }}}}")

    for form in ("light", "dark", "text", "subject", "notes"):
        assert "<script>" not in answer[form]
        assert "<img src=x" not in answer[form]


@pytest.mark.parametrize("chosen", ["", "nobody", "00000000-0000-4000-8000-000000000000"])
def test_contact_that_is_not_there_means_sample_values(desk, chosen):
    assert preview(desk, contact=chosen)["subject"] == "Hello Ada"


def test_preview_stores_nothing(desk):
    template = f.EngagementTemplateFactory()

    preview(desk, template=str(template.pk), contact=str(f.ContactFactory().pk))

    assert not Message.objects.exists()
    assert TemplateVersion.objects.count() == 1


def test_editor_shows_the_frame_without_scripts(desk, address):
    page = desk.get(address.change(f.EngagementTemplateFactory())).content.decode()

    frame = page[page.index("<iframe") : page.index("</iframe>")]
    assert 'sandbox="allow-same-origin"' in frame
    assert "allow-scripts" not in page


def test_editors_page_may_show_the_pictures_of_emails_and_runs_no_more_scripts(desk, address):
    policy = desk.get(address.change(f.EngagementTemplateFactory()))["Content-Security-Policy"]

    assert "img-src 'self' data: https: http:" in policy
    assert "script-src 'self' 'unsafe-eval';" in f"{policy};"


def test_reader_previews_what_is_saved(reading_room, address):
    template = f.EngagementTemplateFactory(words=("Saved subject", "Saved."))

    answer = reading_room.post(at("preview"), {"template": template.pk}).json()

    assert answer["subject"] == "Saved subject"
    assert "data-send-test" not in reading_room.get(address.change(template)).content.decode()


@pytest.fixture
def without_contacts(client, reader):
    reader.user_permissions.set(Permission.objects.filter(codename="view_engagementtemplate"))
    client.force_login(reader)
    return client


def test_no_contact_is_shown_to_those_who_may_not_see_contacts(without_contacts):
    contact = f.ContactFactory(first_name="Grace")

    assert preview(without_contacts, contact=str(contact.pk))["subject"] == "Hello Ada"
    assert without_contacts.get(at("people"), {"q": "Grace"}).status_code == 403
    assert without_contacts.post(at("coverage"), TYPED).content == b""


@pytest.mark.parametrize("name", ["preview", "coverage", "test", "people"])
def test_stranger_is_sent_to_log_in(client, name):
    assert client.post(at(name), TYPED).status_code == 302


@pytest.mark.parametrize("name", ["preview", "coverage", "test"])
def test_reading_an_address_for_asking_is_refused(desk, name):
    assert desk.get(at(name)).status_code == 405


@pytest.mark.parametrize("asked", ["grace", "HOPPER", "grace hopper", "grace@", "navy"])
def test_people_are_found_by_any_part(desk, asked):
    f.ContactFactory(first_name="Grace", last_name="Hopper", email="grace@example.org", company="Navy")
    f.ContactFactory(first_name="Ada", email="ada@example.org")

    (found,) = desk.get(at("people"), {"q": asked}).json()["people"]

    assert found["name"] == "Grace Hopper"


@pytest.mark.parametrize("asked", ["", "g", "nobody"])
def test_nobody_is_found_for_too_little_or_nothing(desk, asked):
    f.ContactFactory(first_name="Grace", email="grace@example.org")

    assert desk.get(at("people"), {"q": asked}).json()["people"] == []


def coverage(client, **values):
    return client.post(at("coverage"), {**TYPED, **values}).content.decode()


def test_those_without_a_value_are_counted_with_what_they_read(desk):
    template = f.EngagementTemplateFactory()
    f.ContactFactory(first_name="Ada")
    f.ContactFactory()

    said = " ".join(
        coverage(desk, template=template.pk, body="{{ first_name | default: 'friend' }}", subject="Hi").split()
    )

    assert ">1</a> of 2 contacts has no first name: they read “friend”." in said
    assert at("lacking", template.pk, "first_name") in said


def test_words_that_everybody_fills_say_so(desk):
    assert "Every contact has what these words use." in coverage(desk, subject="Hi", body="{{ email }}")


def test_brand_without_contacts_says_so(desk):
    entity = f.BusinessEntityFactory(name="The Gallery", slug="gallery")

    assert "The Gallery has no contacts yet." in coverage(desk, business_entity=entity.pk)


def test_list_names_those_who_lack_a_value(desk, address):
    template, contact = f.EngagementTemplateFactory(), f.ContactFactory(email="without@example.org")
    f.ContactFactory(first_name="Ada", email="with@example.org")

    page = desk.get(at("lacking", template.pk, "first_name")).content.decode()

    assert address.change(contact) in page
    assert "with@example.org" not in page.replace("without@example.org", "")


def test_list_for_what_everybody_has_is_not_there(desk):
    template = f.EngagementTemplateFactory()

    assert desk.get(at("lacking", template.pk, "email")).status_code == 404


@pytest.fixture
def sink(smtp_sink, settings):
    settings.EMAIL_URL = smtp_sink.url
    yield smtp_sink
    registry.release_all()


def send_test(client, **values):
    return client.post(at("test"), {**TYPED, **values}).json()


def test_test_goes_to_whoever_asks_with_the_words_as_typed(desk, boss, sink):
    contact = f.ContactFactory(first_name="Grace")

    answer = send_test(desk, contact=str(contact.pk), subject="Unsaved {{ first_name }}")

    (received,) = sink.received
    assert received.recipients == [boss.email]
    assert received.message["Subject"] == "[Test] Unsaved Grace"
    assert answer["level"] == "is-good"


def test_test_goes_to_several_in_the_language_that_is_looked_at(desk, sink):
    german = {"translation": ["de"], "translation_de_subject": "Hallo", "translation_de_body": "Guten Tag.",
              "shown_language": "de"}  # fmt: skip

    send_test(desk, test_to="ada@staff.example, grace@staff.example; ada@staff.example", **german)

    assert sorted(one.recipients[0] for one in sink.received) == ["ada@staff.example", "grace@staff.example"]
    assert {one.message["Subject"] for one in sink.received} == {"[Test] Hallo"}


@pytest.mark.parametrize(
    "typed", ["ada@staff.example, nobody", "gone@example.org", ", ".join(f"a{n}@b.example" for n in range(11))]
)
def test_nothing_is_sent_where_one_of_them_cannot_be(desk, sink, typed):
    Suppression.objects.create(email="gone@example.org", reason="bounced")

    assert send_test(desk, test_to=typed)["level"] != "is-good"
    assert not sink.received


def test_test_leaves_no_message(desk, sink):
    send_test(desk, contact=str(f.ContactFactory().pk))

    assert not Message.objects.exists()


def test_test_has_no_marks(desk, sink):
    send_test(desk, contact=str(f.ContactFactory().pk), body="{{ first_name | default: 'friend' }}")

    assert b"<mark" not in sink.received[0].content


def test_test_of_what_would_be_held_says_so(desk, sink):
    rows = {"fallbacks_name": ["first_name"], "fallbacks_mode": ["hold"], "fallbacks_words": [""]}

    answer = send_test(desk, contact=str(f.ContactFactory().pk), **rows)

    assert "A real one would be held: no first name." in answer["said"]


def test_without_an_address_of_ones_own_the_account_is_named(desk, boss, sink):
    boss.email = ""
    boss.save()

    answer = send_test(desk)

    assert answer["address"] == reverse("admin:profile")
    assert not sink.received


def test_words_with_a_fault_are_not_sent(desk, sink):
    answer = send_test(desk, body="{{ nobody }}")

    assert "Line 1" in answer["said"]
    assert not sink.received


def test_refusal_of_the_mail_server_is_told(desk, sink):
    sink.refuse_rcpt = "550 no such person"

    answer = send_test(desk)

    assert answer["level"] == "is-bad"
    assert "550 no such person" in answer["said"]


def test_without_a_mail_server_the_answer_leads_to_where_the_test_is_read(desk, settings):
    settings.EMAIL_URL = ""

    answer = send_test(desk)

    assert "No mail server is connected" in answer["said"]
    page = desk.get(answer["address"]).content.decode()
    assert KeptTest.objects.get().parts["subject"] in page


def test_tests_are_limited(desk, settings, monkeypatch):
    settings.EMAIL_URL = ""
    monkeypatch.setattr(email_preview, "TESTS", 2)
    for _ in range(2):
        send_test(desk)

    assert "Wait a little" in send_test(desk)["said"]
    assert LogEntry.objects.filter(change_message=email_preview.TESTED).count() == 2


def test_reader_sends_no_test(reading_room):
    assert reading_room.post(at("test"), TYPED).status_code == 403
