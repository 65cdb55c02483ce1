"""Who should be there, who is, and who is known already: compared. Pure.

A camera is followed by its serial number, then by its hardware address, then by where it should be. A serial number or
an address that several devices show follows nobody: better a camera that is called missing than one that is taken for
another. Each channel of a recorder is a camera.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from engine.census.merge import doubts
from engine.census.place import Place, place_of
from engine.census.sighting import Expected, Sighting
from rules.model import Sentence

_NOWHERE: Mapping[str, str] = {}


class State(StrEnum):
    """How what is there compares with what should be."""

    NEW = "new"  #: there, and not configured
    CONFIGURED = "configured"  #: there, where the configuration has it
    MOVED = "moved"  #: there, at another address
    GONE = "gone"  #: configured, and does not answer
    MISSING = "missing"  #: expected, and not there
    UNEXPECTED = "unexpected"  #: a camera, and not in the list
    OTHER = "other"  #: answers, and speaks no language of cameras


class By(StrEnum):
    """By what a camera was known again."""

    SERIAL = "serial"
    MAC = "mac"
    ADDRESS = "address"
    REFERENCE = "reference"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Configured:
    """A camera of the configuration, and what is remembered of it.

    Attributes:
        reference: Its WS-Discovery reference.
    """

    id: str
    name: str = ""
    url: str = ""
    source: str = ""
    serial: str = ""
    macs: tuple[str, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One camera, or what answers like none.

    Attributes:
        id: As expected or configured; empty: neither.
        source: Its channel on a device with several.
        before: Where it was (`MOVED`), or should be (`GONE`, `MISSING`).
        known_by: By what it was known again.
        configured: Whether the configuration has it, wherever it is now.
    """

    state: State
    id: str = ""
    name: str = ""
    sighting: Sighting | None = None
    source: str = ""
    before: str = ""
    known_by: By = By.NOTHING
    configured: bool = False


