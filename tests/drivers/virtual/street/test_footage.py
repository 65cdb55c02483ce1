"""Coded pictures: one encoding in a seamless loop, a live window, files as footage."""

import asyncio
import io
from contextlib import AsyncExitStack
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from drivers.errors import DriverError, Malformed, Unreachable, Unsupported
from drivers.virtual.encoding import Encoding
from drivers.virtual.street import footage as footage_module
from drivers.virtual.street.drawing import Box, Scene
from drivers.virtual.street.footage import WAITING, CodedPicture, FixedFootage, Footage, LiveFootage, _Seat
from drivers.virtual.street.h264 import header, last_picture, nal_units, parameter_sets
from drivers.virtual.street.pictures import ClipPictures, ScenePictures

SIZE = (320, 180)
SMALL = Encoding(SIZE)
CLIP = Path(__file__).parents[5] / "shared/data/video/car-detection.mp4"


def _loop(period: float = 2.0, cache: int = 1 << 20) -> FixedFootage:
    return FixedFootage(ScenePictures(Scene(7, period=period), SIZE, 10), cache)


async def _take(footage: Footage, count: int) -> list[CodedPicture]:
    async with footage.watch() as units:
        return [await anext(units) for _ in range(count)]


def _decoded(units: list[CodedPicture]) -> list[NDArray[np.uint8]]:
    context = av.CodecContext.create("h264", "r")
    frames = [frame for unit in units for frame in context.decode(av.Packet(unit.data))]
    frames += context.decode(None)
    return [np.asarray(frame.reformat(format="rgb24").to_ndarray()).astype(np.uint8) for frame in frames]


def _apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(int) - other).mean())


_NAL = st.binary(min_size=1, max_size=40).filter(
    lambda unit: b"\x00\x00" not in unit and unit[0] and unit[-1]
)


@given(st.lists(_NAL, max_size=6), st.sampled_from([b"\x00\x00\x01", b"\x00\x00\x00\x01"]))
def test_annex_b_is_split_into_what_it_was_made_of(units: list[bytes], start: bytes) -> None:
    assert nal_units(b"".join(start + unit for unit in units)) == units


async def test_a_loop_is_encoded_once_and_its_seam_is_hidden() -> None:
    async with _loop() as footage:
        units = await _take(footage, 50)  # two and a half loops
    assert {later.timestamp - unit.timestamp for unit, later in pairwise(units)} == {9000}
    assert [index for index, unit in enumerate(units) if unit.keyframe] == [0, 10, 20, 30, 40]
    assert units[0].data == units[20].data == units[40].data
    assert footage.encoded == 2
    pictures = _decoded(units)
    steps = [_apart(one, other) for one, other in pairwise(pictures)]
    assert len(pictures) == 50
    assert max(steps[19], steps[39]) <= 1.5 * max(steps[:19])


async def test_a_keyframe_can_be_decoded_alone_and_shows_the_scene() -> None:
    async with _loop() as footage:
        units, shown = await _take(footage, 11), await footage.describe()
    assert parameter_sets(units[0].data) == (shown.sps, shown.pps)
    assert (shown.width, shown.height, shown.fps) == (*SIZE, 10.0)
    assert _apart(_decoded(units[10:])[0], Scene(7, period=2).render(1.0, size=SIZE)) < 8


async def test_viewers_see_the_same_moment() -> None:
    async with _loop() as footage, footage.watch() as units:
        first = [await anext(units) for _ in range(14)]
        late = await _take(footage, 12)  # joins in the middle of a group
        while first[-1].timestamp < late[-1].timestamp:
            first.append(await anext(units))
    assert late[0].keyframe
    assert late[0] in first  # the group that was being shown when it joined
    assert late == first[first.index(late[0]) :][: len(late)]


async def test_what_does_not_fit_the_cache_is_encoded_again() -> None:
    async with _loop(period=3.0, cache=1) as footage:
        units = await _take(footage, 45)
    assert footage.encoded > 3
    assert {later.timestamp - unit.timestamp for unit, later in pairwise(units)} == {9000}
    assert len(_decoded(units)) == 45


async def test_a_viewer_that_lags_is_moved_on_to_a_keyframe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage_module, "_LAG", 20.0)
    async with _loop() as footage, footage.watch() as units:
        first = [await anext(units) for _ in range(5)]
        footage._epoch -= 27  # so many seconds pass at once
        rest = [await anext(units) for _ in range(12)]
    jumps = [two for one, two in pairwise(first + rest) if two.timestamp - one.timestamp > 9000]
    assert len(jumps) == 1
    assert jumps[0].keyframe
    assert footage.missed > 0


