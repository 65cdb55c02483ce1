"""The ``onvif`` driver. Importing it loads nothing heavy; opening a PTZ device loads zeep."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from drivers.contract import API, Device, Found, Login, Scope, Target
from drivers.options import Options, read
from drivers.rtsp import Transport


class OnvifOptions(Options):
    """Options of the ``onvif`` driver.

    Attributes:
        transport: How RTP comes: ``auto`` tries TCP, then UDP.
        verify_tls: Whether the device's certificate must be signed by a known authority.
        hosts: ``reached``: streams, stills and events are sought at the host that was reached, whatever the device
            tells (NAT, stale settings); ``told``: where it tells.
        basic: Whether HTTP Basic may be answered, which gives the password to whoever listens; never to another
            host than the configured one.
    """

    transport: Transport = "auto"
    verify_tls: bool = False
    hosts: Literal["reached", "told"] = "reached"
    basic: bool = False


class OnvifDriver:
    """Cameras that speak ONVIF: discovery, profiles, PTZ, events; their video by RTSP."""

    name = "onvif"
    title = "ONVIF"
    schemes = frozenset({"http", "https"})
    api = API

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
        module = await asyncio.to_thread(importlib.import_module, "drivers.onvif.device")
        reached = module.Reached.at(target.url, told=options.hosts == "told")
        way = module.Way(options.transport, options.verify_tls, options.basic, target.logins)
        async with module.opened(reached, login, way) as device:
            yield device


driver = OnvifDriver()
