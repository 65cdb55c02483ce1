"""What a driver is: the few types between the engine and every device.

A *driver* knows one way to talk (ONVIF, RTSP, a file). It opens a *device* (what has one address and
one login), a device has one or more *cameras* (an NVR has many video sources), a camera has stream
*profiles*. Drivers never decode and never start threads for video: :meth:`Stream.start` and
:meth:`Stream.read` block, and run in the one thread that the engine owns for that camera.

Coordinates and PTZ vectors are normalised; the wall clock is aware UTC. Every failure is a
:class:`drivers.errors.DriverError`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Collection, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from drivers.configurable import Configurable as Configurable
from drivers.configurable import Restartable as Restartable
from drivers.configurable import Together as Together
from drivers.configurable import Topical as Topical
from drivers.discovery import Found as Found
from drivers.discovery import Scope as Scope
from drivers.display import UPRIGHT, Turn
from drivers.features import Feature as Feature  # a driver's author finds all types here
from drivers.features import FeatureCategory as FeatureCategory
from drivers.features import FeatureKind as FeatureKind
from drivers.features import Value as Value
from drivers.logins import Login as Login
from drivers.logins import LoginBook
from drivers.webhooks import Webhook as Webhook
from drivers.webhooks import WebhookRequest as WebhookRequest
from drivers.webhooks import Webhooks as Webhooks

#: Version of this contract. The registry refuses another one; what is added later is optional.
API = 1
NO_OPTIONS: Mapping[str, object] = MappingProxyType({})


class TrackKind(StrEnum):
    """What a track of a stream carries."""

    VIDEO = "video"
    AUDIO = "audio"
    METADATA = "metadata"


#: What a stream is opened with where nobody asks for more.
VIDEO_ONLY: AbstractSet[TrackKind] = frozenset({TrackKind.VIDEO})


class Codec(StrEnum):
    """Video codecs by their FFmpeg decoder names."""

    H264 = "h264"
    H265 = "hevc"
    MJPEG = "mjpeg"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a device is, and the driver's own options for it (validated by the driver).

    Attributes:
        logins: What the device has said to our logins, shared by all that knock at it; None: nobody else does.
        webhooks: Lends addresses at which a device can call back; None: nobody does.
    """

    url: str
    options: Mapping[str, object] = field(default_factory=lambda: NO_OPTIONS)
    logins: LoginBook | None = None
    webhooks: Webhooks | None = None


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What a device says it is (ONVIF GetDeviceInformation)."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    hardware: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream that a camera offers, as *advertised*; measure before you believe it.

    Attributes:
        width: Pixels, 0 when not told; likewise `height`.
        fps: Frames per second, 0 when not told.
        bitrate: kbit/s, 0 when not told.
    """

    token: str
    name: str = ""
    codec: Codec | None = None
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bitrate: int = 0


@dataclass(frozen=True, slots=True)
class CodecParameters:
    """What a decoder or a muxer needs before the first packet.

    Attributes:
        extradata: As the container gave it: Annex B SPS/PPS from RTSP, avcC from MP4.
        time_base: Seconds per tick of `Packet.pts`.
        width: Pixels as coded, 0 when unknown until the first keyframe; likewise `height`.
        turn: What makes decoded pictures upright, as the container says it.
        pixel: Width over height of one pixel, where the container says otherwise than the coded pictures; None: they
            say it themselves, and may change it.
    """

    codec: Codec
    extradata: bytes
    time_base: Fraction
    width: int = 0
    height: int = 0
    turn: Turn = UPRIGHT
    pixel: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """One track of a stream that has more than video.

    Attributes:
        codec: FFmpeg's name: ``h264``, ``pcm_alaw``, ``pcm_mulaw``, ``aac``; ``onvif`` for ONVIF metadata (XML).
        time_base: Seconds per tick of its packets' stamps.
        extradata: What a decoder needs first; for AAC its AudioSpecificConfig.
        rate: Samples per second, 0 for what is no audio; likewise `channels`.
    """

    kind: TrackKind
    codec: str
    time_base: Fraction
    extradata: bytes = b""
    rate: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture, or one piece of another track.

    Attributes:
        data: Coded bytes (Annex B from RTSP, length-prefixed from MP4; see `extradata`).
        pts: Presentation time in ticks of the track's time base (`CodecParameters.time_base` for the video); never
            runs back more than the codec's reordering.
        dts: Decoding time in the same ticks; strictly increasing within a track.
        keyframe: Whether decoding can start here.
        received: Host's monotonic seconds when it was read.
        track: Index into `Tracked.tracks`; 0 is the video.
    """

    data: bytes
    pts: int
    dts: int
    keyframe: bool
    received: float
    track: int = 0


@runtime_checkable
class Stream(Protocol):
    """An open way to coded pictures; owned by one thread, closable from any."""

    def start(self) -> CodecParameters:
        """Connect (blocking, bounded by the driver's time-out) and return the codec's parameters.

        Raises:
            DriverError: As everywhere; never hangs.
        """
        ...

    def read(self) -> Packet:
        """Return the next packet (blocking, bounded).

        Raises:
            Unreachable: The stream ended, stalled or was closed.
        """
        ...

    def close(self) -> None:
        """Release everything; idempotent, callable from any thread, ends a blocked `read`."""
        ...


@runtime_checkable
class Tracked(Stream, Protocol):
    """A stream that can carry more than its video. A driver whose streams cannot leaves it out."""

    @property
    def tracks(self) -> tuple[Track, ...]:
        """What comes, once it has started: the video first, then what was asked for and is there."""
        ...