@dataclass(frozen=True, slots=True)
class Census:
    """What came of it.

    Attributes:
        entries: Expected and configured cameras in their order, then what else answers, by address.
        expected: How many should be there; `found`: how many of them are.
        doubts: What cannot be right, or was not to be decided.
    """

    entries: tuple[Entry, ...]
    expected: int = 0
    doubts: tuple[Sentence, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of those that are expected and not there."""
        return tuple(each.id for each in self.entries if each.state is State.MISSING)

    @property
    def found(self) -> int:
        """How many of the expected are there."""
        return self.expected - len(self.missing)

    def count(self, state: State) -> int:
        """Return how many entries are in a state."""
        return sum(each.state is state for each in self.entries)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One camera that is looked for among what answers."""

    id: str
    name: str
    source: str
    serial: str
    macs: tuple[str, ...]
    reference: str
    place: Place  #: host and port where it should be; port 0: any
    url: str  #: the same as people wrote it
    expected: bool
    configured: bool


@dataclass(slots=True)
class _Hall:
    """Everybody who answers, by what they are known again by, and who of them is taken."""

    sightings: Sequence[Sighting]
    serials: dict[str, list[int]] = field(default_factory=dict)
    macs: dict[str, list[int]] = field(default_factory=dict)
    references: dict[str, list[int]] = field(default_factory=dict)
    places: dict[Place, list[int]] = field(default_factory=dict)
    taken: dict[int, set[str]] = field(default_factory=dict)
    doubts: list[Sentence] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index, each in enumerate(self.sightings):
            serials = {each.identity.serial} - {""} if each.identity else set[str]()
            references = {found.identity for found in each.answers} - {""}
            for kept, marks in (
                (self.serials, serials),
                (self.macs, {*each.macs}),
                (self.references, references),
            ):
                for mark in marks:
                    kept.setdefault(mark, []).append(index)
            for place in _places(each):
                self.places.setdefault(place, []).append(index)

    def find(self, wanted: _Wanted) -> tuple[Sighting, By] | None:
        """Return who is wanted, and take it."""
        for by, candidates in self._ways(wanted):
            for index in candidates:
                each = self.sightings[index]
                if not (by is not By.SERIAL and _another(wanted, each, by)) and self._free(
                    index, each, wanted
                ):
                    self.taken.setdefault(index, set()).add(wanted.source)
                    return each, by
        return None

    def at(self, place: Place) -> Sequence[int]:
        """Return who is at a place."""
        return self.places.get(place, ()) if place.host else ()

    def _ways(self, wanted: _Wanted) -> Iterator[tuple[By, Sequence[int]]]:
        """Yield the ways to know a camera again, the surest first; marks that several have are no way."""
        yield By.SERIAL, _alone(self.serials, wanted.serial)
        yield By.MAC, [index for mac in wanted.macs for index in _alone(self.macs, mac)]
        yield By.ADDRESS, self.at(wanted.place)
        yield By.REFERENCE, _alone(self.references, wanted.reference)

    def _free(self, index: int, each: Sighting, wanted: _Wanted) -> bool:
        if wanted.source and each.sources and wanted.source not in each.sources:
            said = {"id": wanted.id, "source": wanted.source, "known": ", ".join(each.sources[:8])}
            if (doubt := Sentence("census.no_source", said)) not in self.doubts[-4:]:
                self.doubts.append(doubt)
            return False
        return wanted.source not in self.taken.get(index, ())

    def rest(self) -> Iterator[tuple[Sighting, str]]:
        """Yield what nobody has taken: devices, and the other channels of those with several."""
        for index, each in enumerate(self.sightings):
            sources = self.taken.get(index, set())
            if not sources:
                yield from ((each, source) for source in (each.sources if len(each.sources) > 1 else ("",)))
            elif len(each.sources) > 1:
                first = {each.sources[0]} if "" in sources else set()  # nothing said means the first
                yield from ((each, source) for source in each.sources if source not in sources | first)


def compare(
    sightings: Sequence[Sighting],
    expected: Sequence[Expected] = (),
    configured: Sequence[Configured] = (),
    addresses: Mapping[str, str] = _NOWHERE,
) -> Census:
    """Compare what answers with what should.

    Args:
        addresses: Addresses of hosts that are written by name.
    """
    hall = _Hall(sightings)
    found: dict[int, tuple[Sighting, By] | None] = {}
    wanted = list(_wanted(expected, configured, addresses))
    surest = sorted(range(len(wanted)), key=lambda at: not (wanted[at].serial or wanted[at].macs))
    for at in (
        surest
    ):  # whoever has marks of their own is looked for first: an address alone may be another's by now
        found[at] = hall.find(wanted[at])
    entries = [_entry(each, found[at]) for at, each in enumerate(wanted)]
    stray = State.UNEXPECTED if expected else State.NEW
    entries += [_stray(sighting, source, stray) for sighting, source in hall.rest()]
    told = (
        *doubts(sightings),
        *_twice(expected),
        *hall.doubts,
        *_replaced(wanted, found, hall),
    )
    return Census(tuple(entries), len(expected), told)


def _wanted(
    expected: Sequence[Expected], configured: Sequence[Configured], addresses: Mapping[str, str]
) -> Iterator[_Wanted]:
    """Yield everybody who is looked for: the list's cameras, then those that only the configuration has."""
    known = {each.id: each for each in configured}
    for each in expected:
        yield _of_list(each, known.get(each.id), addresses)
    listed = {each.id for each in expected}
    for camera in configured:
        if camera.id not in listed:
            place = _placed(place_of(camera.url), addresses)
            yield _Wanted(
                camera.id, camera.name, camera.source, camera.serial, camera.macs, camera.reference, place,
                camera.url, expected=False, configured=True,
            )  # fmt: skip


def _of_list(each: Expected, known: Configured | None, addresses: Mapping[str, str]) -> _Wanted:
    url = (known.url if known else "") or each.url
    place = place_of(url) if url else Place(each.host.lower(), 0)
    remembered = known if known and not (each.serial or each.mac) else None
    return _Wanted(
        each.id,
        each.name or (known.name if known else ""),
        each.source or (known.source if known else ""),
        each.serial or (remembered.serial if remembered else ""),
        (each.mac,) if each.mac else remembered.macs if remembered else (),
        known.reference if known else "",
        _placed(place, addresses),
        url or each.host,
        expected=True,
        configured=known is not None,
    )


def _placed(place: Place, addresses: Mapping[str, str]) -> Place:
    return place._replace(host=addresses.get(place.host, place.host))


def _places(sighting: Sighting) -> set[Place]:
    """Return where a device is: host and port of each answer, and the host alone (port 0)."""
    told = {place_of(each.url) for each in sighting.answers}
    told |= {Place(sighting.address.lower(), each.port) for each in told}
    return told | {each._replace(port=0) for each in told}


def _alone(having: Mapping[str, Sequence[int]], mark: str) -> Sequence[int]:
    """Return who has a mark; nobody where several have."""
    found = having.get(mark, ()) if mark else ()
    return found if len(found) == 1 else ()


def _another(wanted: _Wanted, sighting: Sighting, by: By = By.NOTHING) -> bool:
    """Return whether a device says of itself that it is another one.

    What the neighbour table says does not count: a repeater shows its own address for all that is behind it.
    """
    if sighting.identity is None:
        return False
    serial, macs = sighting.identity.serial, sighting.identity.macs
    if wanted.serial and serial and wanted.serial != serial:
        return True
    return by is not By.MAC and bool(wanted.macs and macs and not {*wanted.macs} & {*macs})


def _entry(wanted: _Wanted, found: tuple[Sighting, By] | None) -> Entry:
    entry = Entry(
        State.MISSING if wanted.expected else State.GONE,
        wanted.id,
        wanted.name,
        source=wanted.source,
        before=wanted.url,
        configured=wanted.configured,
    )
    if found is None:
        return entry
    sighting, by = found
    entry = replace(entry, sighting=sighting, known_by=by)
    if wanted.place.host and wanted.place not in _places(sighting):
        return replace(entry, state=State.MOVED)
    return replace(entry, state=State.CONFIGURED if wanted.configured else State.NEW, before="")


def _stray(sighting: Sighting, source: str, state: State) -> Entry:
    other = sighting.driver == "http"
    return Entry(State.OTHER if other else state, "", sighting.name, sighting, source)


def _twice(expected: Iterable[Expected]) -> Iterator[Sentence]:
    """Yield marks that the list itself gives to several cameras."""
    having: dict[tuple[str, str, str], list[str]] = {}
    for each in expected:
        for code, mark in (("census.listed_serial", each.serial), ("census.listed_mac", each.mac)):
            if mark:
                having.setdefault((code, mark, each.source), []).append(each.id)
    for (code, mark, _), ids in having.items():
        if len(ids) > 1:
            yield Sentence(code, {"mark": mark, "ids": ", ".join(ids[:8])})


def _replaced(
    wanted: Sequence[_Wanted], found: Mapping[int, tuple[Sighting, By] | None], hall: _Hall
) -> Iterator[Sentence]:
    """Yield cameras in whose place another device answers."""
    for at, each in enumerate(wanted):
        if found[at] is None and (present := hall.at(each.place)):
            there = hall.sightings[present[0]]
            if _another(each, there):
                serial = there.identity.serial if there.identity else ""
                said = {"id": each.id, "place": there.address, "serial": serial or "-"}
                yield Sentence("census.replaced", said)
