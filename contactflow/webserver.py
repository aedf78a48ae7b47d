"""How waitress serves us: `python -m contactflow.webserver [DESCRIPTOR OF A BOUND SOCKET]`.

One thread of each process reads and writes all sockets and hands a request on when the whole of it is there, so a slow
caller holds a socket and no thread. Whoever takes longer than an honest line would is cut off.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import signal
import socket
import sys
import time
from http import HTTPStatus
from types import FrameType
from typing import Any
from weakref import WeakSet

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.utilities import Error, RequestEntityTooLarge

from contactflow import environment, machine
from contactflow.core import parent_death

machine.read_dotenv()
_env = environment.Environment()

HOST: str = _env.str("HOST", "127.0.0.1")
PORT: int = _env.at_least("PORT", 1, 8000)
PROCESSES: int = _env.at_least("WEB_WORKERS", 1, 2)
THREADS: int = _env.at_least("WEB_THREADS", 1, 16)

PATIENCE = 30  # seconds for a request to arrive, and for an answer to be taken, ...
PACE = 8_192  # ... and one more for each so many bytes of it
SMALL_BODY = 1_114_112  # bytes, a little more than Django takes, which then says so itself
PROVIDERS = "/hooks/email/"  # they bring mail with attachments
UPLOADS = 4  # larger bodies, of the page that wants a file or a mail provider, that a process receives at a time
CONNECTIONS = 1_000  # of a process; from half of them on silent ones wait for a tenth of the patience
GRACE = 20  # seconds for requests under way when it stops; the supervisor waits a little longer
REQUESTS = 20_000  # about so many, then a process is replaced, so that a slow leak never matters
STOPS = (signal.SIGTERM, signal.SIGINT)
SETTINGS = {
    "threads": THREADS,
    "connection_limit": CONNECTIONS,
    "channel_timeout": PATIENCE,
    "cleanup_interval": 2,
    "max_request_body_size": SMALL_BODY,
    "outbuf_high_watermark": 1_000_000,  # bytes of an answer that wait for its reader before the view does
    "channel_request_lookahead": 1,  # so that a reader who leaves an event stream is noticed
    "asyncore_use_poll": True,
    "clear_untrusted_proxy_headers": False,  # Django counts the proxies
    "ident": None,
}


class Refused(Error):  # type: ignore[misc]  # waitress is untyped
    """A request that is answered before its body is received."""

    def __init__(self, path: str, code: int, words: str) -> None:
        self.path, self.code, self.words = path, code, words

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        from contactflow.api import problems  # noqa: PLC0415 - needs Django, which is there once a request is

        document = problems.document(self.code, self.words)
        kind, body = "text/plain; charset=utf-8", f"{self.words}\n"
        if self.path.startswith(problems.OURS):
            kind, body = problems.CONTENT_TYPE, json.dumps(document)
        wait = [("Retry-After", "60")] if self.code == HTTPStatus.SERVICE_UNAVAILABLE else []
        return f"{self.code} {document['title']}", [("Content-Type", kind), *wait], body.encode()


class Parser(HTTPRequestParser):  # type: ignore[misc]  # likewise
    """Keeps the body of an upload for the one page that wants it, from somebody with a session, and of a mail that a
    provider brings; a few at a time."""

    adj: Any  # the settings for uploads, for these
    error: Error | None = None
    path = ""
    uploads: WeakSet[Parser] = WeakSet()

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        is_upload = self.path == self.adj.upload_path and "COOKIE" in self.headers
        if self.content_length < SMALL_BODY or not (is_upload or self._is_of_a_provider()):
            return
        self.adj = self.adj.for_uploads
        self.uploads.add(self)

    def _is_of_a_provider(self) -> bool:
        """Who does not know the secret gets none of the few places."""
        provider, _, secret = self.path.removeprefix(PROVIDERS).strip("/").partition("/")
        if not self.path.startswith(PROVIDERS):
            return False
        from engagement.providers import catalogue  # noqa: PLC0415 - needs Django, which is there once a request is

        return catalogue.kind_of(provider, secret) is not None

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            largest = self.adj.max_request_body_size // 1_000_000
            self.error = Refused(self.path, 413, f"Send less at a time: {largest} MB at most.")
        elif self in self.uploads and len(self.uploads) > UPLOADS and not self.body_bytes_received:
            self.error, self.completed = (
                Refused(self.path, 503, "Other files are arriving: try again in a minute."),
                True,
            )
        return consumed

    def close(self) -> None:
        super().close()
        self.uploads.discard(self)


class Channel(HTTPChannel):  # type: ignore[misc]  # likewise
    """A connection that knows whether its other end keeps pace."""

    parser_class = Parser
    began_at = 0.0  # when the first byte of the request that is arriving came
    taken = 0  # bytes of answers that were sent
    taken_before = (0.0, 0)  # when that was looked at, and how many they were

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.began_at = time.time()
        return bool(super().received(data))

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent: int = super().send(data, do_close)
        self.taken += sent
        return sent

    def is_dragging(self, now: float) -> bool:
        request = self.request
        if request is not None and now > self.began_at + PATIENCE + request.body_bytes_received / PACE:
            return True
        since, taken = self.taken_before
        if self.total_outbufs_len and since:
            if now <= since + PATIENCE:
                return False
            if self.taken < taken + PATIENCE * PACE:
                return True
        self.taken_before = (now, self.taken) if self.total_outbufs_len else (0.0, 0)
        return False

    @property
    def is_busy(self) -> bool:
        return bool(self.requests or self.total_outbufs_len)

    def handle_close(self) -> None:
        if self.request is not None:
            self.request.close()
        super().handle_close()


class Server(TcpWSGIServer):  # type: ignore[misc]  # likewise
    """One process's part of the listening socket."""

    channel_class = Channel
    stopping = False

    def __init__(self, application: Any, listening: socket.socket, adj: Adjustments) -> None:
        self.left = random.randrange(REQUESTS, REQUESTS + REQUESTS // 10)  # noqa: S311 - no secret
        info = (listening.family, listening.type, listening.proto, listening.getsockname())
        super().__init__(application, {}, _sock=listening, adj=adj, sockinfo=info, bind_socket=False)

    @classmethod
    def stop(cls, number: int = 0, frame: FrameType | None = None) -> None:
        cls.stopping = True

    def add_task(self, task: Any) -> None:
        self.left -= 1
        if self.left <= 0:
            self.stop()
        super().add_task(task)

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        hurried = now - PATIENCE / 10 if len(self.active_channels) > CONNECTIONS / 2 else 0
        for channel in self.active_channels.values():
            is_silent = channel.last_activity < hurried and not channel.is_busy
            if is_silent or channel.is_dragging(now):
                channel.will_close = True

    def run(self) -> None:
        """Serve until told to stop, then finish what is under way."""
        while not self.stopping:
            wasyncore.loop(1, use_poll=True, map=self._map, count=1)
        from engagement import stream  # noqa: PLC0415 - likewise

        wasyncore.dispatcher.close(self)  # the others still listen
        stream.end_all()
        give_up = time.time() + GRACE
        while any(channel.is_busy for channel in self.active_channels.values()) and time.time() < give_up:
            wasyncore.loop(0.2, use_poll=True, map=self._map, count=1)


class Processes:
    """Forks the servers, and again when one ends, until told to stop."""

    def __init__(self, application: Any, listening: socket.socket, adj: Adjustments) -> None:
        self.served_by = (application, listening, adj)
        self.children: dict[int, float] = {}

    def run(self) -> None:
        signal.signal(signal.SIGCHLD, lambda number, frame: None)  # or it would not wait to be heard
        signal.pthread_sigmask(signal.SIG_BLOCK, {*STOPS, signal.SIGCHLD})
        heard: int = signal.SIGCHLD
        while heard not in STOPS:
            self._bury()
            while len(self.children) < PROCESSES:
                self._start()
            heard = signal.sigwait({*STOPS, signal.SIGCHLD})
        for child in self.children:
            os.kill(child, signal.SIGTERM)
        while self.children:
            self.children.pop(os.wait()[0], None)

    def _bury(self) -> None:
        for child, started in list(self.children.items()):
            if os.waitpid(child, os.WNOHANG)[0]:
                del self.children[child]
                time.sleep(max(0.0, started + 1 - time.monotonic()))  # what ends it at once must not busy the machine

    def _start(self) -> None:
        child = os.fork()
        if child:
            self.children[child] = time.monotonic()
            return
        try:
            for number in STOPS:
                signal.signal(number, Server.stop)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {*STOPS, signal.SIGCHLD})
            parent_death.arrange(signal.SIGTERM)
            Server(*self.served_by).run()
        finally:
            os._exit(0)  # what the parent arranged for its own end is not ours


