"""Objects of a trial: what the engine would tell of them, by the same arithmetic (`rules.trajectory`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules.boundary import Crossing, Line, Spot
from rules.geometry import Point, standing_in
from rules.kinds.object import Track
from rules.kinds.shorthand import TrialEvent
from rules.model import Change, Fact, Kind
from rules.trajectory import COMPANY, Path
from rules.trials.trial import CameraSpec, Trial

#: Width of the picture over its height.
ASPECT = 16 / 9
#: Half of the width, and the height, of a box whose foot is all that is known.
_HALF, _HEIGHT = 0.03, 0.12
_NOWHERE: Point = (0.5, 0.5)


@dataclass(slots=True)
class _Going:
    """An object that is being seen."""

    path: Path
    since: float
    zones: tuple[str, ...] = ()

    def found(self, spot: Spot) -> _Going:
        """Return it when it is found again: that nobody could look for it counts as no time that it was there."""
        path = Path.begin(spot)
        path.dwelt.update(self.path.dwelt)
        return _Going(path, self.since + spot.at - self.path.spot.at, self.zones)


class TrialObjects:
    """Tells the tracks of one trial, in the order in which they are written.

    Args:
        site: The cameras with what is drawn on them.
        camera: Of tracks that name none.
        seconds: Turns a written moment into seconds.
        end: Seconds at which the trial ends.
    """

    def __init__(
        self,
        site: Mapping[str, CameraSpec],
        trial: Trial,
        camera: str,
        seconds: Callable[[float], float],
        end: float,
    ) -> None:
        self._site, self._seconds, self._end = site, seconds, end
        self._going: dict[tuple[str, str], _Going] = {}
        self._unknown: dict[tuple[str, str], _Going] = {}
        tracks = [cue.body for cue in trial.events if isinstance(cue.body, Track)]
        self._company = [
            (each, each.camera or camera) for each in tracks if each.label in COMPANY and each.path
        ]

    def events(self, index: int, track: Track, camera: str, turn: int = 0) -> Iterator[TrialEvent]:
        """Yield what is told of one track.

        Args:
            index: Its place among the events, and its number; `turn`: how often it was repeated before.
        """
        own = f"{index + 1}.{turn}" if turn and track.gone else str(index + 1)
        name = own if track.id is None else str(track.id)
        where = camera, name
        start, end = self._span(track)
        count = 0
        while (now := start + count * track.every) < end:  # multiplied: no rounding adds up
            change = Change.GOES_ON if where in self._going else Change.BEGAN
            yield from self._seen(name, track, camera, now, change)
            count += 1
        if track.to is not None and track.unknown:
            yield self._out_of_sight(name, track, camera, end)
        elif track.to is not None and track.gone:
            yield self._gone(name, track, camera, end)

    def _span(self, track: Track) -> tuple[float, float]:
        return self._seconds(track.from_), self._end if track.to is None else self._seconds(track.to)

    def _spec(self, camera: str) -> CameraSpec:
        return self._site.get(camera) or CameraSpec()

    def _seen(self, name: str, track: Track, camera: str, now: float, change: Change) -> Iterator[TrialEvent]:
        """Yield one event, and one more for each further line that is crossed at once."""
        foot = self._foot(track, now)
        zones = self._zones(track, camera, foot)
        going = self._going.get((camera, name))
        crossings: list[Crossing] = []
        stood: float | None = None
        before = self._unknown.pop((camera, name), None)
        if going is None:
            spot = Spot(foot or _NOWHERE, now)
            going = self._going[camera, name] = (
                before.found(spot) if before else _Going(Path.begin(spot), now)
            )
        else:
            lines = {each: Line(line.points, line.inward) for each, line in self._spec(camera).lines.items()}
            spot = Spot(foot or going.path.spot.foot, now)
            crossings, stood = going.path.go(spot, zones, lines, ASPECT)
            going.path.accompany(self._near(track, camera, now), now, ASPECT)
        news = _passed(going.zones, zones)
        if stood:
            news |= {"started": True, "stood": round(stood, 1)}
        if before:
            news["again"] = True
        going.zones = zones
        known = self._known(track, camera, going, now)
        for number, crossing in enumerate(crossings or [None]):
            facts = {**known, **(news if not number else {}), **_line(crossing), **track.facts}
            kind, subject = Kind.OBJECT, f"track:{name}"
            yield TrialEvent(
                now, kind, change, camera, subject, track.label, zones, track.score, _box(foot), facts
            )

    def _gone(self, name: str, track: Track, camera: str, now: float) -> TrialEvent:
        """Return that it is gone: from where, and how it was when it was last seen."""
        going = self._going.pop((camera, name))
        seen = going.path.spot.at
        facts = {**self._known(track, camera, going, seen), **_passed(going.zones, ())}
        facts["age"] = round(now - going.since, 2)
        if track.path and (stood := going.path.stood(seen)):
            facts["stood"] = round(stood, 1)
        told: dict[str, Fact] = {**facts, **track.facts}
        box, zones, subject = _box(self._foot(track, now)), going.zones, f"track:{name}"
        return TrialEvent(
            now, Kind.OBJECT, Change.ENDED, camera, subject, track.label, zones, track.score, box, told
        )

    def _out_of_sight(self, name: str, track: Track, camera: str, now: float) -> TrialEvent:
        """Return that nobody can look for it any more: where it was, and not that it went."""
        going = self._unknown[camera, name] = self._going.pop((camera, name))
        told = {**self._known(track, camera, going, going.path.spot.at), "unknown": True, **track.facts}
        box, subject = _box(self._foot(track, going.path.spot.at)), f"track:{name}"
        kind, ended = Kind.OBJECT, Change.ENDED
        return TrialEvent(now, kind, ended, camera, subject, track.label, going.zones, track.score, box, told)

    def _known(self, track: Track, camera: str, going: _Going, now: float) -> dict[str, Fact]:
        """Return what is known of its movement; without a path only where it was, and how long."""
        velocity = self._velocity(track, now)
        facts = going.path.facts(now, velocity, ASPECT, self._spec(camera).scale)
        age: dict[str, Fact] = {"age": round(now - going.since, 2)}
        if not track.path:
            return age | {name: value for name, value in facts.items() if name.startswith("dwell:")}
        return age | {"vx": round(velocity[0], 4), "vy": round(velocity[1], 4)} | facts

    def _near(self, track: Track, camera: str, now: float) -> list[Spot]:
        """Return where those stand who keep an object company."""
        near = []
        for other, where in self._company:
            start, end = self._span(other)
            if other is not track and where == camera and start <= now < end:
                near.append(Spot(self._foot(other, now) or _NOWHERE, now))
        return near

    # -- where it is -----------------------------------------------------------------------------

    def _zones(self, track: Track, camera: str, foot: Point | None) -> tuple[str, ...]:
        box = _box(foot)
        if track.zone is not None or box is None:
            return tuple(track.zone or ())
        return standing_in(box, self._spec(camera).polygons)

    def _leg(self, track: Track, now: float) -> tuple[Point, Point, float, float]:
        """Return the leg on which an object is: its ends, how much of it is done, how many seconds it takes."""
        path: Sequence[Point] = track.path or [_NOWHERE]
        legs = max(1, len(path) - 1)
        start, end = self._span(track)
        seconds = (end - start) / legs or 1.0
        number = min(max(0, int((now - start) / seconds)), legs - 1)
        first, last = path[number], path[min(number + 1, len(path) - 1)]
        return first, last, min(1.0, (now - start) / seconds - number), seconds

    def _foot(self, track: Track, now: float) -> Point | None:
        if not track.path:
            return None
        (x0, y0), (x1, y1), part, _ = self._leg(track, now)
        return x0 + (x1 - x0) * part, y0 + (y1 - y0) * part

    def _velocity(self, track: Track, now: float) -> Point:
        (x0, y0), (x1, y1), _, seconds = self._leg(track, now)
        return (x1 - x0) / seconds, (y1 - y0) / seconds


def _box(foot: Point | None) -> tuple[float, float, float, float] | None:
    return None if foot is None else (foot[0] - _HALF, foot[1] - _HEIGHT, foot[0] + _HALF, foot[1])


def _passed(before: tuple[str, ...], now: tuple[str, ...]) -> dict[str, Fact]:
    """Return the zones that were entered and left, names parted by blanks."""
    entered = " ".join(zone for zone in now if zone not in before)
    left = " ".join(zone for zone in before if zone not in now)
    return {name: zones for name, zones in (("entered", entered), ("left", left)) if zones}


def _line(crossing: Crossing | None) -> dict[str, Fact]:
    if crossing is None:
        return {}
    return {"line": crossing.line, "side": crossing.side, "direction": crossing.direction}
