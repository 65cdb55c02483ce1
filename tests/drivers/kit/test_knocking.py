"""Knocking: who opens is told, who is not there costs one knock, and a network bears it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import aclosing

import pytest

from drivers.contract import Found
from drivers.errors import Unreachable
from drivers.kit.knocking import Knock, Knocker, is_absent, located, sweep
from drivers.kit.neighbours import Neighbour, _entries, neighbours


def listening(host: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket()
    sock.bind((host, 0))
    sock.listen()
    return sock


async def test_open_and_closed_are_told_apart(free_port: Callable[[], int]) -> None:
    with listening() as sock:
        port, closed = sock.getsockname()[1], free_port()
        knocker = Knocker()
        assert await knocker.knock("127.0.0.1", port) is Knock.OPEN
        assert await knocker.knock("127.0.0.1", closed) is Knock.CLOSED
        assert await knocker.open_ports("127.0.0.1", (closed, port)) == (port,)
    knocker.complain()


async def test_who_says_nothing_is_given_up() -> None:
    with socket.socket() as sock:  # a backlog that is full answers no knock any more
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        port = sock.getsockname()[1]
        held = [socket.socket() for _ in range(4)]
        for each in held:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        assert await Knocker(seconds=0.05).knock("127.0.0.1", port) is Knock.SILENT
        for each in held:
            each.close()


async def test_what_cannot_be_knocked_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(self: object, sock: object, address: object) -> None:
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", refused)
    knocker = Knocker()
    for number in range(10):
        assert await knocker.knock(f"192.0.2.{number}", 80) is Knock.SILENT
    with pytest.raises(Unreachable, match=r"192\.0\.2\.0 \(Network is unreachable\).*\+2"):
        knocker.complain()


async def test_no_more_at_once_and_no_faster_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    most = now = 0

    async def slow(self: object, sock: object, address: object) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1

    monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", slow)
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real(0)

    monkeypatch.setattr("drivers.kit.knocking.asyncio.sleep", sleep)
    knocker = Knocker(at_once=3, per_second=10)
    await asyncio.gather(*(knocker.knock("127.0.0.1", port) for port in range(1, 21)))
    assert 0 < most <= 3
    assert max(waits) > 1.0  # the last of twenty, at ten a second


async def test_a_host_that_nobody_has_costs_one_knock_and_one_that_hides_all() -> None:
    knocks: list[tuple[str, int]] = []
    asked: list[str] = []

    class Script(Knocker):
        async def knock(self, host: str, port: int) -> Knock:
            knocks.append((host, port))
            return Knock.OPEN if (host, port) in {("there", 1), ("hides", 3)} else Knock.SILENT

    async def talk(host: str, ports: Sequence[int]) -> tuple[Found, ...]:
        return (Found("x", f"x://{host}/{ports}", "", host),)

    table = {"nobody": Neighbour("", "eth0"), "hides": Neighbour("02:00:00:00:00:01", "eth0")}
    found = sweep(("nobody", "hides", "there"), (1, 2, 3), talk, Script(), asked.append, lambda: table)
    assert sorted([each.url async for each in found]) == ["x://hides/(3,)", "x://there/(1,)"]
    assert [each for each in knocks if each[0] == "nobody"] == [("nobody", 1)]
    assert sorted(asked) == ["hides", "nobody", "there"]
    assert is_absent("nobody", table)
    assert not is_absent("far away", table)


async def test_a_host_is_found_by_address_and_by_name() -> None:
    assert await located("[::1]", 80) == (socket.AF_INET6, ("::1", 80, 0, 0))
    family, address = await located("localhost", 80)
    assert (family, address[0]) == (socket.AF_INET, "127.0.0.1")
    with pytest.raises(OSError, match=r"\w"):
        await located("no-such-host.invalid", 80)


def test_the_table_of_neighbours_is_read_and_nonsense_is_none() -> None:
    table = neighbours()  # whoever this machine has met, if anybody
    assert all(address and each.interface for address, each in table.items())
    assert dict(_entries(b"")) == {}
    assert dict(_entries(b"\x10\x00\x00\x00" * 8)) == {}
    assert dict(_entries(bytes(range(256)) * 4)) == {}


async def test_what_is_found_is_told_at_once_and_who_ends_early_leaves_no_task() -> None:
    class Open(Knocker):
        async def knock(self, host: str, port: int) -> Knock:
            return Knock.OPEN

    never = asyncio.Event()

    async def talk(host: str, ports: Sequence[int]) -> tuple[Found, ...]:
        if host == "mute":
            await never.wait()
        return (Found("x", f"x://{host}", "", host),)

    before = asyncio.all_tasks()
    async with aclosing(sweep(("mute", "there"), (1,), talk, Open(), lambda _: None, dict)) as found:
        assert (await anext(found)).address == "there"
        assert len(asyncio.all_tasks()) > len(before)
    assert asyncio.all_tasks() == before
