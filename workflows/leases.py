"""Who holds which action: claims, fences, intents and what becomes of leases that ran out.

Every moment is the database's: statement_timestamp() where an index is searched by it (clock_timestamp() is volatile
and would read every row), clock_timestamp() where a moment is written. A lease is a promise of the holder to be done by
then; the fence token, one per claim, lets only the last holder write.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import logging
import os
import socket
import time
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from contactflow.core import prepared
from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from contacts import consent
from contacts.models import Contact
from engagement import breakers, delivery, touches
from engagement.channels import registry
from engagement.dispatcher import CLAIM_LEASE, SENDING_LEASE
from workflows import failure_causes
from workflows.instance_state import lock_instance, settle_instance
from workflows.models import ActionAttempt, ScheduledAction

logger = logging.getLogger(__name__)

HAND_OVER_PATIENCE = 5.0  # seconds; a mail server that takes longer is in trouble
LONE_CRASHES_ALLOWED = 2  # the third makes an action dead


@dataclass(frozen=True)
class Claim:
    action_id: uuid.UUID
    token: int
    lane: str = ""


@dataclass(frozen=True)
class Intent:
    """A claim whose message is about to be handed over: where it goes, which brand speaks, and what it is.

    `letter` is stored with it (engagement.delivery.letter_of).
    """

    claim: Claim
    address: str
    brand_id: int | None
    is_marketing: bool = True
    kind: str = ""
    letter: Mapping[str, Any] | None = None


def holder_name() -> str:
    """This process, as it is written beside what it holds."""
    return f"{socket.gethostname()}:{os.getpid()}"


# A crash after this commit costs the lease time: the rows return to pending by reap(). One statement, so that no two
# holders can have the same row; SKIP LOCKED, so that they do not wait for each other.
_CLAIM = """
    UPDATE workflows_scheduledaction AS action
    SET status = 'claimed', lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
        token = nextval('workflows_fence'), held_by = %(holder)s
    FROM (
        SELECT waiting.id
        FROM workflows_scheduledaction AS waiting
        JOIN workflows_workflowinstance AS instance ON instance.id = waiting.instance_id
        WHERE waiting.status = 'pending' AND NOT waiting.paused AND {lane}
          AND waiting.next_attempt_at <= statement_timestamp() AND instance.status = 'active'
        ORDER BY waiting.next_attempt_at, waiting.due_at
        LIMIT %(limit)s
        FOR UPDATE OF waiting SKIP LOCKED
    ) AS due
    WHERE action.id = due.id
    RETURNING action.id, action.token, action.lane, action.due_at, action.position
"""
_INSIDE_LANE = "NOT waiting.suspect AND waiting.lane = 'inside'"
_OUTSIDE_LANE = "NOT waiting.suspect AND waiting.lane = 'outside'"
_NOT_PAUSED = """ AND NOT EXISTS (
    SELECT 1 FROM engagement_engagementtemplate AS email
    WHERE email.id = waiting.template_id AND email.channel = ANY(%(paused)s)
)"""
# What was held by a worker that died is tried alone, so that the one row that kills workers is found.
_SUSPECT_LANE = "waiting.suspect AND (waiting.lane = 'inside' OR %(outside)s)"

_RELEASE = """
    UPDATE workflows_scheduledaction SET status = 'pending', lease_until = NULL, token = NULL, held_by = ''
    WHERE id IN (
        SELECT action.id
        FROM workflows_scheduledaction AS action
        JOIN unnest(%(ids)s::uuid[], %(tokens)s::bigint[]) AS claim (id, token) USING (id, token)
        WHERE action.status = 'claimed'
        FOR UPDATE OF action SKIP LOCKED
    )
"""


def claim_inside(*, limit: int) -> list[Claim]:
    """Due work inside our database, oldest first."""
    return _claim(_INSIDE_LANE, limit)


def claim_outside(*, limit: int, paused: Sequence[str] = ()) -> list[Claim]:
    """Due work that leaves the house by a channel that is not paused, oldest first."""
    return _claim(_OUTSIDE_LANE + _NOT_PAUSED * bool(paused), limit, paused=list(paused))


def claim_suspect(*, outside: bool, paused: Sequence[str] = ()) -> list[Claim]:
    """At most one action that was held by a worker that died; of those that leave the house only if `outside`."""
    return _claim(_SUSPECT_LANE + _NOT_PAUSED * bool(paused), 1, outside=outside, paused=list(paused))


def release(claims: Iterable[Claim]) -> None:
    """Give back what was claimed and not begun; what somebody locks at this moment returns by its lease."""
    claims = list(claims)
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"ids": [one.action_id for one in claims], "tokens": [one.token for one in claims]})


_PUT_OFF = """
    UPDATE workflows_scheduledaction AS action
    SET status = 'pending', next_attempt_at = %(until)s, reason = %(reason)s, lease_until = NULL, token = NULL,
        held_by = ''
    FROM unnest(%(ids)s::uuid[], %(tokens)s::bigint[]) AS claim (id, token)
    WHERE action.id = claim.id AND action.token = claim.token AND action.status = 'claimed'
