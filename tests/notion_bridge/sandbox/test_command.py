"""`manage.py notion_sandbox`, as somebody at a terminal has it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from notion_client import Client

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[tuple[dict[str, str], str]]:
    """The command in a process of its own; the lines for .env and the page's address that it printed."""
    code = (
        "import sys; from pathlib import Path; from django.conf import settings; import django; django.setup();"
        f"settings.BASE_DIR = Path({str(folder)!r}); from django.core.management import call_command;"
        "call_command('notion_sandbox', *sys.argv[1:])"
    )
    command = [sys.executable, "-u", "-c", code, "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ))
    assert process.stdout is not None
    try:
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        found = re.search(r"http://127\.0\.0\.1:\d+/", printed)
        assert found
        yield dict(re.findall(r"^(\w+)=(.*)$", printed, re.MULTILINE)), found[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        process.stdout.close()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], str]]:
    with running(tmp_path_factory.mktemp("started"), "--people", "5") as found:
        yield found


def connect(env: dict[str, str]) -> Client:
    return Client(auth=env["NOTION_API_KEY"], base_url=env["NOTION_BASE_URL"], retry=False)


def test_printed_lines_connect_a_client(started: tuple[dict[str, str], str]) -> None:
    env, _ = started
    client = connect(env)

    database = client.databases.retrieve(env["NOTION_CONTACTS_PROFILES_DB"])

    assert len(client.data_sources.query(database["data_sources"][0]["id"])["results"]) == 5
    assert {"NOTION_TASKS_DB", "NOTION_ACTIVE_WORKFLOW_INSTANCES_DB"} < set(env)


def test_address_shows_the_page(started: tuple[dict[str, str], str]) -> None:
    with urllib.request.urlopen(started[1], timeout=10) as answer:
        seen = answer.read().decode()

    assert "Contacts &amp; Profiles" in seen
    assert "amara.nwosu@example.org" in seen


def test_taken_port_is_explained(started: tuple[dict[str, str], str], settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    port = started[1].rstrip("/").rpartition(":")[2]

    with pytest.raises(CommandError, match="Try --port"):
        call_command("notion_sandbox", "--port", port)


def test_content_and_ids_outlive_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as (before, _):
        client = connect(before)
        source = client.databases.retrieve(before["NOTION_TASKS_DB"])["data_sources"][0]["id"]
        made = client.pages.create(parent={"data_source_id": source}, properties={})["id"]

    with running(tmp_path) as (after, _):
        found = connect(after).pages.retrieve(made)

    assert found["id"] == made
    assert before | {"NOTION_BASE_URL": ""} == after | {"NOTION_BASE_URL": ""}
    assert json.loads((tmp_path / "var" / "notion_sandbox.json").read_text())["version"] == 2
