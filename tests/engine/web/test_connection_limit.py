"""Whoever opens more connections than a door takes costs himself a connection, and nobody else anything."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web

from engine.api import server
from engine.api.client import Client
from engine.config.settings import ApiSettings
from engine.runtime.process_usage import ProcessUsage
from engine.web import server as web_server
from engine.web.connection_limit import ConnectionLimiter, Guest, Room, peer_name
from engine.web.problems import Garbage
from engine.web.server import hardened, listen

SMALL = Room(8, 6)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def guest(stack: ExitStack) -> Guest:
    ours, theirs = socket.socketpair()
    stack.enter_context(theirs)
    return stack.enter_context(Guest(fileno=ours.detach()))


def fill(limiter: ConnectionLimiter, stack: ExitStack, peer: str, count: int) -> list[Guest]:
    found = [guest(stack) for _ in range(count)]
    return [each for each in found if limiter.admit(each, peer)]


def test_a_door_takes_a_share_of_the_descriptors() -> None:
    assert Room.fitting(1024) == Room(128, 96)
    assert Room.fitting(64) == Room(16, 12)
    assert Room.fitting(1 << 20) == Room(256, 192)
    assert Room.here().most >= 16


def test_who_is_being_answered_stays_and_the_newest_is_turned_away(stack: ExitStack) -> None:
    limiter = ConnectionLimiter("x", SMALL)
    for each in fill(limiter, stack, "a", 6):
        each.answered += 1
    assert not limiter.admit(guest(stack), "a")
    assert (limiter.inside, limiter.turned_away) == (6, 1)
    assert limiter.admit(guest(stack), "b")


def test_the_oldest_idle_one_of_the_greediest_peer_goes_for_another(stack: ExitStack) -> None:
    limiter = ConnectionLimiter("x", SMALL)
    (first,) = fill(limiter, stack, "b", 1)
    greedy = fill(limiter, stack, "a", 6)
    greedy[0].answered += 1
    fill(limiter, stack, "c", 1)
    assert limiter.inside == 8
    assert limiter.admit(guest(stack), "d")
    assert [each.leaving is not None for each in greedy] == [False, True, False, False, False, False]
    assert first.leaving is None
    assert greedy[1].recv(1) == b""


def test_those_on_their_way_out_are_bounded(stack: ExitStack) -> None:
    limiter = ConnectionLimiter("x", SMALL)
    for peer in "abcdefgh":
        fill(limiter, stack, peer, 50)
    assert limiter.inside == SMALL.most + SMALL.leaving


def test_a_place_is_given_back_once(stack: ExitStack) -> None:
    limiter = ConnectionLimiter("x", SMALL)
    (one,) = fill(limiter, stack, "a", 1)
    one.close()
    one.close()
    assert limiter.inside == 0
    assert len(fill(limiter, stack, "a", 6)) == 6


def test_a_crowd_is_a_problem_for_a_while(stack: ExitStack) -> None:
    clock = Clock()
    limiter = ConnectionLimiter("x", SMALL, clock)
    assert not limiter.crowded()
    fill(limiter, stack, "a", 7)
    assert limiter.crowded()
    clock.now += 61
    assert not limiter.crowded()


def test_a_peer_is_an_address_a_network_or_a_process() -> None:
    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        assert peer_name(four, ("192.0.2.7", 1)) == "192.0.2.7"
        assert peer_name(six, ("2001:db8:1:2:3::4", 1, 0, 0)) == "2001:db8:1:2::/64"
        assert peer_name(six, ("::ffff:192.0.2.7", 1, 0, 0)) == "192.0.2.7"
        assert peer_name(six, ("fe80::1%lo", 1, 0, 1)) == "fe80::/64"


@asynccontextmanager
async def opened(limiter: ConnectionLimiter) -> AsyncIterator[int]:
    """A door at which every page is `yes`."""

    async def yes(request: web.Request) -> web.Response:
        return web.Response(text="yes")

    app = web.Application()
    app.router.add_get("/", yes)
    runner = hardened(app, Garbage(), limiter)
    await runner.setup()
    await listen(runner, ("127.0.0.1", 0), limiter)
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
    assert limiter.inside == 0


def test_those_who_will_not_leave_are_not_waited_for_long(stack: ExitStack) -> None:
    clock = Clock()
    limiter = ConnectionLimiter("x", Room(30, 24), clock)
    fill(limiter, stack, "a", 25)
    assert not limiter.waits()
    fill(limiter, stack, "a", 1)
    assert limiter.waits()
    clock.now += 1
    assert not limiter.waits()
    assert not limiter.admit(guest(stack), "a")


async def test_who_asks_behind_a_crowd_that_came_at_once_is_answered(stack: ExitStack) -> None:
    """The crowd stands in the listening socket's queue before the door sees anybody of it."""
    limiter = ConnectionLimiter("x", SMALL)
    async with opened(limiter) as port:
        for _ in range(100):  # blocking, so that the loop takes none in meanwhile
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        asker = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        asker.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        reader, writer = await asyncio.open_connection(sock=asker)
        answer = await asyncio.wait_for(reader.read(), 60)
        assert answer.endswith(b"yes")
        writer.close()
        stack.close()
        async with asyncio.timeout(60):
            while limiter.inside:
                await asyncio.sleep(0.001)


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return await reader.read()
    finally:
        writer.close()


