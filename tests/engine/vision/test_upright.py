"""Pictures as they are meant to be seen: upright, and with objects in their natural shape."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from drivers.contract import Codec, CodecParameters
from drivers.display import Turn
from drivers.kit.upright import Righting, upright
from engine.vision.analyzer import Analyzer
from engine.vision.model import Detections
from engine.vision.picture import luma

CODEC = CodecParameters(Codec.H264, b"", Fraction(1, 25))
GREY = 118


def corners(picture: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return the brightness at the corners: top left, top right, bottom right, bottom left."""
    return int(picture[2, 2]), int(picture[2, -3]), int(picture[-3, -3]), int(picture[-3, 2])


def marked(width: int = 64, height: int = 32) -> NDArray[np.uint8]:
    """Draw a picture whose corners are told apart."""
    picture = np.full((height, width), GREY, np.uint8)
    half, middle = height // 2, width // 2
    picture[:half, :middle], picture[:half, middle:] = 40, 90
    picture[half:, middle:], picture[half:, :middle] = 150, 220
    return picture


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuvj444p", "nv12", "gray", "yuv420p10le"])
@pytest.mark.parametrize(
    ("turn", "order"),
    [
        (Turn(90), (3, 0, 1, 2)),
        (Turn(180), (2, 3, 0, 1)),
        (Turn(270), (1, 2, 3, 0)),
        (Turn(0, mirrored=True), (1, 0, 3, 2)),
        (Turn(90, mirrored=True), (2, 1, 0, 3)),
    ],
)
def test_every_format_is_turned(name: str, turn: Turn, order: tuple[int, ...]) -> None:
    frame = av.VideoFrame.from_ndarray(marked(), "gray").reformat(format=name)
    told = corners(np.ascontiguousarray(luma(frame)))
    shown = upright(frame, turn, None)
    size = (32, 64) if turn.degrees % 180 else (64, 32)
    assert (shown.size, (shown.frame.width, shown.frame.height)) == (size, size)
    turned = corners(np.ascontiguousarray(luma(shown.frame)))
    assert np.abs(np.subtract(turned, [told[each] for each in order])).max() <= 3


def test_colours_turn_with_the_picture() -> None:
    drawn = np.zeros((32, 64, 3), np.uint8)
    drawn[:, :32, 0], drawn[:, 32:, 2] = 220, 220  # red on the left, blue on the right
    frame = av.VideoFrame.from_ndarray(drawn, "rgb24").reformat(format="yuv420p")
    shown = upright(frame, Turn(90), None)
    seen = shown.frame.to_ndarray(format="rgb24")
    assert seen[8, 16].argmax() == 0
    assert seen[56, 16].argmax() == 2


@pytest.mark.parametrize(
    ("container", "coded", "turn", "size"),
    [
        (None, Fraction(16, 11), Turn(), (1024, 576)),
        (None, Fraction(12, 11), Turn(), (768, 576)),
        (None, Fraction(1, 2), Turn(), (704, 1152)),
        (Fraction(1), Fraction(16, 11), Turn(), (704, 576)),
        (Fraction(16, 11), Fraction(1), Turn(), (1024, 576)),
        (None, Fraction(16, 11), Turn(90), (576, 1024)),
        (None, Fraction(0, 1), Turn(), (704, 576)),
        (None, Fraction(1000, 1), Turn(), (704, 576)),
        (None, None, Turn(), (704, 576)),
    ],
)
def test_the_shape_of_pixels(
    container: Fraction | None, coded: Fraction | None, turn: Turn, size: tuple[int, int]
) -> None:
    frame = av.VideoFrame(704, 576, "yuv420p")
    codec = replace(CODEC, pixel=container, turn=turn)
    assert Righting(codec).upright(frame, coded).size == size


def told(film: Any, what: str, start: int = 0) -> Any:
    """Return a film whose bitstream tells how it is to be shown, from a picture number on."""
    changed = av.bitstream.BitStreamFilterContext(f"h264_metadata={what}", _stream())
    packets = []
    for packet in film.packets:
        raw = av.Packet(packet.data)
        raw.pts = raw.dts = packet.pts + start
        packets += [replace(packet, data=bytes(out), pts=packet.pts + start) for out in changed.filter(raw)]
    return replace(film, packets=packets)


