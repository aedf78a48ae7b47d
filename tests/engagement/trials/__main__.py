"""`python -m tests.engagement.trials NAME ...`: runs the trial of this name, a module of this package with a `main`."""

from __future__ import annotations

import importlib
import os
import sys

if len(sys.argv) < 2:
    sys.exit(__doc__)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "contactflow.settings")
sys.exit(importlib.import_module(f"tests.engagement.trials.{sys.argv[1]}").main(sys.argv[2:]))