def claim_port() -> int:
    """A socket to inherit: no other program takes the port, and who calls while we restart waits.

    Nobody listens before there is anything to serve, so nobody is kept waiting for that.
    """
    claimed = socket.socket(socket.AF_INET6 if ":" in HOST else socket.AF_INET)
    try:
        claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the run before may linger
        claimed.bind((HOST.strip("[]"), PORT))
        claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # or others could bind it, too, until we listen
    except OSError as error:
        raise SystemExit(
            f"Port {PORT} cannot be used ({error.strerror}): stop who uses it, perhaps another `make run`, or choose "
            f"another port: PORT={PORT + 1} make run"
        ) from None
    return claimed.detach()


def adjustments(upload_path: str | None, largest_upload: int) -> Adjustments:
    """Waitress's settings, and beside them those for the one page that takes a file."""
    adj, adj.for_uploads = Adjustments(**SETTINGS), Adjustments(**SETTINGS)
    adj.upload_path, adj.for_uploads.max_request_body_size = upload_path, largest_upload
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # a reader whose machine is gone, or who reads nothing
        adj.socket_options = [*adj.socket_options, (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PATIENCE * 1000)]
    return adj


def main() -> None:
    given = sys.argv[1:]
    listening = socket.socket(fileno=int(given[0]) if given else claim_port())
    from contactflow.wsgi import application  # noqa: PLC0415 - loaded once, shared by all processes

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * CONNECTIONS)), hard))
    listening.listen(1024)
    gc.freeze()  # what is loaded stays shared: no collection writes into it
    print(f"Serving on port {PORT}. Ctrl-C stops everything.", flush=True)  # noqa: T201 - for the terminal
    Processes(application, listening, adjustments(*_upload_page())).run()


def _upload_page() -> tuple[str | None, int]:
    from django.conf import settings  # noqa: PLC0415 - configured by the application
    from django.urls import reverse  # noqa: PLC0415 - likewise

    page = getattr(settings, "UPLOAD_PAGE", None)
    return (reverse(page), settings.UPLOAD_BYTES) if page else (None, SMALL_BODY)


if __name__ == "__main__":
    main()
