"""A camera that is open and is to be looked at: what every check gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drivers.contract import Camera, Device, Driver, Feature, Login, Target, Value
from engine.census.sighting import Expected, Identity
from engine.commission.record import PictureRecord
from engine.commission.standard import Standard
from engine.runtime.clock import Clock


@dataclass(slots=True)
class Pictures:
    """Pictures that checks take; whoever keeps the record writes them beside it."""

    taken: list[tuple[PictureRecord, bytes]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Subject:
    """One open camera.

    Attributes:
        expected: The camera as the sheet has it.
        driver: By which it was opened; `target`: at which address, with the login book of its host.
        login: The login that works.
        identity: Who the device is; `others`: who the other devices of the site are, by camera id.
        values: Its configuration's present values by feature id, read once; what cannot be read is missing.
        default_login: Whether `login` counts as a default of the maker and was not renewed.
        renewed: When its password was last set by us; None: not by us.
        clock: Of this machine.
        pictures: Where pictures go.
        features: What its configuration has, where whoever opened it has asked already; None: nobody has.
        within: Seconds that looking at it may take; what was not come to by then is not tested. None: any.
    """

    expected: Expected
    driver: Driver
    target: Target
    login: Login | None
    device: Device
    camera: Camera
    identity: Identity
    others: Mapping[str, Identity]
    values: Mapping[str, Value]
    standard: Standard
    clock: Clock
    pictures: Pictures
    default_login: bool = False
    renewed: datetime | None = None
    features: tuple[Feature, ...] | None = None
    within: float | None = None
