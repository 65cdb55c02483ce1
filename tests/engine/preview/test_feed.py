"""From packets to pictures: where they begin, what happens after a loss, how time goes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.display import Turn
from engine.bitstream.h264 import PPS, SPS, join, kind, split_annexb
from engine.fleet.tap import VIEWER_LIMIT, Tap
from engine.preview.feed import HURRY, JUMP, RATE, USUAL, CodedPicture, Ended, Reel, Timeline, obstacle

Footages = Callable[[str], Any]


async def take(reel: Reel, count: int) -> list[CodedPicture]:
    return [await reel.take() for _ in range(count)]


@pytest.mark.parametrize("name", ["annexb", "mp4"])
async def test_it_begins_with_the_cached_keyframe_and_hurries_to_the_live_edge(
    tap: Tap, footage: Footages, name: str
) -> None:
    film = footage(name)
    film.play(tap)
    gop = len(film.packets) - max(at for at, each in enumerate(film.packets) if each.keyframe)
    async with tap.view() as viewer:
        reel = Reel(tap, viewer)
        assert await reel.peek() is await reel.peek()
        cached = await take(reel, gop)
        for packet in list(film.again(1, start=1))[:5]:
            tap.put(packet)
            await asyncio.sleep(0)
            cached.append(await reel.take())
    assert cached[0].keyframe
    assert cached[0].data.startswith(cached[0].header)
    assert [each.late for each in cached] == [True] * (gop - 1) + [False] * 6
    steps = [b.ticks - a.ticks for a, b in itertools.pairwise(cached)]
    assert steps[: gop - 2] == [HURRY] * (gop - 2)
    assert steps[gop:] == [RATE // 20] * 4


async def test_after_a_loss_it_resumes_at_a_keyframe(tap: Tap, footage: Footages) -> None:
    film = footage("annexb")
    tap.begin(film.codec)
    async with tap.view() as viewer:
        reel = Reel(tap, viewer)
        packets = list(film.again(8))
        tap.put(packets[0])
        await asyncio.sleep(0)
        first = await reel.take()
        for packet in packets[1 : 1 + VIEWER_LIMIT + 30]:
            tap.put(packet)
        await asyncio.sleep(0)
        resumed = await reel.take()
    assert first.keyframe
    assert resumed.keyframe
    assert resumed.ticks > first.ticks


async def test_a_damaged_packet_waits_for_the_next_keyframe(tap: Tap, footage: Footages) -> None:
    film = footage("mp4")
    tap.begin(film.codec)
    async with tap.view() as viewer:
        reel = Reel(tap, viewer)
        packets = list(film.packets)
        packets[2] = replace(packets[2], data=b"\xff\xff\xff\xff\x41")
        for packet in packets:
            tap.put(packet)
        await asyncio.sleep(0)
        seen = await take(reel, 4)
    assert [each.keyframe for each in seen] == [True, False, True, False]


async def test_without_parameter_sets_nothing_is_shown(tap: Tap, footage: Footages) -> None:
    film = footage("mp4")
    bare = replace(film.codec, extradata=b"")
    tap.begin(bare)
    tap.put(film.packets[0])
    async with tap.view() as viewer:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await Reel(tap, viewer).take()


async def test_a_reconnect_goes_on_with_increasing_time(tap: Tap, footage: Footages) -> None:
    small, large = footage("annexb"), footage("large")
    async with tap.view() as viewer:
        reel = Reel(tap, viewer)
        small.play(tap)
        await asyncio.sleep(0)
        before = await take(reel, len(small.packets))
        large.play(tap)
        await asyncio.sleep(0)
        after = await take(reel, 3)
    ticks = [each.ticks for each in before + after]
    assert ticks == sorted(set(ticks))
    assert after[0].keyframe
    assert after[0].header != before[-1].header


@pytest.mark.parametrize("name", ["reordered", "hevc", "mjpeg"])
async def test_what_cannot_be_passed_through_ends_the_session(tap: Tap, footage: Footages, name: str) -> None:
    async with tap.view() as viewer:
        footage(name).play(tap)
        await asyncio.sleep(0)
        with pytest.raises(Ended):
            await take(Reel(tap, viewer), 5)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("annexb", ""), ("high", ""), ("mp4", ""), ("wide", ""),
        ("reordered", "reordered"), ("hevc", "hevc"), ("mjpeg", "mjpeg"),
        ("chroma", "chroma"), ("grey", "chroma"), ("depth", "depth"), ("interlaced", "interlaced"),
    ],
)  # fmt: skip
async def test_obstacles_are_named(tap: Tap, footage: Footages, name: str, why: str) -> None:
    film = footage(name)
    film.play(tap)
    assert obstacle(tap) == why


async def test_a_stream_that_lies_on_its_side_cannot_be_passed(tap: Tap, footage: Footages) -> None:
    film = footage("annexb")
    replace(film, codec=replace(film.codec, turn=Turn(90))).play(tap)
    assert obstacle(tap) == "turned"


async def test_what_is_announced_counts_until_a_keyframe_tells_more(
    tap: Tap, footage: Footages, nals: Any
) -> None:
    film = footage("annexb")
    tap.begin(replace(film.codec, extradata=join([nals.sps(profile=122, chroma=2), nals.pps()])))
    assert obstacle(tap) == "chroma"
    tap.put(film.packets[0])
    assert obstacle(tap) == ""


@pytest.mark.parametrize("name", ["chroma", "depth", "interlaced", "wide"])
async def test_another_kind_of_picture_in_mid_stream_ends_the_session(
    tap: Tap, footage: Footages, name: str
) -> None:
    """In one connection; `wide` differs by the shape of its pixels alone."""
    before, after = footage("annexb"), footage(name)
    tap.begin(before.codec)
    async with tap.view() as viewer:
        reel = Reel(tap, viewer)
        for packet in (*before.packets, *after.again(1, start=1)):
            tap.put(packet)
        await asyncio.sleep(0)
        assert len(await take(reel, len(before.packets))) == len(before.packets)
        with pytest.raises(Ended):
            await reel.take()


async def test_a_viewer_is_given_the_sets_that_came_before_it(tap: Tap, footage: Footages, nals: Any) -> None:
    """Told once in band, with a keyframe that is long over; later ones refer to them."""
    film = footage("annexb")
    units = list(split_annexb(film.packets[0].data))
    bare = replace(film.packets[0], data=join(each for each in units if kind(each) not in (SPS, PPS)))
    tap.begin(film.codec)
    tap.put(film.packets[0])
    for number in (1, 2):
        tap.put(replace(bare, pts=number * RATE, dts=number * RATE))
    async with tap.view() as viewer:
        reel = Reel(tap, viewer)
        tap.put(replace(film.packets[1], pts=2 * RATE + 100))
        await asyncio.sleep(0)
        first, second = await take(reel, 2)
    assert first.data == first.header + bare.data
    assert (first.sps.width, first.sps.height) == (320, 180)
    assert not second.keyframe  # the live packet belongs to the same stream: nothing began anew


async def test_a_loss_takes_no_sets_with_it(tap: Tap, footage: Footages, nals: Any) -> None:
    """The packet with which a new set came is among the lost; the keyframe after them refers to it."""
    film = footage("annexb")
    fresh = (nals.sps(id=1, mbs=(40, 24), crop=12), nals.pps(1, 1))
    tap.begin(film.codec)
    async with tap.view() as viewer:
        reel = Reel(tap, viewer)
        tap.put(film.packets[0])
        await asyncio.sleep(0)
        await reel.take()
        told = replace(film.packets[0], data=join((*fresh, nals.slice(1))))
        for number in range(VIEWER_LIMIT + 5):
            tap.put(replace(told if not number else film.packets[1], pts=RATE + number, dts=RATE + number))
        tap.put(replace(told, data=join([nals.slice(1)]), pts=3 * RATE, dts=3 * RATE))
        await asyncio.sleep(0)
        resumed = await reel.take()
    assert resumed.data == join((*fresh, nals.slice(1)))


class TestTimeline:
    @given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.booleans()), max_size=50))
    def test_time_always_increases(self, told: list[tuple[int, bool]]) -> None:
        timeline = Timeline()
        ticks = [timeline.at(pts, Fraction(1, 1000), late=late) for pts, late in told]
        assert all(0 < after - before <= JUMP for before, after in itertools.pairwise(ticks))

    @given(st.integers(1, 10**6), st.lists(st.integers(1, 1000), min_size=1, max_size=20))
    def test_a_steady_camera_is_followed_exactly(self, start: int, steps: list[int]) -> None:
        timeline = Timeline()
        pts, ticks = start, [timeline.at(start, Fraction(1, 1000), late=False)]
        for step in steps:
            pts += step
            ticks.append(timeline.at(pts, Fraction(1, 1000), late=False))
        assert [b - a for a, b in itertools.pairwise(ticks)] == [step * 90 for step in steps]

    @pytest.mark.parametrize("then", [-5.0, 0.0, 1e6])
    def test_a_clock_that_jumps_costs_one_usual_step(self, then: float) -> None:
        timeline = Timeline()
        timeline.at(0, Fraction(1, 1000), late=False)
        assert timeline.at(int(then * 1000), Fraction(1, 1000), late=False) == USUAL
