"""What becomes of a camera's connection, and of an object in its pictures."""

from __future__ import annotations

from enum import StrEnum


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
