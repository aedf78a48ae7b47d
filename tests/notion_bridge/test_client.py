"""Notion over HTTP: what is sent, what each kind of answer means, and what never shows."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from django.db import transaction

from contactflow.core.clock import database_now
from notion_bridge import client
from notion_bridge.client import Lane, Notion, NotionError
from notion_bridge.models import RequestBudget, RequestTally

pytestmark = pytest.mark.django_db

KEY = "ntn_this-is-nobodys-key"
PAGE = {"object": "page", "id": "1f0c"}
DATE = "Mon, 23 Nov 2026 10:00:00 GMT"


@dataclass
class Canned:
    """One answer, with what may go wrong with it on the way."""

    status: int = 200
    body: Any = field(default_factory=lambda: dict(PAGE))  # a str is sent as it is
    headers: dict[str, str] = field(default_factory=dict)
    cut: str = ""  # "before" the answer, or "within" it
    slow: str = ""  # "silent" or "trickling" until the test is over

    @property
    def content(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Counter(ThreadingHTTPServer):
    """A server that gives its canned answers in order, then empty pages, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.answers: list[Canned] = []
        self.asked: list[Asked] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that gave up


class Clerk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        counter = cast(Counter, self.server)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        counter.asked.append(
            Asked(self.command, self.path, dict(self.headers.items()), json.loads(content) if content else None)
        )
        canned = counter.answers.pop(0) if counter.answers else Canned()
        if canned.cut == "before":
            self.hang_up()
        elif canned.slow == "silent":
            counter.over.wait(20)
            self.hang_up()
        else:
            self.give(canned)

    do_GET = do_POST = do_PATCH = answer  # noqa: N815  # the names http.server calls

    def give(self, canned: Canned) -> None:
        self.send_response_only(canned.status)
        for name, value in ({"Date": DATE, "Content-Type": "application/json"} | canned.headers).items():
            self.send_header(name, value)
        extra = 100 if canned.cut or canned.slow else 0
        self.send_header("Content-Length", str(len(canned.content) + extra))
        self.end_headers()
        while canned.slow and not cast(Counter, self.server).over.wait(0.02):
            self.wfile.write(b" ")
        self.wfile.write(canned.content)
        if canned.cut:
            self.hang_up()

    def hang_up(self) -> None:
        # A reset rather than an orderly end, as a machine that fell over would leave it.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def counter() -> Iterator[Counter]:
    server = Counter()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def notion(counter: Counter) -> Notion:
    return Notion(key=KEY, base_url=counter.url, phase_seconds=5, total_seconds=10)


@pytest.fixture(autouse=True)
def fast_rate(settings: Any) -> None:
    settings.NOTION_REQUESTS_PER_SECOND = 10_000


def said(code: str, message: str = "As Notion says.", **more: Any) -> dict[str, Any]:
    return {"object": "error", "code": code, "message": message, "request_id": "b3f0", **more}


def read(notion: Notion) -> client.Answer:
    return notion.page("1f0c")


def write(notion: Notion) -> client.Answer:
    return notion.create_page("d5", {"Name": {"title": []}})


def error_of(request: Callable[[Notion], object], notion: Notion) -> NotionError:
    with pytest.raises(NotionError) as failure:
        request(notion)
    return failure.value


# What is sent