@pytest.mark.parametrize("live", [False, True])
async def test_a_still_is_the_present_picture(live: bool) -> None:
    scene = Scene(7, period=2)
    footage = LiveFootage(scene, lambda: (0, 0, 1, 1), SMALL) if live else _loop()
    async with footage:
        before = footage.seconds()
        picture = np.asarray(Image.open(io.BytesIO(await footage.still())))
        after = footage.seconds()
    moments = np.arange(int(before * 10), int(after * 10) + 1) / 10
    assert picture.shape == (180, 320, 3)
    assert min(_apart(picture, scene.render(float(t), size=SIZE)) for t in moments) < 8


async def test_the_live_window_moves_the_picture_and_costs_nothing_unwatched() -> None:
    window: Box = (0.0, 0.0, 0.5, 0.5)
    scene = Scene(9, width=1280, height=720, period=60)
    async with LiveFootage(scene, lambda: window, SMALL) as footage:
        await asyncio.sleep(0.3)
        assert footage.encoded == 0
        async with footage.watch() as units:
            before = [await anext(units) for _ in range(5)]
            window = (0.5, 0.4, 1.0, 0.9)
            after = [await anext(units) for _ in range(8)]
        async with asyncio.timeout(60):
            while footage._wanted.is_set():  # the last picture is still on its way
                await asyncio.sleep(0.01)
        done = footage.encoded
        await asyncio.sleep(0.3)
        assert footage.encoded == done
        again = await _take(footage, 3)
    assert before[0].keyframe
    assert again[0].keyframe
    assert again[0].timestamp > after[-1].timestamp
    pictures = _decoded(before + after)
    expected = Scene(9, width=1280, height=720, period=60).render(after[-1].timestamp / 90_000, window, SIZE)
    assert _apart(pictures[4], pictures[-1]) > 15
    assert _apart(pictures[-1], expected) < 10


async def test_a_second_live_viewer_shares_the_encoding() -> None:
    async with LiveFootage(Scene(9, period=60), lambda: (0, 0, 1, 1), SMALL) as footage:
        async with AsyncExitStack() as viewers:
            first = await viewers.enter_async_context(footage.watch())
            some = [await anext(first) for _ in range(4)]
            second = await viewers.enter_async_context(footage.watch())
            assert [await anext(second) for _ in range(4)] == some  # the group so far
            assert await anext(second) == await anext(first)
        assert footage.encoded <= 7


async def test_a_seat_that_overflows_resumes_at_a_keyframe() -> None:
    seat = _Seat([])
    units = [CodedPicture(b"", count, count % 10 == 0) for count in range(1, WAITING + 30)]
    lost = sum(seat.put(unit) for unit in units)
    waiting = len(seat._units)
    assert lost + waiting == len(units)
    assert (await anext(seat.units())).keyframe


def _clip(
    path: Path, seconds: float, *, size: tuple[int, int] = (402, 226), fps: int = 12, b: int = 2
) -> Path:
    """Write a file with B-frames whose brightness tells the time."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=fps, options={"bf": str(b), "g": "40", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for count in range(round(seconds * fps)):
            level = np.full((size[1], size[0], 3), 40 + 2 * count, np.uint8)
            out.mux(stream.encode(VideoFrame.from_ndarray(level, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def test_a_file_is_played_as_it_is_meant_to_be_seen(tmp_path: Path) -> None:
    """A phone's recording that lies on its side, with pixels that are not square, behind a cover that is larger."""
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as out:
        cover: Any = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 640, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        video: Any = out.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        video.codec_context.sample_aspect_ratio = Fraction(4, 3)
        video.set_display_rotation(-90)
        drawn = np.zeros((64, 96, 3), np.uint8)
        drawn[:, :48] = 230  # bright on the left: above, when it is upright
        out.mux(cover.encode(VideoFrame(640, 640, "yuvj420p")))
        for _ in range(5):
            out.mux(video.encode(VideoFrame.from_ndarray(drawn, format="rgb24")))
        out.mux([*cover.encode(None), *video.encode(None)])
    pictures = ClipPictures(path)
    assert pictures.size == (64, 128)
    for _, frame in pictures.group(0):
        shown = frame.to_ndarray(format="gray")
        assert shown[:40].mean() > 180 > 60 > shown[56:].mean()
    pictures.close()


