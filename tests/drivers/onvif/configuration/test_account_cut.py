"""Answers to SetUser and to its proof are cut after each byte: the driver proves it, or says that nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from drivers import onvif
from drivers.contract import Configurable, Target
from drivers.errors import DriverError
from drivers.logins import LoginBook
from drivers.onvif.soap.http_session import wall_clock
from tests.drivers.onvif.configuration.test_account import NEW, OLD, Locked
from tests.drivers.onvif.conftest import Scripted


@dataclass
class Cutter:
    """A wire that breaks after so many bytes of the answer to SetUser.

    Attributes:
        seen: Bytes of that answer.
    """

    to: int
    after: int
    port: int = 0
    seen: int = 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Cutter]:
        server = await asyncio.start_server(self._wire, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _wire(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.to)
        armed = False

        async def up() -> None:
            nonlocal armed
            while data := await reader.read(65536):
                armed = armed or b"<q:SetUser" in data
                back.write(data)
            back.close()

        async def down() -> None:
            while data := await there.read(65536):
                if armed:
                    data = data[: max(0, self.after - self.seen)]
                    self.seen += len(data)
                    writer.write(data)
                    if self.seen >= self.after:
                        break
                else:
                    writer.write(data)
            writer.close()
            back.close()

        await asyncio.gather(up(), down(), return_exceptions=True)


async def told(locked: Locked, after: int) -> tuple[DriverError | None, Cutter, LoginBook]:
    """Set the password over a wire that is cut; return what was said of it."""
    locked.password, locked.takes = OLD.password, True
    locked.sent.clear()
    book = LoginBook(wall_clock)
    async with Cutter(locked.scripted.port, after).up() as wire:
        target = Target(f"http://127.0.0.1:{wire.port}/onvif/device_service", logins=book)
        async with onvif.driver.open(target, OLD) as device:
            assert isinstance(device, Configurable)
            await device.configuration()
            try:
                await device.write("account.password", NEW)
            except DriverError as error:
                return error, wire, book
    return None, wire, book


def after_new(locked: Locked) -> list[str]:
    """What the device was sent once it had been sent the new one."""
    return locked.sent[locked.sent.index(NEW) :] if NEW in locked.sent else []


async def cut_at_each(locked: Locked, step: int) -> set[str]:
    ends: set[str] = set()
    _, wire, _ = await told(locked, 1 << 20)
    whole = wire.seen
    assert whole > 200
    for after in range(0, whole, step):
        error, _, book = await told(locked, after)
        assert error is None or error.code == "driver.password_unknown", (after, error)
        assert locked.password == NEW
        assert OLD.password not in after_new(locked), after
        assert book.record.wrong == (), after
        if error is None:  # it was let in with the new one, though that answer may be cut in its turn
            assert NEW in locked.sent, after
        ends.add("known" if error is None else error.code)
    return ends


@pytest.fixture
def locked(scripted: Scripted) -> Locked:
    return Locked(scripted)


async def test_cut_here_and_there(locked: Locked) -> None:
    assert "known" in await cut_at_each(locked, 29)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_cut_after_every_byte(locked: Locked) -> None:
    await cut_at_each(locked, 1)
