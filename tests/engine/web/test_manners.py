"""What a door does not take from browsers, and what every answer of it tells them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from engine.web.connection_limit import ConnectionLimiter
from engine.web.manners import HEADERS, Manners
from engine.web.problems import Garbage, middleware
from engine.web.refusals import HttpProblem
from engine.web.server import hardened, listen

MANNERS = Manners(["Cong.Example", "mắt.example"])


async def page(request: web.Request) -> web.Response:
    return web.Response(text="hello", headers={"Content-Security-Policy": "default-src 'self'"})


async def broken(request: web.Request) -> web.Response:
    raise RuntimeError("a bug")


async def streamed(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    return socket


@pytest.fixture
async def door() -> AsyncIterator[tuple[str, int]]:
    app = web.Application(middlewares=[middleware, MANNERS.middleware])
    app.add_routes(
        [web.get("/", page), web.post("/", page), web.get("/broken", broken), web.get("/ws", streamed)]
    )
    limiter = ConnectionLimiter("t")
    runner = hardened(app, Garbage(), limiter)
    await runner.setup()
    await listen(runner, ("127.0.0.1", 0), limiter)
    address: tuple[str, int] = runner.addresses[0]
    yield address
    await runner.cleanup()


@pytest.fixture
async def client(door: tuple[str, int]) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{door[1]}") as session:
        yield session


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/none", 404),
        ("DELETE", "/", 405),
        ("GET", "/broken", 500),
        ("HEAD", "/", 200),
    ],
)
async def test_every_answer_is_dressed(
    client: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as answer:
        assert answer.status == status
        own = {"Content-Security-Policy": "default-src 'self'"} if status == 200 else {}
        for name, value in {**HEADERS, **own, "Server": "matthan"}.items():
            assert answer.headers.getall(name) == [value]
        assert "Strict-Transport-Security" not in answer.headers  # it is not encrypted
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_so_is_a_websocket(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/ws") as socket:
        headers = socket._response.headers
        assert headers["Server"] == "matthan"
        assert headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: odd\r\n\r\n",
        b"GET /%ff HTTP/1.1\r\nHost: localhost\r\nX: \xff\r\n\r\n",
        b"no http at all\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ],
)
async def test_so_is_what_answers_garbage(door: tuple[str, int], sent: bytes) -> None:
    reader, writer = await asyncio.open_connection(*door)
    writer.write(sent)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    writer.close()
    assert b" 4" in head.partition(b"\r\n")[0]
    assert b"server: matthan\r\n" in head
    assert b"nosniff" in head
    assert b"aiohttp" not in head


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8580",
        "127.0.0.1:8580",
        "[::1]:8580",
        "192.0.2.77",
        "cong.example.",
        "mắt.example",
    ],
)
def test_names_and_addresses_of_its_own(host: str) -> None:
    assert MANNERS.knows(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "[::1",
        "cong.example@evil.example",
    ],
)
async def test_names_of_others_are_not_taken(client: aiohttp.ClientSession, host: str) -> None:
    assert not MANNERS.knows(host)
    async with client.get("/", headers={"Host": host}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (421, "web.host")


@given(st.text(max_size=60))
def test_no_host_is_too_odd(host: str) -> None:
    assert MANNERS.knows(host) in (True, False)


HERE = "http://127.0.0.1:8580"


@pytest.mark.parametrize(
    ("method", "headers", "taken"),
    [
        ("POST", {}, True),  # no browser: nothing that a page could make a browser send
        ("POST", {"Origin": HERE}, True),
        ("POST", {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, True),
        ("POST", {"Sec-Fetch-Site": "none"}, True),
        ("POST", {"Origin": "null"}, False),
        ("POST", {"Origin": "https://127.0.0.1:8580"}, False),
        ("POST", {"Origin": "http://127.0.0.1:8581"}, False),  # another program of this machine
        ("POST", {"Origin": "https://evil.example"}, False),
        ("POST", {"Origin": HERE, "Sec-Fetch-Site": "cross-site"}, False),
        ("POST", {"Sec-Fetch-Site": "same-site"}, False),
        ("DELETE", {"Sec-Fetch-Site": "cross-site"}, False),
        ("PATCH", {"Origin": "https://evil.example"}, False),
        ("GET", {"Sec-Fetch-Site": "cross-site"}, True),  # a link
        ("GET", {"Upgrade": "websocket", "Origin": "https://evil.example"}, False),
        ("GET", {"Upgrade": "websocket", "Origin": HERE}, True),
        ("GET", {"Upgrade": "websocket"}, True),
    ],
)
def test_orders_of_other_pages_are_not_taken(method: str, headers: dict[str, str], taken: bool) -> None:
    request = make_mocked_request(method, "/", headers={"Host": "127.0.0.1:8580", **headers})
    if taken:
        MANNERS.check(request)
        return
    with pytest.raises(HttpProblem) as refused:
        MANNERS.check(request)
    assert (refused.value.status, refused.value.code) == (403, "web.cross_site")


async def test_the_log_hears_of_a_flood_once_a_minute(
    client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        async with client.post("/", headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
    told = [each for each in caplog.records if "web.not_taken" in each.getMessage()]
    assert len(told) <= 1
