"""Aiming as clients ask for it: the live picture is measured while somebody asks, and not otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from engine.api import present
from engine.api.resources.commissioning.aim import Aim, AimQuery, Exposed, Focused, Lies, Reference
from engine.api.services.runners import runner_of
from engine.errors import Again
from engine.fleet.stills import Source
from engine.identity.caller import Caller
from engine.web.refusals import refusal
from rules.model import Sentence

if TYPE_CHECKING:
    from drivers.contract import Profile
    from drivers.kit.upright import Upright
    from engine.commission.aim.exposure import Exposure
    from engine.commission.aim.shelf import Shelf
    from engine.fleet.camera import CameraRunner
    from engine.vision.quality.plane import Luma
    from engine.vision.quality.reference import Moved

#: Width in pixels of a reference picture, and the widest that is measured.
REFERENCE_WIDTH, WIDEST = 960, 4096
#: Seconds that a comparison with the reference counts: it costs some 30 ms, and cameras move seldom.
COMPARED = 1.0


@dataclass(slots=True)
class _Last:
    """What was lately found of one camera; one measurement at a time, and who waited takes the same."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: tuple[datetime, AimQuery] | None = None
    aim: Aim | None = None
    kept: tuple[datetime, Luma] | None = None
    compared: float = float("-inf")
    lies: Lies | None = None


@dataclass(frozen=True, slots=True)
class _Picture:
    shown: Upright
    at: datetime
    source: Source


class AimService:
    """Implements `engine.api.resources.commissioning.aim.AimPort`.

    Args:
        cameras: All of the site.
        shelf: Where reference pictures are kept.
    """

    def __init__(
        self, cameras: Mapping[str, CameraRunner], shelf: Shelf, monotonic: Callable[[], float]
    ) -> None:
        self._cameras, self._shelf, self._monotonic = cameras, shelf, monotonic
        self._last: dict[str, _Last] = {}

    async def aim(self, caller: Caller, camera: str, query: AimQuery) -> Aim:
        """Measure the live picture."""
        runner = runner_of(self._cameras, camera, caller)
        last = self._of(camera)
        async with last.lock:
            picture = await _picture(runner, camera, query)
            if last.aim is None or last.asked != (picture.at, query):
                last.aim = await self._measured(runner, camera, picture, query, last)
                last.asked = (picture.at, query)
            return last.aim

    async def keep(self, caller: Caller, camera: str) -> Reference:
        """Keep the present picture."""
        from engine.vision.picture import luma
        from engine.vision.quality.reference import compared

        runner = runner_of(self._cameras, camera, caller)
        if (home := runner.home.away_from) is not None:
            raise refusal(409, "aim.away", camera=camera, home=home)
        try:
            seen, still = runner.analysed(), await runner.stills.analysed(REFERENCE_WIDTH)
        except Again as error:
            raise refusal(409, "camera.offline", camera=camera) from error
        seen_luma = luma(seen.shown.frame)
        if await asyncio.to_thread(compared, seen_luma, seen_luma) is None:
            raise refusal(409, "aim.featureless", camera=camera)
        try:
            await asyncio.to_thread(self._shelf.put, camera, still.jpeg)
        except OSError as error:
            detail = error.strerror or type(error).__name__
            raise refusal(503, "aim.not_kept", camera=camera, detail=detail) from error
        self._of(camera).compared = float("-inf")
        runner.referred()
        at = await asyncio.to_thread(self._shelf.at, camera)
        return Reference(at=at or seen.at, width=still.width, height=still.height)

    async def reference(self, caller: Caller, camera: str) -> tuple[bytes, datetime]:
        """Return the picture that is kept."""
        runner_of(self._cameras, camera, caller)
        found = await asyncio.to_thread(self._shelf.get, camera)
        if found is None:
            raise refusal(404, "aim.no_reference", camera=camera)
        return found

    def _of(self, camera: str) -> _Last:
        for gone in self._last.keys() - self._cameras.keys():
            del self._last[gone]
        return self._last.setdefault(camera, _Last())

    async def _measured(
        self, runner: CameraRunner, camera: str, picture: _Picture, query: AimQuery, last: _Last
    ) -> Aim:
        focus, exposed = await asyncio.to_thread(_figures, picture.shown, query)
        if (now := self._monotonic()) - last.compared >= COMPARED:
            last.lies = await asyncio.to_thread(self._lies, camera, picture.shown, last)
            last.compared = now
        main = _recorded(runner)
        return Aim(
            at=picture.at,
            source=picture.source.value,
            width=picture.shown.width,
            height=picture.shown.height,
            full_width=main.width if main else 0,
            full_height=main.height if main else 0,
            focus=focus,
            exposure=exposed,
            reference=last.kept[0] if last.kept else None,
            lies=last.lies,
        )

    def _lies(self, camera: str, shown: Upright, last: _Last) -> Lies | None:
        """Return how a picture lies to the reference; None: there is none, or it cannot be read."""
        from engine.vision.photo import Damaged, photo
        from engine.vision.picture import luma
        from engine.vision.quality.reference import compared

        at = self._shelf.at(camera)
        if at is None or (last.kept is None or last.kept[0] != at):
            last.kept = None
            try:
                found = self._shelf.get(camera)
                if found is not None:
                    last.kept = found[1], luma(photo(found[0]).shown.frame).copy()
            except (OSError, Damaged):
                sentence = Sentence("aim.bad_reference", {})
                return Lies(known=False, moved=False, said=present.sentence(sentence))
        if last.kept is None:
            return None
        return _told(compared(last.kept[1], luma(shown.frame)))


