"""What a virtual camera is to be, and who it says it is."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from drivers.contract import DeviceInfo, Login

MANUFACTURER = "Mat Than"
FIRMWARE = "0.1"


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

    def __post_init__(self) -> None:
        if self.ptz and self.video is not None:
            raise ValueError("a clip has no PTZ: it holds nothing outside its frame")
        if self.channels < 1 or (self.ptz and self.channels > 1):
            raise ValueError("a recorder has one channel or more, and no PTZ")

    @property
    def login(self) -> Login:
        """The account."""
        return Login(self.username, self.password)

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
        model = "Virtual PTZ" if self.ptz else "Virtual Fixed" if self.channels == 1 else "Virtual Recorder"
        serial = self.serial or hashlib.sha256(self.identity.bytes).hexdigest()[:12].upper()
        return DeviceInfo(MANUFACTURER, model, FIRMWARE, serial, "virtual-1")

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


@dataclass(slots=True)
class CameraClock:
    """The camera's own clock: the host's, plus an offset that SetSystemDateAndTime changes.

    Attributes:
        host: The host's wall clock, aware UTC.
        monotonic: Seconds that never run back.
    """

    host: Callable[[], datetime]
    monotonic: Callable[[], float]
    offset: timedelta = timedelta()

    def wall(self) -> datetime:
        """Return the camera's idea of now."""
        return self.host() + self.offset

    def set(self, moment: datetime) -> None:
        """Make this moment the present."""
        self.offset = moment - self.host()