REQUESTS: list[tuple[Callable[[Notion], Any], str, str, Any]] = [
    (lambda notion: notion.me(), "GET", "/v1/users/me", None),
    (lambda notion: notion.users(), "GET", "/v1/users?page_size=100", None),
    (lambda notion: notion.users(start_cursor="c 1"), "GET", "/v1/users?start_cursor=c+1&page_size=100", None),
    (lambda notion: notion.find_database("d1"), "GET", "/v1/databases/d1", None),
    (lambda notion: notion.data_source("s1"), "GET", "/v1/data_sources/s1", None),
    (lambda notion: notion.page("p1"), "GET", "/v1/pages/p1", None),
    (lambda notion: notion.query("s1"), "POST", "/v1/data_sources/s1/query", {"page_size": 100}),
    (
        lambda notion: notion.query(
            "s1", filter={"property": "x"}, sorts=[{"property": "y"}], start_cursor="c", page_size=5
        ),
        "POST",
        "/v1/data_sources/s1/query",
        {"filter": {"property": "x"}, "sorts": [{"property": "y"}], "start_cursor": "c", "page_size": 5},
    ),
    (lambda notion: notion.property_items("p1", "title"), "GET", "/v1/pages/p1/properties/title?page_size=100", None),
    (
        lambda notion: notion.property_items("p1", ":a/b%?", start_cursor="c"),
        "GET",
        "/v1/pages/p1/properties/%3Aa%2Fb%25%3F?start_cursor=c&page_size=100",
        None,
    ),
    (
        lambda notion: notion.create_page("s1", {"Name": {"title": []}}),
        "POST",
        "/v1/pages",
        {"parent": {"type": "data_source_id", "data_source_id": "s1"}, "properties": {"Name": {"title": []}}},
    ),
    (
        lambda notion: notion.update_page("p1", {"e": {"email": None}}),
        "PATCH",
        "/v1/pages/p1",
        {"properties": {"e": {"email": None}}},
    ),
    (lambda notion: notion.set_trashed("p1", True), "PATCH", "/v1/pages/p1", {"in_trash": True}),
    (lambda notion: notion.set_trashed("p1", False), "PATCH", "/v1/pages/p1", {"in_trash": False}),
    (
        lambda notion: notion.create_database("p1", "Contacts", {"Name": {"title": {}}}),
        "POST",
        "/v1/databases",
        {
            "parent": {"type": "page_id", "page_id": "p1"},
            "title": [{"type": "text", "text": {"content": "Contacts"}}],
            "initial_data_source": {"properties": {"Name": {"title": {}}}},
        },
    ),
    (
        lambda notion: notion.update_properties("s1", {"Phone": {"phone_number": {}}}),
        "PATCH",
        "/v1/data_sources/s1",
        {"properties": {"Phone": {"phone_number": {}}}},
    ),
]


@pytest.mark.parametrize(("request_", "method", "path", "body"), REQUESTS)
def test_request_is_what_the_documentation_asks_for(
    notion: Notion, counter: Counter, request_: Callable[[Notion], Any], method: str, path: str, body: Any
) -> None:
    request_(notion)

    assert [(asked.method, asked.path, asked.body) for asked in counter.asked] == [(method, path, body)]


def test_request_carries_key_and_version(notion: Notion, counter: Counter) -> None:
    notion.me()

    assert counter.last.headers["Authorization"] == f"Bearer {KEY}"
    assert counter.last.headers["Notion-Version"] == "2025-09-03"


def test_answer_comes_back_as_it_is(notion: Notion, counter: Counter) -> None:
    counter.answers.append(Canned(body={"object": "page", "id": "1f0c", "emoji": "🌱", "name": "عائشة"}))

    assert notion.page("1f0c") == {"object": "page", "id": "1f0c", "emoji": "🌱", "name": "عائشة"}


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_address_may_end_as_people_write_it(counter: Counter, suffix: str) -> None:
    Notion(key=KEY, base_url=counter.url + suffix).me()

    assert counter.last.path == "/v1/users/me"


@pytest.mark.parametrize("identifier", ["../users", "p1?x=1", "p1/../../x", "a b", "p#1", "%2e%2e"])
def test_odd_id_leads_nowhere_else(notion: Notion, counter: Counter, identifier: str) -> None:
    with contextlib.suppress(client.Invalid):
        notion.page(identifier)

    assert all(asked.path.startswith("/v1/pages/") and asked.path.count("/") == 3 for asked in counter.asked)


def test_missing_id_is_refused_before_anything_is_sent(notion: Notion, counter: Counter) -> None:
    error = error_of(lambda notion: notion.page(""), notion)

    assert (type(error), error.code, counter.asked) == (client.Invalid, "invalid_id", [])


# What refusals mean