"""


def put_off(claims: Iterable[Claim], *, until: dt.datetime, reason: Reason) -> None:
    """Give them back, to be looked at again then; nothing was tried."""
    claims = list(claims)
    ids, tokens = [one.action_id for one in claims], [one.token for one in claims]
    values: dict[str, Any] = {"ids": ids, "tokens": tokens, "until": until, "reason": json.dumps(reason.as_json())}
    with connection.cursor() as cursor:
        cursor.execute(_PUT_OFF, values)


_MAY_GO = f"""(instance.status = 'active') IS TRUE AND contact.{{address}} = wanted.address
          AND NOT {touches.QUIET_SQL} AND NOT {breakers.STOPPED_SQL}"""
_INTENTS = """json_to_recordset(%(intents)s::json) AS intent (
    id uuid, token bigint, address text, brand_id bigint, is_marketing boolean, kind text, letter json
)"""
# A crash after this commit makes the actions ambiguous, which no machine sends again. One statement with every
# condition, so that nothing can change between looking and writing: the lease, the instance, the contact's address and
# permission. The attempts begin with it, and the letters are stored. No index is searched by what IS TRUE: rows are
# found by their ids, not among all that were claimed of late.
_BEGIN_SENDING = f"""
    WITH wanted AS (
        SELECT * FROM {prepared.few(_INTENTS)} AS wanted
    ), begun AS (
        UPDATE workflows_scheduledaction AS action
        SET status = 'sending', lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
            attempts = attempts + 1, started_at = COALESCE(action.started_at, clock_timestamp())
        FROM wanted, workflows_workflowinstance AS instance
            JOIN contacts_contact AS contact ON contact.id = instance.contact_id
            JOIN contacts_contactstatus AS status ON status.id = contact.status_id
        WHERE action.id = wanted.id AND action.token = wanted.token AND (action.status = 'claimed') IS TRUE
          AND action.lease_until > clock_timestamp() AND instance.id = action.instance_id AND {_MAY_GO}
          AND {consent.may_contact_sql(sent_lately=delivery.SENT_LATELY_SQL)}
        RETURNING action.id, action.token, action.attempts
    ), tried AS (
        INSERT INTO workflows_actionattempt (action_id, number, token, worker, started_at, outcome, reason)
        SELECT id, attempts, token, %(worker)s, clock_timestamp(), 'running', '{{{{}}}}' FROM begun
    ), stored AS (
        {delivery.STORE_SQL.format(letters="begun JOIN wanted USING (id)")}
    )
    SELECT begun.id, stored.action IS NULL AND wanted.letter IS NOT NULL
    FROM begun JOIN wanted USING (id) LEFT JOIN stored ON stored.action = begun.id
"""  # noqa: S608  conditions of ours


# Without the cap of one a week: what is being handed over counts there itself.
_STILL_HOLDS = f"""
    SELECT TRUE
    FROM workflows_scheduledaction AS action
    JOIN workflows_workflowinstance AS instance ON instance.id = action.instance_id
    JOIN contacts_contact AS contact ON contact.id = instance.contact_id
    JOIN contacts_contactstatus AS status ON status.id = contact.status_id
    CROSS JOIN (SELECT CAST(%(address)s AS text) AS address, CAST(%(brand)s AS bigint) AS brand_id,
                       CAST(%(marketing)s AS boolean) AS is_marketing, CAST(%(kind)s AS text) AS kind) AS wanted
    WHERE action.id = %(id)s AND action.token = %(token)s AND action.status = 'sending'
      AND {_MAY_GO} AND {consent.may_contact_sql()}
"""  # noqa: S608  conditions of ours


def begin_sending(intents: Sequence[Intent], *, channel: str) -> set[uuid.UUID]:
    """Turn claims into intents; the actions of those for which everything they were prepared for still holds.

    Raises SentBefore at the first whose letter went out before, or may have.
    """
    values: dict[str, Any] = {
        "intents": json.dumps([_row(intent) for intent in intents], ensure_ascii=False),
        "many": len(intents),
        "lease": SENDING_LEASE.total_seconds(),
        "channel": channel,
        "worker": holder_name(),
    }
    rows = prepared.rows(begin_sending_sql(channel=channel), values)
    delivery.refuse_sent_before([pk for pk, was_sent in rows if was_sent])
    return {pk for pk, _ in rows}


def _row(intent: Intent) -> dict[str, Any]:
    return {
        "id": str(intent.claim.action_id),
        "token": intent.claim.token,
        "address": intent.address,
        "brand_id": intent.brand_id,
        "is_marketing": intent.is_marketing,
        "kind": intent.kind,
        "letter": intent.letter,
    }


def still_holds(intent: Intent, *, channel: str) -> bool:
    """Whether what an intent judged a while ago holds."""
    values: dict[str, Any] = {
        "id": intent.claim.action_id,
        "token": intent.claim.token,
        "address": intent.address,
        "brand": intent.brand_id,
        "marketing": intent.is_marketing,
        "kind": intent.kind,
        "channel": channel,
    }
    return bool(prepared.rows(_STILL_HOLDS.format(address=_address_column(channel)), values))


@functools.cache
def begin_sending_sql(*, channel: str) -> str:
    """The statement, for a channel that reads the contact's address from a field of its own."""
    return _BEGIN_SENDING.format(address=_address_column(channel))


