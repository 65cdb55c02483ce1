"""Who watches what: places for viewers, and the way from a camera to pictures that a browser takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.api.problems import refusal
from engine.preview.feed import Ended, Picture, Reel, obstacle
from engine.preview.reencode import Reencoder
from engine.tap import Tap

#: Viewers at once, of all cameras.
VIEWERS = 16
#: Seconds until the first picture must be there.
FIRST_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class View:
    """One viewer's place.

    Attributes:
        first: The picture that `reel` begins with.
        source: ``passed``, or why it is re-encoded (keys of sentences).
    """

    reel: Reel
    first: Picture
    source: str


class Gallery:
    """All viewers.

    Args:
        tap_of: A camera's packets, None for an unknown camera.
        group: Owner of the re-encoding.
    """

    def __init__(self, tap_of: Callable[[str], Tap | None], group: asyncio.TaskGroup) -> None:
        self._tap_of = tap_of
        self._group = group
        self._reencoders: dict[str, Reencoder] = {}
        self.viewers = 0

    @asynccontextmanager
    async def view(self, camera: str) -> AsyncIterator[View]:
        """Take a place for as long as the context lasts.

        Raises:
            ApiError: 404 unknown camera, 409 not connected (yet), 503 no place left.
        """
        tap = self._tap_of(camera)
        if tap is None:
            raise refusal(404, "preview.unknown", camera=camera)
        if self.viewers >= VIEWERS:
            raise refusal(503, "preview.full", most=VIEWERS)
        self.viewers += 1
        try:
            async with self._playable(camera, tap) as (playable, source), playable.view() as viewer:
                reel = Reel(playable, viewer)
                yield View(reel, await _first(reel), source)
        finally:
            self.viewers -= 1

    @asynccontextmanager
    async def _playable(self, camera: str, tap: Tap) -> AsyncIterator[tuple[Tap, str]]:
        if tap.codec is None:
            raise refusal(409, "preview.offline")
        why = obstacle(tap.codec, tap.reorders)
        if not why:
            yield tap, "passed"
            return
        reencoder = self._reencoders.get(camera)
        if reencoder is None or reencoder.source is not tap:
            reencoder = self._reencoders[camera] = Reencoder(camera, tap)
        async with reencoder.use(self._group) as ours:
            yield ours, why


async def _first(reel: Reel) -> Picture:
    try:
        async with asyncio.timeout(FIRST_DEADLINE):
            return await reel.peek()
    except (TimeoutError, Ended):
        raise refusal(409, "preview.offline") from None
