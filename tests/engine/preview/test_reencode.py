"""What cannot be passed through, re-encoded: only while somebody watches, and bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import av
import pytest

from drivers.display import Turn
from engine.fleet.tap import Tap
from engine.preview import reencode
from engine.preview.feed import Reel
from engine.preview.reencode import Reencoder, Transcoder

Footages = Callable[[str], Any]
Live = Callable[[Tap, Any], AbstractContextManager[None]]


@pytest.mark.parametrize("name", ["reordered", "hevc", "mjpeg", "chroma", "grey", "depth", "interlaced"])
def test_every_coding_becomes_h264_in_showing_order(footage: Footages, name: str) -> None:
    film = footage(name)
    transcoder = Transcoder(film.codec)
    out = [coded for packet in film.again(2) for coded in transcoder.feed(packet)]
    seconds = 2 * len(film.packets) / 20
    assert len(out) == pytest.approx(seconds * reencode.FASTEST, abs=3)
    assert [each.pts for each in out] == sorted({each.pts for each in out})
    assert out[0].keyframe
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = [frame for each in out for frame in decoder.decode(av.Packet(each.data))]
    assert len(frames) >= len(out) - 1
    assert (frames[0].width, frames[0].height) == (film.codec.width, film.codec.height)


def test_damage_is_counted_and_survived(footage: Footages) -> None:
    film = footage("mjpeg")
    transcoder = Transcoder(film.codec)
    damaged = [
        replace(packet, data=b"\x00" * 50) if number % 2 else packet
        for number, packet in enumerate(film.packets)
    ]
    assert sum(1 for packet in damaged for _ in transcoder.feed(packet)) > 10
    assert transcoder.faults > 10


def test_a_large_picture_is_made_smaller(footage: Footages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reencode, "WIDEST", 160)
    transcoder = Transcoder(footage("mjpeg").codec)
    coded = next(out for packet in footage("mjpeg").packets for out in transcoder.feed(packet))
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frame = [*decoder.decode(av.Packet(coded.data)), *decoder.decode(None)][0]
    assert (frame.width, frame.height) == (160, 90)


@pytest.mark.parametrize(
    ("name", "turn", "size"),
    [("annexb", Turn(90), (180, 320)), ("wide", Turn(), (464, 180)), ("wide", Turn(270), (180, 464))],
)
def test_pictures_come_upright_and_with_square_pixels(
    footage: Footages, name: str, turn: Turn, size: tuple[int, int]
) -> None:
    film = footage(name)
    transcoder = Transcoder(replace(film.codec, turn=turn))
    coded = next(out for packet in film.packets for out in transcoder.feed(packet))
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frame = [*decoder.decode(av.Packet(coded.data)), *decoder.decode(None)][0]
    assert (frame.width, frame.height) == size


async def test_it_works_only_while_watched(tap: Tap, footage: Footages, live: Live) -> None:
    reencoder = Reencoder("cong", tap)
    with live(tap, footage("mjpeg")):
        for _ in range(2):
            async with (
                asyncio.TaskGroup() as group,
                reencoder.use(group) as first,
                reencoder.use(group) as second,
            ):
                assert first is second
                async with first.view() as viewer:
                    reel = Reel(first, viewer)
                    pictures = [await reel.take() for _ in range(5)]
                assert tap.viewers == 1
                assert pictures[0].keyframe
            assert tap.viewers == 0
            while "preview.cong" in {thread.name for thread in threading.enumerate()}:
                await asyncio.sleep(0.01)  # it has told its end, and is about to end


async def test_a_busy_encoder_drops_whole_groups(
    tap: Tap, footage: Footages, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = threading.Event()
    seen: list[bool] = []

    def slow(self: Transcoder, packet: Any) -> list[Any]:
        hold.wait(60)
        seen.append(packet.keyframe)
        return []

    monkeypatch.setattr(Transcoder, "feed", slow)
    monkeypatch.setattr(reencode, "WAITING", 4)
    reencoder = Reencoder("cong", tap)
    film = footage("annexb")
    tap.begin(film.codec)
    async with asyncio.TaskGroup() as group, reencoder.use(group):
        while not tap.viewers:
            await asyncio.sleep(0)
        for packet in film.again(2):
            tap.put(packet)
        while not reencoder.dropped:
            await asyncio.sleep(0.01)
        hold.set()
        while not seen:
            await asyncio.sleep(0.01)
    assert seen[0]
    assert len(seen) + reencoder.dropped <= 2 * len(film.packets)
    assert reencoder.lost >= reencoder.dropped
