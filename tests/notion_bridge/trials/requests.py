"""How many requests it takes: the first pull, a push of many changes, and passes when nothing happened."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from contacts.models import Contact
from notion_bridge import mapping
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials.figures import Figure, at_most, exactly
from tests.notion_bridge.trials.stage import Stage
from tests.notion_bridge.trials.words import Words

PEOPLE, CHANGED = 191, 40
IDLE = 3  # passes, five minutes apart


def run(stage: Stage, *, people: int = PEOPLE, changed: int = CHANGED, seed: int = 1) -> list[Figure]:
    """So many people are pulled; so many of them change here, each twice; then nothing happens."""
    stage.clear()
    with Sandbox(seed=seed) as sandbox:
        ids = bridge.connect(sandbox, stage.settings)
        _type(sandbox, ids["contacts"], people, seed)
        pulled = _requests_of(sandbox, lambda: bridge.sync(pull=True, push=False), ids)
        numbered = _requests_of(sandbox, bridge.sync, ids)
        bridge.let_pass(sandbox, minutes=5)
        pushed = _requests_of(sandbox, lambda: _change(changed), ids)
        idle = [_requests_of(sandbox, lambda: _nothing_for_five_minutes(sandbox), ids) for _ in range(IDLE)]
    return [
        Figure("people in Notion", people),
        Figure(
            "people here after the first pull", Contact.objects.count(), str(people), Contact.objects.count() == people
        ),
        exactly("queries of the first pull for them", pulled["contacts"], -(-people // 100)),
        Figure("writes that carry our ids there", numbered["writes"]),
        Figure("objects changed here, twice each", changed),
        at_most("writes for them", pushed["writes"], changed + 1),
        *(exactly(f"queries of idle pass {n}, {kind}", one[kind], 1) for n, one in enumerate(idle, 1) for kind in ids),
        exactly("writes of all idle passes", sum(one["writes"] for one in idle), 0),
    ]


def _type(sandbox: Sandbox, source_id: str, people: int, seed: int) -> None:
    """Some minutes ago."""
    words = Words(random.Random(seed))
    sandbox.clock.advance(minutes=-5)
    for _ in range(people):
        about = {name: make() for name, make in words.contact().items()}
        labels = {mapping.field_of("contacts", name).label: value for name, value in about.items()}
        sandbox.person_creates(source_id, labels)
    sandbox.clock.advance(minutes=5)


def _change(changed: int) -> None:
    for contact in Contact.objects.order_by("pk")[:changed]:
        bridge.edit(contact, company="Somewhere", job_title="Something")
        bridge.edit(contact, company="Elsewhere")
    bridge.sync()


def _nothing_for_five_minutes(sandbox: Sandbox) -> None:
    bridge.let_pass(sandbox, minutes=5)
    bridge.sync()


def _requests_of(sandbox: Sandbox, work: Callable[[], object], ids: Mapping[str, str]) -> dict[str, int]:
    sandbox.requests.clear()
    work()
    queries = {kind: sandbox.requests.count("POST", f"/v1/data_sources/{source}/query") for kind, source in ids.items()}
    return {**queries, "writes": sandbox.requests.writes()}