async def test_half_open_connections_do_not_keep_out_who_asks() -> None:
    limiter = ConnectionLimiter("x", SMALL)
    async with opened(limiter) as port, AsyncExitSockets() as held:
        for _ in range(60):
            await held.open(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        assert (await ask(port)).endswith(b"yes")
        assert limiter.inside <= SMALL.most + SMALL.leaving
        assert limiter.turned_away >= 60 - SMALL.most - SMALL.leaving


class AsyncExitSockets:
    """Connections that are held open."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> AsyncExitSockets:
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.close()

    async def open(self, port: int, data: bytes) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        self._writers.append(writer)
        writer.write(data)


async def test_a_crowd_on_tcp_leaves_the_unix_socket_free(service: Any, tmp_path: Path) -> None:
    limiters = ConnectionLimiter("api", SMALL), ConnectionLimiter("api.tcp", SMALL)
    settings = ApiSettings(tcp="127.0.0.1:0")
    async with (
        server.serve(
            service.api(), settings, socket=tmp_path / "s", token="t" * 16, limiters=limiters
        ) as doors,
        AsyncExitSockets() as held,
        Client.connect(doors.socket) as client,
    ):
        assert doors.tcp is not None
        for _ in range(40):
            await held.open(doors.tcp[1], b"")
        assert (await client.health()).status == "ok"
    assert [limiter.turned_away > 0 for limiter in limiters] == [False, True]


async def test_a_stream_is_not_shown_out_for_who_asks_nothing(service: Any, tmp_path: Path) -> None:
    limiters = ConnectionLimiter("api", SMALL), ConnectionLimiter("api.tcp", SMALL)
    path = tmp_path / "s"
    async with (
        server.serve(service.api(), ApiSettings(), socket=path, limiters=limiters),
        Client.connect(path) as client,
    ):
        updates = client.updates()
        await anext(updates)
        crowd = [await asyncio.open_unix_connection(str(path)) for _ in range(30)]
        service.happen(1)
        assert (await anext(updates)).type == "event"  # type: ignore[union-attr]  # an event says so
        await updates.aclose()
        for _, writer in crowd:
            writer.close()


def test_a_report_without_descriptors_costs_the_report_only(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = ProcessUsage()
    figures.look()
    known = figures.rss
    assert known > 0

    def none_left(*_: object) -> object:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(psutil.Process, "memory_info", none_left)
    figures.look()
    monkeypatch.setattr(
        psutil.Process, "cpu_percent", lambda self: (_ for _ in ()).throw(psutil.AccessDenied())
    )
    figures.look()
    assert figures.rss == known


def test_the_soft_limit_is_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    assert Room.here() == Room(128, 96)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert Room.here() == Room(256, 192)


async def test_a_handshake_that_never_comes_is_cut(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_server, "HEADER_DEADLINE", 0.2)
    monkeypatch.setattr(server, "HEADER_DEADLINE", 0.2)
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "1"]
    done = subprocess.run([*command, "-keyout", key, "-out", certificate], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("openssl makes no certificate here")
    settings = ApiSettings(tcp="127.0.0.1:0", certificate=str(certificate), key=str(key))
    wide = ConnectionLimiter("api.tcp", SMALL)
    async with server.serve(
        service.api(),
        settings,
        socket=tmp_path / "s",
        token="t" * 16,
        limiters=(ConnectionLimiter("api", SMALL), wide),
    ) as doors:
        assert doors.tcp is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", doors.tcp[1])
        async with asyncio.timeout(60):
            assert await reader.read() == b""
            while wide.inside:
                await asyncio.sleep(0.001)
        writer.close()
