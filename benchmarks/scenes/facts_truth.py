"""What is true of lines and zones in a scene: the definition of docs/reference/rules.md, section 2, of exact positions.

Reckoned from the bodies' boxes fifty times a second, before anything trembles. Within `GRAZE` sizes of a boundary
somebody is on neither side of it, so that he passes it at some moment of that time (`Happened.span`), and only if he
was clear of it before and is afterwards. Who is back within a second has not passed it. A stay that began or ended out
of sight has no known length. What nobody could know at so many pictures a second may be told, and need not be
(`Happened.plain`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING

from scenes.actors import ASPECT, Actor, Point, area

from rules.geometry import beyond, crossings, distance, foot, inside, off_edge

if TYPE_CHECKING:
    from scenes.facts import Scene

#: Seconds within which going to and fro is neither, and by how much two moments of 5 pictures a second are known.
FRO, TICK = 1.0, 0.2
#: Seconds of the first and last sight in which nothing must be told, and that somebody must be in sight at least.
VIEW, GLIMPSE = 0.3, 1.0
#: Sizes from a boundary within which somebody is on neither side of it; part of a line's length that is its end, too.
GRAZE, END = 0.12, 0.05
#: Metres within which somebody stands.
SWAY = 0.15
#: Seconds between two moments.
FINE = 0.02
#: Tells how many picture widths a foot is off a boundary.
Off = Callable[[Point], float]


@dataclass(frozen=True)
class Happened:
    """A line crossed (`what`: its side) or a zone entered or left, by which actor, when.

    Attributes:
        span: First and last second of the time that it stood on the boundary meanwhile.
        plain: It is to be told; else it may be, as nobody could know.
    """

    where: str
    what: str
    actor: int
    at: float
    span: tuple[float, float]
    plain: bool = True


@dataclass(frozen=True)
class Change:
    """A side that was changed; `sure`: for long enough, or far enough, that nobody can doubt it."""

    what: str
    at: float
    sure: bool = True


@dataclass(frozen=True)
class Moment:
    """Where a foot is, and how large its owner is, in picture widths."""

    at: float
    foot: Point
    size: float


@dataclass(frozen=True)
class Run:
    """Somebody while he is in sight without a break."""

    number: int
    actor: Actor
    way: Sequence[Moment]

    def ends(self, at: float) -> bool:
        """Return whether he comes into sight, or goes out of it, at that moment."""
        return at in (self.way[0].at, self.way[-1].at)

    def seen(self, at: float) -> bool:
        """Return whether he is well in sight at a moment."""
        return self.way[0].at + VIEW <= at <= self.way[-1].at - VIEW

    def stands(self, first: float, last: float) -> bool:
        """Return whether he stays on one spot between two moments."""
        spots = [found[0] for k in range(21) if (found := self.actor.at(first + (last - first) * k / 20))]
        return all(hypot(x - spots[0][0], y - spots[0][1]) < SWAY for x, y in spots)

    def goes(self, first: float, last: float) -> float:
        """Return how many metres he is further between two moments."""
        one, other = self.actor.at(first), self.actor.at(last)
        return hypot(one[0][0] - other[0][0], one[0][1] - other[0][1]) if one and other else 0.0

    def clear(self, off: Off, first: float, last: float) -> bool:
        """Return whether he is clear of a boundary at some moment of a time."""
        return any(off(each.foot) >= GRAZE * each.size for each in self.way[::5] if first <= each.at <= last)

    def span(self, off: Off, at: float) -> tuple[float, float]:
        """Return from when to when he stands on a boundary that he passes."""
        first = last = at
        for each in reversed([each for each in self.way if each.at < at]):
            if off(each.foot) >= GRAZE * each.size:
                break
            first = each.at
        for each in self.way:
            if each.at > at and off(each.foot) >= GRAZE * each.size:
                break
            last = max(last, each.at)
        return first, last


def happened(scene: Scene, seconds: float) -> Iterator[Happened]:
    """Yield everything that happens, in no order."""
    for number, actor in enumerate(scene.actors):
        for run in _runs(scene, number, actor, seconds):
            for name, line in scene.lines.items():
                yield from _told(scene, run, name, _off_line(line), list(_crossed(run, line)))
            for name, zone in scene.zones.items():
                yield from _told(scene, run, name, _off_edge(zone), list(_passed(run, zone)))


def _told(scene: Scene, run: Run, name: str, off: Off, changes: Sequence[Change]) -> Iterator[Happened]:
    marks = [run.way[0].at, *(each.at for each in changes), run.way[-1].at]
    clear = [run.clear(off, first, last) for first, last in pairwise(marks)]
    for each, before, after in zip(changes, clear, clear[1:], strict=False):
        zone = name in scene.zones
        came, stayed = (zone and each.at == end for end in (run.way[0].at, run.way[-1].at))
        known = (before or came) and (after or stayed) and (run.seen(each.at) or (zone and run.ends(each.at)))
        plain = each.sure and known and run.way[-1].at - run.way[0].at >= GLIMPSE
        hidden = any(scene.feet_hidden(run.actor, each.at + off) for off in (-0.3, 0.0, 0.3))
        yield Happened(name, each.what, run.number, each.at, run.span(off, each.at), plain and not hidden)


def _runs(scene: Scene, number: int, actor: Actor, seconds: float) -> Iterator[Run]:
    way: list[Moment] = []
    for k in range(int(seconds / FINE) + 1):
        box = scene.shown(actor, k * FINE) if k * FINE < seconds else None
        if box is not None:
            way.append(Moment(k * FINE, foot(box), (area(box) / ASPECT) ** 0.5))
        elif way:
            yield Run(number, actor, way)
            way = []


def _off_line(line: Sequence[Point]) -> Off:
    return lambda foot: abs(beyond(foot, line, ASPECT))


def _off_edge(zone: Sequence[Point]) -> Off:
    return lambda foot: off_edge(foot, zone, ASPECT)


def _crossed(run: Run, line: Sequence[Point]) -> Iterator[Change]:
    """Yield the crossings of a line; there and back within a second, or swaying on it, are none."""
    found: list[Change] = []
    for side, now, sure in _steps(run, line):
        back = found[-1] if found and found[-1].what != side else None
        if back and (now - back.at < FRO - TICK or run.stands(back.at, now)):
            found.pop()
        elif back and now - back.at < FRO + TICK:
            found[-1:] = [Change(back.what, back.at, sure=False), Change(side, now, sure=False)]
        else:
            found.append(Change(side, now, sure))
    yield from found


def _steps(run: Run, line: Sequence[Point]) -> Iterator[tuple[str, float, bool]]:
    """Yield every crossing, and whether it is well off the line's ends; it may be a little past them."""
    first, last = line
    for before, after in pairwise(run.way):
        end = max(END * distance(first, last, ASPECT), GRAZE * after.size)
        for _, side in crossings(before.foot, after.foot, _longer(line, end)):
            nearest = min(distance(after.foot, spot, ASPECT) for spot in line)
            yield side, after.at, nearest >= end and bool(crossings(before.foot, after.foot, line))


