"""When an instance is over."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection

from contactflow.core import prepared

# Locks the instance first: of two workers that finish its last two actions at once, the later one sees both final.
_LOCK = "SELECT status FROM workflows_workflowinstance WHERE id = %(id)s FOR NO KEY UPDATE"
_SETTLE = """
    UPDATE workflows_workflowinstance AS instance
    SET status = CASE WHEN actions.failed THEN 'failed' ELSE 'completed' END,
        ended_at = clock_timestamp(), updated_at = clock_timestamp()
    FROM (
        SELECT instance_id,
               bool_or(status IN ('pending', 'claimed', 'sending', 'ambiguous')) AS open,
               bool_or(status IN ('failed', 'dead')) AS failed
        FROM workflows_scheduledaction WHERE instance_id = ANY(%(ids)s::uuid[]) GROUP BY instance_id
    ) AS actions
    WHERE instance.id = actions.instance_id AND (instance.status = 'active') IS TRUE AND NOT actions.open
"""


def lock_instance(*, instance_id: uuid.UUID, skip_locked: bool = False) -> str:
    """Lock the instance for the rest of the transaction; returns its status. Always before its actions are written.

    With `skip_locked` an instance that somebody else holds is answered "" at once.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + " SKIP LOCKED" * skip_locked, {"id": instance_id})
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def settle_instance(*, instance_id: uuid.UUID) -> None:
    """End an active instance whose actions are all final: failed when one failed or is dead, else completed.

    The caller holds the lock of lock_instance, or commits before.
    """
    lock_instance(instance_id=instance_id)
    settle_instances(instance_ids=[instance_id])


def settle_instances(*, instance_ids: Iterable[uuid.UUID]) -> None:
    """The same for instances that the caller has locked."""
    prepared.rows(*settle_sql(instance_ids=instance_ids))


def settle_sql(*, instance_ids: Iterable[uuid.UUID]) -> tuple[str, dict[str, str]]:
    """What settle_instances runs, for contactflow.core.prepared."""
    return _SETTLE, {"ids": f"{{{','.join(map(str, instance_ids))}}}"}
