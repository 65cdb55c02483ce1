"""RELIABILITY row 12 in small: garbage and slow senders cost a counter, not a log or a connection."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from engine.api import server
from engine.api.client import Client
from engine.web import server as web_server

GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x00" * 512 + b"\r\n\r\n",
    b"GET /v1/state HTTP/1.1\r\nHost x\r\n\r\n",
    b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\n" + b"A: " + b"b" * 20_000 + b"\r\n\r\n",
    b"POST /v1/cameras/a/ptz HTTP/1.1\r\nHost: localhost\r\nContent-Length: banana\r\n\r\n",
    b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZZZ\r\n",
    b"G\xc3\x8bT /v1/\xff HTTP/1.1\r\n\r\n",
    b"\r\n\r\n\r\n" * 100,
]


async def send(door: Path, data: bytes, *, end: bool = True) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(door))
    try:
        writer.write(data)
        if end:
            writer.write_eof()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_garbage_is_counted_and_not_logged(
    door: Path, client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(5):
        await asyncio.gather(*(send(door, data) for data in GARBAGE for _ in range(4)))
    assert (await client.health()).garbage > 0
    assert not [record for record in caplog.records if record.exc_info]
    written = capfd.readouterr()
    assert "Traceback" not in written.out + written.err


async def test_slow_headers_are_cut(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_server, "HEADER_DEADLINE", 0.2)
    from engine.config.settings import ApiSettings

    async with server.serve(service.api(), ApiSettings(), socket=tmp_path / "s"):
        slow = (send(tmp_path / "s", b"GET /v1/state HTTP/1.1\r\nHost:", end=False) for _ in range(50))
        silent = (send(tmp_path / "s", b"", end=False) for _ in range(50))
        assert await asyncio.gather(*slow, *silent) == [b""] * 100
