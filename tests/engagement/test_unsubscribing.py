"""How an email says that one may leave: its headers as they go over the wire, and its footer."""

from __future__ import annotations

import email
import email.policy
import re
import uuid

import pytest

from engagement import delivery
from engagement.channels import mime
from engagement.channels.base import ChannelError, Envelope, Sender
from engagement.delivery import Order
from engagement.models import EngagementTemplate
from tests.factories import NOW, BusinessEntityFactory, ContactFactory, EngagementTemplateFactory

pytestmark = pytest.mark.django_db
LIST_HEADERS = ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID")


@pytest.fixture(autouse=True)
def outbox(settings) -> None:
    settings.EMAIL_URL = ""
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@brand.example>"


def envelope(brand=None, contact=None, **template: object) -> Envelope:
    order = Order(uuid.uuid4(), EngagementTemplateFactory(**template), contact or ContactFactory(), brand)
    (found,) = delivery.prepare([order], now=NOW)
    assert not isinstance(found, Exception), found
    return found[0].envelope


def lines(sent: Envelope) -> dict[str, str]:
    """The head as it is sent: what is folded has no line of its own here."""
    head = mime.build(sent).decode().partition("\n\n")[0]
    return dict(re.findall(r"^([\w-]+): (.*)$", head, re.MULTILINE))


@pytest.mark.parametrize("name", ["The 7 Space", "Ästhetik & “Söhne” 東京", "x" * 120, 'a"b\\c;<d>', "東京"])
def test_marketing_says_how_to_leave_in_whole_lines_of_ascii(name: str) -> None:
    sent = envelope(BusinessEntityFactory(name=name))

    found = lines(sent)
    parsed = email.message_from_bytes(mime.build(sent), policy=email.policy.default)
    (address,) = re.fullmatch(r"<(http://localhost:8000/u/[\w-]+)>", found["List-Unsubscribe"]).groups()
    assert (str(parsed["List-Unsubscribe"]), address in sent.parts["text"]) == (f"<{address}>", True)
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r'("[A-Za-z0-9 &\'+-]+" )?<the-7-space\.brand\.example>', found["List-Id"])
    assert [len(parsed.get_all(header)) for header in LIST_HEADERS] == [1, 1, 1, 1]


def test_the_senders_part_of_the_feedback_id_stays() -> None:
    ids = [lines(envelope(BusinessEntityFactory(), slug=slug))["Feedback-ID"].split(":") for slug in ("one", "two")]

    assert [one[:3] for one in ids] == [[slug, "the_7_space", "information"] for slug in ("one", "two")]
    assert ids[0][3] == ids[1][3]
    assert 5 <= len(ids[0][3]) <= 15


def test_an_answer_is_no_list() -> None:
    sent = envelope(BusinessEntityFactory(), purpose="transactional")

    assert not set(LIST_HEADERS) & set(lines(sent))
    assert "/u/" not in sent.parts["html"] + sent.parts["text"]


def test_a_very_long_address_is_neither_folded_nor_encoded(settings) -> None:
    settings.PUBLIC_URL = f"https://{'very-long-name.' * 12}example.com"

    assert lines(envelope())["List-Unsubscribe"].startswith(f"<{settings.PUBLIC_URL}/u/")


@pytest.mark.parametrize("value", ["a\nBcc: x@example.org", "ä", "x" * 1000, "a\r", "a\0"])
def test_no_header_is_more_than_one_line_of_ascii(value: str) -> None:
    sent = Envelope(
        identity=uuid.uuid4(), sender=Sender("", "crm@brand.example"), address="ada@example.org",
        parts={"text": "x"}, at=NOW, headers={"X-Note": value},
    )  # fmt: skip

    with pytest.raises(ChannelError, match="email_unbuildable"):
        mime.build(sent)


@pytest.mark.parametrize(("locale", "words"), [("de-AT", "Abmelden"), ("en", "Unsubscribe"), ("fr", "Unsubscribe")])
def test_the_footer_speaks_the_language_of_the_email(locale: str, words: str) -> None:
    brand = BusinessEntityFactory(postal_address="1 Gallery Lane\nOldtown")
    german = {"de": {"subject": "Hallo", "body": "Guten Tag."}}

    parts = envelope(brand, ContactFactory(locale=locale), words__translations=german).parts

    for part in (parts["html"], parts["text"]):
        assert words in part
        assert "1 Gallery Lane" in part
        assert "/p/" in part


def test_the_links_of_two_people_differ() -> None:
    template = EngagementTemplateFactory()
    orders = [Order(uuid.uuid4(), template, ContactFactory(), None) for _ in range(2)]

    drafts = [found[0] for found in delivery.prepare(orders, now=NOW)]

    links = [set(re.findall(r"/[up]/[\w-]+", draft.rendered.html + draft.rendered.text)) for draft in drafts]
    assert [len(one) for one in links] == [2, 2]
    assert not links[0] & links[1]
    assert set(EngagementTemplate.objects.values_list("purpose", flat=True)) == {"marketing"}
