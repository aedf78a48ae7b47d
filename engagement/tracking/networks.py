"""Whose network an address belongs to: a list that is shipped, and what staff know better (`Network`).

networks.txt.gz says where its lines come from. `manage.py refresh_networks` puts a newer one of that form into var/.
"""

from __future__ import annotations

import gzip
import ipaddress
import os
import re
import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from engagement.models import Network

Kind = Network.Kind
SHIPPED = Path(__file__).with_name("networks.txt.gz")
PRECEDENCE = (Kind.GATEWAY, Kind.APPLE, Kind.MICROSOFT, Kind.HOSTING)  # where networks of several kinds hold an address
LARGEST = 10_000_000  # bytes of a list
WIDEST = {4: 8, 6: 16}  # prefixes
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadList(Exception):
    """It cannot be used, and why."""


def finder(entered: Iterable[tuple[str, str]] | None = None) -> Callable[[str], str]:
    """Address -> kind of its network, "" for none or no address; with what staff entered until now."""
    rows = Network.objects.values_list("network", "kind") if entered is None else entered
    known = [(ipaddress.ip_network(network), kind) for network, kind in rows]
    known.sort(key=lambda pair: pair[0].prefixlen, reverse=True)  # the narrowest holds

    def kind_of(address: str) -> str:
        parsed = parse(address)
        if parsed is None:
            return ""
        entered_kind = next((kind for network, kind in known if parsed in network), None)
        return _listed_kind(parsed) if entered_kind is None else entered_kind

    return kind_of


@lru_cache(maxsize=4096)
def parse(address: str) -> _Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


def neighbourhood(address: str) -> str:
    """What addresses of one source share."""
    parsed = parse(address)
    if parsed is None:
        return address
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def _listed_kind(address: _Address) -> str:
    found = _read(*_in_use())
    for kind in PRECEDENCE:
        starts, ends = found[kind, address.version]
        place = bisect_right(starts, int(address)) - 1
        if place >= 0 and int(address) <= ends[place]:
            return kind
    return ""


def date_of_list() -> str:
    """The day of the list in use, as its own remarks say it."""
    path, _ = _in_use()
    said = next(iter(re.findall(r"\d{4}-\d{2}-\d{2}", gzip.decompress(path.read_bytes())[:2_000].decode())), "no date")
    return f"{said} ({'shipped' if path == SHIPPED else 'taken in here'})"


def replace_list(raw: bytes) -> Counter[str]:
    """Let this be the list on this machine, plain or compressed; how many networks of each kind it has. Raises BadList,
    and then the one in use stays."""
    text = _text(raw)
    counts = Counter(kind for kind, _ in _lines(text))
    if missing := [kind for kind in PRECEDENCE if not counts[kind]]:
        raise BadList(f"It has no network of the kind {missing[0]}.")
    own = _own()
    own.parent.mkdir(parents=True, exist_ok=True)
    draft = own.with_name(f"{own.name}.{os.getpid()}")
    draft.write_bytes(gzip.compress(text.encode(), mtime=0))
    draft.replace(own)
    return counts


def _own() -> Path:
    return Path(settings.VAR_DIR) / SHIPPED.name


def _in_use() -> tuple[Path, int]:
    """The list, and when it changed: other processes notice a new one."""
    try:
        return _own(), _own().stat().st_mtime_ns
    except FileNotFoundError:
        return SHIPPED, 0


def _text(raw: bytes) -> str:
    try:
        if raw[:2] == b"\x1f\x8b":
            raw = zlib.decompressobj(wbits=31).decompress(raw, LARGEST + 1)
        if len(raw) > LARGEST:
            raise BadList(f"It has more than {LARGEST:,} bytes.")
        return raw.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise BadList("It is no text, nor compressed by gzip.") from error


def _lines(text: str) -> Iterator[tuple[str, ipaddress.IPv4Network | ipaddress.IPv6Network]]:
    for number, line in enumerate(text.splitlines(), 1):
        kind, _, said = line.strip().partition(" ")
        if not kind or kind.startswith("#"):
            continue
        try:
            network = ipaddress.ip_network(said)
        except ValueError:
            raise BadList(f"Line {number} has no network: it has to be such as “hosting 203.0.113.0/24”.") from None
        if kind not in PRECEDENCE or network.prefixlen < WIDEST[network.version]:
            raise BadList(f"Line {number} is of no kind that we know, or of half the internet.")
        yield kind, network


@lru_cache(maxsize=2)
def _read(path: Path, changed: int) -> dict[tuple[str, int], tuple[Sequence[int], Sequence[int]]]:
    """First and last addresses of the networks, by kind and version, in order."""
    found: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for kind, network in _lines(gzip.decompress(path.read_bytes()).decode()):
        found[kind, network.version].append((int(network[0]), int(network[-1])))
    empty: list[tuple[int, int]] = []
    return {
        (kind, version): ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        for kind in PRECEDENCE
        for version in (4, 6)
        for pairs in [sorted(found.get((kind, version), empty))]
    }
