"""Sound and metadata beside a video: only when asked for, whole, bounded, and never instead of the pictures."""

from __future__ import annotations

import asyncio
import random
import struct
from typing import Any

import pytest

from drivers import rtsp
from drivers.contract import VIDEO_ONLY, Packet, Target, Tracked, TrackKind
from drivers.rtsp import sdp
from drivers.rtsp.sdp import Companion
from drivers.rtsp.tracks import LARGEST, WAITING, CompanionTrack
from tests.drivers.rtsp.conftest import rtp

PCMA = "m=audio 0 RTP/AVP 8\r\na=control:track2\r\n"
AAC = (
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/1\r\n"
    "a=fmtp:97 mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3\r\na=control:track2\r\n"
)
META = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:track3\r\n"
SOUND = Companion(TrackKind.AUDIO, "pcm_alaw", 8, 8000, "x", b"", 8000, 1)
WORDS = Companion(TrackKind.METADATA, "onvif", 107, 90_000, "x")
FRAMES = Companion(TrackKind.AUDIO, "aac", 97, 16_000, "x", b"\x14\x08", 16_000, 1)


def fed(told: Companion, *packets: bytes) -> CompanionTrack:
    track = CompanionTrack(told)
    for packet in packets:
        track.feed(memoryview(packet))
    return track


def test_a_description_tells_sound_and_metadata() -> None:
    told = sdp.read("v=0\r\n" + AAC + META + PCMA).companions
    assert [(each.kind, each.codec, each.clock, each.config, each.channels) for each in told] == [
        (TrackKind.AUDIO, "aac", 16_000, b"\x14\x08", 1), (TrackKind.METADATA, "onvif", 90_000, b"", 0),
        (TrackKind.AUDIO, "pcm_alaw", 8000, b"", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        AAC.replace("sizelength=13", "sizelength=6"), AAC.replace("mpeg4-generic", "MP4A-LATM"),
        PCMA.replace("8\r\na=", "3\r\na="), META.replace("vnd.onvif", "vnd.other"), META.replace("90000", "0"),
    ],
)  # fmt: skip
def test_what_is_not_passed_through(text: str) -> None:
    assert sdp.read("v=0\r\n" + text).companions == ()


def test_g711_comes_as_it_is_and_stamps_wrap() -> None:
    track = fed(SOUND, rtp(b"a", 1, 2**32 - 160, marker=False, kind=8), rtp(b"b", 2, 0, marker=False, kind=8))
    assert list(track.done) == [(0, b"a"), (160, b"b")]


def test_other_types_and_rubbish_are_passed_over() -> None:
    track = fed(
        SOUND, b"", b"\x80", rtp(b"x", 1, 0, marker=False, kind=96), rtp(b"", 2, 0, marker=True, kind=8)
    )
    assert not track.done


def test_metadata_comes_whole_or_not_at_all() -> None:
    parts = [rtp(b"<a", 1, 5, marker=False, kind=107), rtp(b"/>", 2, 5, marker=True, kind=107)]
    torn = [rtp(b"<b", 3, 9, marker=False, kind=107), rtp(b"/>", 5, 9, marker=True, kind=107)]
    track = fed(WORDS, *parts, *torn)
    assert [data for _, data in track.done] == [b"<a/>", b"/>"]
    assert track.dropped == 1


