"""Addresses, headers and words in mails, as people type them, tried where they come out."""

from __future__ import annotations

import email
import email.policy
import os
import re
import subprocess
import sys
import uuid
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from contactflow import deployment
from contactflow.core.clock import database_now
from contactflow.environment import Environment
from contactflow.models import ApiKey
from contacts import addresses, consent
from contacts.models import BusinessEntity, Contact, Suppression
from engagement import context, layout, markdown, rendering, risky_values, template_validation
from engagement.channels import mime
from engagement.channels.base import Envelope, Sender
from engagement.defaults import shipped
from engagement.models import Alert, ChannelState, Task
from engagement.rendering import Words
from tests.factories import NOW, ContactFactory, EngagementTemplateFactory, ScheduledActionFactory
from tests.workflows import plan, world
from workflows import actions, validation
from workflows.actions.base import Someone
from workflows.models import ScheduledAction

GALLERY = "Willkommen bei der Galerie für zeitgenössische Kunst"
ONE_LINE = st.text(
    st.sampled_from("  äüß-,.:;<>@()[]=?&'李ع👩\u0301") | st.characters(exclude_categories=["Cc", "Cs", "Z"]),
    max_size=400,
)


@pytest.fixture
def sink(smtp_sink: Any, settings: Any) -> Any:
    settings.EMAIL_URL = smtp_sink.url
    return smtp_sink


def wire(*, subject: str = "Hello", sender: Sender | None = None) -> bytes:
    sender = sender or Sender("The 7 Space", "hello@brand.example")
    parts = {"subject": subject, "text": "Hello", "html": ""}
    return mime.build(Envelope(identity=uuid.uuid4(), sender=sender, address="ada@example.org", parts=parts, at=NOW))


def both_readings(content: bytes, header: str) -> tuple[str, str]:
    """The header as both policies of the standard library read it."""
    new = email.message_from_bytes(content, policy=email.policy.default)
    old = email.message_from_bytes(content, policy=email.policy.compat32)
    return str(new[header]), str(make_header(decode_header(old[header])))


def both_names(content: bytes) -> tuple[str, str]:
    new = email.message_from_bytes(content, policy=email.policy.default)
    old = email.message_from_bytes(content, policy=email.policy.compat32)
    (mailbox,) = new["From"].addresses
    return mailbox.display_name, str(make_header(decode_header(parseaddr(old["From"])[0])))


# Settings and senders


@pytest.mark.parametrize(
    ("typed", "remedy"),
    [
        ("Müller, GmbH <crm@x.example>", '"Müller, GmbH" <crm@x.example>'),
        ("Ridge: Rohr <crm@x.example>", '"Ridge: Rohr" <crm@x.example>'),
        ("Mü@ller <crm@x.example>", '"Mü@ller" <crm@x.example>'),
        ("A; B <crm@x.example>", '"A; B" <crm@x.example>'),
        ("crm", "hello@example.com"),
        ("CRM <müller@x.example>", "hello@example.com"),
        ("A <a@x.example>, B <b@x.example>", "hello@example.com"),
    ],
)
def test_a_sender_no_mail_can_carry_stops_the_start_with_the_remedy(typed, remedy, monkeypatch):
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", typed)

    with pytest.raises(SystemExit) as refused:
        Environment().mailbox("DEFAULT_FROM_EMAIL", "")

    assert "DEFAULT_FROM_EMAIL" in str(refused.value)
    assert remedy in str(refused.value)


@pytest.mark.parametrize(
    "typed", ['"Müller, GmbH" <crm@x.example>', "Müller GmbH <crm@x.example>", "crm@straße.example"]
)
def test_a_sender_as_a_header_has_it_is_taken(typed, monkeypatch):
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", typed)

    assert Environment().mailbox("DEFAULT_FROM_EMAIL", "") == typed


