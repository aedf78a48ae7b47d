"""A real receiver of webhooks, which keeps what came and answers as told."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Delivery:
    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, token: str) -> bool:
        return self.signature == "sha256=" + hmac.new(token.encode(), self.body, hashlib.sha256).hexdigest()


@dataclass
class Receiver:
    """Answers with `status`; `wait_for` blocks until so many deliveries are there."""

    status: int = 200
    received: list[Delivery] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Receiver:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"receiver": self}))
        threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook?from=notion"

    def keep(self, delivery: Delivery) -> None:
        with self._arrived:
            self.received.append(delivery)
            self._arrived.notify_all()

    def wait_for(self, count: int) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.received) >= count, timeout=10)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [one.event for one in self.received]

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events if "type" in event]


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.receiver.keep(Delivery(body, self.headers.get("X-Notion-Signature", "")))
        self.send_response(self.receiver.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name http.server uses
        pass
