"""Kinds of makers to practise with: invented names, each with the ways of some real ones.

What a make is known by: what it calls itself, the account it is sold with, its ports, what it lacks and how it errs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.contract import Login
from drivers.virtual.accounts import Lockout
from drivers.virtual.encoding import PAIR
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraSpec


@dataclass(frozen=True, slots=True)
class Make:
    """One kind of maker.

    Attributes:
        ports: Of ONVIF and RTSP, where each camera has an address of its own.
        sentence: What it is like.
    """

    name: str
    manufacturer: str
    model: str
    firmware: str
    login: Login
    ports: tuple[int, int]
    quirks: frozenset[Quirk]
    sentence: str

    def of(self, spec: CameraSpec) -> CameraSpec:
        """Return a camera as this maker would make it; what it was told to be stays."""
        return replace(
            spec,
            manufacturer=self.manufacturer,
            model=self.model,
            firmware=self.firmware,
            maker_login=self.login,
            profiles=PAIR,
            quirks=spec.quirks | self.quirks,
            lockout=Lockout.ACCOUNT,
        )


_MAKES = (
    Make(
        "north", "North Optics", "NB-2043", "V5.7.15 build 230901", Login("admin", "12345"), (8000, 8554),
        frozenset({Quirk.DIGEST_ONLY}), "thorough, and takes HTTP digest alone",
    ),
    Make(
        "lotus", "Lotus Vision", "LV-IPC-45", "2.840.0000000.28.R", Login("admin", "admin"), (8080, 8554),
        frozenset({Quirk.LOCKS_EVERYBODY}), "locks everybody out after five wrong logins",
    ),
    Make(
        "bamboo", "Bamboo Security", "BS-Dome-2", "1.3.7", Login("admin", "admin123"), (2020, 8554),
        frozenset({Quirk.NO_MEDIA2, Quirk.NO_OSD}), "small: no second media service, no writing in the picture",
    ),
    Make(
        "harbour", "Harbour CCTV", "HC-50X", "4.02.R11", Login("admin", "123456"), (8899, 10554),
        frozenset({Quirk.NO_MEDIA2, Quirk.NO_NTP, Quirk.HTML_ERRORS}),
        "cheap: knows no time server, answers with HTML what it does not know",
    ),
    Make(
        "kite", "Kite Cameras", "K-Bullet 3", "10.12.4", Login("root", "pass"), (6688, 8554),
        frozenset(), "by the book",
    ),
)  # fmt: skip
#: By name.
MAKES = {make.name: make for make in _MAKES}
