"""Whose network an address belongs to: a list that is shipped, and what staff know better (`Network`).

networks.txt.gz says where its lines come from. It is made anew by writing such lines and compressing them.
"""

from __future__ import annotations

import gzip
import ipaddress
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

from engagement.models import Network

Kind = Network.Kind
SHIPPED = Path(__file__).with_name("networks.txt.gz")
PRECEDENCE = (Kind.GATEWAY, Kind.APPLE, Kind.MICROSOFT, Kind.HOSTING)  # where networks of several kinds hold an address
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
        return _shipped_kind(parsed) if entered_kind is None else entered_kind

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


def _shipped_kind(address: _Address) -> str:
    for kind in PRECEDENCE:
        starts, ends = _shipped()[kind, address.version]
        place = bisect_right(starts, int(address)) - 1
        if place >= 0 and int(address) <= ends[place]:
            return kind
    return ""


@cache
def _shipped() -> dict[tuple[str, int], tuple[Sequence[int], Sequence[int]]]:
    """First and last addresses of the networks, by kind and version, in order."""
    found: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for line in gzip.decompress(SHIPPED.read_bytes()).decode().splitlines():
        if line.startswith("#"):
            continue
        kind, _, said = line.partition(" ")
        network = ipaddress.ip_network(said)
        found[kind, network.version].append((int(network[0]), int(network[-1])))
    empty: list[tuple[int, int]] = []
    return {
        (kind, version): ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        for kind in PRECEDENCE
        for version in (4, 6)
        for pairs in [sorted(found.get((kind, version), empty))]
    }
