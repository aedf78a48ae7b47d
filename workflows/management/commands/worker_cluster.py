"""One django-q2 cluster, as the watchdog starts it."""

from __future__ import annotations

import os
import signal
from typing import Any

from django.core.management.base import BaseCommand
from django_q.cluster import Cluster

from contactflow.core import parent_death


class Command(BaseCommand):
    help = "Started by `manage.py worker`; not for hands."

    def handle(self, *args: Any, **options: Any) -> None:
        # Killing only the parent would leave the children running: each process goes with the one that started it.
        parent_death.arrange(signal.SIGTERM)
        os.register_at_fork(after_in_child=lambda: parent_death.arrange(signal.SIGKILL))
        cluster = Cluster()
        cluster.start()
