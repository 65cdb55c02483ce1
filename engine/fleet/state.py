"""What becomes of a camera's connection."""

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
