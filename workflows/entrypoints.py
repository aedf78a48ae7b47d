"""The doors that answer which workflows started: one transaction from the arrival to its instances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contacts import intake, reference_data
from contacts.intake import EnrolmentPolicy
from contacts.reference_data import ReferenceData
from workflows import active_workflows, enrolment, wake
from workflows.enrolment import Enrolment

Outcome = tuple[intake.Receipt | intake.Unchanged | intake.IntakeError, Enrolment]


class UnknownWorkflow(ValueError):
    """A caller named a workflow that does not exist or is not active; the message names the allowed ones."""


@dataclass(frozen=True)
class Answer:
    receipt: intake.Receipt
    enrolment: Enrolment


def apply(
    *,
    change: intake.Change,
    policy: EnrolmentPolicy = intake.ARRIVAL,
    now: dt.datetime,
    reference: ReferenceData | None = None,
) -> Answer:
    """Apply a change and start what follows from it by the policy.

    The same event key twice answers the same and starts nothing. Raises intake.IntakeError and UnknownWorkflow for bad
    input. `reference` saves asking for it again.
    """
    reference = reference or reference_data.load()
    if policy.mode == intake.Mode.NAMED:
        _require_known(policy.workflows, reference)
    command = intake.understand(change=change, policy=policy, now=now, reference=reference)
    answer = intake.apart_from_races(lambda: _apply([command], reference, now)[0])
    wake.on_commit()
    return Answer(receipt=_receipt(answer[0]), enrolment=answer[1])


def apply_many(
    *, changes: Iterable[intake.Change], policy: EnrolmentPolicy, now: dt.datetime, is_listed: bool = False
) -> list[Outcome]:
    """`apply` for many: an answer for each, in order, for a few statements together.

    What cannot be taken in is answered with its IntakeError and holds nobody up. In a baseline people about whom a
    list says nothing new are Unchanged and get no event.
    """
    reference = reference_data.load()
    refused: dict[int, intake.IntakeError] = {}
    commands: list[intake.Command] = []
    for position, change in enumerate(changes):
        try:
            commands.append(
                intake.understand(change=change, policy=policy, now=now, reference=reference, is_listed=is_listed)
            )
        except intake.IntakeError as error:
            refused[position] = error
    taken = iter(intake.apart_from_races(lambda: _apply(commands, reference, now)))
    if not policy.is_baseline:
        wake.on_commit()
    nothing = Enrolment(outcome=[])
    total = len(commands) + len(refused)
    return [(refused[position], nothing) if position in refused else next(taken) for position in range(total)]


def _apply(commands: Sequence[intake.Command], reference: ReferenceData, now: dt.datetime) -> list[Outcome]:
    """Judged first and written afterwards, so that an event is written once, with its outcome."""
    batch = intake.take_in(commands, reference)
    waiting = [one.event for one in batch.receipts if one.event.processed_at is None]
    decided = enrolment.decide(events=waiting, reference=reference, now=now, kept_out=batch.kept_out)
    batch.write()
    enrolment.store(decided, now=now)
    by_event = dict(zip((event.pk for event in waiting), decided, strict=True))
    return [(answer, _enrolment_of(answer, by_event, now)) for answer in batch.answers]


def _enrolment_of(
    answer: intake.Receipt | intake.Unchanged | intake.IntakeError, by_event: Mapping[UUID, Enrolment], now: dt.datetime
) -> Enrolment:
    if not isinstance(answer, intake.Receipt):
        return Enrolment(outcome=[])
    if answer.event.pk in by_event:
        return by_event[answer.event.pk]
    # It came before, and may have come through a door that enrols nobody; or it is a baseline, which starts nothing.
    return enrolment.enrol(event=answer.event, now=now) if answer.duplicate else Enrolment(outcome=[])


def _receipt(answer: intake.Receipt | intake.Unchanged | intake.IntakeError) -> intake.Receipt:
    if isinstance(answer, intake.IntakeError):
        raise answer
    if not isinstance(answer, intake.Receipt):
        raise TypeError("only lists are answered without an event")
    return answer


def _require_known(named: Sequence[str], reference: ReferenceData) -> None:
    allowed = sorted(one.template.slug for one in active_workflows.at(reference.revision))
    unknown = [slug for slug in named if slug not in allowed]
    if unknown:
        raise UnknownWorkflow(f"There is no active workflow {', '.join(unknown)}. Allowed: {', '.join(allowed)}.")
