"""What is wrong with a log, as sentences: which entry, of what kind, of which camera, when. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from engine.seal import instant
from engine.seal.chain import digest
from engine.seal.finding import Finding
from engine.store.codec import moment
from engine.store.hashchain.records import RecordFlaw, RecordPlace
from engine.store.hashchain.walk import Flaw, Row, Spot
from rules.model import Fact

#: Findings of one kind that are told one by one; the rest are counted.
MOST: Final = 1000
#: Rows and links that are held against each other to see what was moved.
PAIRED: Final = 300
_ENDS: Final = (Flaw.CUT, Flaw.BEYOND, Flaw.OTHER_END)


class Found:
    """Findings as they come."""

    def __init__(self) -> None:
        self._spots: list[Spot] = []
        self._findings: list[Finding] = []
        self._counts: Counter[str] = Counter()

    def add(
        self, code: str, values: Mapping[str, Fact] = MappingProxyType({}), *, grave: bool = True
    ) -> None:
        """Add a finding."""
        self.take(Finding(code, values, grave))

    def take(self, finding: Finding) -> None:
        """Add a finding of somebody else's; of one kind only so many are kept."""
        self._counts[finding.code] += 1
        if self._counts[finding.code] <= MOST:
            self._findings.append(finding)

    def row(self, code: str, kind: str, seq: int, camera: object, at: object) -> None:
        """Add a finding about a row."""
        self.add(code, {"kind": kind, "seq": seq, "camera": text(camera), "at": when(at)})

    def spot(self, spot: Spot) -> None:
        """Add a place at which the log's chain does not hold."""
        code = f"verify.{spot.flaw}"
        self._counts[code] += 1
        if self._counts[code] <= MOST:
            self._spots.append(spot)

    def record(self, place: RecordPlace) -> None:
        """Add a place at which the chain of records does not hold."""
        values: dict[str, Fact] = {"nth": place.nth, "last": place.last, "seq": place.seq}
        if place.flaw is RecordFlaw.MISSING:
            values["count"] = place.last - place.nth + 1
        if place.row is not None:
            values |= {
                "deed": text(place.row.columns[3]),
                "camera": text(place.row.camera),
                "at": when(place.row.at),
            }
        self.add(f"verify.record_{place.flaw}", values)

    def after(self, number: int, seq: int, last: int, at: datetime) -> None:
        """Add up to where a signed head vouches, and that nothing does beyond."""
        told: dict[str, Fact] = {
            "number": number,
            "seq": seq,
            "first": seq + 1,
            "last": last,
            "at": instant.written(at),
        }
        self.add("verify.after_head", told, grave=False)

    def told(self, gone: Callable[[int, int], bool]) -> list[Finding]:
        """Return them, what is grave first, and of what there was too much, how much.

        Args:
            gone: Says whether it is recorded that the entries of a stretch went with their age.
        """
        moved = _moved(self._spots)
        spots = [_finding(each, moved, gone) for each in self._spots]
        found = [*(each for each in spots if each is not None), *self._findings]
        more = [
            Finding("verify.more", {"code": code, "count": count - MOST})
            for code, count in self._counts.items()
            if count > MOST
        ]
        return sorted([*found, *more], key=lambda each: not each.grave)


def _moved(spots: list[Spot]) -> dict[int, int]:
    """Return where rows lie that were moved, and where from: what lies there is what a link elsewhere says."""
    rows = [each.row for each in spots if each.row is not None and each.flaw in (Flaw.ALTERED, Flaw.UNLINKED)]
    links = [each for each in spots if each.flaw in (Flaw.ALTERED, Flaw.MISSING) and each.digest is not None]
    found = dict[int, int]()
    for row in rows[:PAIRED]:
        for link in links[:PAIRED]:
            if link.seq != row.seq and _as_of(row, link.seq) == link.digest:
                found[row.seq] = link.seq
    return found


def _as_of(row: Row, seq: int) -> bytes:
    return digest(row.kind, (seq, *row.columns[1:]))  # type: ignore[arg-type] # what SQLite stores


def _finding(spot: Spot, moved: dict[int, int], gone: Callable[[int, int], bool]) -> Finding | None:
    """Return what is told of a place; None: it is told elsewhere, as that from which something was moved."""
    if spot.flaw in _ENDS:
        return Finding(
            "verify.end", {"last": spot.since, "first": spot.seq, "noted": spot.last} | _since(spot)
        )
    if spot.flaw is Flaw.MISSING:
        if spot.seq in moved.values() and spot.seq == spot.last:
            return None
        told = {"first": spot.seq, "last": spot.last, "count": spot.last - spot.seq + 1} | _since(spot)
        aged = gone(spot.seq, spot.last)
        return Finding("verify.aged" if aged else "verify.missing", told, grave=not aged)
    if spot.flaw is Flaw.CUT_OUT:
        return Finding("verify.cut_out", {"first": spot.since + 1, "last": spot.seq - 1} | _since(spot))
    values: dict[str, Fact] = {"seq": spot.seq} | dict(_about(spot.row))
    if spot.flaw in (Flaw.ALTERED, Flaw.UNLINKED) and spot.seq in moved:
        return Finding("verify.moved", values | {"before": moved[spot.seq]})
    return Finding(f"verify.{spot.flaw}", values)


def _since(spot: Spot) -> dict[str, Fact]:
    """Return since when something may be missing."""
    return {"at": when(None if spot.before is None else spot.before.at)}


def _about(row: Row | None) -> Iterator[tuple[str, Fact]]:
    yield "kind", "entry" if row is None else row.kind
    yield "camera", text(None if row is None else row.camera)
    yield "at", when(None if row is None else row.at)


def text(value: object) -> str:
    """Return what a column holds, for people."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "–" if value is None else str(value)


def when(micros: object) -> str:
    """Return a time for people, in UTC."""
    if not isinstance(micros, int):
        return "?"
    try:
        return instant.written(moment(micros))
    except (OverflowError, ValueError):
        return "?"
