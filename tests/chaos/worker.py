"""`manage.py worker` that starts a cluster again at once, however often it was killed."""

from __future__ import annotations

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    from workflows import watchdog

    watchdog.LONGEST_PAUSE = 1
    call_command("worker")
