"""What an email's links become, and what is left alone."""

from __future__ import annotations

import uuid
from html.parser import HTMLParser

import pytest

from contactflow.core import tokens
from engagement import delivery, layout, rendering
from engagement.delivery import Order
from engagement.models import Message
from engagement.rendering import Words
from engagement.tracking import links
from engagement.tracking.links import CLICK, HIDDEN, OPEN, Tracking
from tests.factories import NOW, BusinessEntityFactory, ContactFactory, EngagementTemplateFactory

MESSAGE = uuid.UUID("12345678-1234-5678-1234-567812345678")
HOST = "https://links.example"


@pytest.fixture(autouse=True)
def addresses(settings):
    settings.PUBLIC_URL = HOST


def email(body, *, opens=True, clicks=True, brand=None, **values):
    words = Words("Hello", "", body, "advanced")
    tracking = Tracking(message_id=MESSAGE, host=HOST, opens=opens, clicks=clicks)
    return rendering.compose(
        words=words,
        values=rendering.Context(**values),
        brand=brand or layout.Brand(name="The 7 Space"),
        tracking=tracking,
    )


class Addresses(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.links, self.pictures = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag == "img":
            self.pictures.append(dict(attrs)["src"])


def numbers(page):
    """Of each followed link, its number; an address that is not followed stays."""
    return [
        tokens.read(CLICK, link.removeprefix(f"{HOST}/t/c/"), count=2)[1].int if "/t/c/" in link else link
        for link in Addresses(page).links
    ]


@pytest.mark.parametrize(
    "target",
    [
        "https://www.example.com/",
        "http://example.com/a?b=1&c=2",
        "https://example.com/a?x=1&amp;y=2",
        "https://example.com/%C3%BC?q=%E2%82%AC#place",
        "https://xn--mller-kva.example/",
        "https://example.com/a?to=https://other.example/&copy=1",
    ],
)
def test_link_of_the_web_leads_through_us_to_where_it_led(target):
    untracked = rendering.compose(
        words=Words("Hello", "", f"[here]({target})", "basic"), values=rendering.Context(), brand=layout.Brand(name="B")
    )
    sent = email(f"[here]({target})")

    assert sent.links == Addresses(untracked.html).links
    assert numbers(sent.html) == [0]


@pytest.mark.parametrize("target", ["#below", "mailto:ada@example.com", "tel:+442079460018"])
def test_what_leads_nowhere_else_is_left_alone(target):
    sent = email(f"[here]({target})")

    assert sent.links == []
    assert f'href="{target}"' in sent.html


@pytest.mark.parametrize("path", ["/u/abc", "/p/abc"])
def test_pages_about_permission_are_not_followed(path):
    sent = email(f"[leave]({HOST}{path}) or [look](https://example.com)")

    assert sent.links == ["https://example.com"]
    assert f'href="{HOST}{path}"' in sent.html


def test_other_characters_become_what_a_header_can_say():
    sent = email("Hello", brand=layout.Brand(name="Müller", website="https://müller.example/grüße?a=ü"))

    assert sent.links == ["https://xn--mller-kva.example/gr%C3%BC%C3%9Fe?a=%C3%BC"]


def test_values_stand_in_the_target():
    sent = email("[here](https://example.com/?c={{ company }})", company="Engines & Söhne")

    assert sent.links == ["https://example.com/?c=Engines%20%26%20S%C3%B6hne"]


def test_value_cannot_choose_where_a_link_leads():
    sent = email("[here](https://example.com/{{ company }})", company="//evil.example")

    assert sent.links == ["https://example.com/%2F%2Fevil.example"]


def test_a_target_that_occurs_twice_is_one():
    sent = email("[a](https://a.example) [b](https://b.example) [again](https://a.example)")

    assert sent.links == ["https://a.example", "https://b.example"]
    assert numbers(sent.html) == [0, 1, 0]


def test_text_part_stays_as_it_is():
    assert "/t/" not in email("[here](https://example.com)").text


def test_a_picture_tells_of_the_open():
    picture = Addresses(email("Hello").html).pictures[-1]

    assert tokens.read(OPEN, picture.removeprefix(f"{HOST}/t/o/").removesuffix(".gif")) == [MESSAGE]


def test_opens_and_clicks_are_followed_apart():
    only_opens, only_clicks = (email("[a](https://a.example)", opens=one, clicks=not one) for one in (True, False))

    assert (only_opens.links, "/t/o/" in only_opens.html, "/t/c/" in only_opens.html) == ([], True, False)
    assert (only_clicks.links, "/t/o/" in only_clicks.html) == (["https://a.example"], False)


def test_nothing_else_of_the_page_changes():
    body = "# Hello\n\n[a & b](https://a.example 'Ä \"title\"') <3 {{ first_name }}\n\n| a | b |\n|---|--:|\n| 1 | 2 |"
    plain = email(body, opens=False, clicks=False).html
    (link,) = Addresses(email(body, opens=False).html).links

    assert email(body, opens=False).html == plain.replace("https://a.example", link)


LOOP = """{% for one in interests %}
- [{{ one }}](https://a.example/{{ one }})
{% endfor %}
{% if company %}
[only some](https://b.example)
{% endif %}
[all](https://c.example/{% if company %}a{% else %}b{% endif %})
"""


def test_links_within_branches_and_loops_are_numbered_as_they_are_met():
    with_all, with_few = email(LOOP, interests=["art", "x & y"], company="Engines"), email(LOOP)

    few = ["https://c.example/b"]
    assert with_all.links == [
        *("https://a.example/art", "https://a.example/x%20%26%20y", "https://b.example", "https://c.example/a")
    ]
    assert (numbers(with_all.html), numbers(with_few.html), with_few.links) == ([0, 1, 2, 3], [0], few)


@pytest.mark.parametrize(
    "address",
    [
        "{% assign x = 'javascript:alert(1)' %}[a]({{ x }})",
        "[a]({% if email %}javascript:alert(1){% else %}javascript:alert(2){% endif %})",
        "{% for x in tags %}[a]({% if x %}{{ x }}{% endif %}){% endfor %}",
    ],
)
def test_an_address_of_no_known_scheme_leads_nowhere(address):
    sent = email(address, tags=["javascript:alert(1)"], clicks=False)

    assert Addresses(sent.html).links == ["#"]


def test_a_link_that_nobody_sees_is_there_where_staff_want_it(settings):
    settings.TRACKING_HIDDEN_LINK = True

    assert numbers(email("[a](https://a.example)").html) == [0, HIDDEN]


def test_colleagues_look_at_it_without_being_taken_for_the_reader():
    body = "[a](https://a.example/?x=1&y=2) [b](https://b.example) [m](mailto:a@b.example)"
    sent, plain = email(body), email(body, opens=False, clicks=False)

    seen = links.untracked(sent.html, sent.links)

    assert "/t/" not in seen
    assert Addresses(seen).links == Addresses(plain.html).links


def delivered(*, brand=None, contact=None, is_tracked=True):
    template = EngagementTemplateFactory(words=("Hello", "[a](https://a.example)"))
    order = Order(MESSAGE, template, contact or ContactFactory(), brand, is_tracked=is_tracked)
    ((draft, _),) = delivery.prepare([order], now=NOW)
    delivery.store([delivery.letter_of(draft)])
    return Message.objects.get()


@pytest.mark.django_db
def test_targets_are_stored_with_the_message_that_the_links_name():
    message = delivered()

    assert message.links == ["https://a.example"]
    assert message.pk == tokens.read(CLICK, Addresses(message.html).links[0].rpartition("/")[2], count=2)[0]


@pytest.mark.django_db
def test_a_brand_may_have_a_host_of_its_own(settings):
    settings.TRACKING_URL = "https://go.example"
    own = delivered(brand=BusinessEntityFactory(tracking_url="https://links.brand.example/"))

    assert "https://links.brand.example/t/c/" in own.html


@pytest.mark.django_db
def test_an_installation_may_have_a_host_for_it(settings):
    settings.TRACKING_URL = "https://go.example"

    assert "https://go.example/t/o/" in delivered().html


@pytest.mark.django_db
@pytest.mark.parametrize("switched_off", ["brand", "person", "workflow"])
def test_brand_person_and_workflow_can_switch_it_off(switched_off):
    brand = BusinessEntityFactory(tracks_opens=switched_off != "brand", tracks_clicks=switched_off != "brand")
    contact = ContactFactory(is_tracked=switched_off != "person")
    message = delivered(brand=brand, contact=contact, is_tracked=switched_off != "workflow")

    assert (message.links, "/t/" in message.html) == ([], False)