@pytest.mark.parametrize(("field", "code"), [("sender_email", "sender_unusable"), ("reply_to", "reply_to_unusable")])
@pytest.mark.django_db
@pytest.mark.usefixtures("deployed")
def test_a_wrong_sender_found_later_is_trouble_of_the_channel(field, code, sink):
    BusinessEntity.objects.update(**{field: "no address"})
    world.arrive(contact_types=("Artist",), lead_source="Website")
    world.let_pass(hours=25)

    world.run_due()

    assert ChannelState.objects.get().reason == {"code": code, "address": "no address"}
    waiting = ScheduledAction.objects.filter(lane="outside", due_at__lte=database_now())
    assert set(waiting.values_list("status", "attempts")) == {("pending", 0)}


@pytest.mark.parametrize(
    "line",
    [
        "INTAKE_THROTTLE=sixty",
        "INTAKE_THROTTLE=60",
        "LOG_LEVEL=loud",
        "AI_BASE_URL=localhost:11434",
        "NOTION_BASE_URL=api.notion.com",
    ],
)
def test_a_setting_that_could_not_work_stops_the_start(line):
    name, _, value = line.partition("=")

    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode != 0
    assert f"The environment variable {name} is {value!r}" in ended.stderr
    assert "Traceback" not in ended.stderr


# Domains


def test_all_addresses_of_a_mail_have_the_domain_of_idna_2008(sink):
    content = wire(sender=Sender("x", "crm@straße.example", "answers@Faß.example"))

    assert b"<crm@xn--strae-oqa.example>" in content
    assert b"Reply-To: answers@xn--fa-hia.example" in content
    assert b"Message-ID: <" in content
    assert content.count(b"strasse") == content.count(b"fass") == 0


@pytest.mark.django_db
def test_an_address_blocked_in_its_own_script_is_blocked():
    contact = ContactFactory(email="ada@xn--strae-oqa.example")

    consent.suppress(email="Ada@Straße.example", reason=Suppression.Reason.MANUAL)

    assert not consent.may_contact(contact=contact).allowed
    assert addresses.find(email=" Ada@Straße.example") == contact


# Headers


def test_the_first_line_of_a_long_subject_holds_words():
    first = wire(subject=GALLERY).split(b"\n")[0]

    assert first.startswith(b"Subject: =?utf-8?")


@given(subject=ONE_LINE)
@example(subject=GALLERY)
@example(subject="=?utf-8?b?SGVsbG8=?=")
@example(subject="x" * 2000)
@example(subject="李" * 200)
@trying(max_examples=200, deadline=None)
def test_every_subject_is_read_as_it_was_typed(subject):
    assert both_readings(wire(subject=subject), "Subject") == (subject, subject)


@given(name=ONE_LINE.map(lambda name: " ".join(name.replace('"', "'").replace("\\", "").split())[:120].strip()))
@example(name="Galerie für zeitgenössische Kunst, Müller & Söhne GmbH")
@example(name="李" * 120)
@example(name="=?utf-8?b?SGVsbG8=?=")
@trying(max_examples=200, deadline=None)
def test_every_display_name_is_read_as_it_was_typed(name):
    assert both_names(wire(sender=Sender(name, "hello@brand.example"))) == (name, name)


def test_lines_of_a_head_stay_short():
    content = wire(subject="zeitgenössisch " * 10, sender=Sender("Galerie für Kunst", "hello@brand.example"))

    assert max(map(len, content.split(b"\n"))) <= 84


# Values that a mail program makes something of


@pytest.mark.parametrize(
    "value",
    [
        "WIN $5000 NOW https://evil.example/claim",
        "Ada evil.example",
        "www.evil",
        "HTTP://x",
        "t.co/x",
        "Bit.ly",
        "ada@evil.example",
        "пример.рф",
        "evil。example",
        "evil\uff0ecom",
        "ev\u00adil.c\u200bom",
        "\uff57\uff57\uff57.evil",
        "10.0.0.1/claim",
        "mailto:x",
        "tel:0190",
        "Call +1 (900) 555-1234",
        "Congratulations you have won and only have to call us back today",
    ],
)
def test_a_name_that_a_mail_program_makes_something_of_counts_as_missing(value):
    contact = Contact(email="ada@example.org", first_name=value, last_name="Lovelace")

    values = context.gather(contact=contact, business_entity=None, facts=None, names={"first_name"})

    assert (values.first_name, values.full_name) == ("", "Lovelace")
    assert dict(risky_values.of_contact(contact)).keys() == {"first name"}