def tracks_of(stream: Stream, video: CodecParameters) -> tuple[Track, ...]:
    """Return the tracks of a stream that has started.

    Args:
        video: What `Stream.start` returned.
    """
    if isinstance(stream, Tracked):
        return stream.tracks
    return (Track(TrackKind.VIDEO, video.codec, video.time_base, video.extradata),)


@dataclass(frozen=True, slots=True)
class PtzVector:
    """Pan, tilt and zoom: positions or velocities, each -1..1 (zoom positions 0..1)."""

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0


@dataclass(frozen=True, slots=True)
class Preset:
    """A named PTZ position."""

    token: str
    name: str
    position: PtzVector | None = None


@dataclass(frozen=True, slots=True)
class PtzStatus:
    """Where a PTZ unit is; None where the device does not tell."""

    position: PtzVector | None
    moving: bool | None


class Ptz(Protocol):
    """Pan-tilt-zoom of one camera."""

    async def presets(self) -> tuple[Preset, ...]:
        """Return the stored presets."""
        ...

    async def goto(self, preset: str) -> None:
        """Start moving to a preset, given by token or, failing that, by name."""
        ...

    async def set_preset(self, name: str) -> Preset:
        """Store the present position under a name."""
        ...

    async def move(self, velocity: PtzVector, timeout: float) -> None:
        """Move until `stop`, at most for `timeout` seconds (the driver guarantees it)."""
        ...

    async def stop(self) -> None:
        """Stop every movement."""
        ...

    async def status(self) -> PtzStatus:
        """Return position and movement."""
        ...


@dataclass(frozen=True, slots=True)
class Signal:
    """What a device said, not what it means (that is the engine's `translate`).

    Attributes:
        topic: Normalised topic without namespace prefixes, e.g. ``VideoSource/MotionAlarm``.
        source: Token of the video source that it is about; empty for the whole device, also where what it is
            about (an input, a relay, a microphone) is no video source.
        state: The boolean that it carries, if any.
        items: All data and source items as text.
        at: Device's time, aware UTC; the receive time where the device's is unusable.
        initial: True for a state told on subscription, False for a change.
        about: All source items, then all key items, as told: with topic and source what tells one property of the
            device from another (data does not). Empty: the driver cannot tell them from the data.
    """

    topic: str
    source: str
    state: bool | None
    items: Mapping[str, str]
    at: datetime
    initial: bool = False
    about: tuple[tuple[str, str], ...] = ()


@runtime_checkable
class Speaker(Protocol):
    """A camera with a loudspeaker (`Feature.SPEAKER`). A driver whose cameras have none leaves it out."""

    async def speak(self, sound: AsyncIterable[bytes]) -> None:
        """Play G.711 u-law at 8 kHz, in pieces of at most a second, until the iterator ends.

        Returns when all has been sent; when cancelled the loudspeaker is silent and free for others.

        Raises:
            DriverError: `Unreachable` also where somebody else speaks.
        """
        ...


class Camera(Protocol):
    """One video source of a device."""

    @property
    def source(self) -> str:
        """Video-source token: stable within the device."""
        ...

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Streams offered, best first."""
        ...

    @property
    def features(self) -> Collection[Feature]:
        """What this camera can do: the abilities, by unique ids; values are `Configurable`'s."""
        ...

    @property
    def ptz(self) -> Ptz | None:
        """The PTZ unit, where there is one."""
        ...

    async def open_stream(self, profile: str, kinds: AbstractSet[TrackKind] = VIDEO_ONLY) -> Stream:
        """Resolve a profile's address and return a stream that has not been started.

        Args:
            kinds: Tracks that are wanted; video always comes. What is not there, or the driver cannot do, does not.
        """
        ...

    async def snapshot(self) -> bytes:
        """Return a JPEG straight from the device.

        Raises:
            Unsupported: The device has none.
        """
        ...


class Device(Protocol):
    """What one address and one login lead to."""

    @property
    def info(self) -> DeviceInfo:
        """What it says it is."""
        ...

    @property
    def clock_offset(self) -> timedelta | None:
        """Device clock minus host clock when it was opened; None when it does not tell."""
        ...

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """Its video sources, in the device's order."""
        ...

    async def read_clock(self) -> timedelta | None:
        """Ask again what time it thinks it is; return it as `clock_offset`, which follows.

        Raises:
            DriverError: It does not answer.
        """
        ...

    def signals(self) -> AsyncGenerator[Signal | None, None]:
        """Yield what the device says, for as long as it is open; ends with a DriverError.

        None stands for an answer that says nothing: the device is there, and nothing happened. A driver that cannot
        tell that yields none; then a device that is quiet is believed to be well only after a while.

        It ends with `Unsupported` only where the device has no event service at all: everything else may
        be better later. Close it with `contextlib.aclosing`: a subscription is given back to the device.
        """
        ...


class Driver(Protocol):
    """A way to talk to devices. Stateless: one object serves every device.

    It may have besides: `options`, the model of its options (`drivers.kit.options`); `quirks`, what single devices
    do otherwise; ``local = True`` where its addresses lead to no host (files); ``sweeps = True`` where it heeds
    `Scope.sweep` and tells `Scope.asked`.
    """

    name: str
    title: str
    schemes: frozenset[str]
    api: int

    def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        """Yield devices as they answer, for `wait` seconds; yields nothing if it cannot discover.

        Raises:
            DriverError: At the end, after all that was found: it could not look everywhere, or answers were lost.
        """
        ...

    def open(self, target: Target, login: Login | None) -> AbstractAsyncContextManager[Device]:
        """Open a device for as long as the context lasts."""
        ...
