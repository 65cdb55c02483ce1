"""Whatever a camera's pictures are coded as, they are looked at: grey, ten bits, other colour planes."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
import pytest
from PIL import Image

from drivers.contract import Codec, CodecParameters, Packet
from engine.vision.analyzer import Analyzer
from engine.vision.model import Detections, Sight
from engine.vision.pool import DetectorPool
from tests.engine.filming import Picture, street, walker

TICKS = 90_000
FORMATS = {"h264": ("yuv444p", "yuv420p10le"), "mjpeg": ("L", "RGB")}


class Pool:
    """Finds somebody in the middle of whatever it is shown, and something that reaches beyond it."""

    sizes = ((64, 64),)

    def detect(self, pictures: list[Any], **_: object) -> list[Detections]:
        boxes = np.array([[0.4, 0.3, 0.6, 0.9], [0.9, 0.9, 1.2, 1.1]], np.float32)
        scores, labels = np.full(2, 0.9, np.float32), np.zeros(2, np.int32)
        return [Detections(boxes, scores, labels, ("person",)) for _ in pictures]


def h264(pictures: list[Picture], format: str) -> list[bytes]:
    coder = av.CodecContext.create("libx264", "w")
    coder.height, coder.width, coder.pix_fmt = *pictures[0].shape, format
    coder.time_base, coder.options = Fraction(1, 5), {"preset": "ultrafast", "tune": "zerolatency"}
    frames = [av.VideoFrame.from_ndarray(picture, "gray").reformat(format=format) for picture in pictures]
    return [bytes(packet) for frame in (*frames, None) for packet in coder.encode(frame)]


def mjpeg(pictures: list[Picture], mode: str) -> list[bytes]:
    files = [io.BytesIO() for _ in pictures]
    for file, picture in zip(files, pictures, strict=True):
        Image.fromarray(picture).convert(mode).save(file, "JPEG", quality=90)
    return [file.getvalue() for file in files]


def watched(look: Analyzer, codec: str, format: str, size: tuple[int, int], begin: int) -> list[Sight]:
    """Return what is seen in five seconds of a stream, from a second on; in whatever size it comes from now on."""
    pictures = walker(street(25, size=size), begin=10)
    coded = h264(pictures, format) if codec == "h264" else mjpeg(pictures, format)
    stamps = (begin + number / 5 for number in range(25))
    packets = [
        Packet(data, round(at * TICKS), round(at * TICKS), number == 0 or codec == "mjpeg", at)
        for number, (data, at) in enumerate(zip(coded, stamps, strict=True))
    ]
    return [sight for packet in packets if (sight := look.feed(packet)) is not None]


@pytest.mark.parametrize(("codec", "format"), [(c, f) for c, formats in FORMATS.items() for f in formats])
def test_every_format_is_looked_at_tracked_and_judged(codec: str, format: str) -> None:
    look = Analyzer(
        CodecParameters(Codec(codec), b"", Fraction(1, TICKS)),
        fps=5,
        pool=cast(DetectorPool, Pool()),
        score=0.45,
    )
    sights = watched(look, codec, format, (320, 192), 0)
    assert len(sights) == 25
    assert any(sight.tracks for sight in sights)
    assert not any(sight.impairments for sight in sights)
    for begin, size in ((5, (128, 96)), (10, (192, 320))):  # an encoder is set otherwise while it streams
        sights = watched(look, codec, format, size, begin)
        assert [(sight.width, sight.height) for sight in sights] == [size] * 25
    assert look.counters["errors"] == look.counters["corrupt"] == 0
