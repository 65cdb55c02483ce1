"""The RTSP server before a client that follows the rules, over TCP and UDP: requests, sessions, login."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest

from drivers.contract import Login
from drivers.virtual.accounts import Accounts
from drivers.virtual.rtsp import connection
from drivers.virtual.rtsp.login import REALM
from drivers.virtual.rtsp.server import RtspServer
from drivers.virtual.street.footage import FixedFootage

HOST = "127.0.0.1"
LOGIN = Login("admin", "p@ss:w/rd#1")
TCP = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
Client = Any  # the class is in conftest.py: test files import nothing from each other
Connect = Callable[[RtspServer], AbstractAsyncContextManager[Client]]


async def test_a_conversation_over_tcp(connect: Connect, server: RtspServer) -> None:
    async with connect(server) as client:
        assert "GET_PARAMETER" in (await client.ask("OPTIONS", "*"))[1]["public"]
        status, headers, sdp = await client.ask("DESCRIBE")
        assert (status, headers["content-base"]) == (200, f"{client.url}/")
        assert {"m=video 0 RTP/AVP 96", "a=framesize:96 320-180", "a=control:track1"} <= set(
            sdp.split("\r\n")
        )
        assert "packetization-mode=1;profile-level-id=42C0" in sdp
        played = await client.play()
        told = dict(part.split("=", 1) for part in played["rtp-info"].split(";"))
        first, *_ = await client.media(5)
        assert told["url"] == f"{client.url}/track1"
        assert struct.unpack("!HI", first[1][2:8]) == (int(told["seq"]), int(told["rtptime"]))
        session = {"Session": played["session"].split(";")[0]}
        assert (await client.ask("GET_PARAMETER", headers=session))[0] == 200
        assert (await client.ask("TEARDOWN", headers=session))[0] == 200
        assert client.frames[-1][0] == 1
        assert client.frames[-1][1][1] == 203  # RTCP BYE
        assert await client.reader.read() == b""


async def test_a_pause_is_silent_and_numbers_go_on(connect: Connect, server: RtspServer) -> None:
    async with connect(server) as client:
        session = {"Session": (await client.play())["session"].split(";")[0]}
        await client.media(3)
        assert (await client.ask("PAUSE", headers=session))[0] == 200
        client.frames.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await client.media(1)
        played = (await client.ask("PLAY", headers=session))[1]
        (_, packet), *_ = await client.media(1)
        assert f"seq={struct.unpack('!H', packet[2:4])[0]};" in played["rtp-info"]


class _Catch(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.got.put_nowait((data, addr))


@asynccontextmanager
async def _ports() -> AsyncIterator[tuple[tuple[_Catch, _Catch], tuple[int, int], asyncio.DatagramTransport]]:
    loop = asyncio.get_running_loop()
    ends = [await loop.create_datagram_endpoint(_Catch, local_addr=(HOST, 0)) for _ in range(2)]
    ports = [end.get_extra_info("sockname")[1] for end, _ in ends]
    try:
        yield (ends[0][1], ends[1][1]), (ports[0], ports[1]), ends[1][0]
    finally:
        for end, _ in ends:
            end.close()


async def test_a_conversation_over_udp(connect: Connect, server: RtspServer) -> None:
    async with connect(server) as client, _ports() as (catch, ports, _):
        transport = {"Transport": f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]}"}
        headers = (await client.ask("SETUP", f"{client.url}/track1", transport))[1]
        values = dict(part.partition("=")[::2] for part in headers["transport"].split(";"))
        assert values["client_port"] == f"{ports[0]}-{ports[1]}"
        await client.ask("PLAY", headers={"Session": headers["session"].split(";")[0]})
        data, sender = await catch[0].got.get()
        report, reporter = await catch[1].got.get()
        assert values["server_port"] == f"{sender[1]}-{reporter[1]}"
        assert sender[1] % 2 == 0
        assert data[8:12] == report[4:8] == bytes.fromhex(values["ssrc"])
        assert report[1] == 200


async def test_what_is_out_of_order_gets_its_status(connect: Connect, server: RtspServer) -> None:
    async with connect(server) as client:
        track, nowhere = f"{client.url}/track1", f"rtsp://{HOST}/other"
        before: list[tuple[int, str, str, dict[str, str]]] = [
            (455, "PLAY", "", {}), (404, "DESCRIBE", nowhere, {}), (404, "SETUP", nowhere, TCP),
            (461, "SETUP", track, {"Transport": "RTP/AVP;multicast"}), (461, "SETUP", track, {}),
            (400, "SETUP", track, {"Transport": "RTP/AVP;client_port=x"}), (501, "RECORD", "", {}),
            (551, "SETUP", track, TCP | {"Require": "tea"}), (455, "TEARDOWN", "", {}),
        ]  # fmt: skip
        for status, method, url, headers in before:
            assert (method, (await client.ask(method, url, headers))[0]) == (method, status)
        await client.play()
        assert (await client.ask("PLAY", headers={"Session": "other"}))[0] == 454
        assert (await client.ask("SETUP", track, TCP))[0] == 454


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256", "MD5")])
async def test_a_login_is_asked_for_and_taken(
    connect: Connect, footage: FixedFootage, algorithms: tuple[str, ...]
) -> None:
    async with (
        RtspServer(footage, HOST, accounts=Accounts(LOGIN), algorithms=algorithms) as server,
        connect(server) as client,
    ):
        status, headers, _ = await client.ask("DESCRIBE")
        challenge = parse_keqv_list(parse_http_list(headers["www-authenticate"].removeprefix("Digest ")))
        assert (status, challenge["realm"]) == (401, REALM)
        wrong = (
            f'Digest username="admin", realm="{REALM}", nonce="{challenge["nonce"]}", uri="x", response="0"'
        )
        status, headers, _ = await client.ask("DESCRIBE", headers={"Authorization": wrong})
        assert status == 401
        assert "stale" not in headers["www-authenticate"]
        assert (await client.ask("SETUP", f"{client.url}/track1", TCP))[0] == 401
        assert (await client.ask("OPTIONS"))[0] == 200


async def test_rtcp_keeps_a_udp_session_alive(
    connect: Connect, footage: FixedFootage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[float] = []
    hear = connection.Connection._heard

    def heard(self: connection.Connection) -> None:
        hear(self)
        ends.append(self._idle.when() or 0.0)

    monkeypatch.setattr(connection.Connection, "_heard", heard)
    async with (
        RtspServer(footage, HOST, session=2.0) as server,
        connect(server) as client,
        _ports() as opened,
    ):
        _, ports, control = opened
        transport = {"Transport": f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]}"}
        headers = (await client.ask("SETUP", f"{client.url}/track1", transport))[1]
        values = dict(part.partition("=")[::2] for part in headers["transport"].split(";"))
        await client.ask("PLAY", headers={"Session": headers["session"].split(";")[0]})
        assert len(ends) == 2, "sending over UDP is no sign that anybody is there"
        control.sendto(b"\x80\xc9\x00\x01" + bytes(4), (HOST, int(values["server_port"].split("-")[1])))
        async with asyncio.timeout(60):
            while len(ends) == 2:
                await asyncio.sleep(0.01)
        assert ends[2] > ends[1]
        assert await client.reader.read() == b""  # and without it, it ends


async def test_the_port_is_free_again_afterwards(
    connect: Connect, footage: FixedFootage, free_port: Callable[[], int]
) -> None:
    port = free_port()
    async with RtspServer(footage, HOST, port) as server, connect(server) as client:
        await client.play()
    async with RtspServer(footage, HOST, port) as again:
        assert again.port == port
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, port)
