"""How long a change takes to the other side, with real workers, a real web server, and the default rate."""

from __future__ import annotations

import datetime as dt
import os
import time
import uuid
from collections.abc import Callable

from contactflow.core.clock import database_now
from contacts.models import Contact
from notion_bridge import monitoring, webhooks
from notion_bridge.models import PageLink
from tests.benchmarks import measures, stand
from tests.benchmarks.measures import percentile
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials.figures import Figure
from tests.notion_bridge.trials.stage import Stage

CHANGES, PEOPLE = 30, 20
FROM_NOTION, TO_NOTION = 2.0, 5.0  # seconds, the medians that are promised
PATIENCE = 60
PAUSE = 3.0  # seconds between changes: the queue is empty and the budget full again


def run(stage: Stage, *, changes: int = CHANGES, say: Callable[[str], None] = print) -> list[Figure]:
    """So many changes each way, one at a time."""
    stage.clear()
    with Sandbox() as sandbox:
        ids = bridge.connect(sandbox, stage.settings)
        for number in range(PEOPLE):
            sandbox.person_creates(ids["contacts"], {"First Name": f"P{number}", "Email": f"p{number}@example.org"})
        bridge.sync()
        os.environ |= _environment(sandbox, stage)
        with stand.web_server() as port, measures.workers():
            _subscribe(sandbox, port)
            monitoring.switch(on=True, actor="robin", now=database_now())
            sandbox.webhooks.start()
            time.sleep(PAUSE * 2)
            from_notion = [_from_notion(sandbox) for _ in range(changes)]
            say(f"from Notion: {' '.join(f'{one:.1f}' for one in from_notion)}")
            to_notion = [_to_notion(sandbox) for _ in range(changes)]
            say(f"to Notion: {' '.join(f'{one:.1f}' for one in to_notion)}")
    return [
        *_of("changed in Notion, visible here", from_notion, FROM_NOTION),
        *_of("changed here, visible in Notion", to_notion, TO_NOTION),
        Figure("requests before Retry-After had passed", len(sandbox.requests.violations())),
    ]


def _environment(sandbox: Sandbox, stage: Stage) -> dict[str, str]:
    """For the processes, with the default rate."""
    named = stage.settings.NOTION_DATABASES
    return {
        "NOTION_API_KEY": sandbox.key,
        "NOTION_BASE_URL": sandbox.url,
        "NOTION_REQUESTS_PER_SECOND": "3",
        "NOTION_CONTACTS_PROFILES_DB": named["contacts"],
        "NOTION_TASKS_DB": named["tasks"],
        "NOTION_ACTIVE_WORKFLOW_INSTANCES_DB": named["instances"],
    }


def _subscribe(sandbox: Sandbox, port: int) -> None:
    webhooks.open_window(until=database_now() + dt.timedelta(minutes=5))
    token = sandbox.subscribe(f"http://127.0.0.1:{port}/contact-workflows/notion-webhook")
    assert sandbox.confirm(token)


def _from_notion(sandbox: Sandbox) -> float:
    link, word = _anybody(), uuid.uuid4().hex
    began = time.monotonic()
    sandbox.person_edits(str(link.page_id), {"Company": word})
    return _seconds_until(lambda: Contact.objects.filter(pk=link.object_key, company=word).exists(), began)


def _to_notion(sandbox: Sandbox) -> float:
    link, word = _anybody(), uuid.uuid4().hex
    began = time.monotonic()
    bridge.edit(Contact.objects.get(pk=link.object_key), company=word)
    return _seconds_until(lambda: sandbox.values_of(str(link.page_id))["Company"] == word, began)


def _anybody() -> PageLink:
    return PageLink.objects.filter(state=PageLink.State.LINKED, contact__isnull=False).order_by("?")[0]


def _seconds_until(came_true: Callable[[], bool], began: float) -> float:
    while not came_true():
        if time.monotonic() - began > PATIENCE:
            break
        time.sleep(0.02)
    seconds = time.monotonic() - began
    time.sleep(PAUSE)
    return seconds


def _of(what: str, seconds: list[float], goal: float) -> list[Figure]:
    median = percentile(seconds, 0.5)
    return [
        Figure(f"{what}: median, s", median, f"< {goal:g}", median < goal),
        Figure(f"{what}: p95, s", percentile(seconds, 0.95)),
        Figure(f"{what}: longest, s", max(seconds)),
        Figure(f"{what}: changes", len(seconds)),
    ]
