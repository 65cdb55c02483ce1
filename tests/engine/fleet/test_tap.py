"""Packets for viewers: a beginning at a keyframe, no hole between cache and live, bounded."""

from __future__ import annotations

import asyncio
import threading
from fractions import Fraction

import pytest

from drivers.contract import Codec, CodecParameters, Packet
from engine.fleet import tap as module
from engine.fleet.tap import VIEWER_LIMIT, Tap

CODEC = CodecParameters(Codec.H264, b"", Fraction(1, 90_000))


def packet(number: int, *, key: bool = False, size: int = 10) -> Packet:
    return Packet(bytes(size), number, number, key, float(number))


@pytest.fixture
async def tap() -> Tap:
    tap = Tap(asyncio.get_running_loop())
    tap.begin(CODEC)
    return tap


async def test_a_viewer_begins_with_the_cached_gop_and_goes_on_live(tap: Tap) -> None:
    for number in range(10):
        tap.put(packet(number, key=number % 4 == 0))
    async with tap.view() as viewer:
        assert len(viewer) == 2
        tap.put(packet(10))
        taken = [await viewer.take() for _ in range(3)]
    assert [(missed, each.pts) for missed, each in taken] == [(0, 8), (0, 9), (0, 10)]
    assert taken[0][1].keyframe
    assert viewer.codec is CODEC


async def test_nothing_is_lost_or_doubled_while_joining(tap: Tap) -> None:
    """A thread puts as fast as it can while viewers come: each sees consecutive packets."""
    count = 400

    def camera() -> None:
        for number in range(count):
            tap.put(packet(number, key=number % 25 == 0))

    thread = threading.Thread(target=camera)
    thread.start()
    for _ in range(20):
        async with tap.view() as viewer:
            await asyncio.sleep(0)
            seen = [(await viewer.take())[1].pts for _ in range(len(viewer))]
            assert seen == list(range(seen[0], seen[0] + len(seen))) if seen else True
    await asyncio.to_thread(thread.join)


async def test_a_slow_viewer_loses_the_oldest_and_is_told(tap: Tap) -> None:
    async with tap.view() as viewer:
        for number in range(VIEWER_LIMIT + 7):
            tap.put(packet(number, key=number == 0))
        await asyncio.sleep(0)
        missed, first = await viewer.take()
        assert (missed, first.pts, viewer.dropped) == (7, 7, 7)
        assert (await viewer.take())[0] == 0
        assert tap.dropped == 7
    assert tap.dropped == 7  # also when whoever was too slow has left


async def test_a_gop_too_large_to_keep_is_not_begun_in_its_middle(
    tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GOP_LIMIT", 100)
    tap.put(packet(0, key=True, size=60))
    for number in range(1, 5):
        tap.put(packet(number, size=30))
    async with tap.view() as viewer:
        assert len(viewer) == 0
        tap.put(packet(5, key=True))
        assert (await viewer.take())[1].keyframe


async def test_a_long_gop_fits_a_new_viewer(tap: Tap) -> None:
    for number in range(VIEWER_LIMIT * 2):
        tap.put(packet(number, key=number == 0))
    async with tap.view() as viewer:
        assert len(viewer) == VIEWER_LIMIT * 2
        assert (await viewer.take())[0] == 0


async def test_reordering_is_noticed_and_forgotten_on_reconnect(tap: Tap) -> None:
    for number in (0, 3, 1, 2):
        tap.put(packet(number, key=number == 0))
    noticed = tap.reorders
    tap.begin(CODEC)
    assert (noticed, tap.reorders) == (True, False)


async def test_after_a_reconnect_the_old_gop_is_gone(tap: Tap) -> None:
    tap.put(packet(0, key=True))
    tap.begin(CODEC)
    async with tap.view() as viewer:
        assert len(viewer) == 0
        assert tap.viewers == 1


def test_a_camera_thread_survives_the_end_of_the_loop() -> None:
    loop = asyncio.new_event_loop()
    tap = Tap(loop)
    tap.begin(CODEC)
    watching = tap.view()
    viewer = loop.run_until_complete(watching.__aenter__())
    loop.close()
    tap.put(packet(0, key=True))
    assert len(viewer) == 0


async def test_it_tells_whether_a_viewer_must_wait_and_how_long_groups_last(
    tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A packet's number is the second that it came in."""
    monkeypatch.setattr(module, "GOP_LIMIT", 25)
    assert tap.awaited() == 0  # no keyframe yet
    tap.put(packet(1))
    assert tap.awaited() == 0
    for number in range(2, 9):
        tap.put(packet(number, key=number == 2))
        assert (tap.awaited() is None) == (number < 4)
    assert tap.awaited() == 6
    tap.put(packet(20, key=True))
    assert tap.awaited() is None
    for number in (21, 22, 23):
        tap.put(packet(number))
    assert tap.awaited() == 18  # as long as the last whole one
    tap.begin(CODEC)
    assert tap.awaited() == 0


async def test_what_has_ended_is_not_shown_as_live(tap: Tap) -> None:
    tap.put(packet(0, key=True))
    tap.end()
    assert (tap.codec, tap.awaited(), tap.beginning()) == (None, None, (None, None))
    async with tap.view() as viewer:
        tap.begin(CODEC)
        tap.put(packet(9, key=True))
        assert (await viewer.take())[1].pts == 9
        assert viewer.codec is CODEC


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265, Codec.MJPEG])
@pytest.mark.parametrize("extradata", [b"", b"\x01", b"\x01\x42\x00\x1f\xff\xe1"])
async def test_no_header_and_no_packet_breaks_it(tap: Tap, codec: Codec, extradata: bytes) -> None:
    tap.begin(CodecParameters(codec, extradata, Fraction(1, 90_000)))
    for number, data in enumerate(
        [b"", b"\x00", b"\x00\x00\x01", b"\xff" * 40, b"\x00\x00\x01\x67\x00\x00\x01"]
    ):
        tap.put(Packet(data, number, number, True, float(number)))
    assert tap.beginning()[1] is not None
