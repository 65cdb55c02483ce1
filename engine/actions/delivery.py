"""What became of one try of an action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.store.model import DeliveryState
from rules.model import CameraId, DecisionId


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one try of an action.

    Attributes:
        id: Of its row in the outbox, and of the letter that it became where it was given up.
        at: When (UTC).
        attempts: Tries so far, this one included.
        detail: What the target answered, or why it failed.
    """

    id: int
    decision: DecisionId
    action: str
    camera: CameraId | None
    at: datetime
    state: DeliveryState
    attempts: int
    detail: str = ""
