"""What stops a request before it is even looked at."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from notion_client import APIResponseError, Client

from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.sandbox.callers import Caller


def test_real_client_is_let_in(client: Client) -> None:
    me = client.users.me()

    assert (me["type"], me["name"]) == ("bot", "Contactflow")


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic ntn_sandbox", "ntn_sandbox", ""])
def test_wrong_key_is_refused(raw: Caller, authorization: str | None) -> None:
    reply = raw.call("GET", "users/me", authorization=authorization)

    assert (reply.status, reply.code, reply.message) == (401, "unauthorized", "API token is invalid.")


def test_every_answer_says_what_time_it_is(notion: Sandbox, raw: Caller) -> None:
    notion.clock.set(dt.datetime(2026, 3, 1, 12, 0, 30, tzinfo=dt.UTC))

    reply = raw.get("users/me")

    assert reply.headers["date"] == "Sun, 01 Mar 2026 12:00:30 GMT"


def test_revoked_key_is_refused_until_it_is_restored(notion: Sandbox, raw: Caller) -> None:
    notion.revoke_key()

    assert raw.get("users/me").status == 401

    notion.restore_key()

    assert raw.get("users/me").status == 200


@pytest.mark.parametrize("version", [None, "2022-06-28", "latest", ""])
def test_other_version_is_refused(raw: Caller, version: str | None) -> None:
    reply = raw.call("GET", "users/me", notion_version=version)

    assert (reply.status, reply.code) == (400, "missing_version")


def test_missing_version_is_refused_in_notions_words(raw: Caller) -> None:
    reply = raw.call("GET", "users/me", notion_version=None)

    assert reply.message == (
        "Notion-Version header failed validation: Notion-Version header should be defined, instead was `undefined`."
    )


@pytest.mark.parametrize("version", ["2025-09-03", "2026-03-11"])
def test_both_versions_are_spoken(raw: Caller, version: str) -> None:
    assert raw.call("GET", "users/me", notion_version=version).status == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_body_of_another_type_is_refused(raw: Caller, kind: str | None) -> None:
    reply = raw.call("POST", "pages", {}, content_type=kind)

    assert (reply.status, reply.code) == (400, "invalid_request")


def test_charset_behind_the_content_type_does_no_harm(raw: Caller, source: str) -> None:
    path = f"data_sources/{source}/query"

    assert raw.call("POST", path, {}, content_type="application/json; charset=utf-8").status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"{'a': 1}", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000])
def test_body_that_is_no_json_is_refused(raw: Caller, body: bytes) -> None:
    reply = raw.call("POST", "pages", body)

    assert (reply.status, reply.code, reply.message) == (400, "invalid_json", "Error parsing JSON body.")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"1"])
def test_body_that_is_no_object_is_refused(raw: Caller, body: bytes) -> None:
    reply = raw.call("POST", "pages", body)

    assert (reply.status, reply.code) == (400, "validation_error")


def test_body_of_more_than_500_kb_is_refused(raw: Caller) -> None:
    reply = raw.post("pages", {"query": "x" * 500_000})

    assert (reply.status, reply.code) == (400, "validation_error")


def test_connection_goes_on_after_a_refused_body(raw: Caller) -> None:
    raw.post("pages", {"query": "x" * 500_000})

    assert raw.get("users/me").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "nothing"), ("PUT", "users/me"), ("DELETE", "pages/x"), ("GET", "pages"), ("POST", "users/me/more")],
)
def test_unknown_address_is_refused(raw: Caller, method: str, path: str) -> None:
    reply = raw.call(method, path, {} if method != "GET" else None)

    assert (reply.status, reply.code, reply.message) == (400, "invalid_request_url", "Invalid request URL.")


@pytest.mark.parametrize("path", ["pages/no-id", "databases/123", "data_sources/zzz"])
def test_malformed_id_is_refused(raw: Caller, path: str) -> None:
    reply = raw.get(path)

    assert (reply.status, reply.code) == (400, "validation_error")
    assert "should be a valid uuid" in reply.message


def test_every_answer_has_an_id_of_its_own(raw: Caller) -> None:
    found = {raw.get("users/me").body["request_id"], raw.get("nothing").body["request_id"]}

    assert len(found) == 2


def test_error_has_notions_shape(raw: Caller) -> None:
    body = raw.get("nothing").body

    assert {key: body[key] for key in ("object", "status")} == {"object": "error", "status": 400}
    assert set(body) == {"object", "status", "code", "message", "request_id"}


def test_real_client_reads_the_errors(client: Client) -> None:
    with pytest.raises(APIResponseError) as caught:
        client.pages.retrieve("00000000-0000-4000-8000-000000000000")

    assert (caught.value.status, caught.value.code.value) == (404, "object_not_found")
    assert caught.value.request_id


def test_many_callers_are_served_at_once(notion: Sandbox) -> None:
    results: list[int] = []

    def ask() -> None:
        caller = Caller(notion)
        results.extend(caller.get("users/me").status for _ in range(20))
        caller.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [200] * 160


def test_stopped_sandbox_can_be_started_again_with_its_content(notion: Sandbox) -> None:
    made = notion.create_database("Kept", {"Name": "title"})

    notion.stop()
    notion.start()
    caller = Caller(notion)

    assert caller.get(f"databases/{made.database_id}").status == 200
    caller.close()


def test_stop_lets_go_of_open_connections(notion: Sandbox, raw: Caller) -> None:
    raw.get("users/me")

    notion.stop()

    with pytest.raises((ConnectionError, OSError)):
        raw.get("users/me")


def test_url_of_a_sandbox_that_does_not_run_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        _ = Sandbox().url
