"""What an action type is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from workflows.models import ScheduledAction

Lane = ScheduledAction.Lane
Result = dict[str, Any]


class ActionType:
    """One thing that a workflow can do, with all that the engine and the desk have to know of it.

    Of the lane INSIDE are those that only write to our own database, by `perform_many`. Those of the lane OUTSIDE hand
    something over to the world; workflows.execution leads them through prepare, intent and result.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    lane: ClassVar[Lane]
    is_step: ClassVar[bool] = True
    """Whether staff choose it for a step; otherwise only the engine plans it."""
    is_email: ClassVar[bool] = False
    """Whether it writes to the contact."""
    may_yield: ClassVar[bool] = False
    """Whether `why_yields` is asked, which costs a lock on the contact."""

    def perform_many(self, actions: Sequence[ScheduledAction], now: dt.datetime) -> list[Result]:
        """Do them, within the transaction that settles them; the result of each, in their order.

        They come with step, target and instance, with its contact and template. Done again it makes nothing twice.
        """
        raise NotImplementedError

    def why_not(self, action: ScheduledAction) -> str:
        """Why the action is not to be done any more, in words; empty when it is."""
        status = action.instance.contact.status
        return f"The contact is {status.name}." if status.blocks_contact else ""

    def why_yields(self, action: ScheduledAction) -> str:
        """Why it steps back at the last moment, judged in the intent's transaction with the contact locked."""
        return ""
