"""What is remembered of the configured cameras, so that one that moved is known again: a small file of the state.

Serial numbers and hardware addresses stand in no configuration. Whoever looks at the networks and finds a camera where
the configuration has it notes who it is; the next look follows it by that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engine.census import mac
from engine.census.compare import Census, Configured, State
from engine.census.sighting import Sighting
from engine.runtime.whole_file import put

#: Cameras remembered, bytes of the file, characters of a text, hardware addresses of one.
CAMERAS, BYTES, LONGEST, MACS = 4096, 4 << 20, 200, 8


@dataclass(frozen=True, slots=True)
class Marks:
    """What a camera is known again by.

    Attributes:
        reference: Its WS-Discovery reference.
    """

    serial: str = ""
    macs: tuple[str, ...] = ()
    reference: str = ""


def read(path: Path) -> dict[str, Marks]:
    """Return what is remembered, by camera; nothing where there is no file, or it is none of ours."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        with path.open("rb") as file:
            content = file.read(BYTES + 1)
        if len(content) <= BYTES:
            return dict(_read(json.loads(content)))
    return {}


def write(path: Path, known: Mapping[str, Marks], owner: tuple[int, int] | None = None) -> None:
    """Keep what is known.

    Args:
        owner: User and group that the file is given to; None: whoever runs this.

    Raises:
        OSError: It cannot be written.
    """
    cameras = {id: asdict(marks) for id, marks in list(known.items())[-CAMERAS:]}
    put(
        path,
        json.dumps({"version": 1, "cameras": cameras}, indent=1, ensure_ascii=False).encode(),
        owner=owner,
    )


def recalled(cameras: Iterable[Configured], known: Mapping[str, Marks]) -> tuple[Configured, ...]:
    """Return configured cameras with what is remembered of them."""
    return tuple(
        replace(each, serial=marks.serial, macs=marks.macs, reference=marks.reference)
        if (marks := known.get(each.id))
        else each
        for each in cameras
    )


def learnt(census: Census, known: Mapping[str, Marks]) -> dict[str, Marks]:
    """Return what is known after a look: cameras that are where the configuration has them, or were followed there.

    What several devices show is not learnt, and nothing known is forgotten because it was not told this time.
    """
    shown: dict[str, set[int]] = {}
    for entry in census.entries:
        for mark in _all(_marks(entry.sighting)) if entry.sighting else ():
            shown.setdefault(mark, set()).add(id(entry.sighting))
    single = {mark for mark, by in shown.items() if len(by) == 1}
    after = dict(known)
    for entry in census.entries:
        if entry.configured and entry.sighting and entry.state in (State.CONFIGURED, State.MOVED):
            now, before = _marks(entry.sighting), known.get(entry.id, Marks())
            after[entry.id] = Marks(
                now.serial if now.serial in single else before.serial,
                tuple(each for each in now.macs if each in single) or before.macs,
                now.reference if now.reference in single else before.reference,
            )
    return after


def _marks(sighting: Sighting) -> Marks:
    reference = next((each.identity for each in sighting.answers if each.identity), "")
    serial = sighting.identity.serial if sighting.identity else ""
    return Marks(serial[:LONGEST], sighting.macs[:MACS], reference[:LONGEST])


def _all(marks: Marks) -> Iterator[str]:
    yield from (each for each in (marks.serial, *marks.macs, marks.reference) if each)


def _read(document: Any) -> Iterator[tuple[str, Marks]]:
    if document["version"] != 1:
        return
    for id, told in list(document["cameras"].items())[:CAMERAS]:
        macs = tuple(filter(None, (mac.normal(str(each)) for each in told["macs"][:MACS])))
        yield str(id), Marks(str(told["serial"])[:LONGEST], macs, str(told["reference"])[:LONGEST])
