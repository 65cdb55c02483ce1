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
    return _loaded(_find(name))


def for_url(url: str) -> Driver:
    """Return the first driver, in name order, whose schemes contain the URL's; broken ones are passed over.

    Raises:
        Unsupported: No installed driver takes the scheme.
    """
    scheme = url.partition(":")[0].lower()
    for driver in _working():
        if scheme in driver.schemes:
            return driver
    raise Unsupported("driver.no_scheme", scheme=scheme, installed=", ".join(names()))


def schemes() -> dict[str, bool]:
    """Return the schemes of the addresses that installed drivers open, sorted; broken drivers are passed over.

    Returns:
        By scheme whether its addresses lead to a host; those of a driver with ``local = True`` do not (files).
    """
    return dict(
        sorted(
            (scheme, not getattr(driver, "local", False))
            for driver in _working()
            for scheme in driver.schemes
        )
    )


def _working() -> Iterator[Driver]:
    """Yield the installed drivers in name order, without those that cannot be loaded."""
    points = _points()  # once: it reads the metadata of all that is installed
    for name in sorted(points):
        with suppress(Unsupported):
            yield _loaded(points[name])


def _loaded(point: EntryPoint) -> Driver:
    try:
        driver: Driver = point.load()
    except Exception as error:  # a plug-in may fail in any way; the engine must be able to say so
        raise Unsupported("driver.broken", name=point.name, value=point.value, error=error) from error
    if getattr(driver, "api", None) != API:
        raise Unsupported("driver.api", name=point.name, has=getattr(driver, "api", "none"), want=API)
    return driver


def _find(name: str) -> EntryPoint:
    points = _points()
    if name not in points:
        raise Unsupported("driver.missing", name=name, installed=", ".join(sorted(points)))
    return points[name]
