from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from contactflow import webserver
from engagement.providers import catalogue


def test_port_is_claimed_for_one_before_anybody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(webserver, "PORT", port)

    with socket.socket(fileno=webserver.claim_port()):
        with pytest.raises(SystemExit, match=f"PORT={port + 1} make run"):
            webserver.claim_port()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


PAGE = "/admin/workflows/importrun/add/"
NOW = 1_000.0


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[webserver.Channel]:
    monkeypatch.setattr(webserver.time, "time", lambda: NOW)
    ours, theirs = socket.socketpair()
    server = SimpleNamespace(active_channels={}, add_task=lambda task: None)
    with theirs:
        channel = webserver.Channel(server, ours, ("127.0.0.1", 1), webserver.adjustments(PAGE, 50_000_000), map={})
        yield channel
        channel.handle_close()


def upload(*, path: str = PAGE, cookie: str = "Cookie: sessionid=x\r\n", size: int = 5_000_000) -> bytes:
    return f"POST {path} HTTP/1.1\r\n{cookie}Content-Length: {size}\r\n\r\n".encode()


def refusal(head: bytes, adj: Any = None) -> int | None:
    parser = webserver.Parser(adj or webserver.adjustments(PAGE, 50_000_000))
    parser.received(head)
    code = getattr(parser.error, "code", None)
    parser.close()
    return code


def test_request_that_trickles_in_is_dragging(channel: webserver.Channel) -> None:
    channel.received(b"GET / HTTP/1.1\r\nX-Slow: ")

    assert not channel.is_dragging(NOW + webserver.PATIENCE - 1)
    assert channel.is_dragging(NOW + webserver.PATIENCE + 1)


def test_upload_over_a_slow_line_is_not_dragging(channel: webserver.Channel) -> None:
    channel.received(upload())
    channel.received(b"x" * webserver.PACE * 300)

    assert not channel.is_dragging(NOW + 300)
    assert channel.is_dragging(NOW + 300 + webserver.PATIENCE + 1)


def test_reader_who_takes_nothing_is_dragging(channel: webserver.Channel) -> None:
    channel.total_outbufs_len = 10

    assert not channel.is_dragging(NOW)
    assert not channel.is_dragging(NOW + webserver.PATIENCE - 1)
    assert channel.is_dragging(NOW + webserver.PATIENCE + 1)


def test_reader_who_keeps_pace_may_take_long(channel: webserver.Channel) -> None:
    channel.total_outbufs_len = 10
    for passed in range(0, 600, 31):
        channel.taken += 32 * webserver.PACE
        assert not channel.is_dragging(NOW + passed)


def test_large_body_is_for_the_page_that_wants_a_file_and_for_a_session() -> None:
    assert refusal(upload()) is None
    assert refusal(upload(path="/admin/")) == 413
    assert refusal(upload(cookie="")) == 413
    assert refusal(upload(size=51_000_000)) == 413


def test_large_body_is_for_the_provider_who_knows_the_secret() -> None:
    secret = catalogue.secret("postmark", "inbound")

    assert refusal(upload(path=f"/hooks/email/postmark/{secret}", cookie="")) is None
    assert refusal(upload(path="/hooks/email/postmark/guessed", cookie="")) == 413
    assert refusal(upload(path="/hooks/email/x/y/z", cookie="")) == 413


def test_few_large_bodies_arrive_at_a_time() -> None:
    adj = webserver.adjustments(PAGE, 50_000_000)
    arriving = [webserver.Parser(adj) for _ in range(webserver.UPLOADS)]
    for parser in arriving:
        parser.received(upload())

    assert refusal(upload(), adj) == 503
    arriving.pop().close()
    assert refusal(upload(), adj) is None
    for parser in arriving:
        parser.close()
