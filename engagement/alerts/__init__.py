"""Calls for a colleague's attention: raised, acknowledged, brought to people's mailboxes, followed live."""

from __future__ import annotations

from engagement.alerts.deliveries import deliver_waiting, run_pump_step
from engagement.alerts.feed import Feed, since
from engagement.alerts.raising import acknowledge, raise_alert

__all__ = ["Feed", "acknowledge", "deliver_waiting", "raise_alert", "run_pump_step", "since"]
