"""Links are followed to public addresses alone."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engagement import link_check


class Site(BaseHTTPRequestHandler):
    """/404 answers 404; /get-only knows no HEAD; /away leads into the network around it; the rest is there."""

    asked: list[str] = []

    def _answer(self) -> None:
        type(self).asked.append(f"{self.command} {self.path} {self.headers['Host'].split(':')[0]}")
        status = {"/404": 404, "/500": 500, "/away": 302, "/secret": 401}.get(self.path, 200)
        self.send_response(405 if (self.path, self.command) == ("/get-only", "HEAD") else status)
        self.send_header("Location", "http://127.0.0.1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = _answer  # noqa: N815  as the library calls them

    def log_message(self, *said: object) -> None:
        """Quiet."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def codes(links: list[str], **seam: object) -> list[str]:
    found = link_check.dead(links, **seam)  # type: ignore[arg-type]  # the seam below
    return [found[link].code if link in found else "" for link in links]


def test_links_that_lead_nowhere_are_told(site: str) -> None:
    paths = ("/", "/404", "/500", "/get-only", "/away", "/secret")
    links = [f"{site}{path}" for path in paths] + ["http://no-such-host.invalid/", "http://localhost:1/"]

    found = codes(links, is_allowed=lambda address: address.version == 4 or address.is_loopback)

    assert found == ["", "link_dead", "link_dead", "", "", "", "link_no_host", "link_unreachable"]
    assert "HEAD / localhost" in Site.asked


def test_nothing_around_us_is_asked(site: str) -> None:
    Site.asked.clear()

    assert (
        codes([site, "http://127.0.0.1:1/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/"])
        == ["link_not_public"] * 4
    )
    assert Site.asked == []


def test_only_the_open_internet_is_public() -> None:
    private = (
        "10.0.0.1 127.0.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 ::1 fe80::1 fd00::1 "
        "::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::"
    )

    assert [one for one in private.split() if link_check.is_public(ipaddress.ip_address(one))] == []
    assert link_check.is_public(ipaddress.ip_address("93.184.216.34"))
