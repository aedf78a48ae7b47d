"""Human or machine, on a mix whose truth is known: what becomes of each kind, and by which rule. Nothing is stored.

`python -m tests.engagement.trials labels [MESSAGES OF EACH KIND] [SEED]`
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

SENT = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
LINKS = 6
MINUTE, HOUR = 60, 3600
HUMAN, MACHINE, NOBODY = "human", "machine", "nobody"
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1 (KHTML, like Gecko) Version/17.5 Safari/605.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
)
SCANNER = BROWSERS[0].replace("126.0.0.0", "112.0.0.0")
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
MICROSOFT, MIMECAST, AMAZON, APPLE = "40.94.20.{}", "170.10.128.{}", "3.5.140.{}", "104.28.40.{}"
KNOWN = "91.70.1.9"  # a line of no other
TOOLS = (
    "",
    "python-requests/2.32.3",
    "curl/8.5.0",
    "Go-http-client/2.0",
    BROWSERS[0].replace("Chrome/", "HeadlessChrome/"),
)


@dataclass
class Mail:
    """One message's hits while they are made up; each knows who made it."""

    chance: random.Random
    hits: list[Any] = field(default_factory=list)
    truth: dict[int, tuple[str, str]] = field(default_factory=dict)

    def hit(self, kind: str, truth: str, seconds: float, **about: Any) -> None:
        from engagement.tracking.verdicts import Hit

        about = {"is_click": True, "link": str(self.chance.randrange(LINKS)), "agent": BROWSERS[0]} | about
        key, at = len(self.hits), SENT + dt.timedelta(seconds=seconds)
        self.hits.append(Hit(key=key, at=at, **about))
        self.truth[key] = (kind, truth)

    def near(self, network: str) -> str:
        return network.format(self.chance.randrange(1, 255))

    def home(self) -> str:
        """Of a line that households have."""
        return f"91.{self.chance.randrange(64)}.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}"

    def later(self, least: float = 3 * MINUTE, most: float = 30 * HOUR) -> float:
        return float(least * (most / least) ** self.chance.random())


def person(mail: Mail) -> None:
    at, ip, agent = mail.later(), mail.home(), mail.chance.choice(BROWSERS)
    for link in mail.chance.sample(range(LINKS), mail.chance.choice((1, 1, 1, 2, 3))):
        mail.hit("person", HUMAN, at, ip=ip, agent=agent, link=str(link))
        at += mail.chance.uniform(8, 90)


def person_at_once(mail: Mail) -> None:
    mail.hit("person within two minutes", HUMAN, mail.chance.uniform(12, 115), ip=mail.home())


def person_who_reads(mail: Mail) -> None:
    """Whose mail program shows pictures itself, as Outlook and Thunderbird do."""
    clicked, ip = mail.chance.uniform(22, 115), mail.home()
    mail.hit("open: person, then a click", HUMAN, clicked - mail.chance.uniform(4, 15), is_click=False, link="", ip=ip)
    mail.hit("the same, who sees pictures", HUMAN, clicked, ip=ip)


def person_who_is_known(mail: Mail) -> None:
    mail.hit("the same, who clicked a mail before", HUMAN, mail.chance.uniform(12, 115), ip=KNOWN)


def person_of_proof(mail: Mail) -> None:
    mail.hit("the same, who replied later", HUMAN, mail.chance.uniform(12, 115), ip=mail.home())


def person_in_a_cloud(mail: Mail) -> None:
    mail.hit("person behind a data centre", HUMAN, mail.later(), ip=mail.near(AMAZON))


def person_of_apple(mail: Mail) -> None:
    mail.hit("person, Private Relay", HUMAN, mail.later(), ip=mail.near(APPLE), agent=BROWSERS[2])


def office_with_safe_links(mail: Mail) -> None:
    at, link = mail.later(), str(mail.chance.randrange(LINKS))
    mail.hit("SafeLinks-like, at the click", MACHINE, at, ip=mail.near(MICROSOFT), link=link, agent=SCANNER)
    at += mail.chance.uniform(0.3, 6)
    mail.hit("person whom SafeLinks preceded", HUMAN, at, ip=mail.home(), link=link, agent=mail.chance.choice(BROWSERS))


def safe_links(mail: Mail) -> None:
    for link in range(LINKS):
        seconds = mail.chance.uniform(1, 600)
        mail.hit(
            "SafeLinks-like, at delivery", MACHINE, seconds, ip=mail.near(MICROSOFT), link=str(link), agent=SCANNER
        )


