"""Peculiarities of RTSP servers, each with the answer that showed it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import Codec, CodecParameters, Login, Packet
from drivers.rtsp import RtspSource
from drivers.rtsp import session as sessions
from drivers.rtsp.quirks import QUIRKS
from drivers.rtsp.stream import RtspStream

FIXTURES = Path(__file__).parents[2] / "fixtures"


def told(name: str) -> str:
    return (FIXTURES / next(quirk.fixture for quirk in QUIRKS if quirk.name == name)).read_bytes().decode()


async def plays(source: RtspSource, pictures: int = 4) -> tuple[CodecParameters, list[Packet]]:
    stream = RtspStream(source)
    try:
        codec = await asyncio.to_thread(stream.start)
        return codec, [await asyncio.to_thread(stream.read) for _ in range(pictures)]
    finally:
        stream.close()


async def test_the_pictures_are_believed(peer: Any) -> None:
    peer.description = told("rtsp-announced-h265-sent-h264")
    codec, packets = await plays(RtspSource(peer.url, None))
    assert codec.codec is Codec.H264
    assert codec.extradata
    assert packets[0].keyframe


@pytest.mark.parametrize("name", ["rtsp-description-of-media-alone", "rtsp-description-without-address"])
async def test_a_description_that_others_refuse(peer: Any, name: str) -> None:
    peer.description = told(name)
    peer.kind = 105 if "105" in peer.description else 96
    codec, packets = await plays(RtspSource(peer.url, None))
    assert codec.codec is Codec.H264
    assert len(packets) == 4


async def test_sha_256_alone(peer: Any) -> None:
    peer.challenges = [told("rtsp-digest-sha-256-alone").partition(": ")[2].strip()]
    await plays(RtspSource(peer.url, Login("op", "pw-1")))
    assert (peer.wrong, peer.right > 0) == (0, True)


async def test_framing_is_found_again(peer: Any) -> None:
    junk = bytes.fromhex(told("rtsp-framing-lost").replace("\n", " "))
    peer.between = lambda number: junk if number % 2 else b""
    _, packets = await plays(RtspSource(peer.url, None), 12)
    assert sum(packet.keyframe for packet in packets) >= 2


async def test_an_unknown_session_that_plays_goes_on(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LEAST_ALIVE", 0.02)
    peer.session = "4711;timeout=0"
    answer = told("rtsp-session-unknown-while-it-plays")
    peer.hooks["GET_PARAMETER"] = lambda url, headers: answer.format(cseq=headers["cseq"]).encode()
    stream = RtspStream(RtspSource(peer.url, None))

    def watch() -> None:
        stream.start()
        while peer.methods().count("OPTIONS") < 3:
            stream.read()

    await asyncio.to_thread(watch)
    stream.close()
    assert peer.methods().count("SETUP") == peer.methods().count("GET_PARAMETER") == 1
