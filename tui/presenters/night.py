"""A night as lines: how much there was when, when nothing could be seen, what stood at a moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from engine.api import wire
from engine.api.resources.past.history import History, HistoryRow

#: From little to much.
BLOCKS: Final = "▁▂▃▄▅▆▇█"
#: What stands where nothing was counted, by how it was watched: the mark and its tone. None of them is like another.
MARKS: Final = {
    "u": ("·", "faint"),
    "p": ("÷", "warn"),
    "g": ("×", "bad"),
    "s": ("▒", "dim"),
    "o": ("○", "dim"),
    "?": ("?", "faint"),
}
#: The same of each minute of one camera.
MINUTES: Final = {**MARKS, "u": ("█", "good")}
#: Cells between the beginnings of two hours of the scale at least.
APART: Final = 6
_WORST: Final = {"c": "critical", "w": "warn"}
_UNKNOWN: Final = ("?", "faint")
#: A piece of a line and its tone.
Piece = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Steps:
    """How the steps of figures stand in a line: so many in each cell.

    Attributes:
        now: What is later than this has not been yet.
    """

    since: datetime
    step: timedelta
    count: int
    joined: int
    now: datetime

    @classmethod
    def of(cls, told: History, width: int, now: datetime) -> Steps:
        """Return the finest that fits into a width."""
        step, count = timedelta(seconds=told.step), (told.until - told.since) // timedelta(seconds=told.step)
        joined = next((n for n in (1, 2, 4, 8, 16) if -(-count // n) <= width), max(1, count))
        return cls(told.since, step, count, joined, now)

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return -(-self.count // self.joined)

    def begin(self, cell: int) -> datetime:
        """Return when a cell begins."""
        return self.since + cell * self.joined * self.step

    def end(self, cell: int) -> datetime:
        """Return when a cell ends."""
        return self.begin(cell + 1)

    def cell(self, moment: datetime) -> int:
        """Return the cell that a moment is in, the nearest one."""
        return max(0, min((moment - self.since) // (self.joined * self.step), self.cells - 1))

    def within(self, cell: int) -> slice:
        """Return the steps of a cell."""
        return slice(cell * self.joined, (cell + 1) * self.joined)


def cells(row: HistoryRow, steps: Steps) -> list[Piece]:
    """Return a row as cells: the greatest of each decides, a block of an eighth at least where there was anything."""
    most = max(filter(None, row.counts), default=0)
    return [
        (" ", "faint") if steps.begin(at) > steps.now else _cell(row, steps.within(at), most)
        for at in range(steps.cells)
    ]


def _cell(row: HistoryRow, within: slice, most: int) -> Piece:
    counts = row.counts[within]
    known = [n for n in counts if n is not None]
    worst = min(row.worst[within] or "-", key=lambda each: "cwi-".find(each))
    if (top := max(known, default=0)) > 0:
        return BLOCKS[max(0, -(-top * len(BLOCKS) // most) - 1)], _WORST.get(worst, "blue")
    if worst in _WORST:  # an alert of something that is not counted
        return BLOCKS[0], _WORST[worst]
    if len(known) < len(counts):
        return _UNKNOWN
    return MARKS.get(_gap(row.watched[within]), _UNKNOWN)


def _gap(watched: str) -> str:
    """Return what a cell of nothing is told as: the worst of it, however short."""
    return next((each for each in "sgpo?u" if each in watched), "?")


def strip(minutes: str, since: datetime, begin: datetime, end: datetime, now: datetime) -> list[Piece]:
    """Return the minutes of a time as pieces; what is outside of what is told is unknown, what is to come is blank."""
    found = []
    for at in range(round((end - begin).total_seconds() / 60)):
        moment = begin + timedelta(minutes=at)
        place = (moment - since) // timedelta(minutes=1)
        told = minutes[place] if 0 <= place < len(minutes) else "?"
        found.append((" ", "faint") if moment > now else MINUTES.get(told, _UNKNOWN))
    return found


def scale(steps: Steps, zone: tzinfo) -> str:
    """Return the hours over the cells, and `▼` where now is."""
    line = [" "] * steps.cells
    now = steps.cell(steps.now) if steps.since <= steps.now < steps.end(steps.cells - 1) else -1
    free = 0
    for at in range(steps.cells - 2):
        local = steps.begin(at).astimezone(zone)
        full = local.minute < (steps.joined * steps.step).total_seconds() / 60
        if full and at >= free and not at <= now <= at + 2:
            line[at : at + 3] = f"{local:%H}h"
            free = at + APART
    if now >= 0:
        line[now] = "▼"
    return "".join(line)


def standing(entries: Iterable[wire.Event | wire.Decision], moment: datetime) -> list[wire.Decision]:
    """Return which alerts stood at a moment, by decisions up to it, newest first: begun, and not over."""
    over, found = set[str](), list[wire.Decision]()
    for each in entries:
        if not isinstance(each, wire.Decision) or each.at > moment or each.dry_run:
            continue
        alert = each.alert or each.id
        if each.phase == "resolved":
            over.add(alert)
        elif alert not in over and each.phase in ("firing", "escalated"):
            over.add(alert)
            found.append(each)
    return found


def sums(row: HistoryRow, within: slice = slice(None)) -> tuple[int | None, int]:
    """Return how much there was (None: part of it is not known) and how many alerts."""
    counts = row.counts[within]
    alerts = row.alerts[within]
    return None if None in counts else sum(filter(None, counts)), sum(filter(None, alerts))


def watched_as(row: HistoryRow, within: slice) -> str:
    """Return the letter for how it was watched in a cell."""
    return _gap(row.watched[within])


def rows_by(rows: Sequence[HistoryRow]) -> dict[str, HistoryRow]:
    """Return rows by a key of their own."""
    return {f"{row.camera or ''}\n{row.name}": row for row in rows}