def mimecast(mail: Mail) -> None:
    at = mail.chance.uniform(1, 60)
    for link in range(LINKS):
        mail.hit("Mimecast-like", MACHINE, at, ip=mail.near(MIMECAST), link=str(link), agent=SCANNER)
        at += mail.chance.uniform(0.1, 3)


def cloud_scanner(mail: Mail) -> None:
    for link in mail.chance.sample(range(LINKS), 2):
        seconds = mail.chance.uniform(5, 110)
        mail.hit("scanner in a data centre", MACHINE, seconds, ip=mail.near(AMAZON), link=str(link), agent=SCANNER)


def unlisted_scanner(mail: Mail) -> None:
    at, ip = mail.later(2, HOUR), mail.home()
    for link in range(LINKS):
        mail.hit("scanner of no list, all links", MACHINE, at, ip=ip, link=str(link), agent=SCANNER)
        at += mail.chance.uniform(0.5, 4)


def rendering_scanner(mail: Mail) -> None:
    """Shows itself the page and follows a link, with a browser's name and from a line like any."""
    opened, ip = mail.chance.uniform(2, 110), mail.home()
    mail.hit("open: scanner of no list", MACHINE, opened, is_click=False, link="", ip=ip, agent=SCANNER)
    at = opened + mail.chance.uniform(0.5, 6)
    mail.hit("scanner of no list that renders, soon", MACHINE, at, ip=ip, agent=SCANNER)


def hidden_scanner(mail: Mail) -> None:
    mail.hit("scanner of no list, one link, late", MACHINE, mail.later(), ip=mail.home(), agent=SCANNER)


def second_reader(mail: Mail) -> None:
    at, link = mail.later(), str(mail.chance.randrange(LINKS))
    mail.hit("person who is followed", HUMAN, at, ip=mail.home(), link=link, agent=BROWSERS[2])
    at += mail.chance.uniform(1, 12)
    mail.hit("who looks where a click led", MACHINE, at, ip=mail.near(AMAZON), link=link, agent=SCANNER)


def tool(mail: Mail) -> None:
    mail.hit("tool or no agent", MACHINE, mail.later(), ip=mail.home(), agent=mail.chance.choice(TOOLS))


def head(mail: Mail) -> None:
    mail.hit("HEAD", MACHINE, mail.later(), ip=mail.home(), is_head=True)


def prefetch(mail: Mail) -> None:
    mail.hit("prefetch", MACHINE, mail.later(), ip=mail.home(), is_prefetch=True)


def opens(mail: Mail) -> None:
    about: dict[str, Any] = {"is_click": False, "link": ""}
    mail.hit("open: person", HUMAN, mail.later(), ip=mail.home(), **about)
    mail.hit("open: Apple's proxy", NOBODY, mail.later(1), ip=mail.near(APPLE), agent="Mozilla/5.0", **about)
    mail.hit("open: Gmail's proxy", NOBODY, mail.later(), ip="66.249.84.9", agent=GMAIL, **about)
    mail.hit("open: Microsoft's network", NOBODY, mail.later(), ip=mail.near(MICROSOFT), **about)
    mail.hit("open: gateway", MACHINE, mail.chance.uniform(1, 60), ip=mail.near(MIMECAST), **about)
    mail.hit("open: tool", MACHINE, mail.later(1), ip=mail.home(), agent="python-requests/2.32.3", **about)


KINDS: Sequence[Callable[[Mail], None]] = (
    person, person_at_once, person_who_reads, person_who_is_known, person_of_proof, person_in_a_cloud, person_of_apple,
    office_with_safe_links, safe_links, mimecast, cloud_scanner, unlisted_scanner, rendering_scanner, hidden_scanner,
    second_reader, tool, head, prefetch, opens,
)  # fmt: skip


