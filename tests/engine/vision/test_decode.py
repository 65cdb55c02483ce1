from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from drivers.kit.upright import Upright
from engine.vision.decode import Decoder
from engine.vision.picture import PADDING, jpeg, luma, rgb

Scene = Callable[..., list[NDArray[np.uint8]]]


def decoded(film: Any, **options: Any) -> list[av.VideoFrame]:
    decoder = Decoder(film.codec, **options)
    return [frame for packet in film.packets for frame in decoder.feed(packet)]


def test_every_packet_becomes_a_picture_in_order(film: Any, scene: Scene) -> None:
    made = film(scene(20), bframes=2)
    frames = decoded(made)
    shown = [frame.pts for frame in frames if frame.pts is not None]
    assert shown == sorted(shown)
    assert len(frames) >= 18  # the codec holds back what it may have to reorder


def test_unwanted_pictures_that_nothing_is_built_on_are_left_out(film: Any, scene: Scene) -> None:
    made = film(scene(30), bframes=2)
    decoder = Decoder(made.codec)
    kept = [frame for packet in made.packets for frame in decoder.feed(packet, wanted=False)]
    everything = {frame.pts: frame for frame in decoded(made)}
    assert 5 <= len(kept) < len(everything)
    for frame in kept:  # what is left is bit for bit the same
        assert (luma(frame) == luma(everything[frame.pts])).all()


def test_damage_is_counted_and_healed_by_the_next_keyframe(film: Any, scene: Scene) -> None:
    made = film(scene(40))
    rng = random.Random(7)
    decoder = Decoder(made.codec)
    survivors = 0
    for number, packet in enumerate(made.packets):
        data = bytearray(packet.data)
        if 5 <= number < 15:
            for _ in range(len(data) // 4):
                data[rng.randrange(len(data))] = rng.randrange(256)
        survivors += len(decoder.feed(replace(packet, data=bytes(data))))
    assert decoder.errors + decoder.corrupt >= 5
    assert survivors == decoder.pictures >= 20


def test_garbage_and_emptiness_never_raise(film: Any, scene: Scene) -> None:
    made = film(scene(2))
    decoder = Decoder(made.codec)
    rng = random.Random(3)
    for length in (0, 1, 4, 100, 5000):
        decoder.feed(replace(made.packets[0], data=rng.randbytes(length)))
    assert [frame.width for packet in made.packets for frame in decoder.feed(packet)] == [320, 320]


def test_the_picture_may_change_its_size(film: Any, scene: Scene) -> None:
    small, large = film(scene(10)), film(scene(10, size=(640, 352)))
    decoder = Decoder(small.codec)
    sizes = {frame.width for packet in small.packets + large.packets for frame in decoder.feed(packet)}
    assert sizes == {320, 640}


def test_length_prefixed_packets_need_the_extradata(clip: Any) -> None:
    made = clip("car-detection.mp4")
    head = replace(made, packets=made.packets[:30])
    assert len(decoded(head)) >= 25
    broken = Decoder(replace(head.codec, extradata=b""))
    assert [frame for packet in head.packets for frame in broken.feed(packet)] == []
    assert broken.errors > 0


def test_luma_is_the_plane_itself() -> None:
    frame = av.VideoFrame(322, 200, "yuv420p")
    view = luma(frame)
    assert view.shape == (200, 322)
    assert view.strides[0] == frame.planes[0].line_size > 322
    np.frombuffer(frame.planes[0], np.uint8)[5] = 77  # type: ignore[call-overload]  # planes are buffers
    assert view[0, 5] == 77


@pytest.mark.parametrize(
    "name", ["yuv420p", "yuvj420p", "nv12", "yuvj422p", "yuv444p", "gray", "yuv420p10le", "rgb24"]
)
def test_every_pixel_format_shows_the_same_picture(name: str) -> None:
    drawn = np.zeros((96, 128, 3), np.uint8)
    grey = name == "gray"
    drawn[:48, :64] = (90, 90, 90) if grey else (200, 40, 40)
    drawn[48:, 64:] = (220, 220, 220) if grey else (40, 60, 210)
    frame = av.VideoFrame.from_ndarray(drawn, "rgb24").reformat(format=name)
    cut = rgb(frame, (0, 0, 128, 96), (64, 48))
    assert cut.shape == (48, 64, 3)
    for y, x in ((12, 16), (36, 48), (12, 48), (36, 16)):
        assert np.abs(cut[y, x].astype(int) - drawn[y * 2, x * 2].astype(int)).max() <= 6, (name, y, x)
    assert luma(frame).shape == (96, 128)


def test_a_crop_reads_its_own_pixels_and_pads_beyond_the_picture() -> None:
    drawn = np.zeros((100, 200), np.uint8)
    drawn[:, 100:] = 255
    frame = av.VideoFrame.from_ndarray(drawn, "gray")
    cut = rgb(frame, (90, -50, 110, 150), (20, 40))
    assert (cut[:10] == PADDING).all()
    assert (cut[30:] == PADDING).all()
    assert (cut[10:30, :10] == 0).all()
    assert (cut[10:30, 10:] == 255).all()
    assert (rgb(frame, (300, 300, 400, 400), (8, 8)) == PADDING).all()


def test_shrinking_averages_fine_patterns_away() -> None:
    drawn = (np.indices((128, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)
    cut = rgb(av.VideoFrame.from_ndarray(drawn, "gray"), (0, 0, 128, 128), (32, 32))
    assert np.abs(cut.astype(int) - 127).max() <= 2


def test_jpeg_keeps_aspect_and_brightness() -> None:
    drawn = np.full((360, 640, 3), (200, 120, 40), np.uint8)
    frame = av.VideoFrame.from_ndarray(drawn, "rgb24").reformat(format="yuv420p")
    frame.time_base = Fraction(1, 25)
    seen = Upright(frame, frame.width, frame.height)
    picture = Image.open(io.BytesIO(jpeg(seen, 321)))
    assert (picture.format, picture.size) == ("JPEG", (320, 180))
    assert np.abs(np.asarray(picture)[90, 160].astype(int) - (200, 120, 40)).max() <= 8
    assert Image.open(io.BytesIO(jpeg(seen, 9999))).size == (640, 360)