@pytest.mark.parametrize(
    "value",
    [
        "Ada",
        "O'Hara",
        "J.R.R.",
        "J.Smith",
        "Dr.Müller",
        "Dr.med. Anna",
        "St. John",
        "Dr. Anna-Maria",
        "Ph.D",
        "李小龍",
        "Zoë",
        "Sammy Jr.",
        "Mary: Ann",
    ],
)
def test_a_name_is_no_risk(value):
    contact = Contact(email="ada@example.org", first_name=value)

    assert context.gather(contact=contact, business_entity=None, facts=None, names=()).first_name == value
    assert not list(risky_values.of_contact(contact))


def test_every_value_that_strangers_give_is_looked_at():
    link = "see evil.example"
    contact = Contact(email="ada@example.org", interests=[link, "yoga"], tags=[link], custom={"shop": link, "no": 5})
    for name in ("last_name", "company", "job_title", "phone"):
        setattr(contact, name, link)

    values = context.gather(contact=contact, business_entity=None, facts=None, names=())

    assert link not in repr(values)
    assert (values.interests, values.custom) == (["yoga"], {"shop": "", "no": 5})


@pytest.mark.django_db
@pytest.mark.usefixtures("deployed")
def test_an_advertisement_as_a_name_reaches_nobody_and_staff_see_it(sink, admin_client):
    arrived = world.arrive(
        first_name="WIN $5000 NOW https://evil.example/claim", contact_types=("Artist",), lead_source="Website"
    )
    world.let_pass(hours=25)
    world.run_due()

    to_them = [one for one in sink.received if one.recipients == [arrived.receipt.contact.email]]
    page = admin_client.get(f"/admin/contacts/contact/{arrived.receipt.contact.pk}/change/")

    assert to_them
    assert not any(b"evil" in one.content for one in to_them)
    assert "First name reads like a web address" in page.content.decode()


# New recipients


@pytest.mark.django_db
@pytest.mark.usefixtures("deployed")
def test_whom_a_public_key_brings_beyond_the_cap_is_stored_and_gets_no_email(sink, settings, client, admin_client):
    settings.NEW_RECIPIENTS_PER_DAY = 2
    key = ApiKey.objects.issue(name="form", scope="intake")[1]
    send = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {key}"}}
    told = {"contact_types": ["Artist"], "lead_source": "Website"}

    answers = [
        client.post("/contact-workflows/new-contact", told | {"email": f"{who}@example.org"}, **send).json()
        for who in ("ada", "grace", "hedy", "ada", "mary")
    ]
    world.let_pass(hours=25)
    world.run_due()

    assert {frozenset(answer) for answer in answers} == {frozenset({"success", "event_id"})}
    assert {one.recipients[0] for one in sink.received} == {"ada@example.org", "grace@example.org"}
    assert Alert.objects.filter(contact__email="mary@example.org").exists()
    assert "2 new people get no email" in admin_client.get("/admin/").content.decode()
    assert set(Suppression.objects.values_list("email", "reason")) == {
        ("hedy@example.org", "limit"),
        ("mary@example.org", "limit"),
    }


# What staff write


def html_of(source: str) -> str:
    return markdown.read(source).html(colour="#112233")


