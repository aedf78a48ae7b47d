"""Ours, but for how soon a cluster that gives no sign of life is replaced: a run should not wait minutes for it."""

from contactflow.settings import *  # noqa: F403

WORKER_PULSE_SECONDS = 1
WORKER_STUCK_SECONDS = 20
