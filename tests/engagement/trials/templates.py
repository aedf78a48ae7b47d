"""Templates at random, injections and markup: what is worked out, what that costs, and whether anything comes alive.

`python -m tests.engagement.trials templates [TEMPLATES] [SEED]`; `... templates served` asks the admin and the API.
"""

from __future__ import annotations

import datetime as dt
import gc
import logging
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

from tests.engagement.trials import payloads

MOST_SECONDS, MOST_BYTES = 0.25, 512_000
EVALUATED = (payloads.PRODUCT, "<class", "object at 0x", "uid=", "root:", "subclasses__()\\n")
ADA = {
    "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org", "company": "Engines & Co",
    "interests": ["art", "yoga"], "tags": ["VIP"], "locale": "de-AT", "timezone": "Europe/Vienna", "opens": 3,
    "last_touch": dt.date(2026, 3, 3), "custom": {"seats": "5", "price": 1234.5, "vip": True, "City": "Rome"},
    "entity": "The 7 Space", "entity_website": "https://the7.example", "event": {"guests": [{"name": "Bo"}], "size": 3},
    "now": dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
}  # fmt: skip
PATHS = (
    *(
        "first_name",
        "contact.first_name",
        "company",
        "contact.company",
        "custom.seats",
        "custom.price",
        "custom.nothing",
    ),
    *("interests", "tags", "now", "event.guests", "event.guests[0].name", "brand.website", "brand.name", "last_touch"),
    *("entity_website", 'custom["City"]', "interests.size", "opens", "custom.vip", "'a'", '"b"', "3", "2.5", "-1"),
)
OTHERS = (
    *(
        "x",
        "y",
        "one",
        "forloop.index",
        "contact",
        "nobody",
        "passage.x",
        "''",
        "nil",
        "true",
        "blank",
        "empty",
        "(1..9)",
    ),
    *("(1..x)", "contact[x]"),
)
FILTERS = (
    *(
        "default:'x'",
        "default",
        "upcase",
        "capitalize",
        "size",
        "date:'%Y'",
        "date:'long'",
        "number:2",
        "currency:'EUR'",
    ),
    *(
        "join:','",
        "split:''",
        "append:company",
        "replace:'a','bb'",
        "plus:1",
        "times:99999",
        "divided_by:7",
        "first",
        "last",
    ),
    *(
        "sort",
        "reverse",
        "slice:0,3",
        "truncate:5",
        "round:2",
        "concat:interests",
        "uniq",
        "at_most:3",
        "modulo:3",
        "abs",
    ),
    *("compact", "replace:'',company", "prepend:custom.nothing", "sort_natural"),
)
REFUSED = (
    *(
        "safe",
        "json",
        "escape",
        "cf_text_form",
        "base64_decode",
        "where:'a'",
        "currency:'XXX'",
        "divided_by:0",
        "modulo:0",
    ),
    *("date:'%Q'", "sum", "plus:x"),
)
OPERATORS = ("==", "!=", "==", "!=", "<", ">=", "contains", "and", "or")
LITERALS = (
    *(
        "words",
        " ",
        "\n",
        "\n\n",
        "**bold**",
        "*soft*",
        "\n\n# Head\n\n",
        "\n- item\n",
        "\n1. item\n",
        "\n\n> quote\n\n",
    ),
    *(
        "\n\n| a | b |\n|---|---|\n",
        "[x](https://a.example/)",
        "![p](https://b.example/i.png)",
        "https://b.example/",
        "`code`",
    ),
)
BROKEN = (
    *("**", "_", "[x](https://a.example/", ")", "![p](", "<b>", "{", "}", "{{", "}}", "{%", "%}", "\\", "&amp;", "é李"),
    *(
        "\u202e",
        "\ue010",
        "\ue0120\ue012",
        "\ue018",
        "---\n",
        "|",
        "\ue0100\ue012",
        "%EE%80%900%EE%80%92",
        "qv0z",
        "qv0y",
    ),
)
LIVE = ("script", "iframe", "svg", "object", "embed", "form", "base", "input", "style", "link")
_MARK = re.compile(r'</?mark(?: title="[^"<>]*" style="[^"<>]*")?>')
SEVERAL = "[x](https://a.example/{} 'y') {{% if company %}}{}{{% endif %}}"


