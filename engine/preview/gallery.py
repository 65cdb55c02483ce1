"""Who watches what: places for viewers, and the way from a camera to pictures that a browser takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from engine.fleet.tap import Tap
from engine.preview.feed import CodedPicture, Ended, Reel, obstacle
from engine.preview.reencode import Reencoder
from engine.web.refusals import HttpProblem, refusal

#: Viewers at once, of all cameras.
VIEWERS = 16
#: Seconds until the first picture must be there.
FIRST_DEADLINE = 10.0
#: How often a stream that turns out to be another than it seemed is tried as what it is.
TRIES = 2


@dataclass(frozen=True, slots=True)
class View:
    """One viewer's place.

    Attributes:
        first: The picture that `reel` begins with.
        source: ``passed``, or why it is re-encoded (keys of sentences).
    """

    reel: Reel
    first: CodedPicture
    source: str

    @property
    def shape(self) -> str:
        """Width and height of the picture in square pixels, ``1024x576``: not every browser reads it in H.264."""
        width, height = self.first.sps.seen
        return f"{width}x{height}"


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
        self._dropped_by_gone = 0
        self.viewers = 0

    @property
    def dropped(self) -> int:
        """How many packets encoders, or those who watch what they make, were too slow for, since the start."""
        return self._dropped_by_gone + sum(each.lost for each in self._reencoders.values())

    @asynccontextmanager
    async def view(self, camera: str) -> AsyncIterator[View]:
        """Take a place for as long as the context lasts.

        Raises:
            HttpProblem: 404 unknown camera, 409 not connected (yet) or no keyframe yet, 503 no place left.
        """
        tap = self._tap_of(camera)
        if tap is None:
            raise refusal(404, "preview.unknown", camera=camera)
        if self.viewers >= VIEWERS:
            raise refusal(503, "preview.full", most=VIEWERS)
        self.viewers += 1
        try:
            async with AsyncExitStack() as stack:
                yield await self._begun(stack, camera, tap)
        finally:
            self.viewers -= 1

    async def _begun(self, stack: AsyncExitStack, camera: str, tap: Tap) -> View:
        """Return a view whose first picture is there; `stack` holds what it stands on."""
        await stack.enter_async_context(tap.want())
        await tap.come(FIRST_DEADLINE)
        for _ in range(TRIES):
            async with AsyncExitStack() as trial:
                playable, source = await trial.enter_async_context(self._playable(camera, tap))
                reel = Reel(playable, await trial.enter_async_context(playable.view()))
                with suppress(Ended):  # its first keyframe says that it cannot be passed through
                    first = await _first(reel, tap)
                    stack.push_async_exit(trial.pop_all())
                    return View(reel, first, source)
        raise refusal(409, "preview.unshown")

    @asynccontextmanager
    async def _playable(self, camera: str, tap: Tap) -> AsyncIterator[tuple[Tap, str]]:
        if tap.codec is None:
            raise waiting(tap)
        why = obstacle(tap)
        if not why:
            yield tap, "passed"
            return
        reencoder = self._reencoders.get(camera)
        if reencoder is None or reencoder.source is not tap:
            self._dropped_by_gone += reencoder.lost if reencoder else 0
            reencoder = self._reencoders[camera] = Reencoder(camera, tap)
        async with reencoder.use(self._group) as ours:
            yield ours, why


async def _first(reel: Reel, source: Tap) -> CodedPicture:
    try:
        async with asyncio.timeout(FIRST_DEADLINE):
            return await reel.peek()
    except TimeoutError:
        raise waiting(source) from None


def waiting(source: Tap) -> HttpProblem:
    """Return the problem of a viewer who has no picture (yet)."""
    lasts = source.awaited()
    if source.codec is None:
        return refusal(409, "preview.begins" if source.on_demand else "preview.offline")
    if lasts is None:
        return refusal(409, "preview.unshown")
    return (
        refusal(409, "preview.keyframe", seconds=max(1, round(lasts)))
        if lasts
        else refusal(409, "preview.begins")
    )
