"""Lets the kernel end a process when the one that started it ends (Linux: prctl(2), PR_SET_PDEATHSIG)."""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def arrange(number: int) -> None:
    """From now on this process receives signal `number` when its parent dies. Elsewhere than on Linux: nothing."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died in between
        os.kill(os.getpid(), number)
