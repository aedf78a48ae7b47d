"""The state in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from notion_bridge.sandbox import demonstration, storing
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.sandbox.callers import Caller
from tests.notion_bridge.sandbox.receivers import Receiver


def stored(sandbox: Sandbox, path: Path) -> Sandbox:
    """Another sandbox with the content of this one, by way of the file."""
    storing.save(path, sandbox.workspace, sandbox.webhooks)
    other = Sandbox()
    assert storing.load(path, other.workspace, other.webhooks)
    return other


def test_everything_is_as_it_was(notion: Sandbox, source: str, tmp_path: Path) -> None:
    page = notion.person_creates(
        source,
        {"Name": "Zoë 🎨", "Choices": ["Red"], "Due": "2026-11-23", "Owners": ["Robin Vale"], "Number": 1.5},
    )
    notion.unshare(page)

    other = stored(notion, tmp_path / "state.json")

    assert other.values_of(page) == notion.values_of(page)
    assert other.workspace.sources == notion.workspace.sources
    assert other.workspace.databases == notion.workspace.databases
    assert other.workspace.pages == notion.workspace.pages
    assert other.workspace.unshared == {page}


def test_answers_are_as_they_were(notion: Sandbox, source: str, page: str, tmp_path: Path) -> None:
    with stored(notion, tmp_path / "state.json") as other:
        before, after = (Caller(one).get(f"pages/{page}").body for one in (notion, other))

    assert before["properties"] == after["properties"]
    assert before["last_edited_time"] == after["last_edited_time"]


def test_new_ids_do_not_repeat_old_ones(notion: Sandbox, source: str, page: str, tmp_path: Path) -> None:
    other = stored(notion, tmp_path / "state.json")

    made = {other.person_creates(source, {}) for _ in range(50)}

    assert len(made) == 50
    assert page not in made


def test_subscription_is_kept(notion: Sandbox, page: str, tmp_path: Path) -> None:
    with Receiver() as receiver:
        notion.confirm(notion.subscribe(receiver.url))
        other = stored(notion, tmp_path / "state.json")
        other.person_edits(page, {"Number": 1})
        receiver.received.clear()

        other.deliver_now()

        assert receiver.received[0].is_signed_with(notion.webhooks.token)


def test_folder_is_made(notion: Sandbox, tmp_path: Path) -> None:
    storing.save(tmp_path / "a" / "b.json", notion.workspace, notion.webhooks)

    assert [one.name for one in (tmp_path / "a").iterdir()] == ["b.json"]


@pytest.mark.parametrize("content", [None, '{"version": 0}'])
def test_file_that_is_not_ours_is_left_alone(notion: Sandbox, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "state.json"
    if content is not None:
        path.write_text(content)

    assert storing.load(path, notion.workspace, notion.webhooks) is False


class TestDemonstration:
    @pytest.fixture
    def furnished(self) -> Sandbox:
        sandbox = Sandbox()
        demonstration.furnish(sandbox, people=30)
        return sandbox

    def test_ids_are_the_same_every_time(self, furnished: Sandbox) -> None:
        assert demonstration.place("contacts").database_id == "01e13234-c5ff-5713-8e59-50d4d373dfe6"
        assert set(furnished.workspace.databases) == {
            demonstration.place(kind).database_id for kind in demonstration.VARIABLES
        }

    def test_people_have_addresses_of_their_own(self, furnished: Sandbox) -> None:
        pages = furnished.pages_of(demonstration.place("contacts").data_source_id)

        emails = [furnished.values_of(page)["Email"] for page in pages]
        assert len(set(emails)) == 30
        assert all(email.endswith("@example.org") and email.isascii() for email in emails)

    def test_lines_for_the_environment_name_every_variable(self) -> None:
        with Sandbox() as sandbox:
            lines = dict(line.split("=", 1) for line in demonstration.env_lines(sandbox).splitlines())

        assert set(lines) == {"NOTION_API_KEY", "NOTION_BASE_URL", *demonstration.VARIABLES.values()}
