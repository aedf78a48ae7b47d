"""An SMTP server that follows a script, for the moments a well-behaved one never shows."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections import defaultdict

CUT = "cut"  # close the connection instead of answering
SILENT = "silent"  # do not answer at all
USUAL = {
    "CONNECT": "220 ready",
    "EHLO": "250 hello",
    "HELO": "250 hello",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go ahead",
    "BODY": "250 accepted",
    "RSET": "250 ok",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


class ScriptedServer:
    """`script` maps a step to its answers in turn; after the last one the usual answer follows."""

    def __init__(self, **script: list[str]) -> None:
        self.script = {step: list(answers) for step, answers in script.items()}
        self.seen: defaultdict[str, int] = defaultdict(int)
        self.bodies: list[bytes] = []
        self._done = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> ScriptedServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._done.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._server.server_address[1]}"

    def _handler(script) -> type[socketserver.StreamRequestHandler]:  # noqa: N805  the handler has its own self
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                going = self.answer("CONNECT")
                while going and (line := self.rfile.readline()):
                    step = line.split()[0].decode().upper()
                    going = self.answer(step) and step != "QUIT"
                    if going and step == "DATA" and self.last.startswith("354"):
                        going = self.take_body()

            def take_body(self) -> bool:
                if (script.script.get("BODY") or [""])[0] == "cut early":
                    self.request.shutdown(socket.SHUT_RDWR)
                    return False
                body = b""
                while not body.endswith(b"\r\n.\r\n") and (line := self.rfile.readline()):
                    body += line
                script.bodies.append(body)
                return self.answer("BODY")

            def answer(self, step: str) -> bool:
                script.seen[step] += 1
                planned = script.script.get(step)
                self.last = planned.pop(0) if planned else USUAL.get(step, "500 unknown")
                if self.last == SILENT:
                    script._done.wait(10)
                    return False
                if self.last == CUT:
                    return False
                self.wfile.write(self.last.encode() + b"\r\n")
                return True

        return Handler


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
