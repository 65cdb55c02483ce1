"""Coded pictures of a virtual camera: a loop that is encoded once, or a live view of a larger scene.

Both kinds run on one timeline that starts when the footage is entered, so every viewer sees the same
moment, as with a real camera, and :meth:`Footage.seconds` is the scene time that is shown now.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from drivers.virtual.scene import Scene

#: Left, top, right, bottom; each 0..1 of the scene.
Window = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Unit:
    """One coded picture (access unit).

    Attributes:
        data: Annex B; a keyframe carries its SPS and PPS.
        timestamp: 90 kHz ticks on the footage's timeline; strictly rising, also over the seam.
        keyframe: Whether decoding can start here.
    """

    data: bytes
    timestamp: int
    keyframe: bool


@dataclass(frozen=True, slots=True)
class Format:
    """What a session description tells. `sps` and `pps` are NAL units without start codes."""

    width: int
    height: int
    fps: float
    sps: bytes
    pps: bytes


class Footage(Protocol):
    """What an RTSP session and the snapshot service need. Used inside ``async with``."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def describe(self) -> Format:
        """Return size, rate and parameter sets.

        Raises:
            DriverError: The clip cannot be read.
        """
        ...

    def watch(self) -> AbstractAsyncContextManager[AsyncIterator[Unit]]:
        """Join: units from the latest keyframe on, in real time, for as long as the context lasts."""
        ...

    async def still(self) -> bytes:
        """Return the present picture as JPEG."""
        ...

    def seconds(self) -> float:
        """Return the present scene time in seconds."""
        ...


class FixedFootage:  # filled in below: see Footage for the methods
    """A loop, encoded once and lazily, group by group.

    Args of the two constructors:
        FixedFootage.of_scene(scene: Scene, *, size=(640, 360), fps=10)   loops over scene.period
        FixedFootage.of_clip(path: Path)                                 a video file; DriverError if broken
    """

    @classmethod
    def of_scene(cls, scene: Scene, *, size: tuple[int, int] = (640, 360), fps: int = 10) -> FixedFootage:
        """Loop over one period of a scene."""
        raise NotImplementedError

    @classmethod
    def of_clip(cls, path: Path) -> FixedFootage:
        """Loop over a video file (checked here, blocking and quick: raises DriverError)."""
        raise NotImplementedError


class LiveFootage:  # see Footage for the methods
    """A window over a scene, encoded while somebody watches.

    Args:
        scene: The larger picture.
        window: Asked once per picture, on the event loop (needs no thread safety).
    """

    def __init__(
        self, scene: Scene, window: Callable[[], Window], *, size: tuple[int, int] = (640, 360), fps: int = 10
    ) -> None:
        raise NotImplementedError
