"""What a driver says where its devices tell nothing of themselves: one camera, its streams, and no more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta

from drivers.contract import (
    VIDEO_ONLY,
    DeviceInfo,
    Feature,
    Found,
    Profile,
    Ptz,
    Signal,
    Stream,
    TrackKind,
)
from drivers.errors import DriverError, Unsupported

_NO_DEVICES: tuple[Found, ...] = ()
_NO_SIGNALS: tuple[Signal, ...] = ()


async def no_discovery() -> AsyncIterator[Found]:
    """Yield nothing: this driver cannot discover."""
    for found in _NO_DEVICES:
        yield found


async def no_signals(why: DriverError) -> AsyncGenerator[Signal, None]:
    """Yield nothing and end with the reason.

    Raises:
        DriverError: `why`, at the first step.
    """
    for signal in _NO_SIGNALS:
        yield signal
    raise why


@dataclass(frozen=True, slots=True)
class StreamOnlyCamera:
    """A camera of which nothing but its streams is known.

    Attributes:
        host: What errors call it.
        streams: Makes a stream that has not been started, by the name of its profile.
    """

    host: str
    streams: Mapping[str, Callable[[], Stream]]
    source: str = "0"
    features: tuple[Feature, ...] = ()
    ptz: Ptz | None = None

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The streams in their order; nothing tells their sizes beforehand."""
        return tuple(Profile(name, name) for name in self.streams)

    async def open_stream(self, profile: str, kinds: AbstractSet[TrackKind] = VIDEO_ONLY) -> Stream:
        """Return a stream that has not been started; of its video alone."""
        if profile not in self.streams:
            known = ", ".join(self.streams)
            raise Unsupported("driver.no_profile", host=self.host, profile=profile, known=known)
        return self.streams[profile]()

    async def snapshot(self) -> bytes:
        """It has none: drivers never decode.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported("driver.no_snapshot", host=self.host)


@dataclass(frozen=True, slots=True)
class StreamOnlyDevice:
    """A device with one such camera."""

    camera: StreamOnlyCamera
    info: DeviceInfo = field(default_factory=DeviceInfo)
    clock_offset: timedelta | None = None

    @property
    def cameras(self) -> tuple[StreamOnlyCamera, ...]:
        """The one."""
        return (self.camera,)

    async def read_clock(self) -> timedelta | None:
        """It tells none."""
        return self.clock_offset

    def signals(self) -> AsyncGenerator[Signal, None]:
        """It has none: ends with Unsupported."""
        return no_signals(Unsupported("driver.no_signals", host=self.camera.host))
