"""Answers made into devices: what answers at one address is one, unless it says that it is several. Pure.

A device is asked in several ways and answers each. Behind one address there may also be several: a router that
forwards ports, a gateway. ONVIF tells them apart: a device service at another port or path is another device. Whatever
shares a serial number, a hardware address or a reference with another is told as doubtful and never made one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from drivers.contract import Found
from drivers.kit.neighbours import Neighbour
from engine.census.place import in_order, place_of
from engine.census.sighting import BEST_FIRST, Sighting
from rules.model import Sentence

#: Places that one sentence names.
_NAMED = 6
_NOBODY: Mapping[str, Neighbour] = {}


def merge(answers: Iterable[Found], met: Mapping[str, Neighbour] = _NOBODY) -> tuple[Sighting, ...]:
    """Return one sighting for each device, by address.

    Args:
        answers: Everything that answered.
        met: This machine's neighbour table.
    """
    by_address: dict[str, list[Found]] = {}
    for found in answers:
        by_address.setdefault(found.address, []).append(found)
    devices = [
        Sighting(address, group, neighbour=met[address].mac if address in met else "")
        for address, each in by_address.items()
        for group in _devices(each)
    ]
    return tuple(sorted(_one_of_both_families(devices), key=_order))


def _order(sighting: Sighting) -> tuple[tuple[int, int, str], tuple[int, bool, int, str, str]]:
    return in_order(sighting.address), _leading(sighting.answers[0])


def _devices(answers: Sequence[Found]) -> Iterator[tuple[Found, ...]]:
    """Yield the devices behind one address."""
    ranked = sorted(answers, key=_leading)
    devices: list[list[Found]] = []
    rest: list[Found] = []
    for found in ranked:
        if _rank(found) > 0:
            rest.append(found)
        elif (same := next((each for each in devices if _same_device(each, found)), None)) is not None:
            same.append(found)
        else:
            devices.append([found])
    streams = [each for each in rest if _rank(each) == 1]
    pages = [each for each in rest if _rank(each) > 1]
    if devices:  # whose they are is known where there is one device; it tells its own streams in any case
        devices[0] += rest
        yield from map(tuple, devices)
    elif streams:
        yield from ((each, *pages) for each in streams[:1])
        yield from ((each,) for each in streams[1:])
    elif pages:
        yield tuple(pages)


def _leading(found: Found) -> tuple[int, bool, int, str, str]:
    """Return what the answers of one address are sorted by: what tells most first, then always the same way."""
    return _rank(found), not found.urls, place_of(found.url).port, found.url, found.identity


def _rank(found: Found) -> int:
    return BEST_FIRST.index(found.driver) if found.driver in BEST_FIRST else 0


def _same_device(device: Sequence[Found], found: Found) -> bool:
    """Return whether an ONVIF answer is a device's that is known already."""
    services = {_service(url) for each in device for url in (each.url, *each.urls)}
    if _service(found.url) in services:
        return True
    if found.urls:
        return False
    # asked at the usual path, without an announcement: whoever has announced another path at this port is the same
    if place_of(found.url).port in {port for port, _ in services}:
        return True
    schemes = {urlsplit(each.url).scheme for each in device}
    known = {each.identity for each in device if each.identity}
    return urlsplit(found.url).scheme not in schemes and (
        not found.identity or not known or found.identity in known
    )


def _service(url: str) -> tuple[int, str]:
    try:
        return place_of(url).port, urlsplit(url).path.rstrip("/")
    except ValueError:
        return 0, url


def _one_of_both_families(devices: Sequence[Sighting]) -> list[Sighting]:
    """Return devices, those that were met by IPv4 and by IPv6 once; only where the reference is of just these two."""
    by_reference: dict[str, list[Sighting]] = {}
    for each in devices:
        for reference in {found.identity for found in each.answers if found.identity}:
            by_reference.setdefault(reference, []).append(each)
    gone: set[int] = set()
    more: dict[int, Sighting] = {}
    for same in by_reference.values():
        fourth = [each for each in same if ":" not in each.address]
        sixth = [each for each in same if ":" in each.address]
        if len(fourth) == 1 and sixth and id(fourth[0]) not in more:
            answers = (*fourth[0].answers, *(found for each in sixth for found in each.answers))
            more[id(fourth[0])] = replace(fourth[0], answers=answers)
            gone |= {id(each) for each in sixth}
    return [more.get(id(each), each) for each in devices if id(each) not in gone]


def doubts(sightings: Sequence[Sighting]) -> tuple[Sentence, ...]:
    """Return what several devices say of themselves though only one can be right."""
    told: list[Sentence] = []
    told += _shared("census.same_serial", sightings, lambda each: _serial(each))
    told += _shared("census.same_mac", sightings, lambda each: each.identity.macs if each.identity else ())
    told += _shared("census.same_neighbour", sightings, lambda each: _table(each), by_address=True)
    told += _shared("census.same_reference", sightings, lambda each: _references(each))
    return tuple(told)


def _serial(sighting: Sighting) -> tuple[str, ...]:
    return (sighting.identity.serial,) if sighting.identity and sighting.identity.serial else ()


def _table(sighting: Sighting) -> tuple[str, ...]:
    return (sighting.neighbour,) if sighting.neighbour else ()


def _references(sighting: Sighting) -> tuple[str, ...]:
    return tuple({found.identity for found in sighting.answers if found.identity})


def _shared(
    code: str,
    sightings: Sequence[Sighting],
    marks: Callable[[Sighting], Sequence[str]],
    *,
    by_address: bool = False,
) -> Iterator[Sentence]:
    """Yield a sentence for each mark that several have; `by_address`: devices behind one address share it rightly."""
    having: dict[str, dict[str, None]] = {}
    for each in sightings:
        for mark in marks(each):
            where = each.address if by_address else _at(each)
            having.setdefault(mark, {})[where] = None
    for mark, places in having.items():
        if len(places) > 1:
            yield Sentence(code, {"mark": mark, "count": len(places), "places": _named(list(places))})


def _at(sighting: Sighting) -> str:
    place = place_of(sighting.answers[0].url)
    host = f"[{sighting.address}]" if ":" in sighting.address else sighting.address
    return f"{host}:{place.port}"


def _named(places: Sequence[str]) -> str:
    more = f" +{len(places) - _NAMED}" if len(places) > _NAMED else ""
    return ", ".join(places[:_NAMED]) + more
