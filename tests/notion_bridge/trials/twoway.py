"""Both sides are edited at random, events are lost, doubled and shuffled: both sides end equal, and nothing is lost."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from contactflow.core.clock import database_now
from notion_bridge import monitoring, syncing, webhooks
from notion_bridge.models import NotionDatabase, PageLink, SyncConflict, SyncEntry, SyncProblem
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials import colleagues
from tests.notion_bridge.trials.figures import Figure, exactly
from tests.notion_bridge.trials.stage import Stage
from tests.notion_bridge.trials.witness import Witness
from tests.notion_bridge.trials.words import Words
from workflows import enrolment
from workflows.models import WorkflowTemplate

SEEDS, OPERATIONS = 20, 500
UUID_ = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LOST, DOUBLED, LATE = 0.2, 0.2, 0.3
STEP = 0.22  # the chance of a step of the bridge after an edit
WORKFLOWS = ("the7space_artist_discovery", "website_lead_nurturing")
SKEWS = (0.0, 20.0, -20.0)  # seconds that Notion's clock is off


@dataclass
class Outcome:
    """What the seeds together came to."""

    operations: int = 0
    steps: int = 0
    conflicts: int = 0
    recorded: int = 0
    told: int = 0
    idle_writes: int = 0
    drift: int = 0
    requests: int = 0
    losses: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)

    def figures(self) -> list[Figure]:
        return [
            Figure("operations", self.operations),
            Figure("steps of the bridge in between", self.steps),
            Figure("requests", self.requests),
            Figure("pages", ", ".join(f"{number} {state}" for state, number in sorted(self.states.items()))),
            Figure("conflict records", self.conflicts),
            Figure("overwritten values found in one", self.recorded),
            exactly("overwritten values without a record", len(self.losses), 0),
            exactly("fields unequal after two passes", len(self.differences), 0),
            Figure("fields unequal, and staff were told why", self.told),
            exactly("drift that only a full pass finds", self.drift, 0),
            exactly("writes of three idle passes", self.idle_writes, 0),
        ]


def run(
    stage: Stage, *, seeds: int = SEEDS, operations: int = OPERATIONS, say: Callable[[str], None] = print
) -> Outcome:
    """So many towns, each with so many edits. `say` hears of progress and of whatever is not as it should be."""
    outcome = Outcome()
    for seed in range(1, seeds + 1):
        stage.clear()
        with Sandbox(seed=seed) as sandbox:
            town = Town(stage, sandbox, seed)
            town.live(operations)
            town.settle(outcome)
        say(f"seed {seed}: {town.summary}")
        for line in town.wrong:
            say(f"  {line}")
    return outcome


class Town:
    """Colleagues on both sides of one bridge."""

    def __init__(self, stage: Stage, sandbox: Sandbox, seed: int) -> None:
        self.stage, self.sandbox = stage, sandbox
        self.chance = random.Random(seed)
        self.ids = bridge.connect(sandbox, stage.settings)
        WorkflowTemplate.objects.exclude(slug__in=WORKFLOWS).update(active=False)  # or most pages would be instances
        stage.time.begin(sandbox, skew=SKEWS[seed % len(SKEWS)])
        sandbox.webhooks.active = True
        words = Words(self.chance)
        self.local = colleagues.Here(self.chance, words)
        self.remote = colleagues.There(sandbox, self.ids, self.chance, words)
        self.remote.roles = self.local.roles
        self.witness = Witness(sandbox, self.ids)
        self.late: list[Any] = []
        self.history: list[str] = []
        self.operations = self.steps = 0
        self.summary = ""
        self.wrong: list[str] = []

    def live(self, operations: int) -> None:
        bridge.sync()
        monitoring.switch(on=True, actor="robin", now=database_now())
        self.witness.begin()
        sides = [*self.local.doings(), *self.remote.doings()]
        while self.operations < operations:
            self.history.append(colleagues.act(sides, self.chance))
            self.operations += 1
            self._let_time_pass()
            if self.chance.random() < STEP:
                self._step()

    def settle(self, outcome: Outcome) -> None:
        for name in ("last pass", "pass after it"):
            self._watched(name, bridge.sync)
        differences, told = self.witness.differences()
        idle = self._writes_of(bridge.sync, times=3)
        self._watched("full pass", lambda: bridge.sync(full=True))
        drift = sum(int(one.full_pass.get("drift", 0)) for one in NotionDatabase.objects.all())
        idle += self._writes_of(self._turn, times=1)
        states = Counter(PageLink.objects.values_list("state", flat=True))
        self.summary = f"{self.operations} operations, {self.steps} steps, {len(self.sandbox.requests)} requests, "
        self.summary += f"{dict(states)}, {SyncConflict.objects.count()} conflicts, {self.witness.recorded} found, "
        self.summary += f"{SyncProblem.objects.count()} problems, idle writes {idle}, drift {drift}"
        self.wrong = [line for one in [*self.witness.losses, *differences] for line in (one, *self._history_of(one))]
        outcome.operations += self.operations
        outcome.steps += self.steps
        outcome.conflicts += SyncConflict.objects.count()
        outcome.recorded += self.witness.recorded
        outcome.told += told
        outcome.idle_writes += idle
        outcome.drift += drift
        outcome.requests += len(self.sandbox.requests)
        outcome.losses += self.witness.losses
        outcome.differences += differences
        outcome.states += states

    def _history_of(self, finding: str) -> list[str]:
        """What people and the bridge did with the rows and pages that a finding names."""
        named = set(UUID_.findall(finding))
        pages = PageLink.objects.filter(Q(page_id__in=named) | Q(object_key__in=named))
        named |= {str(one) for pair in pages.values_list("page_id", "object_key") for one in pair}
        doings = [f"    {at} {done}"[:160] for at, done in enumerate(self.history) if named & set(UUID_.findall(done))]
        entries = SyncEntry.objects.filter(link__in=pages).order_by("id")
        return doings + [f"    {one.direction} {one.what} {one.fields}"[:160] for one in entries]

    def _writes_of(self, work: Callable[[], object], *, times: int) -> int:
        before = self.sandbox.requests.writes()
        for _ in range(times):
            self.stage.time.pass_by(self.sandbox, 300)
            work()
        return self.sandbox.requests.writes() - before

    # Steps of the bridge

    def _step(self) -> None:
        step = self.chance.choices([self._turn_cut_short, self._turn, self._pass, self._full_pass], [10, 10, 3, 0.5])[0]
        self._deliver_events()
        enrolment.enrol_waiting(now=database_now())
        self._watched(step.__name__, step)

    def _watched(self, name: str, step: Callable[[], object]) -> None:
        self.witness.before_a_step()
        step()
        self.witness.after_a_step(f"{self.operations} {name}")
        self.history.append(f"bridge: {name}")
        self.steps += 1

    def _turn(self) -> None:
        syncing.run_pump_step(time.monotonic() + 20)

    def _turn_cut_short(self) -> None:
        syncing.run_pump_step(time.monotonic() + self.chance.uniform(0, 0.1))

    def _pass(self) -> None:
        bridge.sync()

    def _full_pass(self) -> None:
        bridge.sync(full=True)

    # The world between the steps

    def _deliver_events(self) -> None:
        """As Notion does it: some are lost, some come twice, some late, none in order."""
        events = [one for one in self.sandbox.events() if self.chance.random() >= LOST] + self.late
        self.late = [one for one in events if self.chance.random() < LATE]
        arriving = [one for one in events if one not in self.late]
        arriving += [one for one in arriving if self.chance.random() < DOUBLED]
        self.chance.shuffle(arriving)
        for event in arriving:
            webhooks.store(event=event, body=json.dumps(event).encode())

    def _let_time_pass(self) -> None:
        dice = self.chance.random()
        seconds = 0.0
        if dice < 0.5:
            seconds = self.chance.uniform(0, 20)
        elif dice < 0.6:
            seconds = self.chance.uniform(60, 300)
        elif dice < 0.61:
            seconds = self.chance.uniform(3_600, 40_000)
        if seconds:
            self.stage.time.pass_by(self.sandbox, seconds)
