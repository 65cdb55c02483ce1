"""The types of facts, and what reads a fact of an event."""

from __future__ import annotations

from collections.abc import Callable

from rules.model import Event, Fact

NUMBER, TEXT, SWITCH = "number", "text", "switch"
#: Of a fact that expressions ask by functions alone, and not by its name.
UNNAMED = ""
#: What stands for the time since an earlier step, among the facts of it.
SINCE = "since"
Reader = Callable[[Event], Fact | None]
#: Among the facts of a kind: it stands in zones; the seconds in each of them.
ZONES, DWELL = "zones", "dwell:"
#: Read of the box of an event, in shares of the picture.
BOX = ("x", "y", "width", "height")
#: Not the fact of an act that is called so: the name `rule`, of a decision.
DECIDER = "rule:"
#: Of everything that a camera with a PTZ head tells.
HEAD = {"preset": TEXT, "ptz_moving": UNNAMED}


#: Numbers beyond it are no measurement; NaN neither.
_LARGEST = 1e15


def measured(value: Fact | None) -> float | None:
    """Return a value that is a measurement; None: it is none."""
    return value if isinstance(value, (int, float)) and -_LARGEST < value < _LARGEST else None


def unnamed(*names: str) -> dict[str, str]:
    """Return facts that are asked by functions alone, or that are read of the event itself."""
    return dict.fromkeys(names, UNNAMED)
