"""What went wrong and waits for a person: gathered by cause, and decided about many at a time.

A decision over many steps is a row, carried out in batches: the page that asks does the first, the pump what is left.
Steps are taken in the order of their ids, each looked at once, so that one that fails again is not tried for ever.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import BooleanField, Case, Count, F, Max, Min, Q, QuerySet, Value, When, Window
from django.db.models.functions import Coalesce, RowNumber

from contactflow.core.clock import database_now
from engagement.models import Message
from workflows import controls, failure_causes
from workflows.models import BulkDecision, ControlEntry, ScheduledAction

logger = logging.getLogger(__name__)

Status = ScheduledAction.Status
Verb = BulkDecision.Verb
OUTSIDE = ScheduledAction.Lane.OUTSIDE

NEEDS_PERSON = (Status.FAILED.value, Status.AMBIGUOUS.value, Status.DEAD.value)
GROUPS = 50  # causes shown; what is rarer waits its turn
EXAMPLES = 3  # of each cause
COUNT_WORKFLOWS_UP_TO = 1_000  # past so many steps, in how many workflows they are is not counted
AT_ONCE = 500  # steps the page does itself before it leaves the rest to the workers
CHOSEN = 500  # steps one can choose by hand
BATCH = 20

ALLOWED: dict[str, tuple[str, ...]] = {
    Verb.RETRY: (Status.FAILED, Status.DEAD, Status.SKIPPED),
    Verb.SKIP: (Status.PENDING, Status.FAILED, Status.DEAD),
    Verb.RESOLVE_SENT: (Status.AMBIGUOUS,),
    Verb.RESOLVE_NOT_SENT: (Status.AMBIGUOUS,),
}
CONTROLS: dict[str, Callable[..., None]] = {
    Verb.RETRY: controls.retry,
    Verb.SKIP: controls.skip,
    Verb.RESOLVE_SENT: partial(controls.resolve, sent=True),
    Verb.RESOLVE_NOT_SENT: partial(controls.resolve, sent=False),
}
SENDS = (Verb.RETRY, Verb.RESOLVE_NOT_SENT)
# The address is what is wrong: with the same one it fails again.
_OF_THE_ADDRESS = ("mailbox_unknown", "address_invalid", "domain_unknown")
_WENT_WRONG_AT = Coalesce("finished_at", "started_at", "due_at")
_IS_UNCLEAR = Case(When(status=Status.AMBIGUOUS, then=Value(True)), default=Value(False), output_field=BooleanField())


@dataclass(kw_only=True)
class Group:
    """Steps that went wrong for one cause, and are decided about alike."""

    cause: str
    is_unclear: bool
    steps: int
    since: dt.datetime
    latest: dt.datetime
    workflows: int = 0  # 0: too many steps to count them
    examples: list[ScheduledAction] = field(default_factory=list)  # the newest

    @property
    def explanation(self) -> failure_causes.Explanation:
        return failure_causes.explain(self.cause)

    @property
    def verbs(self) -> list[Verb]:
        return [Verb.RESOLVE_SENT, Verb.RESOLVE_NOT_SENT] if self.is_unclear else [Verb.RETRY, Verb.SKIP]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a decision would touch."""

    steps: int
    people: int
    workflows: int
    emails: int  # that would go out now, or as soon as a worker is free
    waiting: int  # steps of paused workflows: they are tried when somebody resumes them
    blocked: int  # steps that would be left out at once, because their contact must not be written to
    switched_off: int  # steps whose email is switched off: left out at once as well
    unchanged: int  # steps whose address was refused and is still the same
    cancelled: int  # steps that cannot be tried: their workflow was cancelled
    others: int  # chosen steps whose state does not allow it


def went_wrong() -> QuerySet[ScheduledAction]:
    """Every step that failed, gave up or is unclear."""
    return ScheduledAction.objects.filter(status__in=NEEDS_PERSON).order_by()


def groups(*, since: dt.datetime | None = None) -> list[Group]:
    """What went wrong by cause: the unclear first, then what happened most often. Served by action_by_cause.

    With `since`, what went wrong from then on, and everything unclear.
    """
    steps = went_wrong()
    if since is not None:
        steps = steps.annotate(at=_WENT_WRONG_AT).filter(Q(at__gte=since) | Q(status=Status.AMBIGUOUS))
    rows = (
        steps.values("cause", is_unclear=_IS_UNCLEAR)
        .annotate(steps=Count("*"), since=Min(_WENT_WRONG_AT), latest=Max(_WENT_WRONG_AT))
        .order_by("-is_unclear", "-steps", "cause")
    )
    found = [Group(**row) for row in rows[:GROUPS]]
    if sum(group.steps for group in found) <= COUNT_WORKFLOWS_UP_TO:
        _count_workflows(found, steps)
    _add_examples(found)
    return found