BY_NOTION = [
    (400, "validation_error", client.Invalid, client.Invalid),
    (400, "invalid_json", client.Invalid, client.Invalid),
    (400, "invalid_request_url", client.Invalid, client.Invalid),
    (400, "missing_version", client.Invalid, client.Invalid),
    (401, "unauthorized", client.Unauthorized, client.Unauthorized),
    (403, "restricted_resource", client.Forbidden, client.Forbidden),
    (404, "object_not_found", client.NotFound, client.NotFound),
    (409, "conflict_error", client.Conflicting, client.Conflicting),
    (413, "payload_too_large", client.Invalid, client.Invalid),
    (429, "rate_limited", client.RateLimited, client.RateLimited),
    (500, "internal_server_error", client.Unavailable, client.Unclear),
    (502, "bad_gateway", client.Unavailable, client.Unclear),
    (503, "service_unavailable", client.Unavailable, client.Unclear),
    (503, "database_connection_unavailable", client.Unavailable, client.Unclear),
    (504, "gateway_timeout", client.Unavailable, client.Unclear),
    (529, "service_overload", client.RateLimited, client.RateLimited),
]


@pytest.mark.parametrize(("status", "code", "reading", "writing"), BY_NOTION)
def test_refusal_by_notion_has_its_kind(
    notion: Notion, counter: Counter, status: int, code: str, reading: type[NotionError], writing: type[NotionError]
) -> None:
    counter.answers += [Canned(status, said(code)), Canned(status, said(code))]

    on_read = error_of(read, notion)
    RequestBudget.objects.all().delete()  # the pause after 429 is another test's
    on_write = error_of(write, notion)

    assert (type(on_read), type(on_write)) == (reading, writing)
    assert (on_read.code, on_read.status, on_read.request_id) == (code, status, "b3f0")


BY_OTHERS = [
    (302, "http_302", client.Unavailable, client.Unavailable),
    (400, "http_400", client.Unavailable, client.Unavailable),
    (401, "http_401", client.Unavailable, client.Unavailable),
    (403, "http_403", client.Unavailable, client.Unavailable),
    (404, "http_404", client.Unavailable, client.Unavailable),
    (407, "http_407", client.Unavailable, client.Unavailable),
    (408, "request_timeout", client.Unavailable, client.Unclear),
    (429, "rate_limited", client.RateLimited, client.RateLimited),
    (500, "internal_server_error", client.Unavailable, client.Unclear),
    (502, "bad_gateway", client.Unavailable, client.Unclear),
    (504, "gateway_timeout", client.Unavailable, client.Unclear),
    (520, "http_520", client.Unavailable, client.Unclear),
    (529, "service_overload", client.Unavailable, client.Unclear),
]


@pytest.mark.parametrize(("status", "code", "reading", "writing"), BY_OTHERS)
def test_page_of_a_proxy_is_not_taken_for_notions_word(
    notion: Notion, counter: Counter, status: int, code: str, reading: type[NotionError], writing: type[NotionError]
) -> None:
    page = Canned(status, "<html><h1>Sorry</h1></html>", {"Content-Type": "text/html"})
    counter.answers += [page, page]

    on_read = error_of(read, notion)
    RequestBudget.objects.all().delete()
    on_write = error_of(write, notion)

    assert (type(on_read), type(on_write)) == (reading, writing)
    assert (on_read.code, on_read.permanent) == (code, False)


@pytest.mark.parametrize("body", ["", "null", "[]", '"no"', '{"code": 5, "message": "x"}', '{"code": "x"}', "[" * 9999])
def test_body_that_is_no_error_of_notions_is_not_read_as_one(notion: Notion, counter: Counter, body: str) -> None:
    counter.answers.append(Canned(404, body))

    assert type(error_of(read, notion)) is client.Unavailable


@pytest.mark.parametrize("body", ["", "<html>Log in to the network</html>", "null", "[]", "{}", "\x00\x01"])
def test_success_without_an_object_is_no_answer(notion: Notion, counter: Counter, body: str) -> None:
    counter.answers += [Canned(200, body), Canned(200, body)]

    on_read, on_write = error_of(read, notion), error_of(write, notion)

    assert (type(on_read), type(on_write)) == (client.Unavailable, client.Unclear)
    assert on_read.code == "unreadable"


@pytest.mark.parametrize(
    ("kind", "permanent"),
    [
        (client.Unauthorized, True),
        (client.Forbidden, True),
        (client.NotFound, True),
        (client.Invalid, True),
        (client.Conflicting, False),
        (client.RateLimited, False),
        (client.Unavailable, False),
        (client.Unclear, False),
    ],
)
def test_error_says_whether_repeating_helps_and_what_to_do(kind: type[NotionError], permanent: bool) -> None:
    error = kind("some_code")

    assert (error.permanent, bool(error.message)) == (permanent, True)