@pytest.mark.parametrize(
    ("typed", "label", "target"),
    [
        ("See https://x.example/a_b?c=(d).", "https://x.example/a_b?c=(d)", "https://x.example/a_b?c=(d)"),
        ("(www.x.example)", "www.x.example", "https://www.x.example"),
        ("**the7space.com/visit**!", "the7space.com/visit", "https://the7space.com/visit"),
        ("Write to crm@straße.example.", "crm@straße.example", "mailto:crm@xn--strae-oqa.example"),
    ],
)
def test_an_address_that_staff_type_is_a_link(typed, label, target):
    assert f'href="{target}"' in html_of(typed)
    assert f">{label}</a>" in html_of(typed)
    assert markdown.read(typed).text().count(label) == 1


@pytest.mark.parametrize("typed", ["node.js", "e.g.this", "end.Of", "z.B.", "`https://x.example`", "https:// alone"])
def test_what_is_no_address_is_no_link(typed):
    assert "<a" not in html_of(typed)


def test_a_value_beside_an_address_or_alone_is_never_a_link():
    words = Words("Hello", "", "{{ company }} https://x.example/{{ first_name }}", "advanced")
    values = context.Context(company="https://evil.example/", first_name="https://evil.example/x")

    sent = rendering.compose(words=words, values=values, brand=layout.Brand(name="B"))

    found = re.findall('href="([^"]*)"', sent.html)
    assert found == ["https://x.example/https%3A%2F%2Fevil.example%2Fx"]


@pytest.mark.parametrize(
    ("typed", "label", "target"),
    [
        ("See {{ entity_website }}.", "https://the7.example", "https://the7.example"),
        ("{{ entity_website }}/visit?x=1!", "https://the7.example/visit?x=1", "https://the7.example/visit?x=1"),
        ("[our page]({{ entity_website }})", "our page", "https://the7.example"),
        ("{{ entity_website | default: 'https://other.example' }}", "https://the7.example", "https://the7.example"),
    ],
)
def test_the_website_of_the_brand_is_a_link_once(typed, label, target):
    words = rendering.Words("Hello", "", typed, "standard")
    values = context.Context(entity_website="https://the7.example")
    sent = rendering.compose(words=words, values=values, brand=layout.brand_of(None))

    assert re.search(rf'<a href="{re.escape(target)}"[^>]*>{re.escape(label)}</a>', sent.html)
    assert label in sent.text


def test_tables_and_struck_words_are_understood():
    words = "| Work | Price |\n|---|--:|\n| Owl | ~~100~~ 80 |"

    assert "<s>100</s> 80</td>" in html_of(words)
    assert '<td align="right"' in html_of(words)
    assert markdown.read(words).text() == "Work | Price\nOwl | ~100~ 80"


@pytest.mark.parametrize(
    "body", ["| a | b |\n| c | d |", "~~ no ~~", "**no **", "A note[^1]", "- [ ] done", "==marked words=="]
)
def test_signs_that_recipients_would_see_are_refused(body):
    assert "body" in template_validation.find_errors(Words("Hello", "", body, "basic"))


@pytest.mark.parametrize("email", shipped.emails(), ids=lambda one: one.slug)
def test_a_paragraph_of_a_shipped_email_is_one_line(email):
    tokens = MarkdownIt("commonmark").parse(email.content.body)

    assert not any(one.type == "softbreak" for block in tokens for one in block.children or ())
    assert not any("\n" in text for passage in email.content.passages.values() for text in passage.values())


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("O&#039;Hara", "O'Hara"),
        ("O&amp;#39;Hara", "O'Hara"),
        ("Fish &amp; Chips", "Fish & Chips"),
        ("R&D; Ltd", "R&D; Ltd"),
        ("null", ""),
        ("undefined", ""),
        ("[object Object]", ""),
        ("Null", "Null"),
    ],
)
@pytest.mark.django_db
@pytest.mark.usefixtures("deployed")
def test_what_programs_leave_in_names_is_cleaned_at_the_door(typed, stored):
    assert world.arrive(last_name=typed).receipt.contact.last_name == stored


