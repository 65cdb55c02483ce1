"""Features of a device that does what a test says: one bad value harms no other, and all ends in time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import DriverError, Forbidden, Unreachable, Unsupported
from engine.fleet.features import CameraFeatures, as_value
from rules.model import Fact


def value(id: str, kind: FeatureKind = FeatureKind.NUMBER, **said: Any) -> Feature:
    return Feature(id, kind, FeatureCategory.IMAGING, **({"readable": True, "writable": True} | said))


FPS = value("fps", least=1, most=30, unit="fps", whole=True)
NAME = value("name", FeatureKind.TEXT, most=8)
RELAY = value("relay", FeatureKind.FLAG, readable=False)
OTHERS = value("others", source="src1")
INPUT = value("input", FeatureKind.FLAG, readable=False, writable=False)


@dataclass
class Device:
    """A configurable device; `fails` by feature, `hangs` for those that never answer."""

    offered: tuple[Feature, ...] = (FPS, NAME, RELAY, OTHERS, INPUT)
    values: dict[str, Value] = field(default_factory=lambda: {"fps": 10, "name": "gate", "others": 1})
    fails: dict[str, Exception] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)
    written: list[tuple[str, Value]] = field(default_factory=list)
    busy: int = 0

    async def _answer(self, what: str) -> None:
        self.busy += 1
        assert self.busy == 1, "one at a time"
        try:
            await (asyncio.Event().wait() if what in self.hangs else asyncio.sleep(0))
        finally:
            self.busy -= 1
        if what in self.fails:
            raise self.fails[what]

    async def configuration(self) -> tuple[Feature, ...]:
        await self._answer("configuration")
        return self.offered

    async def read(self, feature: str) -> Value:
        await self._answer(feature)
        return self.values[feature]

    async def write(self, feature: str, value: Value) -> None:
        await self._answer("write")
        self.written.append((feature, value))
        self.values[feature] = value


def features(device: Any, turn: asyncio.Lock | None = None, **limits: float) -> CameraFeatures:
    camera: Any = SimpleNamespace(source="src0", features={Feature.SNAPSHOT, Feature.PTZ})
    return CameraFeatures(camera, device, turn or asyncio.Lock(), "cam", **limits)


async def test_every_feature_of_this_camera_and_no_other() -> None:
    told = {each.feature.id: each.value for each in await features(Device()).states()}
    assert told == {"ptz": None, "snapshot": None, "fps": 10, "name": "gate", "relay": None, "input": None}
    bare: Any = SimpleNamespace()
    assert [each.feature.id for each in await features(bare).states()] == ["ptz", "snapshot"]


async def test_one_that_fails_or_hangs_harms_no_other() -> None:
    device = Device(fails={"fps": Forbidden(host="cam", user="u", detail="d")}, hangs={"name"})
    device.offered = (*device.offered, value("bug"), value("last"))
    device.values["last"] = 3
    told = {each.feature.id: each for each in await features(device, one=0.02).states()}
    assert {id: each.fault.code for id, each in told.items() if each.fault} == {
        "fps": "driver.forbidden", "name": "camera.timeout", "bug": "camera.bug",
    }  # fmt: skip
    assert told["last"].value == 3


async def test_a_device_that_says_nothing_is_given_up() -> None:
    subject = features(Device(hangs={"configuration"}), within=0.02)
    with pytest.raises(Unreachable, match=r"camera\.timeout"):
        await subject.set("fps", 3)
    with pytest.raises(Unreachable) as slow:
        await subject.states()
    assert slow.value.code == "feature.slow", "a device that answers nothing says so itself, earlier"


async def test_a_crowd_asks_one_after_another() -> None:
    device, turn = Device(), asyncio.Lock()
    told = await asyncio.gather(*(features(device, turn).states() for _ in range(20)))
    assert all(len(each) == 6 for each in told)
    async with turn:
        with pytest.raises(Unreachable):
            await features(device, turn, within=0.02).states()
    assert await features(device, turn).states(), "whoever gave up waiting holds nothing"


async def test_what_is_set_is_read_back() -> None:
    device = Device()
    assert (await features(device).set("fps", "25")).value == 25
    assert (await features(device).set("relay", "ON")).value is None
    assert device.written == [("fps", 25), ("relay", True)]


async def test_what_was_accepted_and_cannot_be_read_back_says_so() -> None:
    now = await features(Device(fails={"fps": Unreachable(host="cam", detail="gone")})).set("fps", 5)
    assert (now.value, now.fault and now.fault.code) == (None, "driver.unreachable")


@pytest.mark.parametrize(
    ("id", "written", "code"),
    [
        ("fps", 31, "driver.value"), ("fps", 2.5, "driver.value"), ("fps", True, "driver.value"),
        ("fps", "nan", "driver.value"), ("fps", "1" * 999, "driver.value"), ("fps", "1e308", "driver.value"),
        ("fps", "x", "driver.value"), ("name", 5, "driver.value"), ("name", "a\x1b[2J", "driver.value"),
        ("name", "123456789", "driver.value"), ("relay", "maybe", "driver.value"), ("relay", 1, "driver.value"),
        ("input", True, "feature.read_only"), ("ptz", True, "feature.read_only"),
        ("others", 1, "driver.no_feature"), ("../x", 1, "driver.no_feature"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_not_sent(id: str, written: Fact, code: str) -> None:
    device = Device()
    with pytest.raises(Unsupported) as refused:
        await features(device).set(id, written)
    assert (refused.value.code, device.written) == (code, [])


async def test_a_devices_fault_is_its_own() -> None:
    with pytest.raises(DriverError):
        await features(Device(fails={"write": Forbidden(host="cam", user="u", detail="d")})).set("fps", 5)


def test_what_is_written_is_read_by_its_kind() -> None:
    moment = value("m", FeatureKind.MOMENT)
    assert as_value(moment, "2026-11-30T08:00:00Z") == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert not moment.fits(as_value(moment, "2026-11-30T08:00:00")), "of no zone"
    assert as_value(moment, "noon") == "noon"
    assert (as_value(FPS, "2.5"), as_value(FPS, "25"), as_value(NAME, "25")) == (2.5, 25, "25")


async def test_the_own_password_goes_another_way() -> None:
    """It is refused before anything is sent: the login that is kept here would not follow."""
    own = value("account.password", FeatureKind.TEXT, readable=False, secret=True)
    device = Device(offered=(own,))
    with pytest.raises(Unsupported) as caught:
        await features(device).set("account.password", "Canary-9")
    assert caught.value.code == "feature.own_password"
    assert "Canary-9" not in str(caught.value)
    assert device.written == []
