from __future__ import annotations

import contextlib
import smtplib
import socket
import socketserver
import threading
import time

import pytest

from engagement.channels.timed_smtp import TimedSMTP
from tests.engagement.scripted_smtp import ScriptedServer

FAR_TOO_LONG = 5.0


@pytest.fixture
def dripping():
    """The port of a server that says its greeting a letter at a time, for ever."""
    done = threading.Event()

    class Drip(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                while not done.wait(0.02):
                    self.request.sendall(b"2")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Drip) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        done.set()
        server.shutdown()


@pytest.fixture
def unanswered():
    """The port of a host that lets every new connection wait: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def addresses(monkeypatch, *ports):
    """As if the host had an address for each of these ports."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def connect(port, seconds):
    return TimedSMTP("mail.example", port, name="crm.example", seconds=seconds)


def test_a_greeting_that_drips_in_ends_in_time(monkeypatch, dripping):
    addresses(monkeypatch, dripping)
    began = time.monotonic()

    with pytest.raises((OSError, smtplib.SMTPException)):
        connect(dripping, 0.3)

    assert time.monotonic() - began < FAR_TOO_LONG


def test_many_addresses_that_do_not_answer_share_the_time(monkeypatch, unanswered):
    addresses(monkeypatch, *[unanswered] * 10)
    began = time.monotonic()

    with pytest.raises(OSError, match="timed out"):
        connect(unanswered, 0.5)

    assert time.monotonic() - began < 0.5 * 10 / 2  # not half a second for each


def test_behind_a_dead_address_the_next_is_reached(monkeypatch, unanswered):
    with ScriptedServer() as server:
        port = int(server.url.rpartition(":")[2])
        addresses(monkeypatch, unanswered, port)

        connect(port, 1.0).close()

    assert server.seen["CONNECT"] == 1


def test_a_host_without_an_address_is_an_error(monkeypatch):
    addresses(monkeypatch)

    with pytest.raises(OSError, match="no address"):
        connect(25, 1.0)


def test_nothing_is_said_after_the_time_is_up(monkeypatch):
    with ScriptedServer() as server:
        smtp = connect_to(monkeypatch, server)
        smtp.allow(0)

        with pytest.raises(OSError, match="timed out"):
            smtp.noop()

        smtp.close()
    assert server.seen["NOOP"] == 0


def test_each_part_has_a_time_of_its_own(monkeypatch):
    with ScriptedServer() as server:
        smtp = connect_to(monkeypatch, server)
        smtp.allow(0)
        smtp.allow(10)

        assert smtp.noop()[0] == 250

        smtp.close()


def connect_to(monkeypatch, server):
    port = int(server.url.rpartition(":")[2])
    addresses(monkeypatch, port)
    return connect(port, 10)
