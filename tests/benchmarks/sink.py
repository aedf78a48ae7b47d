"""The SMTP server the mails go to, in a process of its own. It answers, counts and keeps nothing: the mails a second
that a bare socket gets rid of here stand in the table, far above what is measured."""

from __future__ import annotations

import signal
import socketserver
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized

ANSWERS = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    accepted: Synchronized[int]


class _Conversation(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            self.wfile.write(ANSWERS.get(verb, b"250 OK\r\n"))
            if verb == b"DATA":
                self._take_in()
            elif verb == b"QUIT":
                return

    def _take_in(self) -> None:
        while self.rfile.readline() not in (b".\r\n", b""):
            pass
        accepted = self.server.accepted  # type: ignore[attr-defined]  # of _Server
        with accepted.get_lock():
            accepted.value += 1
        self.wfile.write(b"250 OK\r\n")


def serve(parent: Connection, accepted: Synchronized[int]) -> None:
    """Tell the parent the port, and end when it hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.accepted = accepted
        parent.send(server.server_address[1])
        server.timeout = 0.2
        while not parent.poll(0):
            server.handle_request()
