"""Fragments that any player takes: read back with FFmpeg."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import av
import pytest

from engine.fleet.tap import Tap
from engine.preview.feed import RATE, Reel
from engine.preview.fmp4 import Muxer, mime

Footages = Callable[[str], Any]


def boxes(data: bytes) -> list[str]:
    found, at = [], 0
    while at < len(data):
        found.append(data[at + 4 : at + 8].decode("ascii"))
        at += int.from_bytes(data[at : at + 4], "big")
    return found


@pytest.mark.parametrize("name", ["annexb", "mp4", "high", "large"])
async def test_every_picture_is_a_fragment_and_decodes(tap: Tap, footage: Footages, name: str) -> None:
    film = footage(name)
    async with tap.view() as viewer:
        reel = Reel(tap, viewer)
        film.play(tap)
        first = await reel.peek()
        muxer = Muxer(first)
        pictures = [await reel.take() for _ in film.packets]
    fragments = [muxer.feed(picture) for picture in pictures]
    muxer.close()
    assert boxes(muxer.header) == ["ftyp", "moov"]
    assert fragments[0] == b""
    assert all(boxes(fragment) == ["moof", "mdat"] for fragment in fragments[1:])
    with av.open(io.BytesIO(muxer.header + b"".join(fragments)), "r") as read:
        frames = list(read.decode(video=0))
        base = read.streams.video[0].time_base
    assert len(frames) == len(pictures) - 1  # the last has no duration yet
    assert (frames[0].width, frames[0].height) == (film.codec.width, film.codec.height)
    assert base is not None
    shown = [round((frame.pts or 0) * base * RATE) for frame in frames]
    assert shown == [picture.ticks for picture in pictures[:-1]]


def test_the_media_type_names_the_profile() -> None:
    assert mime("64001f") == 'video/mp4; codecs="avc1.64001f"'