async def test_a_file_loops_at_its_own_rate(tmp_path: Path) -> None:
    clip = _clip(tmp_path / "clip.mp4", 1.5)
    async with await asyncio.to_thread(FixedFootage.of_clip, clip) as footage:
        shown, units = await footage.describe(), await _take(footage, 40)
    assert (shown.width, shown.height) == (402, 226)
    assert shown.fps == pytest.approx(12, abs=0.1)
    assert {later.timestamp - unit.timestamp for unit, later in pairwise(units)} <= {7499, 7500, 7501}
    levels = [float(picture.mean()) for picture in _decoded(units)]
    assert len(levels) == 40
    assert levels[18] == pytest.approx(levels[0], abs=3)
    assert levels[17] == pytest.approx(40 + 2 * 17, abs=4)


def test_groups_of_a_file_can_be_read_in_any_order(tmp_path: Path) -> None:
    pictures = ClipPictures(_clip(tmp_path / "clip.mkv", 4.5))
    forward = [[t for t, _ in pictures.group(number)] for number in range(5)]
    backward = [[t for t, _ in pictures.group(number)] for number in (4, 2, 3, 0)]
    pictures.close()
    assert [len(group) for group in forward] == [12, 12, 12, 12, 6]
    assert backward == [forward[4], forward[2], forward[3], forward[0]]


def test_large_and_fast_files_are_made_smaller(tmp_path: Path) -> None:
    pictures = ClipPictures(_clip(tmp_path / "clip.mp4", 0.5, size=(1920, 800), fps=60))
    assert pictures.size == (1280, 532)
    assert pictures.fps == 30
    assert 14 <= len(list(pictures.group(0))) <= 16
    pictures.close()


def _sound(path: Path) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_files_without_pictures_are_refused_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all" * 100)
    cases: list[tuple[Path, type[DriverError], str]] = [
        (tmp_path / "none.mp4", Unreachable, "footage.missing"),
        (broken, Malformed, "footage.broken"),
        (_sound(tmp_path / "sound.wav"), Unsupported, "footage.no_video"),
    ]
    for path, kind, code in cases:
        with pytest.raises(kind) as caught:
            ClipPictures(path)
        assert caught.value.code == code


def test_a_file_whose_pictures_are_damaged_is_refused(tmp_path: Path) -> None:
    clip = _clip(tmp_path / "clip.mkv", 1.0)
    data = bytearray(clip.read_bytes())
    start = data.find(b"\xa3")  # the first SimpleBlock: everything after it is noise
    data[start + 8 :] = b"\x55" * len(data[start + 8 :])
    clip.write_bytes(data)
    with pytest.raises(DriverError):
        ClipPictures(clip)


def test_a_truncated_file_plays_up_to_where_it_is_whole(tmp_path: Path) -> None:
    clip = _clip(tmp_path / "clip.mkv", 4.0, b=0)
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 2 // 3])
    pictures = ClipPictures(clip)
    assert 1 <= pictures.duration < 4
    assert len(list(pictures.group(0))) == 12
    pictures.close()


@pytest.mark.skipif(not CLIP.exists(), reason="the shared clips are not here")
async def test_a_real_clip_plays() -> None:
    async with await asyncio.to_thread(FixedFootage.of_clip, CLIP) as footage:
        units = await _take(footage, 20)
    assert (await asyncio.to_thread(last_picture, [unit.data for unit in units])).width == 768


def test_every_encoder_of_one_size_writes_the_same_header() -> None:
    assert header(SIZE, Fraction(10)) == header(SIZE, Fraction(10))
    assert header(SIZE, Fraction(10)) != header((640, 360), Fraction(10))


def test_a_file_that_begins_without_a_keyframe_plays_from_its_first_one(tmp_path: Path) -> None:
    whole = _clip(tmp_path / "whole.mkv", 5.0, b=0)
    cut = tmp_path / "cut.mkv"
    with av.open(str(whole)) as source, av.open(str(cut), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in list(source.demux(video=0))[20:]:
            packet.stream = stream
            if packet.dts is not None:
                out.mux(packet)
    pictures = ClipPictures(cut)
    groups = [len(list(pictures.group(number))) for number in range(3)]
    pictures.close()
    assert groups[0] < 12  # nothing, or what the decoder could conceal
    assert groups[2] in {11, 12}  # Matroska rounds times to milliseconds
