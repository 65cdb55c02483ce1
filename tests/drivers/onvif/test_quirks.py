"""Peculiarities of single devices, each by an answer rebuilt after its public report (see the fixtures' READMEs)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from drivers.contract import Codec, Feature, Login, Signal, Target
from drivers.errors import Refused
from drivers.kit.challenge import parse, strongest
from drivers.kit.quirks import Quirk
from drivers.onvif import driver, xml
from drivers.onvif.addresses import DeviceAddress
from drivers.onvif.events import pull_point, subscription
from drivers.onvif.quirks import QUIRKS
from drivers.onvif.soap import device_clock
from drivers.onvif.soap.http import HttpClient
from drivers.onvif.soap.http_session import HttpSession
from drivers.rtsp.quirks import QUIRKS as RTSP

TESTS = Path(__file__).parents[2]
FIXTURES = TESTS / "fixtures"
LOGIN = Login("operator", "Chim-7f3a")
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
Serve = Callable[[Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]], Awaitable[int]]


def told(fixture: str) -> bytes:
    return (FIXTURES / fixture).read_bytes()


def of(name: str) -> bytes:
    """Return the answer that belongs to a quirk."""
    return told(next(quirk.fixture for quirk in QUIRKS if quirk.name == name))


# -- the list --------------------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", QUIRKS + RTSP, ids=lambda quirk: str(quirk.name))
def test_a_quirk_has_a_fixture_and_a_test(quirk: Quirk) -> None:
    fixture = FIXTURES / quirk.fixture
    assert fixture.is_file()
    assert f"`{fixture.name}`" in (fixture.parent / "README.md").read_text()
    assert quirk.seen in (fixture.parent / "README.md").read_text()
    file, _, function = quirk.test.partition("::")
    assert re.search(rf"^(async )?def {re.escape(function)}\(", (TESTS / file).read_text(), re.MULTILINE)
    assert re.fullmatch(r"gh:[\w.-]+/[\w.-]+/(issues|pull)/\d+|no public report", quirk.seen)
    assert all((quirk.makers, quirk.symptom, quirk.answer))


def test_names_are_unique_and_in_order() -> None:
    for listed in (QUIRKS, RTSP):
        names = [quirk.name for quirk in listed]
        assert names == sorted(set(names))


def test_names_are_unique_and_no_fixture_is_left_over() -> None:
    assert len({quirk.name for quirk in QUIRKS}) == len(QUIRKS)
    theirs = {FIXTURES / quirk.fixture for quirk in QUIRKS}
    folders = {fixture.parent for fixture in theirs}
    assert {path for folder in folders for path in folder.iterdir() if path.name != "README.md"} == theirs


# -- HTTP ------------------------------------------------------------------------------------------


async def error_of_status(serve: Serve, said: bytes) -> int:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.close()

    return await serve(talk)


async def test_two_challenges(serve: Serve) -> None:
    client = HttpClient()
    port = await error_of_status(serve, of("two-challenges"))
    try:
        answer = await client.send("GET", f"http://127.0.0.1:{port}/", {}, b"", 1000)
    finally:
        await client.close()
    best = strongest(parse(answer.headers.every("WWW-Authenticate")))
    assert best is not None
    assert (best.scheme, best.parameters["nonce"]) == ("digest", "4f3b1a0c93d3")


async def test_http_digest_only(serve: Serve, scripted: Any) -> None:
    requests: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        await reader.readexactly(int(re.findall(r"Content-Length: (\d+)", head)[0]))
        requests.append(head)
        good = str(scripted.default("GetDeviceInformation")).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(good) + good
            if 'realm="IP Camera(D1234)"' in head
            else of("http-digest-only")
        )
        await writer.drain()
        writer.close()

    session = HttpSession(DeviceAddress.at(f"http://127.0.0.1:{await serve(talk)}"), LOGIN)
    try:
        assert (await session.post(session.reached.url, b"<x/>", {})).status_code == 200
    finally:
        await session.close()
    assert len(requests) == 2


@pytest.mark.parametrize(
    "name", ["header-line-without-a-name", "blank-before-the-colon", "wrong-content-length"]
)
async def test_odd_stills(serve: Serve, name: str) -> None:
    client = HttpClient()
    port = await error_of_status(serve, of(name))
    try:
        answer = await client.send("GET", f"http://127.0.0.1:{port}/", {}, b"", 1000)
    finally:
        await client.close()
    assert answer.content.startswith(b"\xff\xd8")
    assert answer.content.endswith(b"\xff\xd9")


# -- events ----------------------------------------------------------------------------------------


@pytest.fixture
def talker(scripted: Any, onvif: Any) -> Any:
    """A scripted device with an event service."""
    scripted.answers["GetServices"] = scripted.services(
        {MEDIA: f"{scripted.root}/media", EVENTS: f"{scripted.root}/events"}
    )
    scripted.answers["PullMessages"] = of("notifications-in-any-dress")
    for operation in ("SetSynchronizationPoint", "Renew", "Unsubscribe"):
        scripted.answers[operation] = onvif.envelope("")
    scripted.answers["CreatePullPointSubscription"] = of("empty-subscription-address")
    return scripted


async def hear(device: Any, most: int = 1) -> list[Signal]:
    heard: list[Signal] = []
    async with driver.open(Target(device.url), LOGIN) as opened, aclosing(opened.signals()) as signals:
        async for signal in signals:
            heard += [signal] if signal is not None else []
            if len(heard) == most:
                break
    return heard


def pulls(device: Any) -> list[str]:
    return [asked.path for asked in device.asked if asked.operation == "PullMessages"]


async def test_empty_subscription_address(talker: Any) -> None:
    await hear(talker)
    assert pulls(talker) == ["/events"]


async def test_port_twice(talker: Any) -> None:
    port = str(talker.port).encode()
    talker.answers["CreatePullPointSubscription"] = of("port-twice").replace(b"8106", port)
    await hear(talker)
    assert pulls(talker) == ["/onvif/Subscription"]


async def test_pull_closed_without_answer(talker: Any) -> None:
    port = f":{talker.port}/".encode()
    talker.answers["CreatePullPointSubscription"] = of("pull-closed-without-answer").replace(b":1025/", port)
    count: list[int] = []

    def pull(_: Any) -> Any:
        count.append(1)
        return talker.CLOSE if len(count) < 3 else of("notifications-in-any-dress")

    talker.answers["PullMessages"] = pull
    assert len(await hear(talker)) == 1
    assert talker.operations().count("CreatePullPointSubscription") == 1
    assert set(pulls(talker)) == {"/event-1025_1025"}


async def test_pull_answered_at_once(talker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr(pull_point, "PULL_INTERVAL", 1000.0)
    # The module's own name alone: other threads of this process sleep, too.
    monkeypatch.setattr(pull_point, "asyncio", SimpleNamespace(**(vars(asyncio) | {"sleep": sleep})))
    talker.answers["PullMessages"] = of("pull-answered-at-once")
    heard = await hear(talker, 3)
    assert [signal.topic for signal in heard] == ["Device/Logs"] * 3
    assert len([seconds for seconds in slept if seconds > 900]) == 2


async def test_no_renew(talker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "RENEW_AT", 0.0)
    monkeypatch.setattr(subscription, "RENEWAL", 0.0)
    talker.answers["Renew"] = lambda _: web.Response(status=500, body=of("no-renew"))
    assert len(await hear(talker, 2)) == 2


async def test_notifications_in_any_dress(talker: Any) -> None:
    (signal,) = await hear(talker)
    assert (signal.topic, signal.source, signal.state) == ("RuleEngine/CellMotionDetector/Motion", "s0", True)
    assert signal.about == (("VideoSourceConfigurationToken", "vsc-s0"), ("Rule", "r1"))
    assert abs(datetime.now(UTC) - signal.at) < timedelta(hours=1)  # its own time is none


# -- logins and clocks -----------------------------------------------------------------------------


async def test_undeclared_prefix(scripted: Any) -> None:
    scripted.answers["GetDeviceInformation"] = of("undeclared-prefix")
    with pytest.raises(Refused) as caught:
        async with driver.open(Target(scripted.url), LOGIN):
            pass
    assert caught.value.code == "driver.refused"


def test_local_time_as_utc() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    read = device_clock.judge(xml.parse(of("local-time-as-utc")), "", now)
    hours = timedelta(hours=7, seconds=0.5)
    assert read.offset == hours
    assert list(read.readings.items()) == [("true", timedelta()), ("told", hours)]


async def test_signatures_of_its_own_time(scripted: Any) -> None:
    scripted.answers["GetSystemDateAndTime"] = of("signatures-of-its-own-time")
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert device.clock_offset is not None
    (info,) = [asked for asked in scripted.asked if asked.operation == "GetDeviceInformation"]
    assert ">2000-01-01T00:03:2" in info.body


# -- media and addresses ---------------------------------------------------------------------------


async def test_h265_in_media2_only(scripted: Any) -> None:
    scripted.answers["GetServices"] = scripted.services(
        {MEDIA: f"{scripted.root}/media", MEDIA2: f"{scripted.root}/media2"}
    )
    scripted.answers["GetProfiles"] = of("h265-in-media2-only")
    async with driver.open(Target(scripted.url), LOGIN) as device:
        (profile,) = device.cameras[0].profiles
    assert (profile.codec, profile.width, profile.fps) == (Codec.H265, 2560, 12.5)


async def test_encoder_fields_missing(scripted: Any) -> None:
    scripted.answers["GetProfiles"] = of("encoder-fields-missing")
    async with driver.open(Target(scripted.url), LOGIN) as device:
        (profile,) = device.cameras[0].profiles
    assert (profile.codec, profile.width, profile.fps, profile.bitrate) == (Codec.H264, 0, 0.0, 0)


async def test_still_is_rtsp(scripted: Any) -> None:
    scripted.answers["GetSnapshotUri"] = of("still-is-rtsp")
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert Feature.SNAPSHOT not in device.cameras[0].features


async def test_lan_addresses(scripted: Any) -> None:
    port = f"192.168.1.108:{scripted.port}/".encode()
    scripted.answers["GetServices"] = of("lan-addresses").replace(b"192.168.1.108/", port)
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert Feature.SIGNALS in device.cameras[0].features
    assert "/onvif/media_service" in {asked.path for asked in scripted.asked}


async def test_one_list_of_services(scripted: Any) -> None:
    port = f":{scripted.port}/".encode()
    scripted.answers["GetServices"] = lambda _: web.Response(status=400)
    scripted.answers["GetCapabilities"] = of("one-list-of-services").replace(b":8080/", port)
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert Feature.SIGNALS in device.cameras[0].features
