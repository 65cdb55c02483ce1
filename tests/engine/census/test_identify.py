"""Logging in politely: the login that worked first, three wrong ones at most, and what is told is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.contract import DeviceInfo, Feature, Found, Login, Target, Value
from drivers.errors import DriverError, Forbidden, Refused, Unreachable
from drivers.features import FeatureCategory, FeatureKind
from drivers.logins import MOST, LoginBook
from drivers.onvif import driver as onvif
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec
from engine.census.identify import Identifier
from engine.census.sighting import Identity, Sighting
from engine.fleet.login_guard import LoginBooks

NOW = 1_790_000_000.0
RIGHT = Login("admin", "right-canary")
SEEN = Sighting("192.0.2.1", (Found("onvif", "http://192.0.2.1/onvif/device_service", "", "192.0.2.1"),))


@dataclass
class Channel:
    source: str


@dataclass
class FakeDevice:
    info: DeviceInfo
    cameras: tuple[Channel, ...] = (Channel("a"), Channel("b"))
    macs: tuple[str, ...] = ()

    async def configuration(self) -> tuple[Feature, ...]:
        return tuple(
            Feature(f"network.eth{at}.mac", FeatureKind.TEXT, FeatureCategory.NETWORK)
            for at in range(len(self.macs))
        )

    async def read(self, feature: str) -> Value:
        return self.macs[int(feature[len("network.eth")])]

    async def write(self, feature: str, value: Value) -> None:
        raise AssertionError("nothing is changed")


@dataclass
class Doors:
    """A driver that lets one login in."""

    device: FakeDevice = field(
        default_factory=lambda: FakeDevice(DeviceInfo("Mak\x1ber", "M" * 999, "1.0", "s1"))
    )
    tried: list[str] = field(default_factory=list)
    fault: Exception | None = None
    hangs: bool = False

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[FakeDevice]:
        assert login is not None
        assert target.logins is not None
        with target.logins.begin(login, "h") as attempt:
            self.tried.append(login.password)
            if self.fault:
                raise self.fault
            if self.hangs:
                await asyncio.Event().wait()
            if login != RIGHT:
                raise Refused(host="h", user=login.username)
            attempt.right()
        yield self.device


def identifier(doors: Doors, books: LoginBooks | None = None, within: float = 60.0) -> Identifier:
    alone = LoginBook(lambda: NOW)
    return Identifier(lambda _: doors, books.of if books else lambda _: alone, within)  # type: ignore[arg-type,return-value]


def logins(*passwords: str) -> list[Login]:
    return [Login("admin", each) for each in passwords]


async def test_who_it_is_is_told_clean_and_bounded() -> None:
    doors = Doors()
    doors.device.macs = ("02-1F-AA-00-00-01", "nonsense")
    found = await identifier(doors).identify(SEEN, [*logins("wrong"), RIGHT])
    assert found.login == RIGHT
    assert found.sighting.identity == Identity("Maker", "M" * 120, "s1", "1.0", "", ("02:1f:aa:00:00:01",))
    assert found.sighting.sources == ("a", "b")
    assert doors.tried == ["wrong", "right-canary"]


async def test_the_login_that_worked_comes_first_in_the_next_run(tmp_path: Path) -> None:
    doors, path = Doors(), tmp_path / "logins.json"
    await identifier(doors, LoginBooks(path, lambda: NOW)).identify(SEEN, [*logins("one", "two"), RIGHT])
    await identifier(doors, LoginBooks(path, lambda: NOW)).identify(SEEN, [*logins("one", "two"), RIGHT])
    assert doors.tried == ["one", "two", "right-canary", "right-canary"]


async def test_three_wrong_ones_at_most_over_runs(tmp_path: Path) -> None:
    doors, path = Doors(), tmp_path / "logins.json"
    for _ in range(3):
        told = await identifier(doors, LoginBooks(path, lambda: NOW)).identify(SEEN, logins(*"abcdef"))
        assert told.login is None
        assert told.sighting.trouble is not None
        assert told.sighting.trouble.code == "driver.held"
    assert doors.tried == ["a", "b", "c"]
    assert len(doors.tried) == MOST


@pytest.mark.parametrize(
    ("fault", "code", "login"),
    [
        (Refused("driver.refused_clock", host="h", user="admin", off="1"), "driver.refused_clock", None),
        (Forbidden(host="h", user="admin", detail="x"), "driver.forbidden", RIGHT),
        (Unreachable(host="h", detail="x"), "driver.unreachable", None),
        (DriverError(detail="x"), "driver.fault", None),
        (KeyError("x"), "census.strange", None),
    ],
)
async def test_no_other_login_is_tried_where_the_login_is_not_the_reason(
    fault: Exception, code: str, login: Login | None
) -> None:
    doors = Doors(fault=fault)
    told = await identifier(doors).identify(SEEN, [RIGHT, *logins("a", "b")])
    assert doors.tried == ["right-canary"]
    assert told.sighting.trouble is not None
    assert (told.sighting.trouble.code, told.login) == (code, login)
    assert "canary" not in repr(told)


async def test_none_is_let_in_and_each_is_tried_once() -> None:
    doors = Doors()
    told = await identifier(doors).identify(SEEN, logins("a", "a", "b"))
    assert doors.tried == ["a", "b"]
    assert told.sighting.trouble is not None
    assert (told.sighting.trouble.code, told.sighting.trouble.values) == (
        "census.no_login",
        {"tried": "admin"},
    )


async def test_who_does_not_answer_is_given_up_and_who_is_no_camera_is_left_alone() -> None:
    doors = Doors(hangs=True)
    told = await identifier(doors, within=0.05).identify(SEEN, [RIGHT])
    assert told.sighting.trouble is not None
    assert told.sighting.trouble.code == "driver.timeout"
    page = Sighting("192.0.2.2", (Found("http", "http://192.0.2.2/", "", "192.0.2.2"),))
    assert (await identifier(doors).identify(page, [RIGHT])).sighting is page
    assert (await identifier(doors).identify(SEEN, [])).sighting is SEEN


async def test_several_at_once_in_their_order() -> None:
    done: list[int] = []
    sightings = [
        Sighting(f"192.0.2.{at}", (Found("onvif", f"http://192.0.2.{at}/", "", f"192.0.2.{at}"),))
        for at in range(30)
    ]
    told = await identifier(Doors()).all(sightings, lambda each: [RIGHT], lambda _: done.append(1))
    assert [each.sighting.address for each in told] == [each.address for each in sightings]
    assert len(done) == 30


async def test_a_virtual_camera_tells_who_it_is(free_port: Callable[[], int], tmp_path: Path) -> None:
    spec = CameraSpec(
        password=RIGHT.password,
        discoverable=False,
        serial="vc-7",
        onvif_port=free_port(),
        rtsp_port=free_port(),
    )
    books = LoginBooks(tmp_path / "logins.json", lambda: NOW)
    async with VirtualCamera(spec) as camera:
        found = Found("onvif", camera.onvif_url, "", "127.0.0.1")
        told = await Identifier(lambda _: onvif, books.of).identify(
            Sighting("127.0.0.1", (found,)), [*logins("wrong"), RIGHT]
        )
    assert told.sighting.trouble is None
    assert told.sighting.identity is not None
    assert told.sighting.identity.serial == "vc-7"
    assert RIGHT.password not in (tmp_path / "logins.json").read_text()
