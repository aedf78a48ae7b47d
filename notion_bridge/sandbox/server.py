"""HTTP: the door with its checks, faults, and the record of what came."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from notion_bridge.sandbox import faults
from notion_bridge.sandbox.checks import Json, Refusal, invalid, misshapen
from notion_bridge.sandbox.endpoints import Api, Call
from notion_bridge.sandbox.requests import Limiter, Request, RequestLog

VERSIONS = ("2025-09-03", "2026-03-11")
LARGEST_BODY = 500_000
LARGEST_READ = 20_000_000
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


@dataclass
class Answer:
    status: int
    body: bytes
    kind: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class Cut(Exception):
    """The connection is to be cut without an answer."""


@dataclass
class Arrived:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]  # lower-case names
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def size(self) -> int:
        """Of the list it asks for."""
        found = re.search(rb'"page_size": ?(\d+)', self.body) or re.search(rb"page_size=(\d+)", self.target.encode())
        return int(found[1]) if found else 0


class Door:
    """Everything between a request under /v1 and its answer."""

    def __init__(self, api: Api, *, key: str, seed: int) -> None:
        self.api, self.key = api, key
        self.faults = faults.Faults(seed)
        self.requests = RequestLog()
        self.limiter = Limiter()
        self.closing = threading.Event()

    def answer(self, arrived: Arrived) -> Answer:
        """Answer and record; raises Cut."""
        fault = self.faults.strike(arrived.method, arrived.path, arrived.size)
        status = wait = 0
        try:
            answer = self._with(fault, arrived)
            status, wait = answer.status, int(answer.headers.get("Retry-After", 0))
            return answer
        finally:
            name, now = fault.kind if fault else "", time.monotonic()
            self.requests.append(Request(arrived.method, arrived.path, status, arrived.at, now, name, wait))

    def _with(self, fault: faults.Fault | None, arrived: Arrived) -> Answer:
        if fault is None:
            return self._work(arrived)
        if fault.kind == faults.CUT_BEFORE:
            raise Cut
        if fault.kind == faults.SLOW_BEFORE:
            self.closing.wait(fault.seconds or 0)
            return self._work(arrived)
        if fault.kind == faults.ENDLESS:
            return self._endless(arrived)
        refusal = fault.refusal()
        if refusal is not None and fault.kind != faults.ERROR_AFTER:
            return refused(refusal)
        answer = self._work(arrived)
        if fault.kind == faults.CUT_AFTER:
            raise Cut
        if fault.kind == faults.SLOW_AFTER:
            self.closing.wait(fault.seconds or 0)
        return refused(refusal) if refusal is not None and answer.status == 200 else answer

    def _endless(self, arrived: Arrived) -> Answer:
        asked = json.loads(arrived.body or b"{}")
        body = json.dumps({name: given for name, given in asked.items() if name != "start_cursor"}).encode()
        target = re.sub(r"start_cursor=[^&]*&?", "", arrived.target)
        answer = self._work(replace(arrived, body=body, target=target))
        said = json.loads(answer.body)
        if said.get("object") == "list":
            answer.body = json.dumps(said | {"has_more": True, "next_cursor": faults.BEGINNING}).encode()
        return answer

    def _work(self, arrived: Arrived) -> Answer:
        try:
            call = self._checked(arrived)
            with self.api.workspace.lock:
                result = self.api.answer(call)
                text = json.dumps(result | {"request_id": str(uuid.uuid4())}, ensure_ascii=False)
            return Answer(200, text.encode("utf-8", "replace"))
        except Refusal as refusal:
            return refused(refusal)

    def _checked(self, arrived: Arrived) -> Call:
        wait = self.limiter.seconds_to_wait(arrived.at)
        if wait:
            raise faults.rate_limited(wait)
        if arrived.headers.get("authorization", "") != f"Bearer {self.key}":
            raise Refusal(401, "unauthorized", faults.KEY_REFUSED)
        version = _version(arrived.headers.get("notion-version"))
        split = urlsplit(arrived.target)
        parts = tuple(unquote(part) for part in split.path.split("/")[2:])
        parameters = parse_qs(split.query, keep_blank_values=True)
        return Call(arrived.method, parts, parameters, _body(arrived), version)


def _version(given: str | None) -> str:
    if given in VERSIONS:
        return given
    should = "defined" if given is None else " or ".join(f'`"{one}"`' for one in VERSIONS)
    instead = "undefined" if given is None else json.dumps(given)
    message = f"Notion-Version header failed validation: Notion-Version header should be {should}, "
    raise Refusal(400, "missing_version", f"{message}instead was `{instead}`.")


def _body(arrived: Arrived) -> Json:
    if arrived.method == "GET":
        return {}
    if len(arrived.body) > LARGEST_BODY:
        raise invalid(
            f"body failed validation: body.length should be ≤ `{LARGEST_BODY}`, instead was `{len(arrived.body)}`."
        )
    kind = arrived.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(400, "invalid_request", f'Unsupported content type: "{kind}".')
    try:
        value: Any = json.loads(arrived.body, parse_constant=int)  # which knows no NaN
    except (ValueError, RecursionError):
        raise Refusal(400, "invalid_json", "Error parsing JSON body.") from None
    if not isinstance(value, dict):
        raise misshapen("body", "an object", value)
    return value


def refused(refusal: Refusal) -> Answer:
    body: Json = {"object": "error", "status": refusal.status, "code": refusal.code, "message": refusal.message}
    body |= refusal.more | {"request_id": str(uuid.uuid4())}
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    return Answer(refusal.status, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), headers=headers)


class Server(ThreadingHTTPServer):
    """Gives each connection a thread, and lets go of all of them when it closes."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], door: Door, desk: Callable[[Arrived], Answer]) -> None:
        self.door, self.desk = door, desk  # what is under /v1, and all the rest
        self._open: set[socket.socket] = set()
        self._closing = False
        super().__init__(address, Handler)

    def run(self) -> None:
        """Take connections until `finish`; unlike serve_forever it needs no polling to notice."""
        while True:
            try:
                request, address = self.get_request()
            except OSError:
                break
            if self._closing:
                request.close()
                break
            self.process_request(request, address)

    def finish(self) -> None:
        """Take no more connections, and let go of those that are open."""
        self._closing = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.server_port), timeout=1).close()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def handle_any(self) -> None:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdigit() else 0
        if size > LARGEST_READ or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(refused(Refusal(400, "invalid_request", "Unsupported request body.")))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        arrived = Arrived(self.command, self.path, headers, self.rfile.read(size))
        try:
            answer = self.server.door.answer if arrived.path.startswith("/v1/") else self.server.desk
            self._send(answer(arrived))
        except Cut:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815 - names that http.server calls

    def _send(self, answer: Answer) -> None:
        lines = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('Error',))[0]}"]
        lines += [f"Content-Type: {answer.kind}", f"Content-Length: {len(answer.body)}"]
        lines.append(f"Date: {format_datetime(self.server.door.api.workspace.clock.now(), usegmt=True)}")
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if self.close_connection:
            lines.append("Connection: close")
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name http.server uses
        """The record of requests is elsewhere."""