def test_message_for_people_has_notions_reason_and_the_log_has_not(notion: Notion, counter: Counter) -> None:
    counter.answers.append(Canned(400, said("validation_error", "Email should be valid, instead was `ada@`.")))

    error = error_of(write, notion)

    assert error.message == "Notion refuses the request: Email should be valid, instead was `ada@`."
    assert str(error) == "validation_error (400), request b3f0"


def test_endless_message_is_cut(notion: Notion, counter: Counter) -> None:
    counter.answers.append(Canned(400, said("validation_error", "x" * 100_000)))

    assert len(error_of(write, notion).message) < 600


# Trouble on the way


@pytest.mark.parametrize("cut", ["before", "within"])
def test_cut_answer_is_unclear_for_a_write_alone(notion: Notion, counter: Counter, cut: str) -> None:
    counter.answers += [Canned(cut=cut), Canned(cut=cut)]

    on_read, on_write = error_of(read, notion), error_of(write, notion)

    assert (type(on_read), type(on_write)) == (client.Unavailable, client.Unclear)
    assert (on_read.code, on_write.code) == ("cut", "cut")


@pytest.mark.parametrize("slow", ["silent", "trickling"])
def test_slow_answer_is_unclear_for_a_write_alone(counter: Counter, slow: str) -> None:
    impatient = Notion(key=KEY, base_url=counter.url, phase_seconds=0.1, total_seconds=0.3)
    counter.answers += [Canned(slow=slow), Canned(slow=slow)]

    on_read, on_write = error_of(read, impatient), error_of(write, impatient)

    assert (type(on_read), type(on_write)) == (client.Unavailable, client.Unclear)
    assert (on_read.code, on_write.code) == ("timeout", "timeout")


def test_trickling_answer_is_left_after_the_total_time(counter: Counter) -> None:
    patient_by_phase = Notion(key=KEY, base_url=counter.url, phase_seconds=10, total_seconds=0.2)
    counter.answers.append(Canned(slow="trickling"))
    began = time.monotonic()

    error_of(read, patient_by_phase)

    assert 0.2 <= time.monotonic() - began < 3


def test_request_after_a_slow_one_gets_its_own_answer(counter: Counter) -> None:
    impatient = Notion(key=KEY, base_url=counter.url, phase_seconds=5, total_seconds=0.8)
    counter.answers += [Canned(slow="trickling"), Canned(body={"object": "page", "id": "second"})]
    error_of(read, impatient)

    assert read(impatient)["id"] == "second"


def test_nothing_is_unclear_when_nobody_listens() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        notion = Notion(key=KEY, base_url=f"http://127.0.0.1:{nobody.getsockname()[1]}")

        error = error_of(write, notion)

    assert (type(error), error.code) == (client.Unavailable, "unreachable")


def test_unencrypted_server_behind_https_is_not_unclear(counter: Counter) -> None:
    notion = Notion(key=KEY, base_url=counter.url.replace("http:", "https:"))

    error = error_of(write, notion)

    assert (type(error), error.code) == (client.Unavailable, "unreachable")


@pytest.mark.parametrize("address", ["api.notion.com", "ftp://api.notion.com", "https://[::1", "http://a:port"])
def test_address_that_is_none_is_named_by_its_setting(address: str) -> None:
    with pytest.raises(client.Invalid, match="invalid_address") as failure:
        Notion(key=KEY, base_url=address).me()

    assert "NOTION_BASE_URL" in failure.value.message


def test_value_that_is_no_json_is_refused_before_it_is_sent(notion: Notion, counter: Counter) -> None:
    error = error_of(lambda notion: notion.create_page("s1", {"n": {"number": float("nan")}}), notion)

    assert (type(error), error.code, counter.asked) == (client.Invalid, "unsendable", [])


def test_defect_of_our_own_is_no_error_of_notions(notion: Notion, counter: Counter) -> None:
    with pytest.raises(TypeError):
        notion.create_page("s1", {"n": object()})

    assert counter.asked == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_nothing_is_repeated_by_itself(notion: Notion, counter: Counter, status: int) -> None:
    counter.answers.append(Canned(status, said("rate_limited" if status == 429 else "internal_server_error")))

    error_of(read, notion)

    assert len(counter.asked) == 1


