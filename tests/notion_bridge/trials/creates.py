"""Thousands of pages are created while answers are lost and requests refused: none twice, none missing, none wasted."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable

from contacts.models import Contact, ContactStatus
from notion_bridge.models import PageLink
from notion_bridge.sandbox import faults
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials.figures import Figure, at_most, exactly
from tests.notion_bridge.trials.stage import Stage

CREATES = 5_000
MOST_CALLS = 1.3  # of the least number
PASSES = 10
INDEX_LAG, LOOK_UP = 2.0, 3  # seconds: a query by property lags behind, and we wait for it
CREATION = {"method": "POST", "path": "/v1/pages"}


def run(stage: Stage, *, creates: int = CREATES, seed: int = 1, say: Callable[[str], None] = print) -> list[Figure]:
    """So many people here get their pages."""
    stage.clear()
    with Sandbox(seed=seed) as sandbox:
        ids = bridge.connect(sandbox, stage.settings)
        stage.time.begin(sandbox)
        stage.settings.NOTION_LOOK_UP_SECONDS = LOOK_UP
        bridge.sync()
        _meet(creates)
        _go_wrong(sandbox)
        sandbox.requests.clear()
        began = time.monotonic()
        passes = _push(say)
        seconds = time.monotonic() - began
        sandbox.faults.clear()
        return _figures(sandbox, ids["contacts"], creates, passes, seconds)


def _meet(creates: int) -> None:
    status = ContactStatus.objects.get(is_default=True)
    Contact.objects.bulk_create(
        Contact(email=f"{uuid.uuid4().hex}@example.org", first_name="Ada", status=status) for _ in range(creates)
    )


def _go_wrong(sandbox: Sandbox) -> None:
    sandbox.let_index_lag(INDEX_LAG)
    sandbox.faults.add(faults.CUT_AFTER, probability=0.05, **CREATION)
    sandbox.faults.add(faults.RATE_LIMITED, probability=0.05, seconds=1, **CREATION)
    sandbox.faults.add(faults.OVERLOAD, probability=0.025, seconds=1, **CREATION)
    sandbox.faults.add(faults.OVERLOAD, probability=0.025, **CREATION)
    for status in (500, 502, 503, 504):
        sandbox.faults.add(faults.ERROR_BEFORE, probability=0.0125, status=status, **CREATION)


def _push(say: Callable[[str], None]) -> int:
    for number in range(1, PASSES + 1):
        bridge.sync()
        left = PageLink.objects.filter(state=PageLink.State.CREATING).count()
        say(f"pass {number}: {left} without a page")
        if not left:
            break
    return number


def _figures(sandbox: Sandbox, source_id: str, creates: int, passes: int, seconds: float) -> list[Figure]:
    pages = [*sandbox.pages_of(source_id), *sandbox.pages_of(source_id, trashed=True)]
    carried = Counter(sandbox.values_of(page)["Contact ID"] for page in pages)
    struck = Counter(one.fault for one in sandbox.requests if one.fault)
    missing = sum(str(pk) not in carried for pk in Contact.objects.values_list("pk", flat=True))
    return [
        Figure("pages to create", creates),
        Figure("what went wrong", ", ".join(f"{number} {fault}" for fault, number in sorted(struck.items()))),
        exactly("objects with two pages", sum(number > 1 for number in carried.values()), 0),
        exactly("objects without a page", missing, 0),
        exactly("links not in step", PageLink.objects.exclude(state=PageLink.State.LINKED).count(), 0),
        Figure("calls", len(sandbox.requests)),
        at_most("calls for each page", len(sandbox.requests) / creates, MOST_CALLS),
        exactly("calls before Retry-After had passed", len(sandbox.requests.violations()), 0),
        Figure("passes", passes),
        Figure("seconds", seconds),
    ]