def test_metadata_that_never_ends_is_let_go() -> None:
    piece = b"x" * 60_000
    track = fed(WORDS, *(rtp(piece, n, 0, marker=False, kind=107) for n in range(LARGEST // len(piece) + 1)))
    assert (list(track.done), track.dropped) == ([], 1)


def aac(*frames: bytes, sizes: tuple[int, ...] = ()) -> bytes:
    told = sizes or tuple(map(len, frames))
    return struct.pack(f">H{len(told)}H", 16 * len(told), *(size << 3 for size in told)) + b"".join(frames)


def test_several_frames_of_one_packet_and_one_of_several() -> None:
    track = fed(
        FRAMES,
        rtp(aac(b"one", b"three"), 1, 0, marker=True, kind=97),
        rtp(aac(b"ha", sizes=(4,)), 2, 2048, marker=False, kind=97),
        rtp(aac(b"lf", sizes=(4,)), 3, 2048, marker=True, kind=97),
    )
    assert list(track.done) == [(0, b"one"), (1024, b"three"), (2048, b"half")]


def test_any_bytes_are_survived() -> None:
    dice = random.Random(7)
    for told in (FRAMES, WORDS, SOUND):
        track = CompanionTrack(told)
        for number in range(3_000):
            junk = dice.randbytes(dice.randrange(40))
            track.feed(
                memoryview(
                    rtp(junk, number, dice.randrange(2**32), marker=bool(number % 3), kind=told.payload)
                )
            )
            track.feed(memoryview(junk))
        assert len(track.done) <= WAITING


def test_what_nobody_takes_is_dropped_and_counted() -> None:
    track = fed(SOUND, *(rtp(b"%d" % n, n, n * 160, marker=False, kind=8) for n in range(WAITING + 5)))
    assert (len(track.done), track.dropped, track.done[0][1]) == (WAITING, 5, b"5")


def loud(peer: Any, rtsp_words: Any, refuse: str = "") -> None:
    """Make the server send sound and metadata on the channels that it grants."""
    peer.description = rtsp_words.sdp(rtsp_words.video(), PCMA, META)
    peer.silent = frozenset({"track2", "track3"})

    def set_up(url: str, headers: dict[str, str]) -> bytes | None:
        if "TCP" not in headers["transport"]:
            return None
        if refuse and url.endswith(refuse):
            return bytes(rtsp_words.reply("404 Not Found", headers))
        return bytes(
            rtsp_words.reply("200 OK", headers, f"Transport: {headers['transport']}", "Session: 4711")
        )

    def between(number: int) -> bytes:
        sound = rtp(b"s" * 160, number, number * 160, marker=False, kind=8)
        words = rtp(b"<m/>", number, number * 3600, marker=True, kind=107)
        framed = ((2, sound), (4, words))
        return b"".join(b"$" + struct.pack(">BH", channel, len(each)) + each for channel, each in framed)

    peer.hooks["SETUP"], peer.between = set_up, between


async def heard(peer: Any, kinds: frozenset[TrackKind]) -> tuple[list[Packet], list[TrackKind]]:
    async with rtsp.driver.open(Target(peer.url, {"transport": "tcp"}), None) as device:
        stream = await device.cameras[0].open_stream("main", kinds)
    assert isinstance(stream, Tracked)
    try:
        await asyncio.to_thread(stream.start)
        packets = [await asyncio.to_thread(stream.read) for _ in range(30)]
        return packets, [track.kind for track in stream.tracks]
    finally:
        stream.close()


async def test_all_that_was_asked_for_comes(peer: Any, rtsp_words: Any) -> None:
    loud(peer, rtsp_words)
    packets, kinds = await heard(peer, frozenset(TrackKind))
    assert kinds == [TrackKind.VIDEO, TrackKind.AUDIO, TrackKind.METADATA]
    assert {packet.track for packet in packets} == {0, 1, 2}
    assert {packet.data for packet in packets if packet.track == 2} == {b"<m/>"}
    for number in range(3):
        stamps = [packet.dts for packet in packets if packet.track == number]
        assert stamps == sorted(set(stamps))


async def test_whoever_asks_for_video_gets_nothing_else(peer: Any, rtsp_words: Any) -> None:
    loud(peer, rtsp_words)
    packets, kinds = await heard(peer, frozenset(VIDEO_ONLY))
    assert kinds == [TrackKind.VIDEO]
    assert {packet.track for packet in packets} == {0}
    assert peer.methods().count("SETUP") == 1


async def test_a_track_that_is_refused_is_not_there(peer: Any, rtsp_words: Any) -> None:
    loud(peer, rtsp_words, refuse="track2")
    packets, kinds = await heard(peer, frozenset({TrackKind.VIDEO, TrackKind.AUDIO}))
    assert kinds == [TrackKind.VIDEO]
    assert {packet.track for packet in packets} == {0}