@pytest.mark.django_db
@pytest.mark.usefixtures("deployed")
def test_what_a_form_wrote_as_html_is_read_in_custom_fields():
    custom = {"Works &amp; Days": "O&#039;Hara", "list": ["Fish &amp;amp; Chips", 5], "text": "R&D; Ltd"}

    stored = world.arrive(custom=custom).receipt.contact.custom

    assert stored == {"Works & Days": "O'Hara", "list": ["Fish & Chips", 5], "text": "R&D; Ltd"}


# Words for colleagues

TITLE = "Call {{ first_name }} of {{ company }}, {{ job_title | default: 'no role' }} {{ phone }}"
FILLED = "Call Ada of Engines, no role (phone unknown)"


@pytest.mark.parametrize(
    ("kind", "model", "text"), [("create_task", Task, "description"), ("send_notification", Alert, "message")]
)
@pytest.mark.django_db
def test_variables_work_in_what_colleagues_read(kind, model, text):
    action = ScheduledActionFactory(
        instance__contact=ContactFactory(first_name="Ada", company="Engines"),
        step__action_type=kind,
        step__title=TITLE,
        step__description=f"First:\n{TITLE}",
    )

    actions.of(kind).perform_many([action], NOW)

    made = model.objects.get()
    assert (made.title, getattr(made, text)) == (FILLED, f"First:\n{FILLED}")
    assert actions.of("create_task").name_of(action) == f"Task “{FILLED}”"


@pytest.mark.django_db
def test_an_advertisement_as_a_name_stands_in_no_title():
    action = ScheduledActionFactory(
        instance__contact=ContactFactory(first_name="https://evil.example"), step__title="Call {{ first_name }}"
    )

    actions.of("create_task").perform_many([action], NOW)

    assert Task.objects.get().title == "Call (first name unknown)"


@pytest.mark.parametrize(
    "title", ["Call {{ first_nam }}", "Call {{ first_name", "{{ passage.x }}", "{{ first_name }} }"]
)
@pytest.mark.parametrize("field", ["title", "description"])
def test_a_variable_that_does_not_work_keeps_a_workflow_from_being_published(title, field):
    faults = validation.find(plan.plan(plan.task(**{field: title}), plan.alert(**{field: title})))

    assert [fault.field for fault in faults] == [field, field]


def test_braces_that_are_no_variable_may_stand_in_a_title():
    assert not validation.find(plan.plan(plan.task(title="Check {x} and 100 %")))


def test_a_dry_run_shows_the_words_as_they_will_be():
    someone = Someone(contact=Contact(email="ada@example.org", first_name="Ada"), business_entity=None)
    step = plan.task(title="Call {{ first_name }}")

    foreseen = actions.of("create_task").foresee(
        actions.of("create_task").planned(step)[0], step, name="x", someone=someone, at=NOW
    )

    assert foreseen.title == "Call Ada"


@pytest.mark.parametrize("field", ["sender_name", "signature", "postal_address"])
def test_what_is_the_same_for_everybody_takes_no_variables(field):
    with pytest.raises(ValidationError) as refused:
        BusinessEntity(slug="x", name="X", **{field: "Yours, {{ first_name }}"}).clean_fields()

    assert set(refused.value.message_dict) == {field}


def test_a_typed_address_with_a_value_is_whole_in_both_parts(db):
    template = EngagementTemplateFactory(words=("Hello", "See https://x.example/?n={{ first_name }}."))
    contact = ContactFactory(first_name="Ada Ann")

    sent = rendering.render(version=template.current_version, contact=contact, business_entity=None, now=NOW)

    assert 'href="https://x.example/?n=Ada%20Ann"' in sent.html
    assert "https://x.example/?n=Ada%20Ann." in sent.text


def test_deploying_names_a_brand_whose_sender_no_server_takes(reference_rows):
    BusinessEntity.objects.filter(slug="the_7_space").update(reply_to="no address")

    said = [line.text for line in deployment._sender() if line.level == "FAIL"]

    assert ["no address" in one and "The 7 Space" in one for one in said] == [True]