def _address_column(channel: str) -> str:
    field: Any = Contact._meta.get_field(registry.channel(channel).address_field)
    return connection.ops.quote_name(field.column)


def take_back(*, contacts: Collection[uuid.UUID]) -> None:
    """A step of settings.TAKE_BACK_STEPS: what is claimed for these people is asked again whether it may still go.

    Whoever claimed it finds its token gone, also in an intent that judged on what it saw before. One that was quicker
    is waited for here, and its actions are being handed over.
    """
    claimed = ScheduledAction.objects.filter(status=ScheduledAction.Status.CLAIMED)
    for pk in list(claimed.filter(instance__contact__in=contacts).values_list("pk", flat=True)):
        # Each alone, so that nobody waits for one while holding another; judged again once the row is ours.
        claimed.filter(pk=pk).update(status=ScheduledAction.Status.PENDING, lease_until=None, token=None, held_by="")


def await_hand_overs(*, contact_id: uuid.UUID, patience: float = HAND_OVER_PATIENCE) -> bool:
    """Wait until nothing is being handed over to a person; False where it takes longer than the patience."""
    sending = ScheduledAction.objects.filter(
        instance__contact=contact_id, status=ScheduledAction.Status.SENDING, lease_until__gt=Now()
    )
    until = time.monotonic() + patience
    while sending.exists():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def reap(*, limit: int = 100) -> int:
    """Settle leases that ran out; returns how many. Nothing had left from `claimed`; `sending` is ambiguous."""
    expired = ScheduledAction.objects.filter(status__in=["claimed", "sending"], lease_until__lt=Now())
    return sum(_reap_apart(pk) for pk in list(expired.order_by("lease_until").values_list("pk", flat=True)[:limit]))


def _reap_apart(pk: uuid.UUID) -> int:
    """A row that cannot be settled is logged and keeps no other from it."""
    try:
        return _reap_one(pk)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("the lease of action %s could not be settled", pk)
        return 0


def _claim(lane: str, limit: int, **values: Any) -> list[Claim]:
    values |= {"lease": CLAIM_LEASE.total_seconds(), "holder": holder_name(), "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(lane=lane), values)
        rows = sorted(cursor.fetchall(), key=lambda row: (row[3], row[4]))
    return [Claim(action_id=row[0], token=row[1], lane=row[2]) for row in rows]


def _reap_one(pk: uuid.UUID) -> int:
    with transaction.atomic():
        instance_id = ScheduledAction.objects.values_list("instance_id", flat=True).get(pk=pk)
        # An instance that somebody holds is left for the next round: a frozen holder must not freeze us.
        if not lock_instance(instance_id=instance_id, skip_locked=True):
            return 0
        action = (
            ScheduledAction.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(pk=pk, status__in=["claimed", "sending"], lease_until__lt=Now())
            .first()
        )
        if action is None:
            return 0
        if action.status == ScheduledAction.Status.SENDING:
            _make_ambiguous(action)
        else:
            _return_from_crash(action)
        settle_instance(instance_id=instance_id)
    return 1


def _make_ambiguous(action: ScheduledAction) -> None:
    reason = Reason.of("worker_cut_off")
    ActionAttempt.objects.filter(action=action, token=action.token or 0).update(
        outcome=ActionAttempt.Outcome.AMBIGUOUS, ended_at=Now(), reason=reason.as_json()
    )
    delivery.record_ambiguous(action.pk, reason=reason, now=database_now())
    _write(action, ScheduledAction.Status.AMBIGUOUS, reason)


def _return_from_crash(action: ScheduledAction) -> None:
    if action.suspect:
        action.lone_crashes += 1
    dead = action.lone_crashes > LONE_CRASHES_ALLOWED
    reason = Reason.of("worker_crashed", worker=action.held_by)
    ActionAttempt.objects.create(
        action=action,
        number=action.attempts + 1,
        token=action.token or 0,
        worker=action.held_by,
        outcome=ActionAttempt.Outcome.CRASHED,
        ended_at=Now(),
        reason=reason.as_json(),
    )
    action.suspect = True
    _write(action, ScheduledAction.Status.DEAD if dead else ScheduledAction.Status.PENDING, reason)


def _write(action: ScheduledAction, status: str, reason: Reason) -> None:
    action.status, action.reason = status, reason.as_json()
    action.lease_until, action.token, action.held_by = None, None, ""
    ScheduledAction.objects.filter(pk=action.pk).update(
        status=status,
        reason=reason.as_json(),
        cause="" if status == ScheduledAction.Status.PENDING else failure_causes.key_of(reason),
        lease_until=None,
        token=None,
        held_by="",
        suspect=action.suspect,
        lone_crashes=action.lone_crashes,
        finished_at=Now() if status == ScheduledAction.Status.DEAD else None,
    )
