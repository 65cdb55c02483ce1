"""What becomes of a camera and its connection, and of an object in its pictures."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # clients know the states alone
    from datetime import datetime

    from drivers.contract import CodecParameters, Profile
    from drivers.kit.upright import Upright
    from engine.vision.model import Sight
    from rules.model import Sentence

#: Seconds over which rates are averaged: several keyframes of a camera that rests.
RATE_WINDOW = 8.0


class CameraState(StrEnum):
    """Life of a camera as the engine sees it."""

    CONNECTING = "connecting"
    ONLINE = "online"
    LOST = "lost"
    REFUSED = "refused"
    FAILED = "failed"
    DISABLED = "disabled"


class TrackState(StrEnum):
    """Whether an object was seen in a picture."""

    SEEN = "seen"
    PREDICTED = "predicted"  #: not in this very picture: where it should be by now
    UNKNOWN = "unknown"  #: nobody could look for it any more: where it was last


class Rate:
    """Events per second over the last few seconds; written by one thread, read by any."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=256)

    def tick(self, at: float) -> None:
        """Count one event."""
        self._times.append(at)

    def per_second(self, now: float) -> float:
        """Return the rate; 0 when nothing came lately."""
        recent = [at for at in tuple(self._times) if now - at <= RATE_WINDOW]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-3)


@dataclass(slots=True)
class LastSight:
    """What the video thread last saw, and the picture in which it saw it; replaced whole, read from the loop.

    Attributes:
        told: Monotonic seconds when it was known: a picture that is looked at for long is not old.
    """

    sight: Sight
    at: datetime
    shown: Upright
    told: float = 0.0


@dataclass(slots=True)
class Status:
    """How a camera is, for clients.

    Attributes:
        reason: Why it is not online.
        advice: What a person can do about a refused login, and until when nothing is tried.
        retry: When a refused login is tried again; None: when a person asks for it, or nothing is refused.
    """

    state: CameraState
    since: datetime
    reason: Sentence | None = None
    advice: Sentence | None = None
    retry: datetime | None = None
    device: str = ""
    profile: Profile | None = None
    codec: CodecParameters | None = None
    last_event: datetime | None = None
    last_event_kind: str = ""
    frames: Rate = field(default_factory=Rate)
    sights: Rate = field(default_factory=Rate)