@dataclass
class Found:
    """What became of the templates; `faults` names each that broke a promise."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    largest: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = ", ".join(f"{number:,} {what}" for what, number in sorted(self.outcomes.items()))
        cost = f"slowest {self.slowest * 1000:.0f} ms, largest {self.largest:,} bytes"
        return f"{said}; {cost}, {len(self.faults)} faults"


class _Author:
    """Writes templates: mostly in the grammar, so that they get past the parser, and broken by chance."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def template(self) -> str:
        text = "".join(self._part(0) for _ in range(self.chance.randint(1, 6)))
        for _ in range(self.chance.choice((0, 0, 0, 0, 0, 0, 1, 3))):
            at = self.chance.randrange(len(text) + 1)
            cut = self.chance.choice((0, 1, 5))
            text = text[:at] + self.chance.choice((*BROKEN, *LITERALS)) + text[at + cut :]
        return text

    def _part(self, depth: int) -> str:
        kinds = [self._literal, self._output, self._output, self._assign]
        if depth < 4:
            kinds += [self._if, self._for, self._case, self._if]
        return self.chance.choice(kinds)(depth)

    def _parts(self, depth: int) -> str:
        before, after = self.chance.choice((("", ""), ("\n", "\n"), ("\n\n", "\n\n"), ("\n- ", "\n"), ("\n1. ", "\n")))
        return before + "".join(self._part(depth + 1) for _ in range(self.chance.randint(0, 3))) + after

    def _literal(self, depth: int) -> str:
        return self._one(LITERALS, BROKEN)

    def _one(self, usual: Sequence[str], other: Sequence[str]) -> str:
        return self.chance.choice(usual if self.chance.random() < 0.97 else other)

    def _path(self) -> str:
        return self._one(PATHS, OTHERS)

    def _expression(self) -> str:
        filters = "".join(f" | {self._one(FILTERS, REFUSED)}" for _ in range(self.chance.choice((0, 0, 1, 1, 2, 6))))
        return self._path() + filters

    def _output(self, depth: int) -> str:
        dash = self.chance.choice(("", "", "", "-"))
        return f"{{{{{dash} {self._expression()} {dash}}}}}"

    def _assign(self, depth: int) -> str:
        return f"{{% assign {self._one(('x', 'y', 'one'), ('now', 'contact', 'forloop'))} = {self._expression()} %}}"

    def _condition(self) -> str:
        said = self._path()
        for _ in range(self.chance.choice((0, 1, 1, 2))):
            said += f" {self.chance.choice(OPERATORS)} {self._path()}"
        return said

    def _if(self, depth: int) -> str:
        tag = self.chance.choice(("if", "if", "unless"))
        otherwise = "" if self.chance.random() < 0.5 else f"{{% else %}}{self._parts(depth)}"
        return f"{{% {tag} {self._condition()} %}}{self._parts(depth)}{otherwise}{{% end{tag} %}}"

    def _for(self, depth: int) -> str:
        through = self.chance.choice(
            (
                "interests",
                "interests",
                "event.guests",
                "event.guests",
                "(1..3)",
                "(1..400)",
                "(1..x)",
                "(1..99999999)",
                "x",
                "tags",
            )
        )
        return f"{{% for one in {through} %}}{self._parts(depth)}{{% endfor %}}"

    def _case(self, depth: int) -> str:
        return f"{{% case {self._path()} %}}{{% when {self._path()} %}}{self._parts(depth)}{{% else %}}x{{% endcase %}}"


