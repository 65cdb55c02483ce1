"""Whether a terminal gets a line of ours, and what a slow one is told. Light to import; pure."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

#: Writes to the terminal as Textual does, where ours is at fault.
ESCAPE = "MATTHAN_LINE"


def fits(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether the terminal is known to understand addresses, colours and the question where its cursor is."""
    return environ.get(ESCAPE, "") != "textual" and environ.get("TERM", "") not in {"", "dumb", "unknown"}


def make_frugal(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let Textual draw in 16 colours and move nothing; to be called before it is imported."""
    environ["TEXTUAL_COLOR_SYSTEM"] = "standard"
    environ["TEXTUAL_ANIMATIONS"] = "none"
