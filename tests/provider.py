"""A mail provider's API on a free loopback port: Postmark's and Resend's, as far as one email needs them; with an
answer of its own, any other's."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Provider:
    """Accepts everything until a switch says otherwise."""

    status: int = 200
    answer: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)  # of its answers
    cut: bool = False  # the request arrived and was kept, and no answer comes
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Provider:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    @property
    def recipients(self) -> list[str]:
        """Whom it was asked to write to, in order."""
        return [str(told["to"][0] if isinstance(told.get("to"), list) else told["To"]) for _, told in self.requests]

    def _handler(provider) -> type[BaseHTTPRequestHandler]:  # noqa: N805  the handler has its own self
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                body = json.loads(raw) if raw[:1] in ("{", "[") else {"raw": raw}  # Mailgun takes forms
                told = body[0] if isinstance(body, list) else body
                provider.requests.append((dict(self.headers), told))
                if provider.cut:
                    self.close_connection = True
                    self.connection.close()
                    return
                number = f"00000000-0000-0000-0000-{len(provider.requests):012}"
                said = provider.answer if provider.answer is not None else _taken(told, number)
                answer = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(provider.status)
                for name, said in {"Content-Type": "application/json", **provider.headers}.items():
                    self.send_header(name, said)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *said: object) -> None:
                """Nothing."""

        return Handler


def _taken(told: dict[str, Any], number: str) -> dict[str, Any]:
    if "from" in told:
        return {"id": number}
    about = {"ErrorCode": 0, "Message": "OK", "SubmittedAt": "2026-01-01T00:00Z"}
    return {**about, "MessageID": number, "To": told["To"]}
