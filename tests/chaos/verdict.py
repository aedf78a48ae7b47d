"""What became of every action, by our rows and by what the mail server has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.installation import Installation


@dataclass(frozen=True)
class Verdict:
    lost: int
    """Neither done nor said to be unclear, or done and nothing is there."""
    twice: int
    ambiguous: int
    ambiguous_arrived: int
    cut_off: int
    """Attempts that somebody else had to end, whatever became of the action."""
    ended_as: Counter[str] = field(default_factory=Counter)

    def holds(self, kills: int) -> bool:
        return self.lost == 0 and self.twice == 0 and self.ambiguous <= kills


def judge(installation: Installation) -> Verdict:
    arrived = Counter(str(message["Message-ID"]) for message in installation.sink.messages)
    mails = [(status, arrived[str(key)]) for status, key in installation.query(_MAILS)]
    every = [*mails, *installation.query(_TASKS)]
    unclear = [times for status, times in every if status == "ambiguous"]
    return Verdict(
        lost=sum(status != "ambiguous" and (status != "done" or not times) for status, times in every),
        twice=sum(times > 1 for _, times in every),
        ambiguous=len(unclear),
        ambiguous_arrived=sum(times > 0 for times in unclear),
        cut_off=installation.query(_CUT_OFF)[0][0],
        ended_as=Counter(status for status, _ in every),
    )


_MAILS = """
    SELECT action.status, message.message_id
    FROM workflows_scheduledaction AS action LEFT JOIN engagement_message AS message ON message.action = action.id
    WHERE action.action_type = 'send_email'
"""
_CUT_OFF = "SELECT count(*) FROM workflows_actionattempt WHERE outcome = 'ambiguous'"
_TASKS = """
    SELECT action.status, count(task.id)
    FROM workflows_scheduledaction AS action LEFT JOIN engagement_task AS task ON task.action = action.id
    WHERE action.action_type = 'create_task'
    GROUP BY action.id
"""
