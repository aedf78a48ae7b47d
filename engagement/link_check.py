"""Whether the links of an email lead anywhere. Asks public addresses alone, for a few seconds at most.

Staff type links, so this must be no way into the network around us: the host is looked up once, every address of it has
to be public, the connection goes to that very address, and redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import urlsplit

import httpx

from contactflow.core.reasons import Reason

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SECONDS, ONE = 4.0, 3.0  # of all of them, and of one answer
AT_ONCE = 8
GONE = (404, 410)
_TUNNELS = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "2002::/16", "2001::/32")))  # lead to IPv4 addresses


def is_public(address: Address) -> bool:
    """Whether it stands in the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TUNNELS):
            return False
    return address.is_global and not address.is_multicast


def dead(links: Sequence[str], *, is_allowed: Callable[[Address], bool] = is_public) -> dict[str, Reason]:
    """The links that lead nowhere, and why. Who does not answer in time is slow, and said to be so."""
    if not links:
        return {}
    pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="links")
    asked = {pool.submit(_why_dead, link, is_allowed): link for link in links}
    answered, late = wait(asked, timeout=SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    found = {asked[one]: Reason.of("link_slow") for one in late}
    found |= {asked[one]: why for one in answered if (why := one.result()) is not None}
    return {link: found[link] for link in links if link in found}


def _why_dead(link: str, is_allowed: Callable[[Address], bool]) -> Reason | None:
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        addresses = {ipaddress.ip_address(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, ValueError):
        return Reason.of("link_no_host")
    if parts.scheme not in ("http", "https") or not all(map(is_allowed, addresses)):
        return Reason.of("link_not_public")
    try:
        status = _status(link, sorted(addresses, key=lambda one: one.version)[0])
    except httpx.TimeoutException:
        return Reason.of("link_slow")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return Reason.of("link_unreachable")
    return Reason.of("link_dead", status=status) if status in GONE or status >= 500 else None


def _status(link: str, address: Address) -> int:
    """What the server at that address answers for the link, asked as mail programs would lead somebody there."""
    url = httpx.URL(link)
    headers = {"Host": url.netloc.decode("ascii").rpartition("@")[2], "User-Agent": "Contactflow link check"}
    with httpx.Client(follow_redirects=False, trust_env=False, timeout=ONE) as client:
        pinned = url.copy_with(host=str(address))
        for method in ("HEAD", "GET"):  # not everybody answers the first
            request = client.build_request(
                method, pinned, headers=headers, extensions={"sni_hostname": url.raw_host.decode("ascii")}
            )
            answer = client.send(request, stream=True)
            answer.close()
            if answer.status_code < 400:
                break
    return answer.status_code
