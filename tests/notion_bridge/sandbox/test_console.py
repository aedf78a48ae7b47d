"""The page to look at, and what its forms do."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from notion_bridge.sandbox import faults
from tests.notion_bridge.observed import Ids, Sandbox
from tests.notion_bridge.sandbox.callers import Caller
from tests.notion_bridge.sandbox.receivers import Receiver

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """Fetches pages and sends forms."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.caller = Caller(sandbox)

    def see(self, path: str) -> str:
        """The page, after a redirect if there is one."""
        self.caller.connection.request("GET", path)
        answer = self.caller.connection.getresponse()
        text = answer.read().decode()
        if answer.status == 303:
            return self.see(answer.headers["Location"])
        assert answer.status == 200, (path, answer.status)
        return text

    def send(self, path: str, /, **values: str) -> str:
        """Send a form; what the page says then."""
        connection = self.caller.connection
        connection.request("POST", path, urlencode(values), FORM)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        said = parse_qs(urlsplit(answer.headers["Location"]).query)
        return (said.get("said") or [f"wrong: {said['wrong'][0]}"])[0]


@pytest.fixture
def browser(notion: Sandbox) -> Browser:
    return Browser(notion)


def bare(object_id: str) -> str:
    return object_id.replace("-", "")


def property_id(notion: Sandbox, source: str, name: str) -> str:
    found = notion.workspace.sources[source].find(name)
    assert found is not None
    return found.id


class TestPages:
    def test_first_page_is_the_first_database(self, browser: Browser, page: str) -> None:
        seen = browser.see("/")

        assert "<h1>Everything</h1>" in seen
        assert "ada@example.org" in seen

    def test_empty_sandbox_shows_how_to_connect(self, notion: Sandbox, browser: Browser) -> None:
        notion.console.lines = "NOTION_API_KEY=x"

        assert "NOTION_API_KEY=x" in browser.see("/")

    def test_every_page_is_linked_and_opens(self, browser: Browser, ids: Ids, page: str) -> None:
        seen = browser.see(f"/table/{bare(ids.data_source_id)}")

        links = set(re.findall(r'<a[^>]* href="(/[^"]*)"', seen))
        assert f"/{bare(page)}" in links
        assert all("<h1>" in browser.see(html.unescape(link)) for link in links)

    def test_url_of_a_page_opens_it(self, notion: Sandbox, raw: Caller, browser: Browser, page: str) -> None:
        url = raw.get(f"pages/{page}").body["url"]

        assert "<h1>Ada</h1>" in browser.see(urlsplit(url).path)

    def test_url_of_a_database_opens_its_table(self, raw: Caller, browser: Browser, ids: Ids) -> None:
        url = raw.get(f"databases/{ids.database_id}").body["url"]

        assert "<h1>Everything</h1>" in browser.see(urlsplit(url).path)

    def test_page_below_a_page_opens(self, notion: Sandbox, browser: Browser) -> None:
        assert "<h1>Contactflow</h1>" in browser.see(f"/{bare(notion.parent_page)}")

    @pytest.mark.parametrize("path", ["/nothing", "/table/zzz", f"/{'0' * 32}", "/schema/"])
    def test_unknown_address_is_not_found(self, notion: Sandbox, path: str) -> None:
        assert Caller(notion).send("GET", path, None, {}).status == 404

    def test_what_people_typed_is_escaped(self, notion: Sandbox, browser: Browser, source: str) -> None:
        page = notion.person_creates(source, {"Name": "<script>alert(1)</script>", "Notes": '"><b>'})

        for path in ("/", f"/{bare(page)}"):
            assert "<script>alert" not in browser.see(path)
            assert '"><b>' not in browser.see(path)

    def test_said_sentence_is_escaped(self, browser: Browser) -> None:
        assert "<i>x</i>" not in browser.see("/faults?said=%3Ci%3Ex%3C/i%3E")

    def test_nothing_comes_from_elsewhere(self, browser: Browser, page: str) -> None:
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', browser.see("/"))

    def test_long_tables_come_in_pages(self, notion: Sandbox, browser: Browser, source: str) -> None:
        for at in range(60):
            notion.person_creates(source, {"Name": f"Row {at}"})

        first = browser.see(f"/table/{bare(source)}")
        second = browser.see(f"/table/{bare(source)}?page=1")

        assert ("Row 59" in first, "Row 0" in first, "Row 0" in second) == (True, False, True)

    def test_rows_can_be_searched(self, notion: Sandbox, browser: Browser, source: str, page: str) -> None:
        notion.person_creates(source, {"Name": "Grace"})

        seen = browser.see(f"/table/{bare(source)}?q=GRA")

        assert ("Grace" in seen, "ada@example.org" in seen) == (True, False)

    def test_trash_has_a_page(self, notion: Sandbox, browser: Browser, source: str, page: str) -> None:
        notion.person_trashes(page)

        assert "ada@example.org" not in browser.see(f"/table/{bare(source)}")
        assert "ada@example.org" in browser.see(f"/table/{bare(source)}?trash=1")

    def test_requests_are_shown(self, raw: Caller, browser: Browser) -> None:
        raw.get("users/me")

        assert "/v1/users/me" in browser.see("/requests")


