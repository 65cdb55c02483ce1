"""Drivers by name, found through the entry-point group ``matthan.drivers``.

Three grains, because importing is the dearest thing at start: :func:`names` imports nothing,
:func:`about` reads distribution metadata, :func:`load` imports one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from drivers.contract import API, Driver
from drivers.errors import Unsupported

GROUP = "matthan.drivers"


@dataclass(frozen=True, slots=True)
class About:
    """Where a driver comes from."""

    name: str
    value: str
    distribution: str
    version: str


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> tuple[str, ...]:
    """Return the installed drivers' names, sorted; imports none of them."""
    return tuple(sorted(_points()))


def about(name: str) -> About:
    """Return a driver's origin without importing it.

    Raises:
        Unsupported: No such driver is installed.
    """
    point = _find(name)
    dist = point.dist
    return About(name, point.value, dist.name if dist else "?", dist.version if dist else "?")


def load(name: str) -> Driver:
    """Import one driver.

    Raises:
        Unsupported: Not installed, broken (its import failed), or made for another contract.
    """
    point = _find(name)
    try:
        driver: Driver = point.load()
    except Exception as error:  # a plug-in may fail in any way; the engine must be able to say so
        raise Unsupported("driver.broken", name=name, value=point.value, error=error) from error
    if getattr(driver, "api", None) != API:
        raise Unsupported("driver.api", name=name, has=getattr(driver, "api", "none"), want=API)
    return driver


def for_url(url: str) -> Driver:
    """Return the first driver, in name order, whose schemes contain the URL's; broken ones are passed over.

    Raises:
        Unsupported: No installed driver takes the scheme.
    """
    scheme = url.partition(":")[0].lower()
    for name in names():
        with suppress(Unsupported):
            candidate = load(name)
            if scheme in candidate.schemes:
                return candidate
    raise Unsupported("driver.no_scheme", scheme=scheme, installed=", ".join(names()))


def schemes() -> dict[str, bool]:
    """Return the schemes of the addresses that installed drivers open, sorted; broken drivers are passed over.

    Returns:
        By scheme whether its addresses lead to a host; those of a driver with ``local = True`` do not (files).
    """
    return dict(sorted(_schemes()))


def _schemes() -> Iterator[tuple[str, bool]]:
    for name in names():
        with suppress(Unsupported):
            driver = load(name)
            for scheme in driver.schemes:
                yield scheme, not getattr(driver, "local", False)


def _find(name: str) -> EntryPoint:
    points = _points()
    if name not in points:
        raise Unsupported("driver.missing", name=name, installed=", ".join(sorted(points)))
    return points[name]
