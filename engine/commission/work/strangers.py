"""Who answers on the networks that a person named and is in no row of the sheet: told, and left alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from engine.census.compare import Configured, Entry, State, compare
from engine.census.search import addresses
from engine.census.sighting import Expected, Sighting
from engine.commission.record import CameraRecord
from engine.commission.sheet.row import Row
from engine.config.settings import CameraSettings
from rules.model import Sentence

#: More are counted alone.
MOST = 50


async def strangers(
    sightings: Sequence[Sighting],
    rows: Iterable[Row],
    found: Mapping[str, CameraRecord],
    configured: Iterable[CameraSettings],
) -> tuple[Sentence, ...]:
    """Return who answers and nobody has written down, a sentence each.

    Args:
        found: The job's cameras, where they were found.
        configured: What the site has already: it is no stranger, whichever sheet it was in.
    """
    expected = [_expected(row.expected, found.get(row.id)) for row in rows]
    known = [Configured(each.id, each.name, each.url, each.source or "") for each in configured]
    hosts = [each.host for each in expected]
    census = compare(sightings, expected, known, await addresses(hosts))
    strange = [each for each in census.entries if each.state in (State.UNEXPECTED, State.OTHER)]
    told = tuple(_told(strange[:MOST]))
    more = Sentence("commission.more_unexpected", {"count": len(strange) - MOST})
    return (*told, more) if len(strange) > MOST else told


def _expected(wanted: Expected, camera: CameraRecord | None) -> Expected:
    """Return a row's camera as it was found: a row may name its hardware alone."""
    return replace(wanted, url=camera.url) if camera is not None and camera.url else wanted


def _told(entries: Iterable[Entry]) -> Iterator[Sentence]:
    for each in entries:
        assert each.sighting is not None  # noqa: S101 - whoever is strange has answered
        url = each.sighting.url
        code = "commission.unexpected" if each.state is State.UNEXPECTED else "commission.unexpected_http"
        yield Sentence(code, {"url": url, "name": each.sighting.name or "-"})
