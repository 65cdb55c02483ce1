"""A password is replaced while others have the camera open: nobody goes on with the old one, so nothing locks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from drivers import onvif
from drivers.contract import Login, Stream, Target
from drivers.errors import Unreachable
from drivers.logins import LoginBook
from drivers.onvif.device import OnvifDevice
from drivers.onvif.soap.http_session import wall_clock
from drivers.rtsp import session as sessions
from drivers.rtsp.message import Message
from drivers.virtual.accounts import Lockout
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.encoding import PAIR
from drivers.virtual.spec import CameraSpec

OLD, NEW = Login("admin", "old-secret"), "new-secret"


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    spec = CameraSpec(password=OLD.password, discoverable=False, profiles=PAIR, lockout=Lockout.EVERYBODY)
    async with VirtualCamera(spec) as running:
        yield running


@pytest.fixture
def book() -> LoginBook:
    return LoginBook(wall_clock)


@pytest.fixture
def let_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Signs of life that a server let in, as they were signed; they come ten times a second."""
    monkeypatch.setattr(sessions, "LEAST_ALIVE", 0.1)
    monkeypatch.setattr(sessions, "number", lambda _: 0)
    heard: list[str] = []
    original = sessions.RtspSession.hear

    def hear(self: sessions.RtspSession, message: Message) -> None:
        if message.status == 200:
            heard.append(self._sent)
        original(self, message)

    monkeypatch.setattr(sessions.RtspSession, "hear", hear)
    return heard


@asynccontextmanager
async def opened(camera: VirtualCamera, book: LoginBook) -> AsyncIterator[OnvifDevice]:
    async with onvif.driver.open(Target(camera.onvif_url, logins=book), OLD) as device:
        assert isinstance(device, OnvifDevice)
        yield device


@asynccontextmanager
async def watched(device: OnvifDevice, profiles: list[str]) -> AsyncIterator[None]:
    """Streams that are read by threads of theirs."""
    over = threading.Event()

    def read(stream: Stream) -> None:
        stream.start()
        while not over.is_set():
            stream.read()

    streams = [await device.cameras[0].open_stream(each) for each in profiles]
    async with asyncio.TaskGroup() as group:
        for each in streams:
            group.create_task(asyncio.to_thread(read, each), name="reader")
        try:
            yield
        finally:
            over.set()
    for each in streams:
        each.close()


async def until_signed(let_in: list[str], times: int) -> None:
    async with asyncio.timeout(30):
        while sum(map(bool, let_in)) < times:
            await asyncio.sleep(0.02)


async def test_open_streams_and_calls_go_on_with_the_new_one(
    camera: VirtualCamera, book: LoginBook, let_in: list[str]
) -> None:
    async with (
        opened(camera, book) as engine,
        watched(engine, ["main", "sub", "sub", "main"]),
    ):
        await until_signed(let_in, 8)
        async with opened(camera, book) as device:
            await device.configuration()
            await device.write("account.password", NEW)
        let_in.clear()
        await until_signed(let_in, 8)
        assert await engine.topics()
        assert (await engine.cameras[0].snapshot()).startswith(b"\xff\xd8")
    assert (camera.usage["wrong_logins"], book.record.wrong) == (0, ())


async def test_what_the_device_refused_leaves_the_others_with_the_old_one(
    camera: VirtualCamera, book: LoginBook
) -> None:
    async with opened(camera, book) as engine, opened(camera, book) as device:
        await device.configuration()
        with pytest.raises(Exception, match="Weak"):
            await device.write("account.password", "abc")
        assert await engine.topics()
    assert camera.usage["wrong_logins"] == 0


async def test_while_nobody_knows_the_others_send_nothing(camera: VirtualCamera, book: LoginBook) -> None:
    async with opened(camera, book) as engine:
        book.renew(OLD, Login(OLD.username, NEW))
        with pytest.raises(Unreachable) as held:
            await engine.topics()
        assert held.value.code == "driver.login_busy"
        async with opened(camera, book) as device:  # whoever asks with the old one now knows
            assert await device.topics()
        assert await engine.topics()
