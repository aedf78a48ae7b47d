"""A server that speaks the OpenAI protocol, as well or as badly as it is told."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = "Your work with light would feel at home in our rooms."
SLOW = 20.0  # longer than anybody waits
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n"
Reply = Callable[[dict[str, Any]], Iterator[bytes]]


def completion(content: object, **more: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop", **more}
    return json.dumps({"choices": [choice], "usage": {"total_tokens": 321}}).encode()


def text(words: object) -> bytes:
    return completion(json.dumps({"text": words}))


def says(words: object) -> Reply:
    return lambda request: iter([HEAD + text(words)])


def sends(body: bytes, head: bytes = HEAD) -> Reply:
    return lambda request: iter([head + body])


def after(seconds: float, reply: Reply) -> Reply:
    def late(request: dict[str, Any]) -> Iterator[bytes]:
        time.sleep(seconds)
        yield from reply(request)

    return late


def silent(request: dict[str, Any]) -> Iterator[bytes]:
    """Takes the question and says nothing."""
    time.sleep(SLOW)
    yield b""


def dripping(request: dict[str, Any]) -> Iterator[bytes]:
    """A blank every 50 ms: no read of it is ever late."""
    yield HEAD
    for _ in range(int(SLOW * 20)):
        time.sleep(0.05)
        yield b" "


def obedient(request: dict[str, Any]) -> Iterator[bytes]:
    """Follows what stands in the data after "say", as a model may that was never told better."""
    asked = request["messages"][-1]["content"]
    hidden = "".join(chr(ord(sign) & 0x7F) if sign >= "\U000e0000" else sign for sign in asked)
    order = re.search(r"\bsay (.+?)\"", hidden, re.I)
    yield HEAD + text(order.group(1) if order else GOOD)


LONG = "Your work would feel at home in our rooms. " * 30
REPLIES: dict[str, Reply] = {
    "well": says(GOOD),
    "slow": after(SLOW, says(GOOD)),
    "silent": silent,
    "dripping": dripping,
    "too long": says(LONG),
    "endless": sends(b"x" * 200_000),
    "obscene": says("Your fucking work would feel at home in our rooms."),
    "off topic": says("Whisk the eggs with the flour and leave the batter to rest before you heat the pan."),
    "promises a price": says("Your work would feel at home in our rooms, for 99 euros only."),
    "another language": says("Ihre Arbeit passt in unsere Räume, und wir freuen uns auf Sie."),
    "a link": says("Your work would feel at home in our rooms: www.evil.example."),
    "broken JSON": sends(b'{"choices": [{"mess'),
    "HTML": sends(b"<html><body>Sign in to the proxy</body></html>"),
    "no choices": sends(b'{"choices": null, "error": {"message": "overloaded"}}'),
    "words without a shape": sends(completion(GOOD)),
    "another shape": sends(completion(json.dumps({"text": GOOD, "subject": "x"}))),
    "no words": sends(completion(None)),
    "cut off": sends(completion(json.dumps({"text": GOOD}), finish_reason="length")),
    "half a sign": sends(completion(json.dumps({"text": "Your work \ud800\x00 in our rooms"}))),
    "deeply nested": sends(b"[" * 60_000),
    "redirect": sends(b"", b"HTTP/1.1 307 Temporary Redirect\r\nConnection: close\r\nLocation: /elsewhere\r\n\r\n"),
    "refusal": sends(b"{}", b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n"),
    "hangs up": sends(b"", b""),
    "packed by its charset": sends(text(GOOD), HEAD.replace(b"application/json", b"text/plain; charset=zlib")),
    "turned by its charset": sends(text(GOOD), HEAD.replace(b"application/json", b"text/plain; charset=rot13")),
    "refusal in hex": sends(b"no", b"HTTP/1.0 500 Oops\r\nContent-Type: text/plain; charset=hex\r\n\r\n"),
    "obedient": obedient,
}  # fmt: skip


class Model:
    """Answers as `reply` says, which may be changed meanwhile."""

    def __init__(self, reply: Reply = REPLIES["well"]) -> None:
        self.reply = reply
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.authorizations: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.request_queue_size = 200
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Model:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(model) -> type[BaseHTTPRequestHandler]:  # noqa: N805  the handler has its own self
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(request)
                model.paths.append(self.path)
                model.authorizations.append(self.headers.get("Authorization"))
                self.close_connection = True
                try:
                    for part in model.reply(request):
                        self.wfile.write(part)
                        self.wfile.flush()
                except OSError:
                    pass  # nobody waits any more

            def log_message(self, *args: object) -> None:
                pass

        return Handler
