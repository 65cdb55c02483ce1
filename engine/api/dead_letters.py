"""Dead letters on the wire: what was decided to be done, and was given up."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field

from engine.api.wire import Wire


class Letter(Wire):
    """An action that was given up; a person must look.

    Attributes:
        id: Of the letter, as its `Delivery` said.
        decision: What it belongs to; `at` when that was decided.
        target: Where it should have gone, empty for actions without targets.
        detail: What the last attempt was answered.
    """

    id: int
    decision: str
    action: str
    target: str = ""
    camera: str | None = None
    rule: str
    severity: str
    phase: str
    at: datetime
    attempts: int
    detail: str = ""


class Resend(Wire):
    """Which dead letters are to be sent again: those named, or all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ids: tuple[int, ...] | None = Field(None, description="Their ids; left out: all.", max_length=1000)
