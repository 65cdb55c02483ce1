"""What every screen is given: the engine, what is known, the language, how to show pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.api.client import ApiError
from tui.connection.client import EngineClient
from tui.graphics import Graphics
from tui.line.pace import Reading
from tui.model.model import Model
from tui.model.undo import UndoStack
from tui.texts import Texts, clean

#: The engine's error codes that have a sentence of ours; the others are shown as they came.
FAILURES = {
    "api.unreachable": "failure.unreachable",
    "api.timeout": "failure.timeout",
    "api.not_found": "failure.older",  # no such route, or not by this method
    "api.method": "failure.older",
    "camera.offline": "failure.offline",
    "camera.unknown": "failure.unknown",
    "ptz.unsupported": "failure.unsupported",
    "decision.unknown": "failure.forgotten",
    "rules.no_rule": "failure.no_rule",
}


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a screen works with.

    Attributes:
        still_every: Seconds between two pictures of the camera screen.
        ask_every: Seconds between two questions about rules at least.
        by: Who sits here; empty: the user whom the engine's machine knows.
        ends: Whether the engine ends with this UI, as in ``matthan demo``.
        reading: Returns what is known of the line to the terminal; None: nothing.
        coarse: Whether the line is so slow that the clock has no seconds.
        undo: What was acknowledged here lately.
    """

    client: EngineClient
    model: Model
    t: Texts
    graphics: Graphics
    still_every: float = 0.5
    by: str = ""
    ask_every: float = 2.0
    ends: bool = False
    reading: Callable[[], Reading | None] = lambda: None
    coarse: bool = False
    undo: UndoStack = field(default_factory=UndoStack)

    def failure(self, error: ApiError) -> str:
        """Return why a call failed, as a sentence."""
        key = FAILURES.get(error.code)
        if key:
            return self.t(key)
        told = f"{error.message} {error.hint}".strip() or error.code
        return self.t("failure.other", message=clean(told))