class _Unforeseen(logging.Handler):
    """Counts what rendering did not expect, and was logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += 1


def _composed(subject: str, body: str, **values: Any) -> Any:
    from engagement import layout, rendering
    from engagement.placeholders import Context

    words = rendering.Words(subject, "", body, "premium")
    return rendering.compose(words=words, values=Context(**(ADA | values)), brand=layout.Brand(name="-"))


def _measured(found: Found, template: str, unforeseen: _Unforeseen) -> Any:
    from engagement import template_validation
    from engagement.rendering import Words

    began, logged = time.perf_counter(), unforeseen.seen
    try:
        refused = template_validation.find_errors(Words("Hello", "", template, "premium")).get("body")
        sent = _composed(template, template)
    except Exception as error:  # noqa: BLE001  that is what is looked for
        found.faults.append(f"{type(error).__name__}: {template!r}")
        return None
    seconds, size = time.perf_counter() - began, max(len(sent.html.encode()), len(sent.text.encode()))
    if seconds > MOST_SECONDS / 4:  # the machine has other work, too
        seconds = min(seconds, *(_again(template) for _ in range(5)))
    found.slowest, found.largest = max(found.slowest, seconds), max(found.largest, size)
    found.outcomes["refused" if refused else "held" if sent.missing else "sent"] += 1
    if seconds > MOST_SECONDS or size > MOST_BYTES or unforeseen.seen > logged:
        found.faults.append(f"{seconds:.3f} s, {size} bytes, {unforeseen.seen - logged} unforeseen: {template!r}")
    return sent


def _again(template: str) -> float:
    from engagement import skeleton
    from engagement.liquid import source

    for kept in (skeleton.build, skeleton.line, skeleton.compiled, source.read):
        kept.cache_clear()
    began = time.perf_counter()
    _composed(template, template)
    return time.perf_counter() - began


def fuzzed(*, number: int, seed: int = 1) -> Found:
    """So many templates at random."""
    found, author, unforeseen = Found(), _Author(random.Random(seed)), _watch()
    _composed("{{ now | date: 'full' }} {{ 1.5 | currency: 'EUR' }}", "{{ now }}")  # what is read once is read here
    gc.collect()
    gc.freeze()  # as workers do
    for _ in range(number):
        _measured(found, author.template(), unforeseen)
    return found


def _watch() -> _Unforeseen:
    handler = _Unforeseen()
    logging.getLogger("engagement.liquid.program").addHandler(handler)
    return handler


def injected() -> Found:
    """Every payload as the words of staff, as a value, and as both at once."""
    found, unforeseen = Found(), _watch()
    for payload in payloads.injections():
        said = [_measured(found, payload, unforeseen)]
        said += [
            _composed("{{ first_name }}", "{{ first_name }} {{ custom.x }}", first_name=payload, custom={"x": payload})
        ]
        for sent in filter(None, said):
            text = sent.subject + sent.text + sent.html
            if any(sign in text for sign in EVALUATED):
                found.faults.append(f"worked out: {payload!r}")
            if "{" in text or "}" in text:
                found.faults.append(f"a brace is left: {payload!r}")
    return found


MAIL = """# {{ first_name }}

