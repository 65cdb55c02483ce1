"""A sweep: ONVIF devices and web pages are told apart, nothing is logged in to, and who misbehaves costs no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.contract import Found, Scope
from drivers.errors import DriverError
from drivers.kit.knocking import Knocker
from drivers.onvif import driver, joined
from drivers.onvif.discovery import sweep
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PAGE = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: %d\r\n\r\n%b"


@asynccontextmanager
async def serving(host: str, serve: Serve) -> AsyncIterator[int]:
    """Serve connections at a host; a client that hangs up early is no failure."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, host, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def says(*pieces: bytes, heard: list[bytes] | None = None) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(head)
        for piece in pieces:
            writer.write(piece)
        await writer.drain()

    return serve


async def asked(host: str, *ports: int) -> tuple[Found, ...]:
    return await sweep.talk(host, ports)


async def test_a_camera_is_found_with_its_reference_and_never_logged_in_to(
    free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_port(), free_port()
    spec = CameraSpec(
        password="canary-1", discoverable=False, host="127.0.1.1", onvif_port=ports[0], rtsp_port=ports[1]
    )
    monkeypatch.setattr(sweep, "PORTS", (free_port(), ports[0]))
    done: list[str] = []
    async with VirtualCamera(spec) as camera:
        hosts = ("127.0.1.1", "127.0.1.2")
        told = [each async for each in sweep.swept(Scope(hosts=hosts, sweep=True, asked=done.append))]
        assert [(each.driver, each.address, each.url) for each in told] == [
            ("onvif", "127.0.1.1", camera.onvif_url)
        ]
    assert sorted(done) == ["127.0.1.1", "127.0.1.2"]


async def test_a_web_page_is_told_with_title_and_server_and_redirects_are_not_followed() -> None:
    heard: list[bytes] = []
    page = b"<html><TITLE lang=vi>\xc4\x90\xe1\xba\xa7u ghi \x1b[31m&amp; NVR</title>"
    async with serving("127.0.1.3", says(PAGE % (len(page), page), heard=heard)) as port:
        assert await asked("127.0.1.3", port) == (
            Found("http", f"http://127.0.1.3:{port}/", "", "127.0.1.3", "Đầu ghi [31m& NVR", "nginx"),
        )
    assert [each.split()[:2] for each in heard] == [[b"POST", b"/onvif/device_service"], [b"GET", b"/"]]
    assert all(b"authorization" not in each.lower() for each in heard)

    elsewhere: list[bytes] = []
    async with serving("127.0.1.4", says(PAGE % (0, b""), heard=elsewhere)) as target:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.1.4:{target}/x\r\nContent-Length: 0\r\n\r\n"
        async with serving("127.0.1.3", says(moved.encode())) as port:
            assert [each.driver for each in await asked("127.0.1.3", port)] == ["http"]
    assert elsewhere == []


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"\x00\xff" * 5000,),
        (b"SSH-2.0-dropbear\r\n",),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 100,),
    ],
    ids=["hangs up", "garbage", "ssh", "endless head", "endless interim"],
)
async def test_who_speaks_no_http_is_nobody(pieces: tuple[bytes, ...]) -> None:
    async with serving("127.0.1.5", says(*pieces)) as port:
        assert await asked("127.0.1.5", port) == ()


async def test_who_says_nothing_is_given_up_and_the_next_port_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep, "QUESTION", 0.05)
    never = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    async with serving("127.0.1.6", mute) as silent, serving("127.0.1.6", says(PAGE % (2, b"ok"))) as port:
        assert [each.url for each in await asked("127.0.1.6", silent, port)] == [f"http://127.0.1.6:{port}/"]
        monkeypatch.setattr(sweep, "HOST", 0.02)
        assert await asked("127.0.1.6", silent, silent, port) == ()
        never.set()


async def test_a_page_that_is_too_large_is_still_one() -> None:
    page = b"<title>big</title>" + b"x" * (sweep.PAGE + 1)
    async with serving("127.0.1.7", says(PAGE % (len(page), page))) as port:
        assert [(each.driver, each.name) for each in await asked("127.0.1.7", port)] == [("http", "")]


async def test_a_device_that_wants_a_login_even_for_its_clock_is_one() -> None:
    body = (
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code>'
        b'<s:Subcode><s:Value xmlns:ter="http://www.onvif.org/ver10/error">ter:NotAuthorized</s:Value>'
        b"</s:Subcode></s:Code></s:Fault></s:Body></s:Envelope>"
    )
    fault = b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with serving("127.0.1.8", says(fault)) as port:
        assert [each.driver for each in await asked("127.0.1.8", port)] == ["onvif"]


async def test_the_driver_sweeps_only_where_it_was_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forbidden(self: Knocker, host: str, port: int) -> None:
        raise AssertionError("nobody asked for that")

    monkeypatch.setattr(Knocker, "knock", forbidden)
    assert [each async for each in driver.discover(Scope(hosts=("127.0.1.9",)), 0.1)] == []


def test_addresses_have_ports_only_where_they_are_unusual() -> None:
    assert sweep._root("192.0.2.1", 80) == "http://192.0.2.1"
    assert sweep._root("fe80::1%eth0", 443) == "https://[fe80::1%eth0]"
    assert sweep._root("[::1]", 8443) == "https://[::1]:8443"


def test_two_troubles_are_one_sentence_with_both() -> None:
    first, second = (
        DriverError("driver.not_probed", places="a", lost=0, most=0),
        DriverError("x.y", silent="b"),
    )
    assert joined([first]) is first
    both = joined([first, second])
    assert both.code == "driver.not_probed+driver.besides+x.y"
    assert (both.values["places"], both.values["silent"]) == ("a", "b")
