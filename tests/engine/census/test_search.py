"""One look: drivers at the same time, answers bounded, known cameras looked for, and nothing lost when one fails."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from drivers.contract import API, Found, Scope
from drivers.errors import Unreachable
from engine.census import search as module
from engine.census.search import Search, addresses


class Finder:
    """A driver that finds what it is told; sweeps where it is asked to."""

    title, schemes, api, sweeps = "Finder", frozenset({"x"}), API, True

    def __init__(self, name: str, *finds: Found | Exception, gate: asyncio.Event | None = None) -> None:
        self.name, self.finds, self.gate = name, finds, gate

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        for host in scope.hosts if scope.sweep else ():
            scope.asked(host)
        if self.gate:
            await self.gate.wait()
        for each in self.finds:
            if isinstance(each, Exception):
                raise each
            yield each


def found(number: int, address: str = "192.0.2.1") -> Found:
    return Found("onvif", f"http://{address}:{number}/onvif/device_service", f"urn:{number}", address)


def searching(*drivers: Finder, changed: Callable[[Search], None] = lambda _: None) -> Search:
    return Search(list(drivers), changed)  # type: ignore[arg-type]  # no test opens a device


async def test_a_driver_that_fails_or_hangs_keeps_no_other_from_finding() -> None:
    gate = asyncio.Event()
    changes: list[int] = []

    def changed(search: Search) -> None:
        changes.append(len(search.found))
        if len(search.found) == 2:
            gate.set()

    slow = Finder("slow", found(3), gate=gate)
    broken = Finder("broken", found(2), Unreachable("driver.answers_lost", places="", lost=1, most=0))
    search = searching(
        slow, broken, Finder("fine", found(1), found(1)), Finder("odd", KeyError("x")), changed=changed
    )
    await search.run(Scope(), 1.0)
    assert sorted(each.identity for each in search.found) == ["urn:1", "urn:2", "urn:3"]
    assert {name: each.code for name, each in search.troubles.items()} == {
        "broken": "driver.answers_lost",
        "odd": "discovery.fault",
    }
    assert changes == [1, 2, 3]


async def test_ten_thousand_answers_are_bounded_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    flood = [found(port, f"192.0.{port % 256}.{port // 256 % 256}") for port in range(10_000)]
    search = searching(Finder("flood", *flood))
    await search.run(Scope(), 1.0)
    assert len(search.found) == module.MOST
    assert search.left_out == 10_000 - module.MOST
    one = searching(Finder("one", *(found(port) for port in range(1, 1001))))
    await one.run(Scope(), 1.0)
    assert (len(one.found), one.left_out) == (module.OF_ONE, 1000 - module.OF_ONE)
    assert len(one.merged({})) == module.OF_ONE


async def test_how_far_a_sweep_is_goes_by_the_slowest() -> None:
    gate = asyncio.Event()
    seen: list[int] = []

    class Late(Finder):
        async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
            await gate.wait()
            async for each in super().discover(scope, wait):
                yield each

    def changed(search: Search) -> None:
        seen.append(search.swept)
        if search.done.get("fast") == 2:
            gate.set()

    search = searching(Finder("fast"), Late("late"), changed=changed)
    await search.run(Scope(hosts=("192.0.2.1", "192.0.2.2"), sweep=True), 1.0)
    assert seen == [0, 0, 1, 2]
    assert search.done == {"fast": 2, "late": 2}


async def test_known_cameras_that_answered_no_probe_are_looked_for(free_port: Callable[[], int]) -> None:
    closed = free_port()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        search = searching(Finder("a", found(1)))
        await search.run(Scope(), 1.0)
        known = [
            ("onvif", "http://192.0.2.1:1/onvif/device_service"),  # has answered
            ("rtsp", f"rtsp://localhost:{port}/live"),
            ("onvif", f"http://127.0.0.1:{closed}/onvif/device_service"),
            ("clip", "file:x.mp4"),
        ]
        await search.look_for(known)
    assert search.found[1:] == [Found("rtsp", f"rtsp://localhost:{port}/live", "", "127.0.0.1")]
    (first, second) = await search.sightings()
    assert (first.address, second.address) == ("127.0.0.1", "192.0.2.1")


async def test_names_have_addresses_and_what_has_none_stays() -> None:
    told = await addresses(["localhost", "no-such-host.invalid", "", "fe80::1%lo"])
    assert told == {
        "localhost": "127.0.0.1",
        "no-such-host.invalid": "no-such-host.invalid",
        "fe80::1%lo": "fe80::1%lo",
    }