class TestEditing:
    @pytest.mark.parametrize(
        ("name", "typed", "value"),
        [
            ("Name", "Grace", "Grace"),
            ("Notes", "one\r\ntwo", "one\ntwo"),
            ("Number", "2.5", "2.5"),
            ("Choice", "Green", "Green"),
            ("Choices", "Red, Green", ["Red", "Green"]),
            ("Progress", "Done", "Done"),
            ("Due", "2026-11-23", "2026-11-23"),
            ("Due", "2026-11-23 14:30", "2026-11-23T14:30:00.000+00:00"),
            ("Due", "2026-11-23 → 2026-11-24", "2026-11-23 → 2026-11-24"),
            ("Owners", "Robin Vale, Sam Okoye", "Robin Vale, Sam Okoye"),
            ("Done", "yes", "Yes"),
            ("Email", "", ""),
        ],
    )
    def test_cell_is_saved(
        self, notion: Sandbox, browser: Browser, source: str, page: str, name: str, typed: str, value: object
    ) -> None:
        said = browser.send("/_sandbox/edit", id=page, **{f"p:{property_id(notion, source, name)}": typed})

        assert said == "Saved."
        assert notion.values_of(page)[name] == value

    @pytest.mark.parametrize(
        ("name", "typed"),
        [("Number", "many"), ("Due", "soon"), ("Due", "2026-11-23 → 2026-11-24 09:00"), ("Owners", "Nobody")],
    )
    def test_senseless_text_is_explained(
        self, notion: Sandbox, browser: Browser, source: str, page: str, name: str, typed: str
    ) -> None:
        said = browser.send("/_sandbox/edit", id=page, **{f"p:{property_id(notion, source, name)}": typed})

        assert said.startswith("wrong: ")

    def test_script_gets_a_plain_answer(self, notion: Sandbox, source: str, page: str) -> None:
        caller = Caller(notion)
        body = urlencode({"id": page, f"p:{property_id(notion, source, 'Number')}": "many"}).encode()

        caller.connection.request("POST", "/_sandbox/edit", body, FORM | {"Accept": "text/plain"})
        answer = caller.connection.getresponse()

        assert (answer.status, answer.read().decode()) == (400, "Number: 'many' is no number.")

    def test_unchanged_form_is_no_edit(self, notion: Sandbox, browser: Browser, source: str, page: str) -> None:
        email = property_id(notion, source, "Email")
        notion.clock.advance(minutes=9)

        said = browser.send("/_sandbox/edit", id=page, **{f"p:{email}": "ada@example.org"})

        assert said == "Nothing was different."
        assert notion.workspace.pages[page].edited.minute == 0

    def test_form_does_not_undo_what_others_changed_meanwhile(
        self, notion: Sandbox, browser: Browser, source: str, page: str
    ) -> None:
        email, name = property_id(notion, source, "Email"), "title"
        notion.person_edits(page, {"Email": "meanwhile@example.org"})

        form = {f"p:{email}": "ada@example.org", f"o:{email}": "ada@example.org", f"p:{name}": "B", f"o:{name}": "Ada"}
        browser.send("/_sandbox/edit", id=page, **form)

        values = notion.values_of(page)
        assert (values["Name"], values["Email"]) == ("B", "meanwhile@example.org")

    def test_row_is_added(self, notion: Sandbox, browser: Browser, source: str) -> None:
        browser.send("/_sandbox/rows", id=source, **{"p:title": "Grace", f"p:{property_id(notion, source, 'Due')}": ""})

        assert [notion.values_of(one)["Name"] for one in notion.pages_of(source)] == ["Grace"]

    def test_page_is_trashed_and_restored(self, notion: Sandbox, browser: Browser, source: str, page: str) -> None:
        browser.send("/_sandbox/act", id=page, act="trash")
        gone = notion.pages_of(source)
        browser.send("/_sandbox/act", id=page, act="restore")

        assert (gone, notion.pages_of(source)) == ([], [page])

    @pytest.mark.parametrize("act", ["copy", "content", "unshare", "share", "erase"])
    def test_other_doings_work(self, browser: Browser, page: str, act: str) -> None:
        assert not browser.send("/_sandbox/act", id=page, act=act).startswith("wrong")

    def test_page_is_moved(self, notion: Sandbox, browser: Browser, page: str) -> None:
        other = notion.create_database("Other", {"Name": "title"})

        browser.send("/_sandbox/act", id=page, act="move", to=bare(other.data_source_id))

        assert notion.pages_of(other.data_source_id) == [page]

    def test_unknown_doing_is_explained(self, browser: Browser, page: str) -> None:
        assert browser.send("/_sandbox/act", id=page, act="paint") == "wrong: There is no 'paint'."


