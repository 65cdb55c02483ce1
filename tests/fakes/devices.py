"""Cameras in memory that can be commissioned: accounts that lock, features that are set, and what goes wrong."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from drivers.contract import (
    VIDEO_ONLY,
    Device,
    DeviceInfo,
    Feature,
    FeatureCategory,
    FeatureKind,
    Found,
    Login,
    Profile,
    Ptz,
    Scope,
    Signal,
    Stream,
    Target,
    TrackKind,
    Value,
)
from drivers.errors import Refused, Unreachable, Unsupported
from drivers.features import named

#: Wrong logins after which a device lets nobody in any more.
LOCKED_AFTER = 5
MAIN, SUB = ("1920x1080", "1280x720"), ("704x576", "640x360", "352x288")


def _text(id: str, source: str = "", *, most: float | None = None, secret: bool = False) -> Feature:
    kind, network = FeatureKind.TEXT, FeatureCategory.NETWORK
    return Feature(
        id, kind, network, source=source, most=most, readable=not secret, writable=True, secret=secret
    )


def _encoder(token: str, source: str, sizes: Iterable[str]) -> list[Feature]:
    def feature(knob: str, kind: FeatureKind, **told: Any) -> Feature:
        return Feature(
            f"encoder.{token}.{knob}", kind, FeatureCategory.ENCODER, source=source,
            readable=True, writable=True, **told,
        )  # fmt: skip

    number = FeatureKind.NUMBER
    return [
        feature("codec", FeatureKind.CHOICE, choices=("h264", "hevc")),
        feature("resolution", FeatureKind.CHOICE, choices=tuple(sizes)),
        feature("fps", number, least=1, most=25, whole=True),
        feature("bitrate", number, least=64, most=4096, whole=True),
        feature("gop", number, least=1, most=100, whole=True),
    ]


def features(sources: Iterable[str]) -> dict[str, Feature]:
    """What a device offers."""
    found = [
        Feature("time.clock", FeatureKind.MOMENT, FeatureCategory.TIME, readable=True, writable=True),
        Feature("time.mode", FeatureKind.CHOICE, choices=("manual", "ntp"), readable=True, writable=True),
        _text("time.ntp"),
        _text("time.zone"),
        Feature("network.eth0.mac", FeatureKind.TEXT, readable=True),
        _text("network.hostname", most=63),
        _text("scopes.name"),
        _text("account.password", most=32, secret=True),
    ]
    for source in sources:
        found += [_text(f"osd.{source}.name", source, most=20)]
        found += [
            Feature(f"osd.{source}.clock", FeatureKind.FLAG, source=source, readable=True, writable=True)
        ]
        found += [*_encoder(f"{source}-a", source, MAIN), *_encoder(f"{source}-b", source, SUB)]
    return {each.id: each for each in found}


def values(sources: Iterable[str], mac: str) -> dict[str, Value]:
    """What a device is set to when it comes out of its box."""
    found: dict[str, Value] = {
        "time.mode": "manual", "time.ntp": "", "time.zone": "UTC0", "network.eth0.mac": mac,
        "network.hostname": "ipcam", "scopes.name": "IPC",
    }  # fmt: skip
    for source in sources:
        found |= {f"osd.{source}.name": "", f"osd.{source}.clock": False}
        for token, size in ((f"{source}-a", MAIN[1]), (f"{source}-b", SUB[0])):
            knobs: dict[str, Value] = {
                "codec": "h264",
                "resolution": size,
                "fps": 25,
                "bitrate": 4096,
                "gop": 50,
            }
            found |= {f"encoder.{token}.{knob}": value for knob, value in knobs.items()}
    return found


@dataclass(slots=True)
class Box:
    """One device as it hangs on its wall, over every program that comes and goes.

    Attributes:
        offset: Seconds that its clock is ahead.
        lies: Features that it accepts and leaves as they are; `refuses`: those that it refuses.
        deaf_password: What becomes of a new password: ``taken``; ``lost``: taken, and the answer is lost; ``ignored``.
        wrong: Wrong logins that it saw.
        calls: Every call that reached it.
    """

    serial: str = "S1"
    mac: str = "02:1f:aa:00:00:01"
    user: str = "admin"
    password: str = "admin"
    sources: tuple[str, ...] = ("VS1",)
    offset: float = 3600.0
    lies: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    lacks: set[str] = field(default_factory=set)
    answer: str = "taken"
    away: bool = False
    wrong: int = 0
    reboots: int = 0
    calls: list[str] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = self.values or values(self.sources, self.mac)

    @property
    def locked(self) -> bool:
        """Whether it lets nobody in any more."""
        return self.wrong >= LOCKED_AFTER


@dataclass(slots=True)
class FakeCamera:
    """Implements `drivers.contract.Camera`; it shows nothing."""

    box: Box
    source: str
    ptz: Ptz | None = None
    features: tuple[Feature, ...] = ()

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Largest first."""
        told = []
        for token in (f"{self.source}-a", f"{self.source}-b"):
            width, height = map(int, str(self.box.values[f"encoder.{token}.resolution"]).split("x"))
            told.append(Profile(token, width=width, height=height))
        return tuple(sorted(told, key=lambda each: -each.width * each.height))

    async def open_stream(self, profile: str, kinds: Set[TrackKind] = VIDEO_ONLY) -> Stream:
        raise Unsupported(host="fake", detail="no stream")

    async def snapshot(self) -> bytes:
        raise Unsupported("driver.no_snapshot", host="fake")


