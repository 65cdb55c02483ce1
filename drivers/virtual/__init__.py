"""The ``virtual`` driver: a camera that does not exist, spoken to as if it did.

Opening ``virtual://street?seed=1&ptz=1&night=0`` starts a virtual camera on loopback and opens it
through the ONVIF driver, so that nothing between the engine and the picture is a short cut.
``virtual:///path/to/clip.mp4`` plays a clip instead of the drawn street.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from drivers.contract import API, Device, Found, Login, Scope, Target
from drivers.errors import Unreachable, Unsupported

if TYPE_CHECKING:
    from drivers.kit.options import Options
    from drivers.virtual.spec import CameraSpec

STREET = "street"
_FLAGS = {"0": False, "1": True, "false": False, "true": True}


class VirtualDriver:
    """Opens virtual cameras. Stateless."""

    name = "virtual"
    title = "Virtual camera (drawn street or clip)"
    schemes = frozenset({"virtual"})
    local = True
    api = API

    @property
    def options(self) -> type[Options]:
        """What may be said of how it is opened: as of any camera that speaks ONVIF."""
        from drivers.onvif import OnvifOptions

        return OnvifOptions

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        """Find nothing: a running virtual camera is found by the ONVIF driver, as any camera."""
        nothing: tuple[Found, ...] = ()
        for found in nothing:
            yield found

    def open(self, target: Target, login: Login | None) -> AbstractAsyncContextManager[Device]:
        """Start a virtual camera and open it; its account is `login`, or a random one."""
        return _open(target, login or Login("admin", secrets.token_urlsafe(16)))


driver = VirtualDriver()


@asynccontextmanager
async def _open(target: Target, login: Login) -> AsyncIterator[Device]:
    from drivers.onvif import driver as onvif  # both lazily: a registry look-up must stay cheap
    from drivers.virtual.camera import VirtualCamera

    camera = VirtualCamera(read_url(target.url, login))
    try:
        await camera.__aenter__()
    except OSError as error:
        raise Unreachable(host=target.url, detail=error) from error
    try:
        async with onvif.open(Target(camera.onvif_url, target.options), login) as device:
            yield device
    finally:
        await camera.__aexit__()


def read_url(url: str, login: Login) -> CameraSpec:
    """Return the camera that a ``virtual:`` address describes; not discoverable, on free ports.

    Raises:
        Unsupported: The address is not understood.
    """
    from drivers.virtual.spec import CameraSpec

    parts = urlsplit(url)
    video = Path(unquote(parts.path)) if parts.path.strip("/") else None
    asked = dict(parse_qsl(parts.query))
    if (parts.scheme, parts.netloc) not in (("virtual", STREET), ("virtual", "")) or (
        (parts.netloc == STREET) == (video is not None)
    ):
        raise Unsupported(host=url, detail=f"virtual://{STREET}?... or virtual:///path/to/clip")
    try:
        spec = CameraSpec(
            name=asked.pop("name", STREET),
            seed=int(asked.pop("seed", "1")),
            night=_FLAGS[asked.pop("night", "0")],
            ptz=_FLAGS[asked.pop("ptz", "0")],
            video=video,
            channels=int(asked.pop("channels", "1")),
            username=login.username,
            password=login.password,
            discoverable=False,
        )
    except (ValueError, KeyError) as error:
        raise Unsupported(host=url, detail=error) from None
    if asked:
        raise Unsupported(host=url, detail=f"unknown: {', '.join(asked)}")
    return spec
