"""Begins, judges and ends A/B tests."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from contactflow.core import clock
from contactflow.core.reasons import Reason, Refused
from engagement import publishing_checks
from engagement.experiments import outcomes, statistics, verdicts
from engagement.experiments.verdicts import Verdict
from engagement.models import EngagementTemplate, Experiment, Goal, TemplateVersion, Variant
from engagement.rendering import Words

KEYS = "ABCDE"
EVERY = dt.timedelta(minutes=10)  # how often a running test is judged
LATECOMERS = dt.timedelta(days=1)  # how long after the last person's time a test that is full waits for facts
FEWEST_SHIFTING = 1000  # with fewer people there is nothing to shift
Status = Experiment.Status


class NotPossible(Refused):
    """The test cannot begin, or has ended; engagement.describe says why."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to compare. `people` take part in all; `hold_out` of 100 get nothing; what they do within `window_hours`
    counts."""

    counts: str
    goal: Goal | None = None
    method: str = Experiment.Method.PLANNED
    people: int
    hold_out: int = 0
    window_hours: int = 72


@transaction.atomic
def start(
    *, template: EngagementTemplate, plan: Plan, others: Sequence[TemplateVersion], by: str, now: dt.datetime
) -> Experiment:
    """Compare what is published ("A") with other finished versions of the email. Raises NotPossible."""
    locked = EngagementTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    if reason := _why_not(locked, plan, others):
        raise NotPossible(reason)
    experiment = Experiment.objects.create(
        template=locked, started_at=now, looked_at=now, started_by=by[:150], **vars(plan)
    )
    pairs = zip(KEYS, [locked.current_version, *others], strict=False)
    Variant.objects.bulk_create(
        Variant(experiment=experiment, key=key, version=version) for key, version in pairs if version is not None
    )
    return experiment


def _why_not(template: EngagementTemplate, plan: Plan, others: Sequence[TemplateVersion]) -> Reason | None:
    current = template.current_version
    if current is None:
        return Reason.of("no_words", email=template.name)
    if not 1 <= len(others) < len(KEYS):
        return Reason.of("variants_count", most=len(KEYS) - 1)
    if any(one.is_draft or one.template_id != template.pk for one in others):
        return Reason.of("variants_unfinished")
    texts = [Words.of(one) for one in (current, *others)]
    if wrong := next((one for one in others if publishing_checks.refusals(Words.of(one))), None):
        return Reason.of("variant_refused", number=wrong.number)
    if any(one in texts[:number] for number, one in enumerate(texts)):
        return Reason.of("variants_alike")
    if plan.hold_out and not template.is_marketing:
        return Reason.of("hold_out_of_answers")
    if plan.counts == Experiment.Counts.GOAL and plan.goal is None:
        return Reason.of("goal_missing")
    if plan.method == Experiment.Method.SHIFTING and plan.people < FEWEST_SHIFTING:
        return Reason.of("too_few_to_shift", least=FEWEST_SHIFTING)
    if Experiment.objects.filter(template=template, status=Status.RUNNING).exists():
        return Reason.of("test_running", email=template.name)
    return None


def stop(*, experiment: Experiment, by: str, now: dt.datetime) -> bool:
    """Everybody gets the published words from now on; False when it had ended. What was counted stays to be read."""
    return _end(experiment, Status.STOPPED, Reason.of("stopped", by=by), by=by, now=now)


def stop_for_other_words(*, template: EngagementTemplate, by: str, now: dt.datetime) -> None:
    """Other words were published: what the test compares with is not sent any more."""
    for experiment in Experiment.objects.filter(template=template, status=Status.RUNNING):
        _end(experiment, Status.STOPPED, Reason.of("other_words", by=by), by=by, now=now)


def choose(*, variant: Variant, by: str, now: dt.datetime) -> None:
    """A colleague takes these words, and `publishing.publish_variant` sends them; a running test ends."""
    experiment = variant.experiment
    _end(experiment, Status.STOPPED, Reason.of("chosen", variant=variant.key, by=by), by=by, now=now)
    Experiment.objects.filter(pk=experiment.pk).update(winner=variant)


def judge(*, experiment: Experiment, now: dt.datetime) -> Verdict:
    """What the counts say now; nothing is stored."""
    found = outcomes.of(experiment, now=now)
    is_full = _is_full(experiment, now)
    if experiment.method == Experiment.Method.SHIFTING:
        return verdicts.judge_shifting(counts=outcomes.counts(found, is_even=True), is_full=is_full)
    return verdicts.judge_planned(
        counts=outcomes.counts(found), planned=experiment.people, looks=experiment.looks, is_full=is_full
    )


def run_pump_step(deadline: float) -> int:
    """Judge the running tests that were not looked at for a while."""
    done = 0
    now = clock.database_now()
    due = Experiment.objects.filter(status=Status.RUNNING, looked_at__lte=now - EVERY).order_by("looked_at")
    for experiment in due.select_related("template"):
        if time.monotonic() > deadline:
            break
        _look(experiment, now)
        done += 1
    return done


@transaction.atomic
def _look(given: Experiment, now: dt.datetime) -> None:
    experiment = Experiment.objects.select_for_update(of=("self",)).get(pk=given.pk)
    if not experiment.is_running:
        return
    verdict = judge(experiment=experiment, now=now)
    found = outcomes.counts(outcomes.of(experiment, now=now))
    experiment.looked_at, experiment.reason = now, verdict.reason.as_json()
    experiment.looks = max(experiment.looks, verdicts.look(counts=found, planned=experiment.people))
    if experiment.method == Experiment.Method.SHIFTING and min(one.people for one in found.values()) >= 1:
        experiment.shares = statistics.shifted(found, seed=int(now.timestamp()))
    experiment.save(update_fields=["looked_at", "reason", "looks", "shares"])
    if verdict.is_final:
        variants = {variant.key: variant for variant in experiment.variants.all()}
        status = Status.DECIDED if verdict.winner else Status.UNDECIDED
        _end(experiment, status, verdict.reason, winner=variants.get(verdict.winner), now=now)


def _is_full(experiment: Experiment, now: dt.datetime) -> bool:
    span = dt.timedelta(hours=experiment.window_hours)
    return experiment.filled_at is not None and experiment.filled_at + span + LATECOMERS < now


def _end(
    experiment: Experiment,
    status: str,
    reason: Reason,
    *,
    winner: Variant | None = None,
    by: str = "",
    now: dt.datetime,
) -> bool:
    rows = Experiment.objects.filter(pk=experiment.pk, status=Status.RUNNING)
    changes = {"status": status, "reason": reason.as_json(), "winner": winner, "ended_at": now, "ended_by": by[:150]}
    return bool(rows.update(**changes))
