"""A camera to be examined that is as good, or as bad, as a test says: its pictures are really coded."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from io import BytesIO
from itertools import count
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from drivers.contract import (
    API,
    VIDEO_ONLY,
    Codec,
    CodecParameters,
    DeviceInfo,
    Feature,
    FeatureCategory,
    FeatureKind,
    Found,
    Login,
    Packet,
    Profile,
    Ptz,
    Scope,
    Signal,
    Target,
    TrackKind,
    Value,
)
from drivers.errors import Refused, Unreachable, Unsupported
from engine.census.sighting import Expected, Identity
from engine.commission.acceptance import Acceptance
from engine.commission.checks.examination import examine
from engine.commission.record import CheckResult
from engine.commission.standard import Standard
from engine.commission.subject import Pictures, Subject
from engine.runtime.clock import SystemClock

FPS, GOP = 10, 10
Film = tuple[CodecParameters, list[Packet]]
Draw = Callable[[int], NDArray[np.uint8]]


def street(number: int) -> NDArray[np.uint8]:
    """A picture full of edges, in which something moves."""
    pixels = np.full((240, 320, 3), 110, np.uint8)
    pixels[::8, :] = 60
    pixels[:, ::16] = 180
    pixels[80:160, 10 * number % 250 : 10 * number % 250 + 60] = 200
    return pixels


def flat(level: int, edge: int = 0) -> Draw:
    """Pictures of one grey, here and there a pixel of another."""

    def draw(number: int) -> NDArray[np.uint8]:
        pixels = np.full((240, 320, 3), level, np.uint8)
        pixels[number % 20 : number % 20 + 2, :40] = min(255, level + edge)
        return pixels

    return draw


def soft(number: int) -> NDArray[np.uint8]:
    """A picture out of focus: a slope, and nothing that is sharp."""
    slope = np.linspace(60, 190, 320).astype(np.uint8)
    pixels = np.repeat(np.repeat(slope[None, :, None], 240, 0), 3, 2)
    pixels[:20, :20] = 100 + number % 50
    return pixels


def still(number: int) -> NDArray[np.uint8]:
    """The same picture for ever."""
    return street(0)


def clock(number: int) -> NDArray[np.uint8]:
    """The same picture for ever, but for the time that is written into it."""
    picture = street(0)
    picture[2:8, 4 : 4 + number % 10] = 255
    return picture


def film(draw: Draw = street, pictures: int = 20, gop: int = GOP, codec: str = "libx264") -> Film:
    """Return coded pictures, in their order."""
    kind = "hevc" if codec == "libx265" else "h264"
    file = BytesIO()
    with av.open(file, "w", kind) as container:
        options = {
            "tune": "zerolatency",
            "preset": "ultrafast",
            "qp": "20",
        }  # the same picture is coded the same
        stream: Any = container.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 240, "yuv420p", gop
        for number in range(pictures):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(draw(number), format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r", kind) as recorded:
        video = recorded.streams.video[0]
        packets = [
            Packet(bytes(each), 0, 0, each.is_keyframe, 0.0) for each in recorded.demux(video) if each.size
        ]
        extradata = bytes(video.codec_context.extradata or b"")
    return CodecParameters(Codec(kind), extradata, Fraction(1, FPS), 320, 240), packets


def feature(id_: str, category: FeatureCategory = FeatureCategory.NETWORK, **more: Any) -> Feature:
    return Feature(id_, FeatureKind.TEXT, category, readable=True, **more)


LEVELS = ("user.admin.level", "user.guest.level")


def good_values() -> dict[str, Value]:
    return {
        "time.mode": "ntp", "time.ntp": "10.0.0.1", "time.zone": "UTC-07:00", "scopes.name": "Cổng UBND",
        "network.hostname": "gate", "osd.src0.name": "Cổng UBND", "osd.src0.clock": True, "network.https": True,
        "encoder.main.codec": "H264", "encoder.main.resolution": "320x240", "encoder.main.fps": FPS,
        "encoder.main.bitrate": 100_000,
    }  # fmt: skip


@dataclass
class Rig:
    """What the camera does; a driver besides.

    Attributes:
        ahead: Seconds by which its clock is ahead; None: it tells none.
        slow: Seconds until it answers.
        stranger: What it gives to whoever has no login: of ``open``, ``users``, ``stream``.
        shut: Profiles that cannot be opened.
        any_password: Whether it takes whatever password.
        pace: Seconds between two pictures, however they are stamped.
        stamps: What a picture's number becomes as its stamp.
        backwards: Whether its decoding times fall.
        ends: After how many pictures the stream ends; 0: never.
        topics_told: What it says that it could tell; None: it does not say.
    """

    film: Film
    ahead: float | None = 0.0
    slow: float = 0.0
    stranger: set[str] = field(default_factory=set)
    any_password: bool = False
    values: dict[str, Value] = field(default_factory=good_values)
    profiles: tuple[Profile, ...] = (Profile("main", "Main", Codec.H264, 320, 240, FPS),)
    abilities: frozenset[Feature] = frozenset({Feature.SIGNALS, Feature.SNAPSHOT})
    configured: tuple[Feature, ...] = tuple(feature(each, FeatureCategory.USERS) for each in LEVELS)
    levels: tuple[str, ...] = ("administrator", "user")
    on_start: BaseException | None = None
    shut: frozenset[str] = frozenset()
    on_clock: BaseException | None = None
    pace: float = 0.002
    stamps: Callable[[int], int] = lambda number: number
    backwards: bool = False
    ends: int = 0
    deaf: bool = False
    no_events: bool = False
    topics_told: tuple[str, ...] | None = ("VideoSource/MotionAlarm",)
    head: Ptz | None = None
    logins: list[Login | None] = field(default_factory=list)
    opened: int = 0
    closed: int = 0

    name, title, schemes, api = "rig", "Rig", frozenset({"rig"}), API

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        nothing: tuple[Found, ...] = ()
        for found in nothing:
            yield found

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[RigDevice]:
        self.logins.append(login)
        if login is None and "open" not in self.stranger:
            raise Refused("driver.refused", host="rig", user="")
        if login is not None and login.password != "right" and not self.any_password:
            raise Refused("driver.refused", host="rig", user=login.username)
        yield (RigDevice if self.topics_told is None else TopicalRig)(self, stranger=login is None)


class RigDevice:
    def __init__(self, rig: Rig, *, stranger: bool) -> None:
        self._rig, self._stranger = rig, stranger
        self.info = DeviceInfo("Maker", "Model 1", "1.0", "S1")
        self.cameras = (RigCamera(rig, stranger=stranger),)
        self.clock_offset: timedelta | None = None

    async def read_clock(self) -> timedelta | None:
        await asyncio.sleep(self._rig.slow)
        if self._rig.on_clock:
            raise self._rig.on_clock
        if self._rig.ahead is None:
            return None
        now = datetime.now(UTC).timestamp()
        told = math.floor(now + self._rig.ahead)  # whole seconds, as devices tell them
        return timedelta(seconds=told + 0.5 - now)

    async def configuration(self) -> tuple[Feature, ...]:
        return self._rig.configured

    async def read(self, feature: str) -> Value:
        if self._stranger and "users" not in self._rig.stranger:
            raise Refused("driver.refused", host="rig", user="")
        return self._rig.levels[LEVELS.index(feature)] if feature in LEVELS else len(LEVELS)

    async def write(self, feature: str, value: Value) -> None:
        raise Unsupported(host="rig", detail=feature)

    async def signals(self) -> AsyncGenerator[Signal | None, None]:
        if self._rig.no_events:
            raise Unsupported("driver.no_signals", host="rig")
        if not self._rig.deaf:
            yield Signal("VideoSource/MotionAlarm", "src0", False, {}, datetime.now(UTC), initial=True)
        while True:
            yield None
            await asyncio.sleep(0.01)


class TopicalRig(RigDevice):
    async def topics(self) -> tuple[str, ...]:
        return self._rig.topics_told or ()


class RigCamera:
    source = "src0"

    def __init__(self, rig: Rig, *, stranger: bool) -> None:
        self._rig, self._stranger = rig, stranger

    @property
    def profiles(self) -> tuple[Profile, ...]:
        return self._rig.profiles

    @property
    def features(self) -> frozenset[Feature]:
        return self._rig.abilities

    @property
    def ptz(self) -> Ptz | None:
        return self._rig.head

    async def open_stream(self, profile: str, kinds: AbstractSet[TrackKind] = VIDEO_ONLY) -> RigStream:
        if self._stranger and "stream" not in self._rig.stranger:
            raise Refused("driver.refused", host="rig", user="")
        if profile in self._rig.shut:
            raise Unreachable(host="rig", detail="no route")
        return RigStream(self._rig)

    async def snapshot(self) -> bytes:
        raise Unsupported("driver.no_snapshot", host="rig")


class RigStream:
    def __init__(self, rig: Rig) -> None:
        rig.opened += 1
        self._rig, self._numbers, self._closed = rig, count(), threading.Event()

    def start(self) -> CodecParameters:
        if self._rig.on_start:
            raise self._rig.on_start
        return self._rig.film[0]

    def read(self) -> Packet:
        number, packets = next(self._numbers), self._rig.film[1]
        if self._closed.wait(self._rig.pace) or (self._rig.ends and number >= self._rig.ends):
            raise Unreachable("driver.closed", host="rig")
        packet = packets[number % len(packets)]
        decoded = -number if self._rig.backwards else number
        return Packet(packet.data, self._rig.stamps(number), decoded, packet.keyframe, 0.0)

    def close(self) -> None:
        if not self._closed.is_set():
            self._rig.closed += 1
        self._closed.set()


#: Durations with which a test takes a moment.
BRIEF: Mapping[str, float] = {
    "clock": 0.01, "stream": 5, "bitrate": 1, "continuity": 0.5, "events": 0.2, "patience": 5,
}  # fmt: skip


def acceptance(**groups: Any) -> Acceptance:
    """Return thresholds with brief durations; nothing listens at the ports that must be closed."""
    written: dict[str, dict[str, Any]] = {"durations": dict(BRIEF), "network": {"closed": [1]}}
    for name, group in groups.items():
        written[name] = {**written.get(name, {}), **group}
    return Acceptance.model_validate(written)


IDENTITY = Identity("Maker", "Model 1", "S1", "1.0", "", ("02:00:00:00:00:01",))


def subject(rig: Rig, **more: Any) -> Subject:
    """Return the rig, open, with a login that works."""
    device = (RigDevice if rig.topics_told is None else TopicalRig)(rig, stranger=False)
    told: dict[str, Any] = {
        "expected": Expected("gate", "Cổng UBND", serial="S1", mac="02:00:00:00:00:01"),
        "driver": rig,
        "target": Target("http://127.0.0.1:9/onvif/device_service"),
        "login": Login("admin", "right"),
        "device": device,
        "camera": device.cameras[0],
        "identity": IDENTITY,
        "others": {},
        "values": rig.values,
        "standard": standard(),
        "clock": SystemClock(),
        "pictures": Pictures(),
    }
    return Subject(**{**told, **more})


def standard(**more: Any) -> Standard:
    """Return what the rig is by itself."""
    stream = {"codec": "h264", "width": 320, "height": 240, "fps": FPS, "bitrate": 1000}
    written = {
        "main": stream, "sub": stream, "firmware": {"maker model 1": "1.0"},
        "passwords": {"defaults": [{"username": "admin", "password": "file:x"}]},
    }  # fmt: skip
    return Standard.model_validate({**written, **more})


async def found(
    rig: Rig, acceptance_: Acceptance | None = None, *, thorough: bool = False, **more: Any
) -> dict[str, CheckResult]:
    """Return what an examination of the rig finds, by check."""
    results = await examine(subject(rig, **more), acceptance_ or acceptance(), thorough, lambda group: None)
    by_check = {each.check: each for each in results}
    assert len(by_check) == len(results), "two results for one check"
    return by_check
