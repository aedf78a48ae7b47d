"""Writes to the contact."""

from __future__ import annotations

from workflows.actions.base import ActionType, Lane


class SendEmail(ActionType):
    """The step's email, as it reads when it goes out."""

    name = "send_email"
    label = "Send an email"
    lane = Lane.OUTSIDE
    is_email = True
