"""What looking costs, camera by camera."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from engine.api.question import Inquiry, Question, Resource
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.payload import Wire


class CameraCost(Wire):
    """What one camera's stream has cost since it began; all of it starts anew when the stream does.

    Attributes:
        fps: Pictures a second of which it is analysed now; `wanted`: as it is set. 0: keyframes alone.
        resting: Whether nothing moves, so that keyframes alone are decoded.
        seconds: Of a core, by stage: decode, motion, detect, track, quality.
        counters: What became of packets and pictures, by name.
    """

    camera: str
    fps: float
    wanted: float
    resting: bool = False
    seconds: dict[str, float] = Field(default_factory=dict)
    counters: dict[str, int] = Field(default_factory=dict)


class Vision(Wire):
    """What looking costs: two answers are compared to know what it costs now.

    Attributes:
        at: Seconds of a clock that never runs back.
        cores: Cores that the engine may use; `cpu`: seconds of them that it has used, for everything.
        detector: Name of the model; none: nobody is recognised.
    """

    at: float
    cores: float
    cpu: float
    detector: str = ""
    cameras: tuple[CameraCost, ...] = ()


VISION = Question("GET", "/v1/vision", "What looking costs, camera by camera", Permission.STATE, Vision)


class VisionPort(Protocol):
    """What is asked of the engine."""

    def vision(self, caller: Caller) -> Vision:
        """Return what it has cost so far, of the cameras that whoever asks may see."""
        ...


def resource(vision: VisionPort) -> Resource:
    """Return the question about cost."""

    async def cost(asked: Inquiry[None, None]) -> Vision:
        return vision.vision(asked.caller)

    return Resource("vision", (VISION.by(cost),))
