"""Answers of real cameras through our parsers: those that npm `onvif` keeps for its own tests, read where they are.

They are recorded by others and not ours to copy: fetched when the test runs, skipped where npm is out of reach.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import web

from drivers import onvif
from drivers.contract import Codec, Target
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import Asked, Scripted

ROOT = Path(__file__).parents[3]
PACKAGE = "onvif@0.7.4"
#: Their addresses, whose services ours answers; and those that hold a template of theirs.
THEIRS = b"http://192.168.68.111/"
PATIENCE = 60.0

pytestmark = [pytest.mark.peer, pytest.mark.timeout(300)]


def absent(reason: str) -> None:
    """Skip, except under CI, where every judge must sit."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def answers() -> Mapping[str, bytes]:
    """The answers by operation, from the package as the registry has it."""
    npm, folder = shutil.which("npm"), ROOT / "build" / "peers-onvif-answers"
    folder.mkdir(parents=True, exist_ok=True)
    packed = folder / "onvif-0.7.4.tgz"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be at it
        if not packed.exists():
            if npm is None:
                absent("npm is not installed")
            command = [str(npm), "pack", "--silent", PACKAGE]
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
            )
            if done.returncode:
                absent(f"npm: {done.stderr[-500:]}")
    found: dict[str, bytes] = {}
    with tarfile.open(packed) as archive:
        for member in archive:
            kept = archive.extractfile(member) if "/serverMockup/" in member.name else None
            if kept is not None:
                name = Path(member.name).name.removesuffix(".xml")
                found.setdefault(name.rpartition(".")[2], kept.read())
    return found


@pytest.fixture
async def device(scripted: Scripted, answers: Mapping[str, bytes]) -> AsyncIterator[OnvifDevice]:
    def said(asked: Asked) -> bytes | web.Response:
        told = answers.get(asked.operation)
        if told is None:
            return web.Response(status=400)
        return told.replace(THEIRS, f"{scripted.root}/".encode())

    scripted.answers |= dict.fromkeys(answers, said)
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


async def test_what_it_is_and_streams(device: OnvifDevice) -> None:
    assert device.info.firmware == "Mockup_15_14_13"
    assert len(device.services.urls) == 6
    (camera,) = device.cameras
    (profile,) = camera.profiles
    assert (profile.codec, profile.width, profile.height, profile.fps) == (Codec.H264, 1920, 1080, 5)


async def test_every_value_that_it_tells(device: OnvifDevice) -> None:
    features = {each.id: each for each in await device.configuration()}
    told = {
        id: await device.read(id) for id, each in features.items() if each.readable and id != "time.clock"
    }
    assert told == {
        "time.mode": "manual", "time.zone": "MoroccoStandardTime0", "time.ntp": "192.168.1.168",
        "network.hostname": "IPNC-RDK", "scopes.name": "PREDATOR", "scopes.location": "",
        "network.eth0.mac": "28:57:be:65:7d:d5", "network.eth0.address": "192.168.68.111/24",
        "network.eth0.dhcp": False, "network.dns": "4.4.4.4, 8.8.8.8", "network.gateway": "192.168.0.1",
        "encoder.main.codec": "h264", "encoder.main.resolution": "1920x1080", "encoder.main.fps": 5,
        "encoder.main.bitrate": 512, "encoder.main.gop": 30,
        "imaging.vidsrc0.brightness": 255, "imaging.vidsrc0.saturation": 128, "imaging.vidsrc0.contrast": 128,
        "users.count": 2, "user.admin": True, "user.admin.level": "administrator", "user.operator": True,
        "user.operator.level": "operator",
    }  # fmt: skip
    assert features["encoder.main.resolution"].choices == ("1920x1080", "1280x720", "720x576")
    assert features["encoder.main.fps"].range == "5..25 fps"


async def test_an_encoder_is_set_by_one_call(device: OnvifDevice, scripted: Scripted) -> None:
    """Its group is out of its own range (30 of 1..25): what is not asked for goes back all the same."""
    await device.write_together({"encoder.main.fps": 15, "encoder.main.resolution": "1280x720"})
    (sent,) = [each.body for each in scripted.asked if each.operation == "SetVideoEncoderConfiguration"]
    for part in ("FrameRateLimit>15<", "Width>1280<", "Height>720<", "GovLength>30<"):
        assert part in sent


async def test_what_it_could_tell_and_tells(device: OnvifDevice) -> None:
    topics = await device.topics()
    assert topics == (
        "Device/IO/Port", "Device/Trigger/DigitalInput", "VideoAnalytics/MotionDetection", "VideoSource/MotionAlarm",
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE), aclosing(device.signals()) as signals:
        first = await anext(each async for each in signals if each is not None)
    assert (first.topic, first.state) == ("RuleEngine/CellMotionDetector/Motion", True)