def preview(*, verb: str, cause: str = "", chosen: Iterable[uuid.UUID] = (), now: dt.datetime) -> Preview:
    """What the decision would touch if it were made now."""
    wanted = _wanted(cause=cause, chosen=list(chosen), before=now)
    possible = wanted.filter(status__in=ALLOWED[verb]).order_by()
    if verb == Verb.RETRY:
        possible = possible.exclude(instance__status="cancelled")
    blocked = Q(instance__contact__status__blocks_contact=True)
    off = Q(lane=OUTSIDE, template__active=False) & ~blocked
    goes = Q(lane=OUTSIDE) & ~Q(instance__status__in=["paused", "cancelled"]) & ~blocked & ~off
    counts = possible.aggregate(
        steps=Count("*"),
        people=Count("instance__contact", distinct=True),
        workflows=Count("instance__template", distinct=True),
        emails=Count("pk", filter=goes),
        waiting=Count("pk", filter=Q(instance__status="paused")),
        blocked=Count("pk", filter=blocked),
        switched_off=Count("pk", filter=off),
    )
    if verb not in SENDS:
        counts |= {"emails": 0, "waiting": 0, "blocked": 0, "switched_off": 0}
    tried = verb == Verb.RETRY
    cancelled = wanted.filter(status__in=ALLOWED[verb], instance__status="cancelled").count() if tried else 0
    return Preview(
        **counts,
        unchanged=_with_the_same_address(possible, cause) if verb in SENDS else 0,
        cancelled=cancelled,
        others=wanted.exclude(status__in=ALLOWED[verb]).count() if chosen else 0,
    )


def newest(*, cause: str = "", chosen: Iterable[uuid.UUID] = (), now: dt.datetime, limit: int) -> list[ScheduledAction]:
    """Some of the steps a decision is about, the newest first."""
    wanted = _wanted(cause=cause, chosen=list(chosen), before=now)
    return list(_with_relations(wanted).annotate(at=_WENT_WRONG_AT).order_by("-at", "pk")[:limit])


def carry_out(decision: BulkDecision, *, deadline: float, limit: int = AT_ONCE) -> int:
    """Do up to `limit` steps until time.monotonic() reaches `deadline`; returns how many were looked at."""
    looked_at = 0
    while looked_at < limit and time.monotonic() < deadline:
        did = _next_batch(decision.pk)
        looked_at += did
        if did < BATCH:
            break
    decision.refresh_from_db()
    return looked_at


def run_pump_step(deadline: float) -> int:
    """Carry on with what was decided, the oldest first; returns how many steps were looked at."""
    decision = BulkDecision.objects.filter(finished_at__isnull=True).order_by("decided_at").first()
    return carry_out(decision, deadline=deadline) if decision else 0


