"""The ``rtsp`` driver. Importing it loads no stream: every start of the program asks which addresses drivers open.

RTSP and RTP are spoken here and not by FFmpeg: why, is in docs/design/rtsp.md. Nothing is decoded.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import Field

from drivers.contract import API, Found, Login, Scope, Target
from drivers.kit.options import Options, read
from drivers.kit.quirks import Quirk
from drivers.kit.stream_only import StreamOnlyDevice
from drivers.logins import LoginBook
from drivers.rtsp.source import LONGEST, OPEN_SECONDS, RtspSource, Transport

__all__ = ["RtspDriver", "RtspOptions", "RtspSource", "StreamOptions", "driver"]


class StreamOptions(Options):
    """What every driver lets people say about its RTSP streams."""

    transport: Transport = Field("auto", description="How pictures come: auto tries TCP, then UDP.")
    open_seconds: float | None = Field(
        None,
        gt=0,
        le=LONGEST,
        description=f"Seconds that opening a stream may take, for slow lines; default: {OPEN_SECONDS:g}.",
    )
    basic: bool = Field(
        False, description="Answer Basic, which gives the password to whoever listens on the way."
    )
    hosts: Literal["reached", "told"] = Field(
        "reached",
        description="reached: keep to the configured host, whatever the device tells; told: go where it tells.",
    )

    def source(self, url: str, login: Login | None, logins: LoginBook | None) -> RtspSource:
        """Return a stream's source.

        Raises:
            Malformed: The URL is none.
        """
        more = {} if logins is None else {"logins": logins}
        trusted = self.hosts == "told"
        return RtspSource(url, login, self.transport, self.open_seconds, self.basic, trusted, **more)


class RtspOptions(StreamOptions):
    """Options of the ``rtsp`` driver."""

    sub: str | None = Field(None, description="URL of the smaller stream of the same camera.")


class RtspDriver:
    """Opens cameras by their RTSP URL; nothing is contacted before a stream starts."""

    name = "rtsp"
    title = "RTSP"
    schemes = frozenset({"rtsp", "rtsps"})
    api = API
    sweeps = True
    options = RtspOptions

    @property
    def quirks(self) -> tuple[Quirk, ...]:
        """What single devices do otherwise."""
        from drivers.rtsp.quirks import QUIRKS

        return QUIRKS

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        """Ask the hosts of a sweep what they can do; RTSP has no other way of being found."""
        if scope.sweep and scope.hosts:
            module = await asyncio.to_thread(importlib.import_module, "drivers.rtsp.search")
            async for found in module.swept(scope):
                yield found

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[StreamOnlyDevice]:
        """Check the URLs and options.

        Raises:
            Malformed: A URL is none.
            Unsupported: An option is unknown.
        """
        options = read(RtspOptions, target)
        urls = {"main": target.url} | ({"sub": options.sub} if options.sub else {})
        sources = {name: options.source(url, login, target.logins) for name, url in urls.items()}
        module = await asyncio.to_thread(importlib.import_module, "drivers.rtsp.camera")
        yield StreamOnlyDevice(module.RtspCamera(sources))


driver = RtspDriver()
