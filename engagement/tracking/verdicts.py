"""Who made each hit of a message: a person, a machine, or not to be told. Pure; the rules have a version.

What machines show by themselves decides first, then what several hits show together, then what only makes suspicious,
of which two make a machine where one of them is the network. Then what speaks for a person lifts suspicion: a proof
that they acted (backwards), a device and line that were theirs before, that they read a while before they clicked.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engagement.models import MessageEvent, Network
from engagement.tracking import agents, networks
from engagement.tracking.links import HIDDEN

VERSION = 2
AT_ONCE, SOON = dt.timedelta(seconds=5), dt.timedelta(seconds=120)  # after the mail server took it
PROXY_AT_ONCE = dt.timedelta(seconds=10)
MANY, MANY_WITHIN = 3, dt.timedelta(seconds=10)  # links
ALL_WITHIN = dt.timedelta(seconds=30)
PAIR_WITHIN = dt.timedelta(seconds=2)
SECOND_WITHIN = dt.timedelta(seconds=15)
READ_FOR, READ_WITHIN = dt.timedelta(seconds=8), dt.timedelta(minutes=30)  # from the open to the click
PROVEN_WITHIN = dt.timedelta(days=7)  # a reply or a goal speaks for the clicks so long before it
Label = MessageEvent.Label
_NETWORKS = {Network.Kind.GATEWAY: "gateway_network", Network.Kind.HOSTING: "hosting_network"}


Source = tuple[str, str]  # the network around an address, and the system


@dataclass(frozen=True, kw_only=True)
class Verdict:
    label: str
    reasons: tuple[str, ...] = ()


PLAINLY_HUMAN = Verdict(label=Label.HUMAN)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One open or click. `agent` and `network` are None where nobody told them, as providers may."""

    key: int
    is_click: bool
    at: dt.datetime
    link: str = ""
    ip: str = ""
    agent: str | None = None
    network: str = ""
    is_head: bool = False
    is_prefetch: bool = False
    is_bot: bool = False
    """Says the provider."""
    settled: Verdict | None = None
    """Of a hit whose traces are gone: it stays as it is labelled."""

    @property
    def source(self) -> Source | None:
        return source_of(self.ip, self.agent)

    @property
    def is_hidden(self) -> bool:
        return self.link == str(HIDDEN)


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What is known of the message beside its hits."""

    accepted_at: Sequence[dt.datetime] = ()
    """When servers took it: ours said so, and a provider may say it later."""
    links: int = 0
    proofs: Sequence[dt.datetime] = ()
    """When the person did what no machine does: replied, reached a goal."""
    readers: Collection[Source] = ()
    """Devices and lines from which they clicked as a person before, with nothing against it."""

    def age(self, hit: Hit) -> dt.timedelta | None:
        before = [moment for moment in self.accepted_at if moment <= hit.at] or list(self.accepted_at)[:1]
        return hit.at - max(before) if before else None


@dataclass
class _Signs:
    """What speaks against a person, by hit."""

    machine: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    suspect: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


def judge(hits: Collection[Hit], about: Circumstances) -> dict[int, Verdict]:
    """The verdict on each hit, by its key."""
    ordered = sorted(hits, key=lambda hit: (hit.at, hit.key))
    signs = _Signs()
    for hit in ordered:
        signs.machine[hit.key] += _of_itself(hit)
        _add_age(hit, about.age(hit), signs)
    clicks = [hit for hit in ordered if hit.is_click]
    _add_bursts(clicks, about.links, signs)
    _add_second_readers(clicks, signs)
    opens = [hit for hit in ordered if not hit.is_click and not signs.machine[hit.key] and not signs.suspect[hit.key]]
    plain = {hit.source for hit in clicks if _verdict(hit, signs, about, ()) == PLAINLY_HUMAN and hit.source}
    known = replace(about, readers={*about.readers, *plain})
    return {hit.key: hit.settled or _verdict(hit, signs, known, opens) for hit in ordered}


def source_of(ip: str, agent: str | None) -> Source | None:
    """None where it is not told, or is no browser's or mail program's."""
    if not (ip and agent) or agents.kind_of(agent) != agents.Kind.PERSON:
        return None
    return networks.neighbourhood(ip), agents.system_of(agent)


def _of_itself(hit: Hit) -> Iterator[str]:
    kind = None if hit.agent is None else agents.kind_of(hit.agent)
    signs = {
        "head": hit.is_head,
        "prefetch": hit.is_prefetch,
        "no_agent": kind == agents.Kind.NONE,
        "tool_agent": kind == agents.Kind.MACHINE,
        "provider_says_machine": hit.is_bot,
        "microsoft_network": hit.is_click and hit.network == Network.Kind.MICROSOFT,
        "hidden_link": hit.is_hidden,
    }
    return (code for code, holds in signs.items() if holds)


def _add_age(hit: Hit, age: dt.timedelta | None, signs: _Signs) -> None:
    if age is None:
        return
    if not hit.is_click:
        limit = PROXY_AT_ONCE if hit.agent and agents.kind_of(hit.agent) == agents.Kind.PROXY else AT_ONCE
        if age < limit:
            signs.suspect[hit.key].append("at_once")
    elif age < AT_ONCE:
        signs.machine[hit.key].append("at_once")
    elif age < SOON:
        signs.suspect[hit.key].append("soon")


def _add_bursts(clicks: Sequence[Hit], links: int, signs: _Signs) -> None:
    """Many links, all links, two at once; and what comes with the hidden link."""
    many = _within(clicks, MANY_WITHIN, least=MANY)
    whole = _within(clicks, ALL_WITHIN, least=max(MANY, links)) if links >= MANY else set()
    hidden = [hit.at for hit in clicks if hit.is_hidden]
    by_source: dict[str, list[Hit]] = defaultdict(list)
    for hit in clicks:
        by_source[networks.neighbourhood(hit.ip)].append(hit)
    pairs = {key for source, theirs in by_source.items() if source for key in _within(theirs, PAIR_WITHIN, least=2)}
    for hit in clicks:
        found = signs.machine[hit.key]
        found += ["many_links"] if hit.key in many else ["all_links"] if hit.key in whole else []
        if not hit.is_hidden and any(abs(hit.at - at) <= ALL_WITHIN for at in hidden):
            found.append("with_hidden_link")
        if hit.key in pairs:
            signs.suspect[hit.key].append("two_at_once")


def _within(clicks: Sequence[Hit], span: dt.timedelta, *, least: int) -> set[int]:
    """Clicks that stand in a stretch of this length with so many different links; one pass over them in order."""
    found: set[int] = set()
    present: Counter[str] = Counter()
    first, noted = 0, 0
    for last, hit in enumerate(clicks):
        present[hit.link] += 1
        while hit.at - clicks[first].at > span:
            present[clicks[first].link] -= 1
            present += Counter()  # drop what is none
            first += 1
        if len(present) >= least:
            found.update(one.key for one in clicks[max(first, noted) : last + 1])
            noted = last + 1
    return found


def _add_second_readers(clicks: Sequence[Hit], signs: _Signs) -> None:
    """Somebody follows the person's click, from elsewhere, to look where it leads."""
    before: dict[str, Hit] = {}
    for hit in clicks:
        if signs.machine[hit.key]:
            continue  # whom a machine preceded is no second reader
        first = before.get(hit.link)
        if first is not None and hit.at - first.at <= SECOND_WITHIN and _is_elsewhere(first, hit):
            signs.suspect[hit.key].append("second_reader")
        else:
            before[hit.link] = hit


