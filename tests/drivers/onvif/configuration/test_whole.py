"""What is set is what is read, on a virtual camera; a relay is heard; what a device lacks is not offered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from drivers import onvif
from drivers.contract import Codec, Configurable, Login, Target, Value
from drivers.errors import Refused, Unreachable, Unsupported
from drivers.logins import LoginBook
from drivers.onvif.device import OnvifDevice
from drivers.onvif.soap.http_session import wall_clock
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraSpec
from tests.drivers.onvif.conftest import Scripted, fault

PATIENCE = 60.0


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with VirtualCamera(CameraSpec(name="set", password="p", discoverable=False)) as camera:
        yield camera


@pytest.fixture
async def device(camera: VirtualCamera) -> AsyncIterator[OnvifDevice]:
    async with onvif.driver.open(Target(camera.onvif_url), camera.spec.login) as device:
        assert isinstance(device, OnvifDevice)
        yield device


async def test_what_there_is(device: OnvifDevice) -> None:
    features = {feature.id: feature for feature in await device.configuration()}
    assert list(features) == [
        "time.clock", "time.mode", "time.zone", "time.ntp", "network.hostname", "scopes.name", "scopes.location",
        "network.eth0.mac", "network.eth0.address", "network.eth0.dhcp", "network.dns", "network.gateway",
        "network.http", "network.http.port", "network.https", "network.https.port", "network.rtsp",
        "network.rtsp.port",
        "encoder.main.codec", "encoder.main.resolution", "encoder.main.fps", "encoder.main.bitrate",
        "encoder.main.gop", "osd.source0.name", "osd.source0.clock",
        "imaging.source0.brightness", "imaging.source0.saturation", "imaging.source0.contrast",
        "imaging.source0.sharpness", "imaging.source0.day_night", "imaging.source0.exposure",
        "imaging.source0.exposure_time", "imaging.source0.gain", "imaging.source0.focus_mode",
        "imaging.source0.focus",
        "output.relay0", "input.input0",
        "users.count", "users.add", "user.admin", "user.admin.level", "user.admin.password",
        "account.password",
    ]  # fmt: skip
    assert features["encoder.main.bitrate"].range == "64..8192 kbit/s"
    assert features["encoder.main.bitrate"].source == features["imaging.source0.contrast"].source == "source0"
    assert features["encoder.main.resolution"].choices[1::2] == ("1280x720", "640x360")


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        ("time.ntp", "vn.pool.ntp.org"), ("time.ntp", "192.0.2.1"), ("time.ntp", ""), ("time.mode", "ntp"),
        ("network.hostname", "cong-chinh"), ("encoder.main.bitrate", 1024), ("encoder.main.gop", 25),
        ("encoder.main.resolution", "640x360"), ("imaging.source0.contrast", 12.5),
        ("imaging.source0.day_night", "night"), ("imaging.source0.exposure", "manual"),
        ("imaging.source0.focus_mode", "manual"), ("time.zone", "UTC-07:00"), ("network.https", True),
        ("osd.source0.name", "Cổng chính"), ("osd.source0.clock", True), ("encoder.main.codec", "hevc"),
        ("scopes.name", "Cổng chính"), ("scopes.location", "country/việt nam"), ("scopes.location", ""),
    ],
)  # fmt: skip
async def test_what_is_set_is_read(device: OnvifDevice, feature: str, value: Value) -> None:
    await device.write(feature, value)
    assert await device.read(feature) == value


async def test_one_thing_of_an_encoder_is_set_and_no_other(device: OnvifDevice) -> None:
    await device.write("encoder.main.bitrate", 512)
    await device.write("encoder.main.gop", 7)
    assert (await device.read("encoder.main.bitrate"), await device.read("encoder.main.gop")) == (512, 7)


async def test_what_the_device_itself_refuses(device: OnvifDevice) -> None:
    with pytest.raises(Unsupported):
        await device.write("network.hostname", "no <host> name")
    assert str(await device.read("network.hostname")).startswith("matthan-")


async def test_a_clock_that_is_set_is_followed(device: OnvifDevice, camera: VirtualCamera) -> None:
    """By two hours: the device would refuse every signature that is made by the old time."""
    await device.write("time.mode", "ntp")
    await device.write("time.clock", datetime.now(UTC) + timedelta(hours=2))
    assert device.clock_offset is not None
    assert abs(device.clock_offset - timedelta(hours=2)) < timedelta(minutes=1)
    assert abs(camera.clock.offset - timedelta(hours=2)) < timedelta(minutes=1)
    assert await device.read("network.hostname")
    assert await device.read("time.mode") == "manual"
    told = await device.read("time.clock")
    assert isinstance(told, datetime)
    assert abs(told - camera.clock.wall()) < timedelta(minutes=1)


async def test_a_relay_is_switched_and_heard(device: OnvifDevice) -> None:
    relay = next(each for each in await device.configuration() if each.id == "output.relay0")
    async with asyncio.timeout(PATIENCE), aclosing(device.signals()) as signals:
        mine = (each async for each in signals if each and each.topic == relay.signal)
        assert (await anext(mine)).state is False
        await device.write(relay.id, True)
        heard = await anext(each async for each in mine if not each.initial)
    assert (heard.state, heard.source, dict(heard.about)["RelayToken"]) == (True, "", "relay0")


async def test_a_device_without_any_of_it_offers_its_clock_alone(scripted: Scripted) -> None:
    lacks = ("GetNTP", "GetHostname", "GetVideoEncoderConfigurationOptions", "GetRelayOutputs")
    scripted.answers |= dict.fromkeys(lacks, fault("ter:ActionNotSupported"))
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, Configurable)
        assert [each.id for each in await device.configuration()] == ["time.clock", "time.mode", "time.zone"]
        with pytest.raises(Unsupported) as caught:
            await device.read("time.ntp")
    assert caught.value.values["known"] == "time.clock, time.mode, time.zone"
    assert not any(operation.startswith("Set") for operation in scripted.operations())


async def test_streams_follow_an_encoder_that_is_set_together(device: OnvifDevice) -> None:
    """The profiles are told anew, and the stream is what they say."""
    await device.write_together(
        {
            "encoder.main.codec": "hevc", "encoder.main.resolution": "320x180", "encoder.main.fps": 8,
            "encoder.main.gop": 8, "encoder.main.bitrate": 256, "osd.source0.name": "Ngõ 12",
        }
    )  # fmt: skip
    (profile,) = device.cameras[0].profiles
    assert (profile.codec, profile.width, profile.height, profile.fps) == (Codec.H265, 320, 180, 8)
    stream = await device.cameras[0].open_stream(profile.token)
    try:
        parameters = await asyncio.to_thread(stream.start)
    finally:
        stream.close()
    assert (parameters.codec, parameters.width, parameters.height) == (Codec.H265, 320, 180)


async def test_everything_goes_on_with_a_renewed_password(device: OnvifDevice, camera: VirtualCamera) -> None:
    """Calls, stills and streams, and whoever comes later with the new one alone."""
    source = await device.cameras[0].open_stream("main")
    source.close()
    await device.write("account.password", "Moi-2c9f")
    assert await device.read("users.count") == 1
    assert (await device.cameras[0].snapshot()).startswith(b"\xff\xd8")
    stream = await device.cameras[0].open_stream("main")
    try:
        await asyncio.to_thread(stream.start)
    finally:
        stream.close()
    with pytest.raises(Refused):
        async with onvif.driver.open(Target(camera.onvif_url), camera.spec.login):
            pass
    async with onvif.driver.open(Target(camera.onvif_url), Login("admin", "Moi-2c9f")) as again:
        assert again.cameras


async def test_what_it_could_tell_and_a_restart(device: OnvifDevice, camera: VirtualCamera) -> None:
    assert "VideoSource/MotionAlarm" in await device.topics()
    await device.reboot()
    async with asyncio.timeout(PATIENCE):
        for away in (True, False):
            while await _is_away(camera) is not away:  # it tells only when asked
                await asyncio.sleep(0.05)


async def _is_away(camera: VirtualCamera) -> bool:
    try:
        async with onvif.driver.open(Target(camera.onvif_url), camera.spec.login):
            return False
    except Unreachable:
        return True


async def test_a_lens_goes_where_it_is_sent_and_stays(device: OnvifDevice) -> None:
    assert await device.read("imaging.source0.focus_mode") == "auto"
    await device.write("imaging.source0.focus", 0.25)
    assert await device.read("imaging.source0.focus_mode") == "manual"
    async with asyncio.timeout(PATIENCE):
        while await device.read("imaging.source0.focus") != 0.25:  # likewise
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "quirk", [Quirk.LOCAL_AS_UTC, Quirk.WRONG_CLOCK, Quirk.DIGEST_ONLY, Quirk.HTML_ERRORS, Quirk.NO_MEDIA2]
)
async def test_what_misbehaves_is_set_and_goes_on(quirk: Quirk) -> None:
    """A zone that is set moves no clock, also where the local time is told as UTC: we would be locked out."""
    spec = CameraSpec(name="odd", password="p-1234", discoverable=False, quirks=frozenset({quirk}))
    book = LoginBook(wall_clock)
    async with VirtualCamera(spec) as camera:
        off = camera.clock.offset
        async with onvif.driver.open(Target(camera.onvif_url, logins=book), spec.login) as device:
            assert isinstance(device, OnvifDevice)
            await device.write_together(
                {
                    "time.zone": "CST-8",
                    "osd.source0.name": "Ngõ 12",
                    "encoder.main.gop": 20,
                    "encoder.main.fps": 8,
                }
            )
            assert abs(camera.clock.offset - off) < timedelta(minutes=1)
            assert await device.read("osd.source0.name") == "Ngõ 12"
            await device.write("account.password", "Moi-2c9f")
            assert await device.read("time.zone") == "CST-8"
            assert await device.read("encoder.main.gop") == 20
    assert book.record.wrong == ()
