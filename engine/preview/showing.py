"""What of a site its preview shows, and to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.config.settings import Settings
from engine.fleet.tap import Tap
from engine.fleet.watchers import Watchers
from engine.identity.record import Auditor
from engine.preview.visitor import Entrance

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner


@dataclass(frozen=True, slots=True)
class Showing:
    """What of a site the preview shows, and to whom.

    Attributes:
        tap_of: A camera's packets, None for an unknown camera.
        cameras: Returns all cameras, and what they are called.
        auditor: Keeps who looked.
        watchers_of: Who watches a camera; None: there is no such camera.
        still_of: A camera's analysed picture as JPEG, at most so many pixels wide; `Again` where there is none.
        entrance: Lets people log in; None: there are links only.
        asks_why: Deeds of which it must be said why.
        title: Of the site.
    """

    tap_of: Callable[[str], Tap | None]
    cameras: Callable[[], Mapping[str, str]]
    auditor: Auditor
    watchers_of: Callable[[str], Watchers | None] = field(default=lambda _: None)
    still_of: Callable[[str, int], Awaitable[bytes]] | None = None
    entrance: Entrance | None = None
    asks_why: frozenset[str] = frozenset()
    title: str = "Mắt Thần"

    @classmethod
    def of(
        cls, settings: Settings, cameras: Mapping[str, CameraRunner], auditor: Auditor, entrance: Entrance
    ) -> Showing:
        """Return what is shown of a site; cameras may come and go."""
        return cls(
            tap_of=lambda camera: cameras[camera].tap if camera in cameras else None,
            cameras=lambda: {each: runner.settings.name or each for each, runner in cameras.items()},
            auditor=auditor,
            watchers_of=lambda camera: cameras[camera].watchers if camera in cameras else None,
            still_of=lambda camera, width: asyncio.to_thread(cameras[camera].still, width),
            entrance=entrance,
            asks_why=frozenset(settings.access.why),
            title=settings.title or settings.site,
        )
