from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.vision.model import Motion
from engine.vision.motion.detector import LEARN_PICTURES, MotionDetector
from engine.vision.motion.kernel import NOISIEST

Picture = NDArray[np.uint8]
Scene = Callable[..., list[Picture]]
QUIET = LEARN_PICTURES + 2


def fed(detector: MotionDetector, pictures: list[Picture]) -> list[Motion]:
    return [detector.feed(picture) for picture in pictures]


def test_nothing_moves_in_noise_however_strong(scene: Scene) -> None:
    for noise in (0.5, 4.0, 16.0):
        seen = fed(MotionDetector(320, 192), scene(60, noise=noise))
        assert sum(len(each.boxes) for each in seen) == 0, noise


@pytest.mark.parametrize("size", [(320, 192), (352, 198), (641, 359), (1280, 720)])
def test_a_walker_is_found_where_he_is(scene: Scene, size: tuple[int, int]) -> None:
    pictures = scene(QUIET + 3, size=(size[0] // 8 * 8 + 8, size[1] // 8 * 8 + 8))
    pictures = [np.ascontiguousarray(each[: size[1], : size[0]]) for each in pictures]
    width, height = size
    x0, y0 = width // 4, height // 4
    for number, picture in enumerate(pictures[QUIET:]):
        left = x0 + number * width // 40
        picture[y0 : y0 + height // 2, left : left + width // 8] = 230
    seen = fed(MotionDetector(width, height), pictures)[-1]
    left = x0 + 2 * (width // 40)
    expected = np.array([left / width, y0 / height, (left + width // 8) / width, (y0 + height // 2) / height])
    assert len(seen.boxes) >= 1
    assert np.abs(seen.boxes[0] - expected).max() < 0.09  # two blocks: he uncovers what he leaves
    assert 0.03 < seen.share < 0.15


def test_the_largest_region_comes_first(scene: Scene) -> None:
    pictures = scene(QUIET + 1)
    pictures[-1][8:40, 8:40] = 240
    pictures[-1][80:180, 200:300] = 240
    boxes = fed(MotionDetector(320, 192), pictures)[-1].boxes
    assert len(boxes) == 2
    assert boxes[0][0] > 0.5 > boxes[1][0]


def test_light_switched_on_is_a_cut_and_learned_at_once(scene: Scene) -> None:
    detector = MotionDetector(320, 192)
    fed(detector, scene(QUIET))
    bright = [np.clip(each.astype(np.int16) + 90, 0, 255).astype(np.uint8) for each in scene(4, seed=1)]
    first = detector.feed(bright[0])
    assert detector.cut
    assert first.share > 0.7
    assert len(first.boxes) == 0
    for picture in bright[1:]:
        assert len(detector.feed(picture).boxes) == 0
        assert not detector.cut


def test_an_exposure_that_hunts_is_looked_at_all_over_once(scene: Scene) -> None:
    detector = MotionDetector(320, 192)
    fed(detector, scene(QUIET))
    cuts = 0
    for number, each in enumerate(scene(60, seed=1)):
        lit = np.clip(each.astype(np.int16) + (90 if number // 15 % 2 == 0 else 0), 0, 255).astype(np.uint8)
        detector.feed(lit)
        cuts += detector.cut
    assert cuts == 1


def test_dusk_is_no_motion(scene: Scene) -> None:
    detector = MotionDetector(320, 192)
    for number, picture in enumerate(scene(120, noise=1.0)):
        dimmed = (picture * (1 - number / 300)).astype(np.uint8)
        assert len(detector.feed(dimmed).boxes) == 0, number
        assert not detector.cut


def test_what_stays_is_learned_and_what_leaves_uncovers_no_lasting_ghost(scene: Scene) -> None:
    detector = MotionDetector(320, 192)
    pictures = scene(QUIET + 8)
    for picture in pictures[:QUIET]:
        picture[60:120, 60:160] = 210  # parked from the beginning
    seen = fed(detector, pictures)[QUIET:]
    assert len(seen[0].boxes) == 1  # it drives off
    assert all(len(each.boxes) == 0 for each in seen[2:])  # its place is empty, not moving


def test_a_small_object_that_keeps_moving_is_not_learned(scene: Scene) -> None:
    detector = MotionDetector(320, 192)
    pictures = scene(150)
    for number, picture in enumerate(pictures[QUIET:]):
        left = 100 + 12 * (number % 2)
        picture[60:120, left : left + 40] = 210
    assert all(len(each.boxes) >= 1 for each in fed(detector, pictures)[QUIET:])


def test_a_row_stride_is_respected_and_padding_never_read(scene: Scene) -> None:
    pictures = scene(QUIET + 1)
    pictures[-1][40:120, 40:120] = 240
    plain = fed(MotionDetector(320, 192), pictures)
    rng = np.random.default_rng(3)
    wide = [rng.integers(0, 255, (192, 384)).astype(np.uint8) for _ in pictures]
    for padded, picture in zip(wide, pictures, strict=True):
        padded[:, :320] = picture
    strided = fed(MotionDetector(320, 192), [padded[:, :320] for padded in wide])
    assert [each.share for each in plain] == [each.share for each in strided]
    np.testing.assert_array_equal(plain[-1].boxes, strided[-1].boxes)


def test_shrinking_is_the_mean_of_the_pixels() -> None:
    rng = np.random.default_rng(5)
    for factor in (1, 2, 3, 5):
        width, height = 64 * factor + factor - 1, 24 * factor + factor - 1
        detector = MotionDetector(width, height, grid=64)
        picture = rng.integers(0, 255, (height, width)).astype(np.uint8)
        detector.feed(picture)
        used = picture[: 24 * factor, : 64 * factor].astype(np.uint32)
        mean = used.reshape(24, factor, 64, factor).sum(axis=(1, 3)) // factor**2
        blocks = mean.reshape(3, 8, 8, 8).transpose(0, 2, 1, 3).reshape(3, 8, 64)
        cells = detector._cells
        np.testing.assert_array_equal(cells.grids[cells.into], blocks)
        assert np.abs(cells.state[0] - blocks.astype(np.int32) * 64).max() <= 1  # gain 32767 / 32768


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=12, max_size=40), st.integers(0, 2**32 - 1))
def test_no_sequence_of_pictures_breaks_the_state(levels: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    detector = MotionDetector(64, 48)
    for level in levels:
        low, high = sorted((level, int(rng.integers(0, 256))))
        seen = detector.feed(rng.integers(low, high + 1, (48, 64)).astype(np.uint8))
        assert 0 <= seen.share <= 1
        assert ((seen.boxes >= 0) & (seen.boxes <= 1)).all()
        assert (seen.boxes[:, 2:] > seen.boxes[:, :2]).all()
        back, deviation = detector._cells.state
        assert ((back >= 0) & (back <= 255 * 64)).all()
        assert ((deviation >= 0) & (deviation <= NOISIEST)).all()
