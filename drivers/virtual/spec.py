"""What a virtual camera is to be, and who it says it is."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from drivers.contract import DeviceInfo, Login
from drivers.virtual.accounts import Lockout
from drivers.virtual.encoding import SINGLE, ProfileSpec, Stream
from drivers.virtual.impairment import Planned
from drivers.virtual.quirks import Quirk

MANUFACTURER = "Mat Than"
FIRMWARE = "0.1"
#: What a camera with the maker's password lets in.
DEFAULT_LOGIN = Login("admin", "admin")
#: Vietnam's zone in POSIX form, as a camera sold there is set up.
TIME_ZONE = "ICT-7"
#: Letters of a zone, the rules of its summer time among them.
LONGEST_ZONE = 64
#: How wrong the clock of `Quirk.WRONG_CLOCK` is.
WRONG_BY = timedelta(hours=-7)
#: Seconds until a time server has answered.
NTP_SECONDS = 2.0
_SAME_IDENTITY = uuid.UUID("fc3c2d1e-0000-4000-8000-000000000001")
_ZONE = re.compile(
    r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d{2}))?(?::\d{2})?"
)


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One virtual camera.

    Attributes:
        name: What it calls itself; with `seed` and `serial` it decides the identity.
        seed: Chooses the street, its traffic and its noise.
        night: Draw the street at night.
        ptz: Give it a pan-tilt-zoom unit.
        video: Play this clip instead of the drawn street (a clip has no PTZ).
        username: Its only account; likewise `password`.
        host: Address to listen on; nothing answers elsewhere.
        onvif_port: TCP port, 0: any free one; likewise `rtsp_port`.
        discoverable: Answer WS-Discovery.
        serial: Serial number; made of name and seed when empty.
        channels: Video sources; above 1 it is a recorder, whose channels all show the same street.
        profiles: Streams of each source.
        street: Chooses the street in place of `seed`: cameras of one street share the work of drawing it.
        writes_streams: Texts are seen in streams too, not only in stills: then no other camera shows the same.
        quirks: How it misbehaves.
        lockout: Whom 5 wrong logins in a row lock out for 30 minutes.
        manufacturer: Who made it, as it says; likewise `model` (empty: by what it is) and `firmware`.
        maker_login: The account of a camera with `Quirk.DEFAULT_PASSWORD`.
        impairments: What happens to its pictures, and when.
        only: It speaks RTSP or HTTP alone, and no ONVIF; empty: all of it.

    Raises:
        ValueError: PTZ and a clip exclude each other, and so do PTZ and several channels.
    """

    name: str = "virtual"
    seed: int = 1
    night: bool = False
    ptz: bool = False
    video: Path | None = None
    username: str = "admin"
    password: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    onvif_port: int = 0
    rtsp_port: int = 0
    discoverable: bool = True
    serial: str = ""
    channels: int = 1
    profiles: tuple[ProfileSpec, ...] = SINGLE
    street: int | None = None
    writes_streams: bool = True
    quirks: frozenset[Quirk] = frozenset()
    lockout: Lockout = Lockout.ACCOUNT
    manufacturer: str = MANUFACTURER
    model: str = ""
    firmware: str = FIRMWARE
    maker_login: Login = DEFAULT_LOGIN
    only: str = ""
    impairments: tuple[Planned, ...] = ()

    def __post_init__(self) -> None:
        if self.ptz and self.video is not None:
            raise ValueError("a clip has no PTZ: it holds nothing outside its frame")
        if self.only not in ("", "rtsp", "http"):
            raise ValueError("rtsp or http alone")
        if self.channels < 1 or (self.ptz and self.channels > 1):
            raise ValueError("a recorder has one channel or more, and no PTZ")

    @property
    def login(self) -> Login:
        """The account that it starts with."""
        if Quirk.DEFAULT_PASSWORD in self.quirks:
            return self.maker_login
        return Login(self.username, self.password)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Every stream, the channels one after the other."""
        return tuple(Stream(each, channel) for channel in range(self.channels) for each in self.profiles)

    @property
    def discovery_identity(self) -> uuid.UUID:
        """Endpoint reference that discovery tells."""
        return _SAME_IDENTITY if Quirk.SAME_UUID in self.quirks else self.identity

    @property
    def identity(self) -> uuid.UUID:
        """Stable endpoint reference: the same for the same name, seed and serial number."""
        own = f":{self.serial}" if self.serial else ""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"matthan:virtual:{self.name}:{self.seed}{own}")

    @property
    def hardware_address(self) -> str:
        """A locally administered MAC address, made of the identity."""
        return ":".join(f"{byte:02x}" for byte in b"\x02" + self.identity.bytes[:5])

    @property
    def info(self) -> DeviceInfo:
        """What GetDeviceInformation tells."""
        kind = "Virtual PTZ" if self.ptz else "Virtual Fixed" if self.channels == 1 else "Virtual Recorder"
        serial = self.serial or hashlib.sha256(self.identity.bytes).hexdigest()[:12].upper()
        return DeviceInfo(self.manufacturer, self.model or kind, self.firmware, serial, "virtual-1")

    @property
    def scopes(self) -> tuple[str, ...]:
        """What WS-Discovery and GetScopes tell."""
        said = {
            "type": ("video_encoder", *(("ptz",) if self.ptz else ())),
            "Profile": ("Streaming",),
            "name": (self.name,),
            "hardware": (self.info.model,),
            "location": ("virtual street",),
        }
        base = "onvif://www.onvif.org"
        return tuple(f"{base}/{key}/{quote(value)}" for key, values in said.items() for value in values)


def zone_offset(zone: str) -> timedelta | None:
    """Return how far a POSIX zone is ahead of UTC (summer time apart); None: it is none."""
    found = _ZONE.match(zone) if len(zone) <= LONGEST_ZONE else None
    if found is None or int(found["hours"]) > 14:
        return None
    behind = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return behind if found["sign"] == "-" else -behind


@dataclass(slots=True)
class CameraClock:
    """The camera's own clock: the host's, plus an offset that SetSystemDateAndTime changes.

    Attributes:
        host: The host's wall clock, aware UTC.
        monotonic: Seconds that never run back.
        zone: POSIX time zone.
        follows: Whether it is set by a time server, which answers some seconds after it is asked.
        synchronized: When a time server last set it.
    """

    host: Callable[[], datetime]
    monotonic: Callable[[], float]
    offset: timedelta = timedelta()
    zone: str = TIME_ZONE
    follows: bool = False
    synchronized: datetime | None = None
    _asked: float | None = None

    def wall(self) -> datetime:
        """Return the camera's idea of now."""
        if self._asked is not None and self.monotonic() >= self._asked + NTP_SECONDS:
            self._asked, self.offset = None, timedelta()
            self.synchronized = self.host()
        return self.host() + self.offset

    def local(self) -> datetime:
        """Return the time of the camera's zone, told as if it were UTC."""
        return self.wall() + (zone_offset(self.zone) or timedelta())

    def set(self, moment: datetime) -> None:
        """Make this moment the present, and follow nobody."""
        self.follows, self._asked = False, None
        self.offset = moment - self.host()

    def follow(self, on: bool = True) -> None:
        """Ask a time server, or ask none any more."""
        self.follows, self._asked = on, self.monotonic() if on else None