def _recorded(runner: CameraRunner) -> Profile | None:
    """Return the camera's main stream, which is recorded; the analysed one where the camera is just gone."""
    try:
        return next(iter(runner.camera.profiles), None)
    except Again:
        return runner.profile


async def _picture(runner: CameraRunner, camera: str, query: AimQuery) -> _Picture:
    """Return the picture that is to be measured."""
    try:
        if query.of == "best":
            from engine.vision.photo import photo

            still = await runner.stills.best(WIDEST)
            decoded = await asyncio.to_thread(photo, still.jpeg)
            return _Picture(decoded.shown, still.at or runner.analysed().at, still.source)
        seen = runner.analysed()
    except Again as error:
        raise refusal(409, "camera.offline", camera=camera) from error
    return _Picture(seen.shown, seen.at, Source.ANALYSIS)


def _figures(shown: Upright, query: AimQuery) -> tuple[Focused | None, Exposed]:
    from engine.commission.aim.exposure import exposure
    from engine.commission.aim.sharpness import sharpness
    from engine.vision.picture import full_range, luma
    from engine.vision.quality.plane import Region

    plane = luma(shown.frame)
    sharp = sharpness(plane, Region(query.left, query.top, query.right, query.bottom))
    focus = Focused(score=sharp.score, contrast=sharp.contrast, noise=sharp.noise) if sharp else None
    return focus, _exposed(exposure(plane, full=full_range(shown.frame)))


def _exposed(found: Exposure) -> Exposed:
    values = {"mean": round(found.mean), "dark": round(found.dark, 1), "bright": round(found.bright, 1)}
    return Exposed(
        mean=found.mean,
        dark=found.dark,
        bright=found.bright,
        histogram=found.histogram,
        verdict=found.verdict.value,
        said=present.sentence(Sentence(f"aim.exposure_{found.verdict.value}", values)),
    )


def _told(found: Moved | None) -> Lies:
    """Return a comparison with what to think of it."""
    from engine.vision.quality.reference import STILL_SCALE

    if found is None or not found.known:
        code = "aim.blank" if found is None else "aim.elsewhere"
        return Lies(known=False, moved=False, said=present.sentence(Sentence(code, {})))
    across, below = round(abs(found.right) * 100), round(abs(found.down) * 100)
    parts = [f"aim.moved_{'right' if found.right > 0 else 'left'}"] if across else []
    parts += [f"aim.moved_{'down' if found.down > 0 else 'up'}"] if below else []
    parts += ["aim.zoomed"] if abs(found.scale - 1) > STILL_SCALE else []
    moved = "+aim.comma+".join(parts or ["aim.moved_little"])
    code = f"aim.moved+{moved}+aim.dot" if found.moved else "aim.unmoved"
    values = {"across": across, "below": below, "size": round(found.scale * 100)}
    return Lies(
        known=True,
        moved=found.moved,
        right=found.right,
        down=found.down,
        scale=found.scale,
        said=present.sentence(Sentence(code, values)),
    )
