"""What stays behind, what fades and what is only a shadow is taken out of the foreground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vision.motion.detector import LEARN_PICTURES, MotionDetector

WIDTH, HEIGHT = 320, 192
_PLAIN = np.full((HEIGHT, WIDTH), 110.0)
_THING = slice(60, 130), slice(100, 140)


def shown(scene: NDArray[np.float64], number: int) -> NDArray[np.uint8]:
    noisy = scene + np.random.default_rng(number).normal(0, 1.5, scene.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def learned(scene: NDArray[np.float64]) -> MotionDetector:
    detector = MotionDetector(WIDTH, HEIGHT)
    for number in range(LEARN_PICTURES + 6):
        detector.feed(shown(scene, number))
    return detector


def test_who_leaves_leaves_no_ghost_and_who_stays_is_still_there() -> None:
    with_thing = _PLAIN.copy()
    with_thing[_THING] = 30
    left, came = learned(with_thing), learned(_PLAIN)
    for number in range(100, 103):
        left.feed(shown(_PLAIN, number))
        came.feed(shown(with_thing, number))
    assert not left.foreground.any()
    assert came.foreground[_THING].mean() > 0.9


def test_a_shadow_alone_is_no_motion_and_a_thing_as_dark_is() -> None:
    ground = _PLAIN + np.random.default_rng(1).normal(0, 3, _PLAIN.shape)
    shadow, thing = ground.copy(), ground.copy()
    shadow[_THING] *= 0.65
    thing[_THING] = np.random.default_rng(2).normal(70, 14, (7, 4)).repeat(10, 0).repeat(10, 1)
    assert len(learned(ground).feed(shown(shadow, 100)).boxes) == 0
    assert len(learned(ground).feed(shown(thing, 100)).boxes) == 1


def test_a_shadow_that_comes_before_its_thing_is_no_motion() -> None:
    ground = _PLAIN + np.random.default_rng(1).normal(0, 3, _PLAIN.shape)
    rough = np.random.default_rng(2).normal(0, 1, _PLAIN.shape)

    def told(where: tuple[slice, slice], gain: float, left: float) -> int:
        scene = ground.copy()
        scene[where] = scene[where] * gain + left * rough[where]
        return len(learned(ground).feed(shown(scene, 100)).boxes)

    edge, middle, small = _THING[0], slice(100, 140), (slice(64, 72), slice(0, 3))
    assert [told((edge, slice(0, 40)), 0.65, 6.5), told((edge, middle), 0.65, 6.5)] == [0, 1]
    assert [told(small, 0.65, 0), told(small, 0.5, 14)] == [0, 1]


def test_light_that_fades_is_no_motion_and_what_has_an_outline_is() -> None:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    far = np.hypot(x - 160, y - 96)
    lit = _PLAIN + 30 * np.exp(-(far**2) / (2 * 40**2))
    assert len(learned(_PLAIN).feed(shown(lit, 100)).boxes) == 0
    assert len(learned(_PLAIN).feed(shown(_PLAIN + 20 * (far < 40), 100)).boxes) == 1


def test_a_cloud_is_learned_as_it_comes() -> None:
    detector = learned(_PLAIN)
    for number in range(40):
        edge = 1 - 0.25 / (1 + np.exp((np.arange(WIDTH) - number * 6) / 30))
        told = detector.feed(shown(_PLAIN * edge, 100 + number))
        assert (len(told.boxes), told.disturbance) == (0, "")
        assert detector.foreground.mean() < 0.02