class TestSchema:
    def change(self, browser: Browser, notion: Sandbox, source: str, act: str, name: str = "Email", **more: str) -> str:
        return browser.send("/_sandbox/schema", id=source, act=act, property=property_id(notion, source, name), **more)

    def names(self, notion: Sandbox, source: str) -> dict[str, str]:
        return {prop.name: prop.type for prop in notion.workspace.sources[source].properties.values()}

    def test_column_is_renamed(self, notion: Sandbox, browser: Browser, source: str) -> None:
        about = {"id": source, "act": "rename", "property": property_id(notion, source, "Email")}

        browser.send("/_sandbox/schema", **about, name="Mail")

        assert self.names(notion, source)["Mail"] == "email"

    def test_column_is_retyped(self, notion: Sandbox, browser: Browser, source: str) -> None:
        self.change(browser, notion, source, "retype", type="rich_text")

        assert self.names(notion, source)["Email"] == "rich_text"

    def test_column_is_removed(self, notion: Sandbox, browser: Browser, source: str) -> None:
        self.change(browser, notion, source, "remove")

        assert "Email" not in self.names(notion, source)

    def test_column_is_added(self, notion: Sandbox, browser: Browser, source: str) -> None:
        browser.send("/_sandbox/schema", id=source, act="add", name="Extra", type="url")

        assert self.names(notion, source)["Extra"] == "url"

    def test_column_needs_a_name(self, browser: Browser, source: str) -> None:
        assert browser.send("/_sandbox/schema", id=source, act="add", name=" ", type="url") == "wrong: It needs a name."

    def test_columns_are_shown(self, browser: Browser, source: str) -> None:
        seen = browser.see(f"/schema/{bare(source)}")

        assert all(name in seen for name in ("Email", "Choices", "Progress"))


