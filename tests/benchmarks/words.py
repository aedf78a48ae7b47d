"""Renderings of an email beside what python-liquid alone makes of the same text, in seconds of the processor.

Ours is subject, HTML with values escaped for where they stand, and plain text, from a person's values. python-liquid
alone renders the same two parts, the page with its autoescape, without limits; and, to compare with figures of others,
the body's source once. The whole is what the engine does for a mail: it finds the values, and signs links and ways out.
"""

from __future__ import annotations

import datetime as dt
import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from liquid import Environment

from contacts.models import BusinessEntity, Contact
from engagement import context, layout, markdown, rendering, skeleton, unsubscribing
from engagement.defaults import shipped
from engagement.liquid.source import Output
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.tracking.links import Tracking

WINDOW, WINDOWS = 200, 21  # renderings at a stretch, and how often each has its turn
PEOPLE = 100
BEFORE = {"consultation_offer": 1.07}
"""The renderer before Liquid and translations, which knew no branch and no filter, beside the whole mail, in turns."""
SHIPPED = "consultation_offer"
BRANCHES = """Hello {{ first_name | default: "there" }},

{% if company %}
at **{{ company | upcase }}** {{ interests.size }} things matter:
{% else %}
these things may matter:
{% endif %}

{% for one in interests %}
- {{ one | capitalize }}: [read on](https://example.com/about?{{ one }})
{% endfor %}

{% case custom.plan %}{% when "gold" %}Gold, {{ custom.seats | plus: 2 }} seats.{% when "silver" %}Silver.{% endcase %}

"""
_SLOT = re.compile("(?:[\ue010\ue011]|%EE%80%9[01])([0-9]+)(?:\ue012|%EE%80%92)")
LETTER = "We would rather begin with the work than with a form, and write to you as one person to another. " * 4


@dataclass(frozen=True)
class Beside:
    """Renderings a second of the processor, the median of all windows."""

    text: str
    size: int
    ours: float
    whole: float
    alone: float
    source_alone: float
    before: float | None

    @property
    def share(self) -> float:
        return self.ours / self.alone


def measure(*, windows: int = WINDOWS) -> Iterator[Beside]:
    """A shipped email, which says plain variables, and one with branches, a loop and filters."""
    email = next(one for one in shipped.emails() if one.slug == SHIPPED).content
    texts = {SHIPPED: email.body, "branches and loops": BRANCHES + f"{LETTER}\n\n" * 6}
    for name, body in texts.items():
        version = TemplateVersion(
            template=EngagementTemplate(level="advanced"), subject=email.subject, preheader=email.preheader, body=body,
            fallbacks={}, passages={},
        )  # fmt: skip
        works = (_composing(version), _rendering(version), _alone(*_parts(body)), _alone((body, False)))
        yield Beside(name, len(body.encode()), *_in_turns(*works, windows=windows), BEFORE.get(name))


def _in_turns(*works: Callable[[int], Any], windows: int) -> list[float]:
    paces: list[list[float]] = [[] for _ in works]
    for _ in range(windows):
        for pace, work in zip(paces, works, strict=True):
            began = time.process_time()
            for number in range(WINDOW):
                work(number)
            pace.append(WINDOW / (time.process_time() - began))
    return [statistics.median(pace) for pace in paces]


def _people() -> list[Contact]:
    return [
        Contact(
            email=f"ada{number}@example.org", first_name=f"Ada {number}", company=f"Engines {number} & Co",
            interests=["art", "yoga", "music"], custom={"plan": "gold", "seats": number},
        )
        for number in range(PEOPLE)
    ]  # fmt: skip


def _composing(version: TemplateVersion) -> Callable[[int], Any]:
    words, brand = rendering.Words.of(version), layout.brand_of(_brand())
    values = [context.gather(contact=one, business_entity=_brand(), facts=None, names=()) for one in _people()]
    return lambda number: rendering.compose(words=words, values=values[number % PEOPLE], brand=brand)


def _brand() -> BusinessEntity:
    return BusinessEntity(name="The 7 Space", website="https://www.the7.example", signature="Yours, **Mia**")


def _rendering(version: TemplateVersion) -> Callable[[int], Any]:
    people, now = _people(), dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    brand = _brand()
    follow = Tracking(message_id=UUID(int=5), host="https://links.example", opens=True, clicks=True)
    out = unsubscribing.example()

    def render(number: int) -> Any:
        return rendering.render(
            version=version,
            contact=people[number % PEOPLE],
            business_entity=brand,
            now=now,
            tracking=follow,
            way_out=out,
        )

    return render


def _parts(body: str) -> tuple[tuple[str, bool], tuple[str, bool]]:
    """The page and the plain text with the Liquid in them, as python-liquid takes them."""
    document = skeleton.compiled(body)
    brand = layout.brand_of(_brand())
    page = layout.html(brand=brand, subject="Hello", preheader="", body=document)
    return (_filled(page, document), True), (_filled(layout.text(brand=brand, body=document), document), False)


def _filled(text: str, document: markdown.Document) -> str:
    def source(found: re.Match[str]) -> str:
        token = document.marked.tokens[int(found.group(1))]
        return f"{{{{ {token.expression} }}}}" if isinstance(token, Output) else token.source

    return _SLOT.sub(source, text)


def _alone(*texts: tuple[str, bool]) -> Callable[[int], Any]:
    templates = [Environment(autoescape=escapes).from_string(text) for text, escapes in texts]
    told: list[dict[str, Any]] = [
        {"first_name": one.first_name, "company": one.company, "interests": one.interests, "custom": one.custom}
        for one in _people()
    ]
    return lambda number: [template.render(**told[number % PEOPLE]) for template in templates]