def _is_elsewhere(first: Hit, second: Hit) -> bool:
    if not (first.ip and second.ip and first.agent and second.agent):
        return False
    apart = networks.neighbourhood(first.ip) != networks.neighbourhood(second.ip)
    return apart and agents.system_of(first.agent) != agents.system_of(second.agent)


def _verdict(hit: Hit, signs: _Signs, about: Circumstances, opens: Sequence[Hit]) -> Verdict:
    if machine := signs.machine[hit.key]:
        return Verdict(label=Label.MACHINE, reasons=tuple(machine))
    network = [_NETWORKS[Network.Kind(hit.network)]] if hit.network in _NETWORKS else []
    suspect = [*network, *signs.suspect[hit.key]]
    if not hit.is_click:
        return _verdict_on_open(hit, suspect)
    if network and len(suspect) > 1:
        return Verdict(label=Label.MACHINE, reasons=tuple(suspect))
    if hit.agent is None and not hit.ip:
        suspect.append("untold")
    if suspect and (why := _speaks_for(hit, suspect, about, opens)):
        return Verdict(label=Label.HUMAN, reasons=(why, *suspect))
    return Verdict(label=Label.UNKNOWN if suspect else Label.HUMAN, reasons=tuple(suspect))


def _speaks_for(hit: Hit, suspect: Sequence[str], about: Circumstances, opens: Sequence[Hit]) -> str:
    """What lifts the suspicion; "" for nothing. Only a proof lifts more than that it came soon."""
    if any(hit.at <= moment <= hit.at + PROVEN_WITHIN for moment in about.proofs):
        return "proven"
    if suspect != ["soon"] or hit.source is None:
        return ""
    if hit.source in about.readers:
        return "known_reader"
    is_read = any(one.source == hit.source and READ_FOR <= hit.at - one.at <= READ_WITHIN for one in opens)
    return "read_first" if is_read else ""


def _verdict_on_open(hit: Hit, suspect: Sequence[str]) -> Verdict:
    kind = agents.kind_of(hit.agent) if hit.agent else None
    if hit.agent is None and not hit.ip:
        return Verdict(label=Label.UNKNOWN, reasons=("untold", *suspect))
    if kind == agents.Kind.PRIVACY or hit.network == Network.Kind.APPLE:
        return Verdict(label=Label.UNKNOWN, reasons=("privacy", *suspect))
    if kind == agents.Kind.PROXY:
        shown = [code for code in suspect if code not in _NETWORKS.values()]  # where the proxy stands says nothing
        return Verdict(label=Label.UNKNOWN, reasons=("proxied", *shown))
    if hit.network == Network.Kind.MICROSOFT:  # Outlook on the web fetches pictures for people, too
        return Verdict(label=Label.UNKNOWN, reasons=("microsoft_network", *suspect))
    return Verdict(label=Label.UNKNOWN if suspect else Label.HUMAN, reasons=tuple(suspect))


def said_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether the program said that it fetches in advance."""
    return any(
        word in str(value).lower() for value in headers.values() for word in ("prefetch", "preview", "prerender")
    )
