"""Faults on request, the record of what came, and the limit of requests."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from notion_client import APIResponseError, Client
from notion_client.errors import RequestTimeoutError, UnknownHTTPResponseError

from notion_bridge.sandbox import faults
from notion_bridge.sandbox.requests import Limiter, Request
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.sandbox.callers import Caller, text

CUT = (httpx.RemoteProtocolError, httpx.ReadError)


def create(client: Client, source: str) -> Any:
    return client.pages.create(parent={"data_source_id": source}, properties={"Name": {"title": [text("New")]}})


class TestKinds:
    def test_cut_after_leaves_the_page_and_no_answer(self, notion: Sandbox, client: Client, source: str) -> None:
        notion.faults.add(faults.CUT_AFTER, times=1)

        with pytest.raises(CUT):
            create(client, source)

        assert len(notion.pages_of(source)) == 1

    def test_cut_before_leaves_nothing(self, notion: Sandbox, client: Client, source: str) -> None:
        notion.faults.add(faults.CUT_BEFORE, times=1)

        with pytest.raises(CUT):
            create(client, source)

        assert notion.pages_of(source) == []

    def test_rate_limit_says_how_long_to_wait(self, notion: Sandbox, client: Client, source: str) -> None:
        notion.faults.add(faults.RATE_LIMITED, times=1, seconds=7)

        with pytest.raises(APIResponseError) as caught:
            create(client, source)

        assert (caught.value.status, caught.value.code.value) == (429, "rate_limited")
        assert caught.value.headers["retry-after"] == "7"
        assert caught.value.additional_data == {"rate_limit_reason": "connection_limit_exceeded"}
        assert notion.pages_of(source) == []

    @pytest.mark.parametrize("seconds", [None, 3])
    def test_overload_is_a_529_the_client_does_not_know(
        self, notion: Sandbox, client: Client, source: str, seconds: float | None
    ) -> None:
        notion.faults.add(faults.OVERLOAD, times=1, seconds=seconds)

        with pytest.raises(UnknownHTTPResponseError) as caught:
            create(client, source)

        assert caught.value.status == 529
        assert '"service_overload"' in caught.value.body
        assert caught.value.headers.get("retry-after") == (None if seconds is None else "3")
        assert notion.pages_of(source) == []

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    @pytest.mark.parametrize(("kind", "made"), [(faults.ERROR_BEFORE, 0), (faults.ERROR_AFTER, 1)])
    def test_error_of_the_server_before_or_after_the_work(
        self, notion: Sandbox, raw: Caller, source: str, status: int, kind: str, made: int
    ) -> None:
        notion.faults.add(kind, status=status, times=1)

        reply = raw.post("pages", {"parent": {"data_source_id": source}, "properties": {}})

        assert (reply.status, reply.code) == (status, faults.CODES[status][0])
        assert len(notion.pages_of(source)) == made

    @pytest.mark.parametrize(("kind", "made"), [(faults.SLOW_BEFORE, 0), (faults.SLOW_AFTER, 1)])
    def test_silence_is_a_timeout_before_or_after_the_work(
        self, notion: Sandbox, source: str, kind: str, made: int
    ) -> None:
        impatient = Client(auth=notion.key, base_url=notion.url, retry=False, timeout_ms=150)
        notion.faults.add(kind, times=1, seconds=30)

        with pytest.raises(RequestTimeoutError):
            create(impatient, source)

        assert len(notion.pages_of(source)) == made

    def test_conflict_changes_nothing(self, notion: Sandbox, client: Client, page: str) -> None:
        notion.faults.add(faults.CONFLICT, times=1)

        with pytest.raises(APIResponseError) as caught:
            client.pages.update(page, properties={"Number": {"number": 1}})

        assert (caught.value.status, caught.value.code.value) == (409, "conflict_error")
        assert notion.values_of(page)["Number"] == ""

    def test_revoked_key_is_refused(self, notion: Sandbox, client: Client) -> None:
        notion.faults.add(faults.REVOKED, times=1)

        with pytest.raises(APIResponseError) as caught:
            client.users.me()

        assert caught.value.code.value == "unauthorized"

    @pytest.mark.parametrize("kind", faults.KINDS)
    def test_next_request_is_well_again(self, notion: Sandbox, client: Client, kind: str) -> None:
        notion.faults.add(kind, times=1, seconds=0)
        try:
            client.users.me()
        except (APIResponseError, UnknownHTTPResponseError, *CUT):
            pass

        assert client.users.me()["object"] == "user"

    def test_error_after_a_refused_request_is_the_refusal(self, notion: Sandbox, raw: Caller) -> None:
        notion.faults.add(faults.ERROR_AFTER, times=1)

        assert raw.post("pages", {}).code == "validation_error"


class TestChoice:
    def test_fault_meets_the_method_and_path_it_is_for(self, notion: Sandbox, raw: Caller, page: str) -> None:
        notion.faults.add(faults.CONFLICT, method="PATCH", path="/v1/pages")

        assert raw.get(f"pages/{page}").status == 200
        assert raw.patch(f"pages/{page}", {}).status == 409

    def test_fault_happens_so_many_times(self, notion: Sandbox, raw: Caller) -> None:
        notion.faults.add(faults.OVERLOAD, times=3)

        assert [raw.get("users/me").status for _ in range(5)] == [529, 529, 529, 200, 200]

    def test_probability_is_kept_and_repeats(self) -> None:
        def struck() -> list[bool]:
            made = faults.Faults(seed=3)
            made.add(faults.CUT_BEFORE, probability=0.1)
            return [made.strike("GET", "/v1/users/me") is not None for _ in range(1000)]

        assert struck() == struck()
        assert 70 < sum(struck()) < 130

    def test_first_fault_that_strikes_is_the_one(self) -> None:
        made = faults.Faults()
        made.add(faults.CUT_BEFORE, probability=0.0)
        made.add(faults.CONFLICT)

        found = made.strike("GET", "/v1/users")

        assert found is not None
        assert found.kind == faults.CONFLICT

    def test_cleared_faults_are_gone(self, notion: Sandbox, raw: Caller) -> None:
        notion.faults.add(faults.OVERLOAD)
        notion.faults.clear()

        assert raw.get("users/me").status == 200

    @pytest.mark.parametrize("options", [{"kind": "plague"}, {"kind": faults.ERROR_AFTER, "status": 418}])
    def test_unknown_fault_is_an_error(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="Unknown"):
            faults.Faults().add(**options)


class TestRecord:
    def test_every_request_is_kept_in_order(self, notion: Sandbox, raw: Caller, source: str, page: str) -> None:
        raw.get("users/me")
        raw.post(f"data_sources/{source}/query", {})
        raw.patch(f"pages/{page}", {})
        raw.get("nothing")

        assert [(one.method, one.status) for one in notion.requests] == [
            *(("GET", 200), ("POST", 200), ("PATCH", 200), ("GET", 400)),
        ]

    def test_writes_and_queries_are_told_apart(self, notion: Sandbox, raw: Caller, source: str, page: str) -> None:
        raw.get(f"pages/{page}")
        raw.post(f"data_sources/{source}/query", {})
        raw.post("pages", {"parent": {"data_source_id": source}})
        raw.patch(f"pages/{page}", {})

        assert (notion.requests.queries(), notion.requests.writes(), len(notion.requests)) == (1, 2, 4)

    def test_requests_are_counted_by_what_they_were(self, notion: Sandbox, raw: Caller, page: str) -> None:
        raw.get("users/me")
        raw.get(f"pages/{page}")
        raw.get("nothing")

        assert notion.requests.count("GET") == 3
        assert notion.requests.count(path="/pages/") == 1
        assert notion.requests.count(status=400) == 1

    def test_counting_can_begin_anew(self, notion: Sandbox, raw: Caller) -> None:
        raw.get("users/me")
        notion.requests.clear()

        assert len(notion.requests) == 0

    def test_cut_request_has_no_status_and_names_its_fault(self, notion: Sandbox, client: Client) -> None:
        notion.faults.add(faults.CUT_BEFORE, times=1)
        with pytest.raises(CUT):
            client.users.me()

        assert (notion.requests[0].status, notion.requests[0].fault) == (0, faults.CUT_BEFORE)

    def test_request_before_retry_after_is_a_violation(self, notion: Sandbox, raw: Caller) -> None:
        notion.requests.grace = 0
        notion.faults.add(faults.RATE_LIMITED, times=1, seconds=60)
        raw.get("users/me")

        raw.get("users/me")

        assert len(notion.requests.violations()) == 1

    def test_page_and_forms_are_not_in_the_record(self, notion: Sandbox, raw: Caller) -> None:
        raw.send("GET", "/faults", None, {})

        assert list(notion.requests) == []

    @pytest.mark.parametrize(
        ("method", "path", "query", "write"),
        [
            ("GET", "/v1/pages/x", False, False),
            ("POST", "/v1/data_sources/x/query", True, False),
            ("POST", "/v1/pages", False, True),
            ("PATCH", "/v1/pages/x", False, True),
            ("POST", "/v1/databases", False, True),
        ],
    )
    def test_kind_of_a_request(self, method: str, path: str, query: bool, write: bool) -> None:
        one = Request(method, path, 200, 0.0, 0.0)

        assert (one.is_query, one.is_write) == (query, write)


class TestLimit:
    def test_there_is_no_limit_unless_told(self) -> None:
        limiter = Limiter()

        assert {limiter.seconds_to_wait(0.0) for _ in range(1000)} == {0}

    def test_burst_passes_and_then_the_average_holds(self) -> None:
        limiter = Limiter()
        limiter.per_second, limiter.burst = 3.0, 5

        at_once = [limiter.seconds_to_wait(100.0) for _ in range(7)]
        later = [limiter.seconds_to_wait(100.0 + at / 10) for at in range(1, 101)]

        assert at_once == [0, 0, 0, 0, 0, 1, 1]
        assert 28 <= later.count(0) <= 31

    def test_waiting_as_told_is_enough(self) -> None:
        limiter = Limiter()
        limiter.per_second, limiter.burst = 3.0, 1
        limiter.seconds_to_wait(100.0)

        wait = limiter.seconds_to_wait(100.0)

        assert wait == 1
        assert limiter.seconds_to_wait(100.0 + wait) == 0

    def test_too_many_requests_are_answered_429_with_retry_after(self, notion: Sandbox, raw: Caller) -> None:
        notion.limit_rate(0.01, burst=2)

        replies = [raw.get("users/me") for _ in range(3)]

        assert [reply.status for reply in replies] == [200, 200, 429]
        assert int(replies[2].headers["retry-after"]) >= 90

    def test_limit_can_be_taken_away(self, notion: Sandbox, raw: Caller) -> None:
        notion.limit_rate(0.01, burst=1)
        raw.get("users/me")

        notion.limit_rate(None)

        assert raw.get("users/me").status == 200