@dataclass(slots=True)
class FakeDevice:
    """Implements `drivers.contract.Device`, `Together` and what else a commissioning needs."""

    box: Box
    now: Callable[[], datetime]
    tick: Callable[[str], None]

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo("Fake", "Model", "1.0", self.box.serial)

    @property
    def clock_offset(self) -> timedelta | None:
        return timedelta(seconds=self.box.offset)

    @property
    def cameras(self) -> tuple[FakeCamera, ...]:
        return tuple(FakeCamera(self.box, source) for source in self.box.sources)

    async def read_clock(self) -> timedelta | None:
        self._called("read_clock")
        return self.clock_offset

    async def signals(self) -> AsyncGenerator[Signal | None, None]:
        for _ in self.box.sources:
            raise Unsupported("driver.no_signals", host="fake")
        yield None

    async def configuration(self) -> tuple[Feature, ...]:
        self._called("configuration")
        return tuple(each for id, each in features(self.box.sources).items() if id not in self.box.lacks)

    async def read(self, feature: str) -> Value:
        self._called(f"read {feature}")
        found = named(await self.configuration(), feature, "fake")
        if not found.readable:
            raise Unsupported("driver.unreadable", host="fake", feature=feature)
        if feature == "time.clock":
            return self.now() + timedelta(seconds=self.box.offset)
        return self.box.values[feature]

    async def write(self, feature: str, value: Value) -> None:
        await self.write_together({feature: value})

    async def write_together(self, values: Mapping[str, Value]) -> None:
        offered = await self.configuration()
        for id, value in values.items():
            named(offered, id, "fake").check(value)
        self._called(f"write {','.join(values)}")
        for id, value in values.items():
            if id in self.box.refuses:
                raise Unsupported(host="fake", detail=id)
            self._set(id, value)
        self.tick("written")

    async def reboot(self) -> None:
        self._called("reboot")
        self.box.reboots += 1

    def _set(self, id: str, value: Value) -> None:
        if id == "time.clock" and isinstance(value, datetime):
            self.box.offset = (value - self.now()).total_seconds()
            self.box.values["time.mode"] = "manual"
        elif id == "account.password":
            if self.box.answer != "ignored":
                self.box.password = str(value)
            if self.box.answer == "lost":
                raise Unreachable("driver.timeout", host="fake", seconds=10)
        elif id not in self.box.lies:
            self.box.values[id] = value

    def _called(self, what: str) -> None:
        self.tick(what)
        self.box.calls.append(what)
        if self.box.away:
            raise Unreachable(host="fake", detail="away")


@dataclass(slots=True)
class FakeDriver:
    """Implements `drivers.contract.Driver` over boxes by address."""

    boxes: Mapping[str, Box]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tick: Callable[[str], None] = lambda _: None
    name: str = "fake"
    title: str = "Fake"
    schemes: frozenset[str] = frozenset({"fake"})
    api: int = 1

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        for url in self.boxes:
            if any(host in url for host in scope.hosts):
                yield Found("fake", url, url, url)

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[Device]:
        self.tick("open")
        box = self.boxes[target.url]
        box.calls.append("open")
        if box.away:
            raise Unreachable(host="fake", detail="away")
        self._enter(box, target, login)
        self.tick("opened")
        yield FakeDevice(box, self.now, self.tick)

    def _enter(self, box: Box, target: Target, login: Login | None) -> None:
        if login is None:
            raise Refused("driver.no_login", host="fake")
        assert target.logins is not None
        with target.logins.begin(login, "fake") as attempt:
            if box.locked or (login.username, login.password) != (box.user, box.password):
                box.wrong += 1
                raise Refused(host="fake", user=login.username)
            attempt.right()