@dataclass
class Outcome:
    """What became of one kind."""

    truth: str
    labels: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    deciding: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By label: the first of the reasons, which decided."""


def run(messages: int, seed: int) -> dict[str, Outcome]:
    """Each message has the hits of one kind of reader, judged together."""
    outcomes: dict[str, Outcome] = {}
    for kind, truth, label, reasons in _judged(messages, random.Random(seed)):
        outcome = outcomes.setdefault(kind, Outcome(truth))
        outcome.labels[label] += 1
        outcome.reasons.update(reasons)
        outcome.deciding[label][reasons[0] if reasons else "nothing against it"] += 1
    return outcomes


def _judged(messages: int, chance: random.Random) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    from dataclasses import replace

    from engagement.tracking import networks, verdicts

    network_of = networks.finder(entered=())
    for kind in KINDS:
        for _ in range(messages):
            mail = Mail(chance)
            kind(mail)
            proofs = [SENT + dt.timedelta(days=1)] if kind is person_of_proof else []
            readers = [verdicts.source_of(KNOWN, BROWSERS[0])]
            about = verdicts.Circumstances(accepted_at=[SENT], links=LINKS, proofs=proofs, readers=readers)
            hits = [replace(hit, network=network_of(hit.ip)) for hit in mail.hits]
            for key, verdict in verdicts.judge(hits, about).items():
                yield *mail.truth[key], verdict.label, verdict.reasons


def rates(outcomes: dict[str, Outcome], label: str, *, opens: bool = False) -> tuple[float, float]:
    """Precision and recall of a label over clicks, or opens."""
    rows = [one for kind, one in outcomes.items() if kind.startswith("open") is opens]
    right = sum(one.labels[label] for one in rows if one.truth == label)
    said, true = sum(one.labels[label] for one in rows), sum(one.labels.total() for one in rows if one.truth == label)
    return right / max(said, 1), right / max(true, 1)


GROUPS = {
    "SafeLinks-like": (MACHINE, ("SafeLinks-like",)),
    "Mimecast-like": (MACHINE, ("Mimecast-like",)),
    "Apple proxy": (NOBODY, ("open: Apple",)),
    "prefetch, HEAD": (MACHINE, ("prefetch", "HEAD")),
    "other scanners": (MACHINE, ("scanner", "who looks", "tool")),
    "people, clicks": (HUMAN, ("person", "the same")),
    "people, opens": (HUMAN, ("open: person",)),
}


@dataclass(frozen=True)
class Rate:
    precision: float
    recall: float
    rules: str


def by_group(outcomes: dict[str, Outcome]) -> dict[str, Rate]:
    """Of each group: how many of all with its label are no other's (its own and those of another truth counted), how
    many of it have the label, and the rules that gave it."""
    found = {}
    for group, (truth, names) in GROUPS.items():
        label = "unknown" if truth == NOBODY else truth
        own = {kind: one for kind, one in outcomes.items() if kind.startswith(names) and one.truth == truth}
        are_opens = {kind.startswith("open") for kind in own}
        others = [one for kind, one in outcomes.items() if one.truth != truth and kind.startswith("open") in are_opens]
        right, wrong = (sum(one.labels[label] for one in rows) for rows in (own.values(), others))
        rules = sum((one.deciding[label] for one in own.values()), Counter[str]())
        told = ", ".join(f"{code} {times / max(right, 1):.0%}" for code, times in rules.most_common(3))
        recall = right / sum(one.labels.total() for one in own.values())
        found[group] = Rate(right / max(right + wrong, 1), recall, told)
    return found


def main(arguments: Sequence[str]) -> int:
    import django

    django.setup()
    messages, seed = (*map(int, arguments), *(1_000, 11)[len(arguments) :])
    outcomes = run(messages, seed)
    print(f"{'kind':36}{'truth':9}{'hits':>7}{'human':>8}{'machine':>9}{'unknown':>9}  rules that spoke")
    for kind, one in outcomes.items():
        shares = [one.labels[label] / one.labels.total() for label in ("human", "machine", "unknown")]
        rules = ", ".join(f"{code} {times / one.labels.total():.0%}" for code, times in one.reasons.most_common(4))
        shown = f"{shares[0]:8.1%}{shares[1]:9.1%}{shares[2]:9.1%}"
        print(f"{kind:36}{one.truth:9}{one.labels.total():7}{shown}  {rules or '-'}")
    for what, are_opens in (("clicks", False), ("opens", True)):
        for label in (HUMAN, MACHINE):
            precision, recall = rates(outcomes, label, opens=are_opens)
            print(f"{what}: {label}: precision {precision:.3f}, recall {recall:.3f}")
    print(f"{'group':20}{'label':9}{'precision':>10}{'recall':>8}  decided by")
    for group, rate in by_group(outcomes).items():
        label = GROUPS[group][0].replace(NOBODY, "unknown")
        precision = f"{rate.precision:10.3f}" if label != "unknown" else f"{'-':>10}"
        print(f"{group:20}{label:9}{precision}{rate.recall:8.3f}  {rate.rules}")
    return 0
