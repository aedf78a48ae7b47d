"""Callers of the sandbox: the bare protocol, for what the real client cannot say."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.notion_bridge.observed import Sandbox

VERSION = "2025-09-03"


@dataclass
class Reply:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


@dataclass
class Caller:
    """Sends what it is told to, on one connection."""

    sandbox: Sandbox
    version: str = VERSION
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    @property
    def connection(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(urlsplit(self.sandbox.url).netloc, timeout=10)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, json.loads(text) if "json" in names.get("content-type", "") else {}, names)

    def call(self, method: str, path: str, body: Any = None, **headers: str | None) -> Reply:
        """A request under /v1 with the right headers, other than those given (None leaves one out)."""
        sent: dict[str, str | None] = {
            "Authorization": f"Bearer {self.sandbox.key}",
            "Notion-Version": self.version,
            "Content-Type": "application/json",
        }
        sent |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self.send(method, f"/v1/{path}", raw, {name: value for name, value in sent.items() if value is not None})

    def get(self, path: str) -> Reply:
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> Reply:
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any) -> Reply:
        return self.call("PATCH", path, body)


def text(content: str, url: str | None = None) -> dict[str, Any]:
    """A rich text item of a request."""
    return {"text": {"content": content} | ({"link": {"url": url}} if url else {})}


def plain(value: dict[str, Any]) -> str:
    """The text of a title or rich text property of an answer."""
    return "".join(item["plain_text"] for item in value[value["type"]])