class TestFaultsAndWebhook:
    def test_button_makes_a_fault(self, notion: Sandbox, browser: Browser) -> None:
        browser.send("/_sandbox/faults", kind="rate_limited", times="1", seconds="5")

        assert (notion.faults.active[0].kind, notion.faults.active[0].seconds) == (faults.RATE_LIMITED, 5.0)
        assert "rate_limited" in browser.see("/faults")

    def test_every_button_of_the_page_works(self, notion: Sandbox, browser: Browser) -> None:
        forms = re.findall(r'<form method="post" action="/_sandbox/faults"[^>]*>(.*?)</form>', browser.see("/faults"))

        said = [
            browser.send("/_sandbox/faults", **dict(re.findall(r'name="(\w+)" value="([^"]*)"', one))) for one in forms
        ]

        assert len(said) >= 9
        assert set(said) == {"So be it."}

    def test_button_clears_the_faults(self, notion: Sandbox, browser: Browser) -> None:
        notion.faults.add(faults.OVERLOAD)

        browser.send("/_sandbox/faults", clear="1")

        assert notion.faults.active == []

    def test_senseless_fault_is_explained(self, browser: Browser) -> None:
        assert browser.send("/_sandbox/faults", kind="plague").startswith("wrong: Unknown kind")

    def test_program_sets_faults_as_json(self, notion: Sandbox) -> None:
        caller, kind = Caller(notion), {"Content-Type": "application/json"}
        body = json.dumps({"kind": "overload", "probability": 0.25}).encode()

        added = caller.send("POST", "/_sandbox/faults", body, kind)
        cleared = caller.send("DELETE", "/_sandbox/faults", None, {})

        assert added.body["faults"][0]["probability"] == 0.25
        assert (added.status, cleared.status, notion.faults.active) == (200, 200, [])

    def test_program_reads_the_record(self, notion: Sandbox, raw: Caller) -> None:
        raw.get("users/me")

        reply = raw.send("GET", "/_sandbox/requests", None, {})

        assert [one["path"] for one in reply.body] == ["/v1/users/me"]

    def test_form_from_another_site_is_refused(self, notion: Sandbox) -> None:
        headers = FORM | {"Sec-Fetch-Site": "cross-site"}

        assert Caller(notion).send("POST", "/_sandbox/faults", b"kind=overload", headers).status == 403

    def test_webhook_is_subscribed_and_confirmed(self, notion: Sandbox, browser: Browser) -> None:
        with Receiver() as receiver:
            browser.send("/_sandbox/webhook", act="subscribe", url=receiver.url)
            token = receiver.events[0]["verification_token"]
            seen = browser.see("/webhook")
            said = browser.send("/_sandbox/webhook", act="confirm", token=token)

        assert token in seen
        assert said == "Events flow from now on."
        assert notion.webhooks.active

    def test_wrong_token_is_explained(self, browser: Browser) -> None:
        said = browser.send("/_sandbox/webhook", act="confirm", token="x")

        assert said == "wrong: That is not the token that was sent."

    def test_address_where_nobody_listens_is_explained(self, browser: Browser) -> None:
        said = browser.send("/_sandbox/webhook", act="subscribe", url="http://127.0.0.1:9/x")

        assert said.startswith("wrong: http://127.0.0.1:9/x answered 0")

    def test_mischief_is_set(self, notion: Sandbox, browser: Browser) -> None:
        browser.send("/_sandbox/webhook", act="mischief", lose="0.2", double="0.1", delay="3", shuffle="on")

        mischief = notion.webhooks.mischief
        assert (mischief.lose, mischief.double, mischief.delay, mischief.shuffle) == (0.2, 0.1, 3.0, True)

    def test_redirect_stays_here(self, notion: Sandbox) -> None:
        caller = Caller(notion)
        body = urlencode({"kind": "overload", "back": "//evil.example.org/x"})

        caller.connection.request("POST", "/_sandbox/faults", body, FORM)
        answer = caller.connection.getresponse()

        assert answer.headers["Location"].startswith("/x?said=")