def _longer(line: Sequence[Point], widths: float) -> list[Point]:
    """Return a straight line with so many picture widths more at either end."""
    (x0, y0), (x1, y1) = line
    part = widths / distance(*line, ASPECT)
    wide, high = part * (x1 - x0), part * (y1 - y0)
    return [(x0 - wide, y0 - high), (x1 + wide, y1 + high)]


def _passed(run: Run, zone: Sequence[Point]) -> Iterator[Change]:
    """Yield entries and exits; stays and absences of less than a second are none, but for going right through."""
    changes: list[Change] = []
    within = False
    for each in run.way:
        if inside(each.foot, zone) == within:
            continue
        within = not within
        now, back = Change("entered" if within else "left", each.at), changes[-1] if changes else None
        stay = each.at - back.at if back else FRO + TICK
        through = back is not None and run.goes(back.at, each.at) >= max(1.0, run.actor.body[1] / 2)
        if back is None or stay >= FRO + TICK or through:
            changes.append(now)
        elif stay >= FRO - TICK or run.ends(
            back.at
        ):  # of who comes into sight there nobody knows for how long
            changes[-1:] = [Change(back.what, back.at, sure=False), Change(now.what, now.at, sure=False)]
        else:
            changes.pop()
    yield from changes
    if changes and changes[-1].what == "entered":
        yield Change("left", run.way[-1].at)
