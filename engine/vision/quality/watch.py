"""Watches whether a camera's picture can be relied upon: one look a second, and what is the matter with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.vision.model import Cause, Impairment, Luma
from engine.vision.quality.backdrop import Backdrop
from engine.vision.quality.hold import Hold
from engine.vision.quality.likeness import Likeness, compare
from engine.vision.quality.look import Look, taken
from engine.vision.quality.pointing import Pointing
from engine.vision.quality.pulse import Pulse
from engine.vision.quality.stillness import Stillness
from engine.vision.quality.stripes import striped
from engine.vision.quality.tint import Chroma, InfraredFilter, Tint, tint
from engine.vision.quality.verdict import Verdict, against, alone

Asked = Callable[[], bool]
#: Seconds from one look to the next: while the place is not known yet or something is suspected, and else.
PERIOD, CALM = 1.0, 2.0
#: Pixels a side below which a picture is not judged.
LEAST_SIDE = 96
#: Share that must be as it was in the look before: what goes by is nothing before the lens.
STEADY = 0.6
#: Deviation from look to look beyond which it is no noise: something goes by, or the camera is being turned.
STIR = 6.0
#: Light from which, and to which, a place is learnt slowly: beyond, it is learnt anew, and soon.
SAME_LIGHT = (0.7, 1.4)
#: Share of a place that must be as known for another light to be learnt at once.
LEARNT = 0.6
#: Seconds after a move of the PTZ unit in which it may still swing.
SETTLE = 2.0
#: Seconds after which a camera that looks elsewhere, and has no technician's picture, is meant to: each shift was told.
ACCEPTED = 24 * 3600.0
#: What leaves nothing in a picture that could tell a living one from a frozen one.
BLANK = (Cause.COVERED, Cause.DARK, Cause.BRIGHT, Cause.SIGNAL_LOSS)


class Watch:
    """One stream's; owned by the thread that analyses it.

    Args:
        reference: The technician's picture of how it should look, of any size; None: what it sees is learnt.
        moving: Returns whether the PTZ unit moves just now.
        away: Returns whether it looks elsewhere than at home, by right: then the technician's picture does not count.
    """

    def __init__(
        self, reference: Luma | None = None, moving: Asked = lambda: False, away: Asked = lambda: False
    ) -> None:
        self._reference, self._moving, self._away = reference, moving, away
        self._backdrop = Backdrop()
        self._stillness, self._filter = Stillness(), InfraredFilter()
        self._view, self._infrared = Hold(), Hold()
        self._before: Look | None = None
        self._next = self._settled = float("-inf")
        self._pulse = Pulse()
        self._keyframes = 0
        self._doubted = False
        self._found: tuple[Impairment, ...] = ()
        self._start: Luma | None = None
        self._last: Luma = np.empty((0, 0), np.uint8)
        self._renew()

    @property
    def suspects(self) -> bool:
        """Whether something may be the matter that is not told yet."""
        return any(each.suspicious and each.told is None for each in (self._view, self._infrared))

    def look(
        self, luma: Luma, chroma: tuple[Chroma, Chroma] | None, *, at: float, media: float, keyframes: int
    ) -> tuple[Impairment, ...]:
        """Return what is the matter, the surest first; between two looks, what the last one said.

        Args:
            luma: Brightness, (height, width), as coded.
            chroma: Blue and red, as coded; None: the stream has no colour.
            at: Host's monotonic seconds.
            media: Seconds of the stream's own clock.
            keyframes: How many keyframes the stream had up to this picture.
        """
        if min(luma.shape) < LEAST_SIDE:
            return ()
        last, self._last = self._last, luma
        self._pulse.beat(at, media)
        if at < self._next and keyframes == self._keyframes:
            return self._found
        self._keyframes = keyframes
        still = self._stillness.look(luma, last, keyframes, self._pulse.lived)
        if at < self._next:
            return self._found
        colour = tint(*chroma) if chroma else Tint(0, 0, 0, 0)
        found = (self._seen(luma, colour, at), self._tinted(colour, at), self._frozen(still, at))
        told = [each for each in found if each is not None]
        self._found = tuple(sorted(told, key=lambda each: -each.confidence))
        self._next = at + 0.9 * (CALM if self._is_calm else PERIOD)
        return self._found

    @property
    def _is_calm(self) -> bool:
        known = self._backdrop.known is not None
        return known and not (self._found or self._view.suspicious or self._infrared.suspicious)

    def _seen(self, luma: Luma, colour: Tint, at: float) -> Impairment | None:
        before, now = self._before, taken(luma, self._before)
        self._before = now.bare()
        if self._moved(at):
            return None
        known = self._place(now)
        found = compare(known, now) if known else None
        verdict = self._verdict(before, now, found, colour)
        if verdict is None and not self._view.suspicious:
            self._learn(now, found, luma, at)
        if verdict is None and self._pointing.drifted:
            verdict = Verdict(Cause.TURNED, 0.8)
        elif verdict and not _steady(before, now, verdict):
            verdict = None
        if verdict and verdict.cause is Cause.TURNED and self._same_after_all(luma):
            verdict = None
        told = self._view.take(verdict, at)
        if told and told.cause is Cause.TURNED and at - told.since >= ACCEPTED and not self._refers:
            self._renew()
        return self._view.told

    def _verdict(
        self, before: Look | None, now: Look, found: Likeness | None, colour: Tint
    ) -> Verdict | None:
        if before and striped(before, now):
            return Verdict(Cause.STRIPES, 0.8)
        by_itself = alone(now, abs(colour.blue) + abs(colour.red))
        if by_itself and (found is None or by_itself.cause in BLANK):
            return by_itself
        return against(found) if found else None

    def _place(self, now: Look) -> Look | None:
        """Return what is known of the place; the technician's picture is where it begins."""
        if self._start is not None:
            picture, self._start = self._start, None
            self._backdrop.given(picture, (now.cells.shape[0], now.cells.shape[1]))
        known = self._backdrop.known
        return known if known and known.cells.shape == now.cells.shape else None

    def _learn(self, now: Look, found: Likeness | None, luma: Luma, at: float) -> None:
        low, high = SAME_LIGHT
        known = found is not None and found.kept > LEARNT
        self._backdrop.learn(now, other_light=known and found is not None and not low < found.light < high)
        if self._backdrop.known:
            self._pointing.check(luma, at)
        self._doubted = False

    def _same_after_all(self, luma: Luma) -> bool:
        """Return whether a strange picture is of the same place in another light; asked once for each suspicion."""
        if self._doubted or self._pointing.drifted:
            return False
        self._doubted = True
        if not self._pointing.same(luma):
            return False
        self._backdrop.forget()
        self._view.clear()
        return True

    def _moved(self, at: float) -> bool:
        """Return whether the camera is being turned by right: then, and when it was, all is new."""
        if self._moving():
            self._settled = at + SETTLE
        unsettled = at < self._settled
        if unsettled or self._home is self._away():
            self._renew()
        return unsettled

    def _renew(self) -> None:
        """Know nothing of the place but what the technician's picture shows, where it is of this place."""
        self._home = not self._away()
        self._start = self._reference if self._home else None
        self._refers = self._start is not None
        self._backdrop.forget()
        self._pointing = Pointing(self._start)
        self._view.clear()

    def _tinted(self, colour: Tint, at: float) -> Impairment | None:
        blind = self._view.told is not None
        return self._infrared.take(None if blind else self._filter.judge(colour, at), at)

    def _frozen(self, still: float | None, at: float) -> Impairment | None:
        lived, since = self._pulse.lived, self._pulse.stopped(at)
        if self._view.suspicious:
            self._stillness.restart(lived)
        if since is None and still is not None and self._view.suspected not in BLANK:
            since = at - (lived - still)
        return None if since is None else Impairment(Cause.FROZEN, 0.9, since)


def _steady(before: Look | None, now: Look, verdict: Verdict) -> bool:
    """Return whether a picture is much as the one before it; stripes and noise are never."""
    if before is None or before.cells.shape != now.cells.shape or verdict.cause is Cause.STRIPES:
        return before is not None
    if now.noise > STIR:
        return False
    found = compare(before, now)
    return found is None or found.kept >= STEADY