def lately(*, now: dt.datetime, limit: int = 5) -> list[BulkDecision]:
    """What is being carried out, and what was decided today."""
    rows = BulkDecision.objects.filter(decided_at__gte=now - dt.timedelta(days=7))
    recent = rows.filter(Q(finished_at__isnull=True) | Q(decided_at__gte=now - dt.timedelta(days=1)))
    return list(recent.order_by("-decided_at")[:limit])


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What has become of the steps of a decision by now."""

    counts: list[tuple[str, int]]  # of each state, in words
    steps: list[ScheduledAction]  # some of them


def outcome(decision: BulkDecision, *, limit: int) -> Outcome:
    """By the entries it left; read by control_newest_first, and no further than COUNT_WORKFLOWS_UP_TO."""
    entries = ControlEntry.objects.filter(
        verb=decision.verb, actor=decision.actor, reason=decision.reason, at__gte=decision.decided_at
    )
    if decision.finished_at:
        entries = entries.filter(at__lte=decision.finished_at)
    steps = ScheduledAction.objects.filter(
        pk__in=list(entries.values_list("action", flat=True)[:COUNT_WORKFLOWS_UP_TO])
    )
    counted = steps.order_by().values_list("status").annotate(count=Count("*")).order_by("-count", "status")
    return Outcome(
        counts=[(str(Status(status).label).lower(), count) for status, count in counted],
        steps=list(_with_relations(steps).annotate(at=_WENT_WRONG_AT).order_by("-at", "pk")[:limit]),
    )


@transaction.atomic
def _next_batch(decision_id: uuid.UUID) -> int:
    """One batch; a crash undoes it whole, and whoever comes next begins it again."""
    decision = BulkDecision.objects.select_for_update(skip_locked=True).filter(pk=decision_id, finished_at=None).first()
    if decision is None:
        return 0
    now = database_now()
    batch = _to_do(decision)
    # Instances are locked in one order, whoever locks several.
    done = sum(_do(decision, action, now) for action in sorted(batch, key=lambda one: one.instance_id))
    decision.done += done
    decision.refused += len(batch) - done
    decision.reached = batch[-1].pk if batch else decision.reached
    decision.finished_at = now if len(batch) < BATCH else None
    decision.save(update_fields=["done", "refused", "reached", "finished_at"])
    return len(batch)


def _to_do(decision: BulkDecision) -> list[ScheduledAction]:
    wanted = _wanted(cause=decision.cause, chosen=decision.chosen, before=decision.decided_at)
    wanted = wanted.filter(status__in=ALLOWED[decision.verb])
    if decision.reached is not None:
        wanted = wanted.filter(pk__gt=decision.reached)
    return list(wanted.order_by("pk")[:BATCH])


def _do(decision: BulkDecision, action: ScheduledAction, now: dt.datetime) -> bool:
    told: dict[str, Any] = {"action": action, "reason": decision.reason, "actor": decision.actor, "now": now}
    try:
        with transaction.atomic():
            CONTROLS[decision.verb](**told)
    except controls.NotPossible:
        return False
    except OperationalError:  # the database is away, or chose somebody else: the batch is begun again
        raise
    except Exception:  # one step must not hold up the others for ever
        logger.exception("decision %s leaves action %s as it is", decision.pk, action.pk)
        return False
    return True


def _wanted(*, cause: str, chosen: list[uuid.UUID], before: dt.datetime) -> QuerySet[ScheduledAction]:
    """What went wrong once more since is another matter, which nobody was asked about."""
    if chosen:
        steps = ScheduledAction.objects.filter(pk__in=chosen).annotate(at=_WENT_WRONG_AT)
        return steps.exclude(status__in=NEEDS_PERSON, at__gt=before)
    if not cause:
        return ScheduledAction.objects.none()  # nothing chosen is not everything
    return went_wrong().filter(cause__in=_names(cause)).annotate(at=_WENT_WRONG_AT).filter(at__lte=before)


def _names(cause: str) -> list[str]:
    """What failed before causes were kept, and left no word, has none."""
    return ["", "unknown"] if cause in ("", "unknown") else [cause]


def _with_the_same_address(steps: QuerySet[ScheduledAction], cause: str) -> int:
    if cause not in _OF_THE_ADDRESS:
        return 0
    refused = Message.objects.filter(action__in=steps.values("pk"), recipient=F("contact__email"))
    return refused.count()


def _count_workflows(found: list[Group], steps: QuerySet[ScheduledAction]) -> None:
    rows = steps.values_list("cause", _IS_UNCLEAR).annotate(Count("instance__template", distinct=True))
    counted = {(cause, is_unclear): count for cause, is_unclear, count in rows}
    for group in found:
        group.workflows = counted.get((group.cause, group.is_unclear), 0)


def _add_examples(found: list[Group]) -> None:
    numbered = went_wrong().annotate(
        is_unclear=_IS_UNCLEAR,
        place=Window(
            RowNumber(), partition_by=["cause", F("is_unclear")], order_by=[_WENT_WRONG_AT.desc(), F("pk").asc()]
        ),
    )
    newest_of_each = numbered.filter(place__lte=EXAMPLES).values_list("pk", flat=True)[: GROUPS * EXAMPLES]
    steps = _with_relations(ScheduledAction.objects.filter(pk__in=list(newest_of_each)))
    for action in steps.annotate(at=_WENT_WRONG_AT).order_by("-at", "pk"):
        for group in found:
            if group.cause == action.cause and group.is_unclear == (action.status == Status.AMBIGUOUS):
                group.examples.append(action)


def _with_relations(steps: QuerySet[ScheduledAction]) -> QuerySet[ScheduledAction]:
    return steps.select_related("step", "target", "template", "instance__contact", "instance__template")