**{{ company }}** [{{ first_name }}](https://a.example/?q={{ company }} '{{ job_title }}') `{{ phone }}`

![{{ first_name }}](https://a.example/{{ first_name }}.png)

{% for one in interests %}
- {{ one }} [x](https://b.example/{{ one }})
{% endfor %}

| a |
|---|
| {{ custom.x }} |

{% if company %}{{ company | append: custom.x }}{% endif %} {{ locale }}
"""


def alive(number: int) -> list[str]:
    """Each string in every field: those that change anything of a mail's or preview's markup but its text."""
    from engagement import previews
    from engagement.models import EngagementTemplate
    from engagement.rendering import Words

    level = EngagementTemplate.Level.ADVANCED

    def marks(value: str) -> list[tuple[int, int, list[tuple[str, list[str]]]]]:
        told = dict.fromkeys(("first_name", "last_name", "company", "job_title", "phone", "timezone", "locale"), value)
        sent = _composed("{{ first_name }}", MAIL, **told, interests=[value], tags=[value], custom={"x": value})
        seen = previews.preview(
            words=Words("Hi", "", "Hello {{ custom.x | default: 'there' }} **{{ company }}**", level),
            business_entity=None,
            contact=_person(value),
        )
        return [_structure(page) for page in (sent.html, seen.html, seen.text, seen.subject)]

    harmless = marks("harmless")
    return [one for one in payloads.scripts(number) if marks(one) != harmless]


class _Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))
        self.handlers += [value or "" for name, value in attrs if name.startswith("on")]
        self.addresses += [value for name, value in attrs if value and name in ("href", "src", "action", "formaction")]


def _structure(page: str) -> tuple[int, int, list[tuple[str, list[str]]]]:
    """Whatever parser reads it: the same signs of markup, and the same elements with the same attributes.

    The marks of a preview are ours: around what stands in for a value that counts as none.
    """
    page = _MARK.sub("", page)
    return page.count("<"), page.count(">"), _Elements(page).found


def _person(value: str) -> Any:
    from contacts.models import Contact

    return Contact(first_name=value, company=value, custom={"x": value}, email="a@b.example", locale=value[:35])


def written(number: int) -> list[str]:
    """Each string as words of staff: those that come alive in the mail."""

    def is_live(value: str) -> bool:
        read = _Elements(_composed("Hi", f"{value}\n\n{SEVERAL.format(value, value)}").html)
        return bool(
            any(tag in LIVE or any(name.startswith("on") for name in names) for tag, names in read.found)
            or not all(
                address.lower().startswith(("http://", "https://", "mailto:", "tel:", "#"))
                for address in read.addresses
            )
        )

    return [one for one in payloads.scripts(number) if is_live(one)]


FOR_ONE = 40  # strings that a person is given together


def served(number: int) -> list[str]:
    """Each string told of a person: those that come alive in a page of the admin or an answer of the API."""
    from contacts.models import Contact, ContactStatus

    known = payloads.scripts(number)
    status = ContactStatus.objects.get(is_default=True)
    alive: list[str] = []
    for start in range(0, len(known), FOR_ONE):
        some = known[start : start + FOR_ONE]
        telling = {
            name: some[place % len(some)][:60] for place, name in enumerate(("first_name", "last_name", "company"))
        }
        person = Contact.objects.create(
            email=f"p{start}@x.example",
            status=status,
            **telling,
            job_title=some[-1][:60],
            phone=some[-2][:60] if len(some) > 1 else "",
            interests=[one[:100] for one in some],
            tags=[one[:60] for one in some],
            custom={f"x{place}": one for place, one in enumerate(some)},
            notes="\n".join(some),
        )
        pages = _pages(person)
        alive += [one for one in some if any(_is_live(page, one) for page in pages)]
    return alive


def _pages(person: Any) -> list[str]:
    """Of the admin: the person, the list, an email as they would get it; of the API: the person."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    from contactflow.models import ApiKey

    boss = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("markup", "m@x.example")
    desk = Client(SERVER_NAME="localhost")
    desk.force_login(boss)
    words = {"subject": "{{ first_name }}", "body": MAIL, "preheader": "{{ company }}", "level": "advanced"}
    shown = desk.post(
        reverse("admin:engagement_engagementtemplate_preview"), {**words, "contact": str(person.pk)}
    ).json()
    _, key = ApiKey.objects.issue(name=str(person.pk)[:30], scope="admin")
    answer = Client(SERVER_NAME="localhost").get(
        f"/api/v1/contacts/{person.pk}/", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/json")
    assert answer["X-Content-Type-Options"] == "nosniff"
    pages = [
        desk.get(reverse(f"admin:contacts_contact_{name}", args=args))
        for name, args in (("change", [person.pk]), ("changelist", []))
    ]
    assert [page.status_code for page in pages] == [200, 200]
    return [
        *(page.content.decode() for page in pages),
        *(str(shown[part]) for part in ("light", "dark", "text", "subject", "preheader", "notes")),
    ]


def _is_live(page: str, value: str) -> bool:
    """Whether it stands there as markup, as it was typed or in an attribute that does something."""
    return ("<" in value and value[:60] in page) or _does_something(page)


@lru_cache(maxsize=16)
def _does_something(page: str) -> bool:
    read = _Elements(page)
    schemes = ("javascript:", "data:text", "vbscript:", "livescript:")
    addresses = ("".join(address.split()).lower() for address in read.addresses)
    return any("alert" in one for one in read.handlers) or any(one.startswith(schemes) for one in addresses)


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["served"]:
        from tests.notion_bridge.trials import stage

        with stage.own():
            alive_there = served(2_000)
            print(f"markup 2,000: {len(alive_there)} alive in pages of the admin, previews and answers of the API")
            return _told(alive_there)
    import django

    django.setup()
    logging.getLogger("engagement").propagate = False
    number, seed = (int(one) for one in [*arguments, *("100000", "1")[len(arguments) :]])
    found = fuzzed(number=number, seed=seed)
    print(f"fuzzed {number:,}: {found}")
    payload = injected()
    print(f"injections {len(payloads.injections())}: {payload}")
    live, typed = alive(2_000), written(2_000)
    print(f"markup 2,000: {len(live)} alive as values in mails and previews, {len(typed)} as words of staff")
    return _told([*found.faults, *payload.faults, *live, *typed])


def _told(faults: Sequence[str]) -> int:
    for fault in faults[:40]:
        print("  ", fault[:300], file=sys.stderr)
    return 1 if faults else 0