def _stream() -> Any:
    return av.open(io.BytesIO(), "w", format="h264").add_stream("libx264", rate=10)


def fed(look: Analyzer, film: Any) -> Any:
    return [sight for packet in film.packets if (sight := look.feed(packet)) is not None][-1]


def size(look: Analyzer, width: int = 4000) -> tuple[int, int]:
    return Image.open(io.BytesIO(look.still(width))).size


def test_a_still_has_the_shape_of_the_scene_and_follows_a_change(
    film: Callable[..., Any], scene: Callable[..., Any]
) -> None:
    made = film(scene(8, size=(352, 288)))
    look = Analyzer(made.codec, fps=10, pool=None, score=0.5)
    assert fed(look, made).width == 352
    assert size(look) == (352, 288)
    assert fed(look, told(made, "sample_aspect_ratio=16/11", start=8)).width == 512
    assert (size(look), size(look, 256)) == ((512, 288), (256, 144))


class Eye:
    """A detector that keeps what it is shown."""

    sizes = ((128, 128),)

    def __init__(self) -> None:
        self.shown: list[NDArray[np.uint8]] = []

    def detect(self, pictures: list[NDArray[np.uint8]], **how: object) -> list[Detections]:
        self.shown += pictures
        middle = np.array([[0.25, 0.25, 0.75, 0.75]], np.float32)
        found = Detections(middle, np.array([0.9], np.float32), np.zeros(1, np.int32), ("person",))
        return [found] * len(pictures)


def extent(picture: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the width and height of what is bright."""
    rows, columns = np.nonzero(picture[:, :, 1] > 180)
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


@pytest.mark.parametrize("pixel", ["1/1", "16/11", "1/2"])
def test_the_detector_sees_objects_in_their_natural_shape(film: Callable[..., Any], pixel: str) -> None:
    """A square of the scene is coded narrower (or wider) than it is; the detector is shown a square."""
    wide = Fraction(pixel)
    across, down = (round(96 / wide), 96) if wide >= 1 else (96, round(96 * wide))
    drawn = np.full((240, 320), 60, np.uint8)
    drawn[60 : 60 + down, 100 : 100 + across] = 230
    made = told(film([drawn] * 30), f"sample_aspect_ratio={pixel}")
    eye: Any = Eye()
    look = Analyzer(made.codec, fps=10, pool=eye, score=0.5)
    sight = fed(look, made)
    width, height = extent(eye.shown[0])
    assert abs(width - height) <= 2
    assert sight.tracks[0].label == "person"
    x0, y0, x1, y1 = sight.tracks[0].box
    assert (x0 + x1, y0 + y1) == pytest.approx((1, 1), abs=0.01)  # boxes stay 0..1 of the picture
    assert (x1 - x0) * sight.width == pytest.approx(
        (y1 - y0) * sight.height, rel=0.02
    )  # a square of the scene


def test_a_film_that_lies_on_its_side_is_analysed_upright(
    film: Callable[..., Any], scene: Callable[..., Any]
) -> None:
    made = film([marked(320, 192)] * 4)
    look = Analyzer(replace(made.codec, turn=Turn(90)), fps=10, pool=None, score=0.5)
    sight = fed(look, made)
    assert (sight.width, sight.height) == size(look) == (192, 320)
    seen = np.asarray(Image.open(io.BytesIO(look.still(400))).convert("L"))
    order = corners(seen)
    assert sorted(order) == [order[each] for each in (1, 2, 3, 0)]  # 40 was top left, now top right


def test_a_stream_that_tells_how_it_lies_is_upright_until_it_tells_otherwise(
    film: Callable[..., Any],
) -> None:
    """Told with a keyframe, it holds for the pictures after it; the next keyframe is silent: no more."""
    made = film([marked(320, 192)] * 20)  # a keyframe each ten
    lying = told(replace(made, packets=made.packets[:10]), "display_orientation=insert:rotate=90")
    look = Analyzer(made.codec, fps=10, pool=None, score=0.5)
    sizes = [(sight.width, sight.height) for packet in lying.packets if (sight := look.feed(packet))]
    sizes += [(sight.width, sight.height) for packet in made.packets[10:] if (sight := look.feed(packet))]
    assert sizes == [(192, 320)] * 10 + [(320, 192)] * 10
