"""What changes much of a picture and is no motion, and what is in spite of it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.vision.model import Disturbance, Motion
from engine.vision.motion.detector import LEARN_PICTURES, MotionDetector
from engine.vision.motion.tuning import Tuning

Picture = NDArray[np.uint8]
WIDTH, HEIGHT = 320, 192
QUIET = LEARN_PICTURES + 6
_WALL = np.random.default_rng(11).integers(60, 160, (34, 50)).repeat(8, axis=0).repeat(8, axis=1)


def wall(number: int, *, right: int = 0, down: int = 0, noise: float = 2.0) -> NDArray[np.float64]:
    """Return one picture of a textured wall, shifted."""
    rng = np.random.default_rng(number)
    seen = _WALL[40 - down : 40 - down + HEIGHT, 40 - right : 40 - right + WIDTH]
    return np.asarray(seen + rng.normal(0, noise, seen.shape))


def grey(picture: NDArray[np.float64]) -> Picture:
    return np.clip(picture, 0, 255).astype(np.uint8)


def learned(detector: MotionDetector, count: int = QUIET) -> MotionDetector:
    for number in range(count):
        detector.feed(grey(wall(number)))
    return detector


def walked(picture: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    picture[60:130, 40 + step * 8 : 68 + step * 8] = 15
    return picture


def test_light_on_half_the_picture_is_no_motion_and_a_walker_is_found_in_it_within_a_second() -> None:
    detector = learned(MotionDetector(WIDTH, HEIGHT))
    told: list[Motion] = []
    for number in range(12):
        picture = wall(100 + number)
        picture[:, :200] *= 1.35 if number >= 2 else 1
        told.append(detector.feed(grey(walked(picture, number) if number >= 4 else picture)))
    assert [each.disturbance for each in told[:4]] == ["", "", Disturbance.LIGHT, ""]
    assert [len(each.boxes) for each in told[:4]] == [0, 0, 0, 0]
    assert not detector.cut
    assert all(len(each.boxes) == 1 for each in told[4:])


def test_who_walks_while_the_light_jumps_is_found_again_at_once() -> None:
    detector = learned(MotionDetector(WIDTH, HEIGHT))
    told = []
    for number in range(8):
        picture = walked(wall(100 + number), number)
        told.append(detector.feed(grey(picture * (0.7 if number >= 4 else 1))))
    assert told[4].disturbance is Disturbance.LIGHT
    assert detector.foreground[60:130, 96:120].mean() > 0.9  # where he is
    assert all(len(each.boxes) == 1 for each in told[5:])


def test_a_lorry_is_no_light() -> None:
    detector = learned(MotionDetector(WIDTH, HEIGHT))
    side = np.random.default_rng(5).integers(90, 200, (24, 40)).repeat(8, 0).repeat(8, 1)
    for number in range(6):
        picture = wall(100 + number)
        front = 60 + number * 16
        picture[20:, :front] = side[20:HEIGHT, WIDTH - front : WIDTH] + 20
        told = detector.feed(grey(picture))
        assert told.disturbance is not Disturbance.LIGHT
        assert len(told.boxes) >= 1
        assert told.boxes[0][2] == pytest.approx(front / WIDTH, abs=0.06)


def test_a_camera_that_sways_tells_nothing_but_who_walks() -> None:
    detector = learned(MotionDetector(WIDTH, HEIGHT))
    ways = np.random.default_rng(2).integers(-5, 6, (40, 2))
    for number, (right, down) in enumerate(ways[:20]):
        told = detector.feed(grey(wall(200 + number, right=int(right), down=int(down))))
        assert len(told.boxes) == 0, number
    found = 0
    for number, (right, down) in enumerate(ways[20:30]):
        picture = wall(300 + number, right=int(right), down=int(down))
        told = detector.feed(grey(walked(picture, number)))
        found += len(told.boxes) >= 1 and abs(told.boxes[0][0] - (40 + number * 8) / WIDTH) < 0.08
    assert found >= 8


def test_glints_are_learned_and_a_walker_before_them_is_found() -> None:
    detector = MotionDetector(WIDTH, HEIGHT)
    rng = np.random.default_rng(9)
    told = []
    for number in range(90):
        picture = wall(number)
        for _ in range(6):
            y, x = rng.integers(100, 170), rng.integers(0, WIDTH - 6)
            picture[y : y + 6, x : x + 6] = 230
        told.append(len(detector.feed(grey(walked(picture, number - 80) if number >= 80 else picture)).boxes))
    assert max(told[60:80]) == 0
    assert min(told[81:]) >= 1


def test_sensitivity_is_how_much_a_thing_must_differ() -> None:
    def told(sensitivity: int) -> int:
        detector = learned(MotionDetector(WIDTH, HEIGHT, tuning=Tuning(sensitivity)))
        picture = wall(100)
        picture[60:130, 100:140] += 12
        return len(detector.feed(grey(picture)).boxes)

    assert [told(each) for each in (10, 50, 90)] == [0, 1, 1]


def test_the_least_is_a_part_of_the_picture() -> None:
    def told(least: float) -> int:
        detector = learned(MotionDetector(WIDTH, HEIGHT, tuning=Tuning(least=least)))
        return len(detector.feed(grey(walked(wall(100), 0))).boxes)

    part = 70 * 28 / (WIDTH * HEIGHT)
    assert [told(each) for each in (0.0, part * 0.8, part * 1.2)] == [1, 1, 0]


def test_nothing_moves_where_it_is_ignored() -> None:
    ignored = Tuning(ignore=(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),))
    detector = learned(MotionDetector(WIDTH, HEIGHT, tuning=ignored))
    assert len(detector.feed(grey(walked(wall(100), 0))).boxes) == 0
    assert len(detector.feed(grey(walked(wall(101), 20))).boxes) == 1
    assert not detector.foreground[:, : WIDTH // 2].any()


def test_what_was_forgotten_is_learned_anew() -> None:
    detector = learned(MotionDetector(WIDTH, HEIGHT))
    detector.forget()
    elsewhere = np.random.default_rng(8).integers(60, 200, (24, 40)).repeat(8, 0).repeat(8, 1)
    for number in range(QUIET):
        told = detector.feed(grey(elsewhere + np.random.default_rng(number).normal(0, 2, elsewhere.shape)))
        assert (len(told.boxes), told.disturbance) == (0, "")
    told = detector.feed(grey(walked(elsewhere.astype(float), 3)))
    assert len(told.boxes) == 1


def test_a_sway_that_explains_most_but_not_enough_is_told_as_one() -> None:
    detector = learned(MotionDetector(WIDTH, HEIGHT))
    picture = wall(100, right=4)
    picture[:, 250:] = np.random.default_rng(6).integers(20, 230, (24, 9)).repeat(8, 0).repeat(8, 1)[:, :70]
    told = detector.feed(grey(picture))
    assert (told.disturbance, len(told.boxes), detector.cut) == (Disturbance.SHAKE, 0, False)


def grain(size: int, strength: float) -> NDArray[np.float64]:
    """Return texture of a size in pixels and a strength (standard deviation) in grey levels."""
    rough = np.random.default_rng(size).normal(0, 1, (HEIGHT + size - 1, WIDTH + size - 1))
    means = np.lib.stride_tricks.sliding_window_view(rough, (size, size)).mean((2, 3))
    return np.asarray(means * strength / means.std())


def coded(pictures: list[Picture], rate: int, every: int) -> list[Picture]:
    """Return the pictures as they come out of x264: bits per second, pictures from keyframe to keyframe."""
    coder, reader = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    assert isinstance(coder, av.VideoCodecContext)
    assert isinstance(reader, av.VideoCodecContext)
    coder.width, coder.height, coder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    coder.time_base, coder.framerate, coder.bit_rate = Fraction(1, 5), Fraction(5), rate
    coder.options = {"preset": "veryfast", "tune": "zerolatency", "g": str(every), "bf": "0", "threads": "1"}
    frames = [av.VideoFrame.from_ndarray(each, "gray").reformat(format="yuv420p") for each in pictures]
    for number, frame in enumerate(frames):
        frame.pts = number
    shown = [each for frame in frames for packet in coder.encode(frame) for each in reader.decode(packet)]
    return [np.asarray(each.reformat(format="gray").to_ndarray(), np.uint8) for each in shown]


def told_of(refreshed: list[bool], *, before: bool = False) -> list[int]:
    """Return in which pictures somebody is told who comes in with the first; `before`: there were only keyframes."""
    ground = 110 + grain(3, 12)
    detector = MotionDetector(WIDTH, HEIGHT)
    for each in range(40):
        detector.feed(grey(ground + np.random.default_rng(each).normal(0, 2, ground.shape)), refreshed=before)
    told = []
    for number, keyframe in enumerate(refreshed):
        shown = ground + np.random.default_rng(number).normal(0, 2, ground.shape)
        shown[40:100, 40 + 8 * number : 70 + 8 * number] = 230
        if len(detector.feed(grey(shown), refreshed=keyframe).boxes):
            told.append(number)
    return told


def test_who_comes_in_with_a_keyframe_is_told_by_the_next_picture() -> None:
    assert told_of([False] * 4) == [0, 1, 2, 3]
    assert told_of([True, False, False, True, False]) == [1, 2, 3, 4]


def test_who_comes_in_where_every_picture_is_a_keyframe_is_told_no_later() -> None:
    assert told_of([True] * 3, before=True) == [0, 1, 2]


def test_keyframes_of_a_coarse_encoder_are_no_motion() -> None:
    ground = 110 + grain(3, 12) + grain(25, 15)
    shown = coded(
        [grey(ground + np.random.default_rng(each).normal(0, 4.5, ground.shape)) for each in range(100)],
        60_000,
        10,
    )
    change = np.array([np.abs(b.astype(int) - a).mean() for a, b in pairwise(shown)])
    assert change[39::10].min() > 2 * np.delete(change, np.s_[9::10])[36:].max()  # they do pulse
    detector = MotionDetector(WIDTH, HEIGHT)
    told = [detector.feed(each) for each in shown][30:]
    assert {(len(each.boxes), each.disturbance) for each in told} == {(0, "")}  # without neighbours: 57 of 70