# Retry-After and the budget


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("Mon, 23 Nov 2026 10:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0),
        ("86400", 86400.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("Mon, 99 Nov 2026 10:01:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(
    notion: Notion, counter: Counter, header: str, seconds: float | None
) -> None:
    counter.answers.append(Canned(429, said("rate_limited"), {"Retry-After": header}))

    assert error_of(read, notion).retry_after == seconds


def test_retry_date_of_a_server_without_a_clock_goes_by_ours(notion: Notion, counter: Counter) -> None:
    date = (database_now() + timedelta(seconds=300)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    counter.answers.append(Canned(429, said("rate_limited"), {"Retry-After": date, "Date": ""}))

    assert error_of(read, notion).retry_after == pytest.approx(300, abs=3)


@pytest.mark.parametrize(("status", "code"), [(429, "rate_limited"), (529, "service_overload"), (503, "unwell")])
def test_retry_after_holds_every_later_request(notion: Notion, counter: Counter, status: int, code: str) -> None:
    counter.answers.append(Canned(status, said(code), {"Retry-After": "3600"}))
    error_of(read, notion)

    with pytest.raises(client.Later) as later:
        notion.within(lane=Lane.PERSON, deadline=time.monotonic() + 60).page("1f0c")

    assert len(counter.asked) == 1
    assert later.value.until - database_now() == pytest.approx(timedelta(seconds=3600), abs=timedelta(seconds=5))


@pytest.mark.parametrize(("status", "code"), [(429, "rate_limited"), (529, "service_overload")])
def test_refusal_without_a_time_pauses_all_the_same(notion: Notion, counter: Counter, status: int, code: str) -> None:
    counter.answers.append(Canned(status, said(code)))

    error_of(read, notion)

    with pytest.raises(client.Later):
        notion.within(deadline=time.monotonic()).me()


@pytest.mark.parametrize("status", [400, 404, 409, 500, 502])
def test_other_failures_pause_nobody(notion: Notion, counter: Counter, status: int) -> None:
    counter.answers.append(Canned(status, said("some_code")))

    error_of(read, notion)

    assert notion.within(deadline=time.monotonic()).me() == PAGE


def test_success_after_a_pause_ends_the_row_of_refusals(notion: Notion, counter: Counter) -> None:
    counter.answers.append(Canned(429, said("rate_limited"), {"Retry-After": "0"}))
    error_of(read, notion)

    read(notion)

    assert RequestBudget.objects.get().troubles == 0


def test_every_request_is_counted_by_outcome(notion: Notion, counter: Counter) -> None:
    counter.answers += [Canned(), Canned(404, said("object_not_found")), Canned(cut="before")]

    read(notion)
    error_of(read, notion)
    error_of(read, notion)

    assert set(RequestTally.objects.values_list("outcome", "count")) == {("ok", 1), ("object_not_found", 1), ("cut", 1)}


def test_nothing_is_sent_when_the_turn_comes_too_late(notion: Notion, counter: Counter, settings: Any) -> None:
    settings.NOTION_REQUESTS_PER_SECOND = 0.01
    notion.within(lane=Lane.BULK).page("1f0c")

    with pytest.raises(client.Later):
        notion.within(lane=Lane.BULK, deadline=time.monotonic() + 1).page("1f0c")

    assert len(counter.asked) == 1


def test_person_is_served_while_a_backlog_waits(notion: Notion, counter: Counter, settings: Any) -> None:
    settings.NOTION_REQUESTS_PER_SECOND = 0.01
    notion.within(lane=Lane.BULK).page("1f0c")

    answer = notion.within(lane=Lane.PERSON, deadline=time.monotonic()).page("1f0c")

    assert answer == PAGE


def test_request_inside_a_transaction_is_refused(notion: Notion, counter: Counter) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        notion.me()

    assert counter.asked == []


# Notion's clock


def test_clock_of_notion_is_read_from_every_answer(notion: Notion, counter: Counter) -> None:
    notion.me()

    assert notion.last_date == datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


def test_clock_of_notion_is_read_from_a_refusal_too(notion: Notion, counter: Counter) -> None:
    counter.answers.append(Canned(404, said("object_not_found"), {"Date": "Tue, 24 Nov 2026 10:00:00 GMT"}))

    error_of(read, notion)

    assert notion.last_date == datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_answer_without_a_readable_date_keeps_the_last_one(notion: Notion, counter: Counter, date: str) -> None:
    counter.answers += [Canned(), Canned(headers={"Date": date})]

    notion.me()
    notion.me()

    assert notion.last_date == datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


def test_clock_of_notion_is_unknown_before_the_first_answer(notion: Notion) -> None:
    assert notion.last_date is None


# One client


@pytest.fixture
def configured(settings: Any, counter: Counter) -> Any:
    settings.NOTION_API_KEY = KEY
    settings.NOTION_BASE_URL = counter.url
    return settings


def test_connecting_twice_gives_the_same_client(configured: Any) -> None:
    assert client.connect() is client.connect()


@pytest.mark.parametrize(("setting", "value"), [("NOTION_API_KEY", "ntn_other"), ("NOTION_BASE_URL", "http://other")])
def test_other_settings_give_another_client(configured: Any, setting: str, value: str) -> None:
    before = client.connect()

    setattr(configured, setting, value)

    assert client.connect() is not before


def test_fork_does_not_use_the_connections_of_its_parent(configured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = client.connect()

    monkeypatch.setattr(os, "getpid", lambda: 1)

    assert client.connect() is not before


def test_clients_pile_up_no_log_handlers(counter: Counter) -> None:
    def handlers() -> int:
        loggers = [logging.getLogger(name) for name in ("notion_client", "notion_bridge.client.sdk", "")]
        return sum(len(logger.handlers) for logger in loggers)

    before = handlers()
    for _ in range(5):
        Notion(key=KEY, base_url=counter.url)

    assert handlers() == before


def test_without_a_key_the_setting_is_named(configured: Any) -> None:
    configured.NOTION_API_KEY = ""

    with pytest.raises(client.Unauthorized, match="no_key") as failure:
        client.connect()

    assert "NOTION_API_KEY" in failure.value.message


# What never shows


@pytest.mark.parametrize("key", ["ntn_nobodys\nkey", "ntn nobodys key", "ntn_nöbodys", "ntn_nobodys\x00"])
def test_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(client.Unauthorized, match="unusable_key") as failure:
        Notion(key=key, base_url="http://127.0.0.1:9")

    assert "nobodys" not in f"{failure.value!r} {failure.value} {failure.value.message}"


def test_client_shows_its_host_alone() -> None:
    notion = Notion(key=KEY, base_url="https://user:secret@api.notion.com/somewhere")

    assert repr(notion) == "<Notion at api.notion.com>"


FAILURES = [
    Canned(401, said("unauthorized", f"The token {KEY} is not valid.")),
    Canned(400, said("validation_error", f"Bearer {KEY}")),
    Canned(502, f"<html>{KEY}</html>"),
    Canned(200, KEY),
    Canned(cut="before"),
]


@pytest.mark.parametrize("failure", FAILURES)
def test_key_shows_in_no_error_and_no_log(
    notion: Notion, counter: Counter, caplog: pytest.LogCaptureFixture, failure: Canned
) -> None:
    caplog.set_level(logging.DEBUG)
    counter.answers.append(failure)

    error = error_of(write, notion)

    logging.getLogger(__name__).error("As a worker would log it", exc_info=error)
    assert KEY not in caplog.text
    assert KEY not in f"{error!r} {error} {error.message} {error.args}"


def test_values_show_in_no_log(notion: Notion, counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    counter.answers += [Canned(400, said("validation_error", "instead was `ada@example.com`")), Canned()]
    properties = {"Email": {"email": "ada@example.com"}}

    error = error_of(lambda notion: notion.create_page("s1", properties), notion)
    notion.create_page("s1", properties)

    logging.getLogger(__name__).error("As a worker would log it", exc_info=error)
    assert "ada@example.com" not in caplog.text


def test_failure_is_logged_with_what_notions_support_asks_for(
    notion: Notion, counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    counter.answers.append(Canned(409, said("conflict_error")))

    error_of(write, notion)

    assert "conflict_error (409), request b3f0" in caplog.text
