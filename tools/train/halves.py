"""The validation split in two: one half stops the training, the other is only ever reported."""

from __future__ import annotations

import hashlib


def half(clip: str) -> str:
    """Return which half a clip belongs to, stop or report: a matter of its name alone."""
    return ("stop", "report")[hashlib.sha256(clip.encode()).digest()[0] & 1]
