"""A hand-made RTSP server whose every answer can be replaced; it notes all that it is told."""

from __future__ import annotations

import asyncio
import hashlib
import re
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
import pytest

START = b"\0\0\0\1"
Hook = Callable[[str, dict[str, str]], "bytes | None"]


def encoded(codec: str = "libx264", pictures: int = 6, size: tuple[int, int] = (64, 48)) -> list[list[bytes]]:
    """Pictures as lists of NAL units; the first begins with its parameter sets."""
    options = (
        {"x265-params": "log-level=none:bframes=0:keyint=6"} if codec == "libx265" else {"bf": "0", "g": "6"}
    )
    context = cast(Any, av.CodecContext.create(codec, "w"))
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.time_base, context.options = Fraction(1, 25), options
    packets = []
    for number in range(pictures):
        frame = av.VideoFrame.from_ndarray(
            np.full((size[1], size[0], 3), 30 * number, np.uint8), format="rgb24"
        )
        frame.pts, frame.time_base = number, Fraction(1, 25)
        packets += context.encode(frame)
    packets += context.encode(None)
    return [[nal for nal in re.split(rb"\x00\x00\x00?\x01", bytes(packet)) if nal] for packet in packets]


def rtp(payload: bytes, sequence: int, stamp: int, *, marker: bool, kind: int = 96) -> bytes:
    """One RTP packet."""
    return struct.pack(">BBHII", 0x80, kind | (0x80 if marker else 0), sequence & 0xFFFF, stamp, 7) + payload


def sdp(*videos: str) -> str:
    """A session description with these media."""
    return "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\na=control:*\r\n" + "".join(videos)


def video(name: str = "H264", control: str = "track1", more: str = "") -> str:
    """A medium of a description."""
    return f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 {name}/90000\r\n{more}a=control:{control}\r\n"


def is_right(header: str, method: str) -> bool:
    """Whether a digest is that of the login."""
    told = {
        name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', header)
    }
    if not header.startswith("Digest"):
        return False
    name = "sha256" if "256" in told.get("algorithm", "") else "md5"

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    key = hashed(f"op:{told['realm']}:pw-1")
    if told.get("algorithm", "").lower().endswith("-sess"):
        key = hashed(f"{key}:{told['nonce']}:{told['cnonce']}")
    middle = f":{told['nc']}:{told['cnonce']}:{told['qop']}:" if "qop" in told else ":"
    wanted: str = told["response"]
    return hashed(f"{key}:{told['nonce']}{middle}{hashed(method + ':' + told['uri'])}") == wanted


@dataclass
class Peer:
    """The server; `hooks` by method return the whole answer, or None for the usual one."""

    pictures: list[list[bytes]] = field(default_factory=encoded)
    description: str = field(default_factory=lambda: sdp(video()))
    hooks: dict[str, Hook] = field(default_factory=dict)
    challenges: list[str] = field(default_factory=list)
    silent: frozenset[str] = frozenset()
    between: Callable[[int], bytes] = lambda number: b""
    session: str = "4711;timeout=60"
    kind: int = 96
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    right: int = 0
    wrong: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing: asyncio.Task[None] | None = None
        tracks: list[tuple[str, int]] = []
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heard += head
                method, url, headers = self._read(head)
                answer = self._answer(method, url, headers)
                if answer is None:
                    return
                writer.write(answer)
                if method == "SETUP" and b" 200 " in answer[:20]:
                    tracks.append((url.rpartition("/")[2], len(tracks) * 2))
                if method == "PLAY" and b" 200 " in answer[:20]:
                    playing = asyncio.get_running_loop().create_task(self._play(writer, tracks))
        finally:
            if playing is not None:
                playing.cancel()
            writer.close()

    def _read(self, head: bytes) -> tuple[str, str, dict[str, str]]:
        first, *lines = head.decode().lstrip("\r\n").split("\r\n")
        if first.startswith("RTSP/"):
            self.asked.append(("answer", first, {}))
            return "answer", first, {}
        method, url, _ = first.split(" ")
        parts = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in parts}
        self.asked.append((method, url, headers))
        return method, url, headers

    def _answer(self, method: str, url: str, headers: dict[str, str]) -> bytes | None:
        if method == "answer":
            return b""
        if (hook := self.hooks.get(method)) is not None and (said := hook(url, headers)) is not None:
            return said or None
        sent = headers.get("authorization", "")
        if self.challenges and not is_right(sent, method):
            self.wrong += bool(sent)
            lines = [f"WWW-Authenticate: {each}" for each in self.challenges]
            return reply("401 Unauthorized", headers, *lines)
        self.right += bool(sent)
        match method:
            case "DESCRIBE":
                more = ("Content-Type: application/sdp", f"Content-Length: {len(self.description)}")
                return reply("200 OK", headers, *more, body=self.description)
            case "OPTIONS":
                return reply("200 OK", headers, "Public: DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
            case "SETUP" if "TCP" not in headers["transport"]:
                return reply("461 Unsupported Transport", headers)
            case "SETUP":
                return reply(
                    "200 OK",
                    headers,
                    "Transport: RTP/AVP/TCP;unicast;interleaved=0-1",
                    f"Session: {self.session}",
                )
            case _:
                return reply("200 OK", headers, "Session: 4711")

    async def _play(self, writer: asyncio.StreamWriter, tracks: list[tuple[str, int]]) -> None:
        number = sequence = 0
        with suppress(OSError):
            while True:
                picture = self.pictures[number % len(self.pictures)]
                writer.write(self.between(number))
                for track, channel in tracks:
                    if track in self.silent:
                        continue
                    for place, nal in enumerate(picture):
                        packet = rtp(
                            nal, sequence, number * 3600, marker=place + 1 == len(picture), kind=self.kind
                        )
                        sequence += 1
                        writer.write(b"$" + struct.pack(">BH", channel, len(packet)) + packet)
                await writer.drain()
                number += 1
                await asyncio.sleep(0.01)


def reply(status: str, headers: dict[str, str], *more: str, body: str = "") -> bytes:
    """An answer to a request."""
    lines = (f"RTSP/1.0 {status}", f"CSeq: {headers.get('cseq', '0')}", *more)
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Rtsp:
    """What tests need, handed over as one fixture (test files import no others)."""

    Peer = Peer
    reply = staticmethod(reply)
    rtp = staticmethod(rtp)
    sdp = staticmethod(sdp)
    video = staticmethod(video)
    encoded = staticmethod(encoded)


@pytest.fixture
def rtsp_words() -> type[Rtsp]:
    """The vocabulary of the hand-made server."""
    return Rtsp


@pytest.fixture
async def peer(serve: Callable[..., Awaitable[int]]) -> Peer:
    """A hand-made server on a free port."""
    made = Peer()
    made.port = await serve(made.talk)
    return made
