"""The ``onvif`` driver. Importing it loads neither zeep nor aiohttp; opening a device does."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.contract import API, Device, Found, Login, Scope, Target
from drivers.options import Options, read
from drivers.rtsp import Transport


class OnvifOptions(Options):
    """Options of the ``onvif`` driver.

    Attributes:
        transport: How RTP comes: ``auto`` tries TCP, then UDP.
        verify_tls: Whether the device's certificate must be signed by a known authority.
    """

    transport: Transport = "auto"
    verify_tls: bool = False


class OnvifDriver:
    """Cameras that speak ONVIF: discovery, profiles, PTZ, events; their video by RTSP."""

    name = "onvif"
    title = "ONVIF"
    schemes = frozenset({"http", "https"})
    api = API
    options = OnvifOptions

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        """Probe the scope by WS-Discovery and yield who answers."""
        from drivers.onvif.discover import discover

        async for found in discover(scope, wait):
            yield found

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[Device]:
        """Open a device; its URL's path defaults to ``/onvif/device_service``.

        Raises:
            DriverError: As everywhere.
        """
        options = read(OnvifOptions, target)
        # zeep takes 0.3 s of CPU to import: not on the loop
        module = await asyncio.to_thread(importlib.import_module, "drivers.onvif.device")
        from drivers.onvif.addresses import Reached

        reached = Reached.at(target.url)
        async with module.opened(reached, login, options.transport, options.verify_tls) as device:
            yield device


driver = OnvifDriver()
