"""A child process that must not outlive its parent, even when the parent is killed outright."""

from __future__ import annotations

import os
import signal
import sys

#: Set in the environment of a child that is to be tied: its parent's process id.
VARIABLE = "MATTHAN_TIED"
_PR_SET_PDEATHSIG = 1


def tie() -> None:
    """Ask the kernel for SIGTERM when the parent dies, if the environment says so (Linux)."""
    parent = os.environ.pop(VARIABLE, "")
    if not parent or sys.platform != "linux":
        return
    import ctypes  # which hardly any process needs

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if parent != str(os.getppid()):  # it died before we could ask
        sys.exit(0)
