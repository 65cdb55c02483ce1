"""The ``onvif`` driver. Importing it loads nothing heavy; opening a PTZ device loads zeep."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import Field

from drivers.contract import API, Device, Found, Login, Scope, Target
from drivers.errors import DriverError, Unreachable
from drivers.kit.options import read
from drivers.kit.quirks import Quirk
from drivers.rtsp import StreamOptions


class OnvifOptions(StreamOptions):
    """Options of the ``onvif`` driver: its streams', and those of SOAP and stills, which share `hosts` and `basic`.

    Basic is never answered at another host than the configured one.
    """

    verify_tls: bool = Field(
        False, description="Whether the device's certificate must be signed by a known authority."
    )
    events: Literal["auto", "pull", "push"] = Field(
        "auto",
        description="How events come: pulled, or pushed to `webhook_receiver.url`; auto: pushed if none can be pulled.",
    )


class OnvifDriver:
    """Cameras that speak ONVIF: discovery, profiles, PTZ, events; their video by RTSP."""

    name = "onvif"
    title = "ONVIF"
    schemes = frozenset({"http", "https"})
    api = API
    sweeps = True
    options = OnvifOptions

    @property
    def quirks(self) -> tuple[Quirk, ...]:
        """What single devices do otherwise."""
        from drivers.onvif.quirks import QUIRKS

        return QUIRKS

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        """Probe the scope by WS-Discovery and yield who answers; in a sweep ask each host besides."""
        from drivers.onvif.discovery.search import discover

        trouble: list[DriverError] = []
        try:
            async for found in discover(scope, wait):
                yield found
        except DriverError as error:
            trouble.append(error)
        if scope.sweep and scope.hosts:
            from drivers.onvif.discovery.sweep import swept

            try:
                async for found in swept(scope):
                    yield found
            except DriverError as error:
                trouble.append(error)
        if trouble:
            raise joined(trouble)

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[Device]:
        """Open a device; its URL's path defaults to ``/onvif/device_service``.

        Raises:
            DriverError: As everywhere.
        """
        options = read(OnvifOptions, target)
        module = await asyncio.to_thread(importlib.import_module, "drivers.onvif.device")
        reached = module.DeviceAddress.at(target.url, trust_hosts=options.hosts == "told")
        heard = module.Heard(options.events, target.webhooks)
        access = module.Access(options.source, options.verify_tls, options.basic, target.logins, heard)
        async with module.opened(reached, login, access) as device:
            yield device


def joined(errors: Sequence[DriverError]) -> DriverError:
    """Return errors as one, whose sentence tells them all."""
    if len(errors) == 1:
        return errors[0]
    code = "+driver.besides+".join(error.code for error in errors)
    return Unreachable(code, **{name: value for error in errors for name, value in error.values.items()})


driver = OnvifDriver()
