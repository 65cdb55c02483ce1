"""What is told of a camera's picture, and when: a drawn place with noise, one look a second, no coder between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.vision.model import Cause, Impairment, Luma
from engine.vision.quality.watch import ACCEPTED, Watch
from tests.engine.commission.aim.scenes import blurred, street, window

WIDTH, HEIGHT = 320, 180
SCENE = blurred(street(3, 520, 320), 0.6)
HERE = window(SCENE, 100, 70, WIDTH, HEIGHT)
ELSEWHERE = blurred(street(11, WIDTH, HEIGHT), 0.6)
PEACE = 12
Picture = NDArray[np.float64]
Effect = Callable[[Picture, int], Picture]


def told(
    effect: Effect,
    seconds: int = 12,
    *,
    peace: int = PEACE,
    watch: Watch | None = None,
    noise: float = 2.0,
    media: Callable[[int], float] = float,
) -> dict[int, tuple[Impairment, ...]]:
    """Return what is told at each second after an effect begins; before it, nothing may be."""
    watch, rng = watch or Watch(), np.random.default_rng(7)
    found = {}
    for second in range(-peace, seconds):
        picture = HERE if second < 0 else effect(HERE, second)
        noisy = picture + (rng.normal(0, noise, HERE.shape) if noise else 0)
        luma: Luma = noisy.clip(0, 255).astype(np.uint8)
        found[second] = watch.look(
            luma, None, at=50.0 + second, media=media(second + peace), keyframes=second + peace
        )
    assert not any(each for second, each in found.items() if second < 0)
    return {second: each for second, each in found.items() if second >= 0}


def causes(found: dict[int, tuple[Impairment, ...]]) -> set[Cause]:
    return {each.cause for told in found.values() for each in told}


def sprayed(picture: Picture, second: int) -> Picture:
    rows, columns = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    blots = np.sin(7 * rows + 1) + np.sin(9 * columns) > 0.1
    paint = blurred(blots.astype(float) * 255, 3.0) / 255 * 0.97
    painted: Picture = picture + (60 - picture) * paint
    return painted


def bands(picture: Picture, second: int) -> Picture:
    rows = np.arange(HEIGHT)[:, None]
    banded: Picture = picture + 40 * np.sign(np.sin(rows / 5 + 1.7 * second))
    return banded


FAULTS: dict[str, tuple[Effect, Cause]] = {
    "cloth": (lambda p, s: np.full_like(p, 110) + np.linspace(-20, 20, WIDTH), Cause.COVERED),
    "paint": (sprayed, Cause.SPRAYED),
    "lens": (lambda p, s: blurred(p, 5.0), Cause.DEFOCUSED),
    "pushed": (lambda p, s: window(SCENE, 160, 60, WIDTH, HEIGHT), Cause.TURNED),
    "another place": (lambda p, s: ELSEWHERE, Cause.TURNED),
    "night without a lamp": (lambda p, s: np.full_like(p, 17), Cause.DARK),
    "torch": (lambda p, s: p * 0.1 + 235, Cause.BRIGHT),
    "rolling bands": (bands, Cause.STRIPES),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_by_its_name(name: str) -> None:
    effect, cause = FAULTS[name]
    found = told(effect, 16)
    first = next(second for second, each in found.items() if each)
    assert first <= (15 if cause in (Cause.BRIGHT, Cause.STRIPES) else 9)
    assert [each.cause for each in found[15]] == [cause]
    assert 50 <= found[15][0].since <= 53
    assert 0 < found[15][0].confidence <= 1


@pytest.mark.parametrize("grey", [16, 90])
def test_a_card_is_lost_signal(grey: int) -> None:
    def card(picture: Picture, second: int) -> Picture:
        shown = np.full_like(picture, grey)
        shown[80:96, 100:220:6] = 235
        return shown

    watch = Watch()
    rng = np.random.default_rng(1)
    for second in range(20):
        noise = rng.normal(0, 2, HERE.shape) if second < 12 else 0
        picture = HERE + noise if second < 12 else card(HERE, second)
        found = watch.look(
            picture.clip(0, 255).astype(np.uint8), None, at=second, media=second, keyframes=second
        )
    assert [each.cause for each in found] == [Cause.SIGNAL_LOSS]


def test_a_plain_drawing_in_which_something_moves_is_no_card() -> None:
    watch = Watch()
    for second in range(20):
        picture = np.full(HERE.shape, 90, np.uint8)
        picture[60:100, 12 * second : 12 * second + 40] = 235
        found = watch.look(picture, None, at=second, media=second, keyframes=second)
    assert Cause.SIGNAL_LOSS not in [each.cause for each in found]


@pytest.mark.parametrize("gain", [0.3, 0.6, 1.5])
def test_a_switched_lamp_is_no_fault(gain: float) -> None:
    fall = np.linspace(1, 0.7, WIDTH)
    assert not causes(told(lambda p, s: p * gain * fall if s % 20 < 12 else p, 30))


def test_what_fills_the_picture_for_five_seconds_is_no_fault() -> None:
    side = np.full_like(HERE, 120)
    side[:, ::60] = 60
    assert not causes(told(lambda p, s: side if s < 6 else p, 20))
    assert causes(told(lambda p, s: side, 20)), "and what stays is"


def test_rain_is_no_fault() -> None:
    rng = np.random.default_rng(5)

    def rain(picture: Picture, second: int) -> Picture:
        wet = picture * 0.9 + 15
        for x, y in rng.integers(0, (WIDTH - 2, HEIGHT - 14), (250, 2)):
            wet[y : y + 12, x] += 70
        return wet

    assert not causes(told(rain, 30))


def test_it_is_over_a_while_after_the_picture_is_back() -> None:
    cloth = FAULTS["cloth"][0]
    found = told(lambda p, s: cloth(p, s) if s < 15 else p, 30)
    assert found[14]
    assert found[17], "not at once"
    assert not found[24]


def test_a_move_of_the_ptz_unit_is_no_fault_and_the_new_view_is_known_then() -> None:
    turning = [False]
    watch = Watch(moving=lambda: turning[0])

    def patrol(picture: Picture, second: int) -> Picture:
        turning[0] = second < 2
        return ELSEWHERE if second < 20 else picture

    found = told(patrol, 34, watch=watch)
    assert not any(found[second] for second in range(20))
    assert {each.cause for each in found[33]} == {Cause.TURNED}, (
        "turned back by hand: nobody said that it moves"
    )


def test_home_again_the_technicians_picture_counts_and_elsewhere_it_may_be_covered() -> None:
    turning, away = [False], [False]
    reference = HERE.clip(0, 255).astype(np.uint8)
    watch = Watch(reference, moving=lambda: turning[0], away=lambda: away[0])
    pushed = FAULTS["pushed"][0]

    def patrol(picture: Picture, second: int) -> Picture:
        turning[0] = second in (0, 40)
        away[0] = second < 40
        if 15 <= second < 28:
            return FAULTS["cloth"][0](picture, second)
        return ELSEWHERE if second < 40 else pushed(picture, second)

    found = told(patrol, 56, watch=watch)
    assert not any(found[second] for second in range(20))
    assert {each.cause for each in found[27]} == {Cause.COVERED}
    assert not any(found[second] for second in range(34, 44))
    assert {each.cause for each in found[55]} == {Cause.TURNED}, "home is not where it was"


def test_where_it_looks_is_right_after_a_day_unless_there_is_a_technicians_picture() -> None:
    reference = HERE.clip(0, 255).astype(np.uint8)
    for watch, after in ((Watch(), None), (Watch(reference), Cause.TURNED)):
        rng = np.random.default_rng(4)
        for second in [*range(24), *range(int(ACCEPTED) + 20, int(ACCEPTED) + 24)]:
            picture = (HERE if second < 12 else ELSEWHERE) + rng.normal(0, 2, HERE.shape)
            luma: Luma = picture.clip(0, 255).astype(np.uint8)
            found = watch.look(luma, None, at=second, media=second, keyframes=second)
            assert second != 23 or [each.cause for each in found] == [Cause.TURNED]
        assert [each.cause for each in found] == ([] if after is None else [after])


def test_a_machine_that_stalls_after_the_first_picture_and_catches_up_is_no_fault() -> None:
    watch, rng = Watch(), np.random.default_rng(6)
    pictures = [(100.0, 0.0), *((117.0 + n / 50, n / 5) for n in range(1, 80))]
    pictures += [(118.6 + n, 16.0 + n) for n in range(1, 20)]
    for at, media in pictures:
        luma = (HERE + rng.normal(0, 2, HERE.shape)).clip(0, 255).astype(np.uint8)
        assert not watch.look(luma, None, at=at, media=media, keyframes=int(media))


@pytest.mark.parametrize(
    ("effect", "cause"), [("cloth", Cause.COVERED), ("night without a lamp", Cause.DARK)]
)
def test_a_start_that_sees_nothing_is_told(effect: str, cause: Cause) -> None:
    found = told(FAULTS[effect][0], 12, peace=0)
    assert [each.cause for each in found[10]] == [cause]


def test_a_start_that_looks_elsewhere_than_the_reference_is_told() -> None:
    reference = HERE.clip(0, 255).astype(np.uint8)
    turned = told(FAULTS["pushed"][0], 12, peace=0, watch=Watch(reference))
    assert [each.cause for each in turned[10]] == [Cause.TURNED]
    assert not causes(told(lambda p, s: p * 0.6, 12, peace=0, watch=Watch(reference)))


def test_the_same_picture_over_keyframes_is_frozen_and_noise_is_not() -> None:
    still = np.random.default_rng(2).normal(0, 2, HERE.shape)
    watch = Watch()
    for second in range(12):
        noise = np.random.default_rng(second).normal(0, 2, HERE.shape)
        assert not watch.look(
            (HERE + noise).clip(0, 255).astype(np.uint8), None, at=second, media=second, keyframes=second // 2
        )
    for second in range(12, 22):
        found = watch.look(
            (HERE + still).clip(0, 255).astype(np.uint8), None, at=second, media=second, keyframes=second // 2
        )
    assert [each.cause for each in found] == [Cause.FROZEN]


def test_a_calm_scene_without_keyframes_may_be_the_same_for_long() -> None:
    watch, found = Watch(), {}
    for second in range(100):
        found[second] = watch.look(
            HERE.clip(0, 255).astype(np.uint8), None, at=second, media=second, keyframes=1
        )
    assert not found[50]
    assert [each.cause for each in found[99]] == [Cause.FROZEN]


@pytest.mark.parametrize("pace", [0, -1])
def test_a_clock_that_stands_still_or_runs_backwards_is_frozen(pace: int) -> None:
    found = told(lambda p, s: p, 12, media=lambda s: min(s, PEACE) + pace * max(0, s - PEACE))
    assert causes(found) == {Cause.FROZEN}
    assert found[10]


def test_pink_by_day_is_the_infrared_filter() -> None:
    watch, rng = Watch(), np.random.default_rng(3)
    leaves = rng.integers(110, 140, (2, HEIGHT // 2, WIDTH // 2)).astype(np.uint8)
    for second in range(50):
        luma = (HERE + rng.normal(0, 2, HERE.shape)).clip(0, 255).astype(np.uint8)
        blue, red = leaves if second < 15 else (leaves[0] // 8 + 121, leaves[1] // 8 + 128)
        found = watch.look(luma, (blue, red), at=second, media=second, keyframes=second)
        assert second >= 30 or not found
    assert [each.cause for each in found] == [Cause.INFRARED]


def test_a_tiny_picture_is_not_judged() -> None:
    assert not Watch().look(np.zeros((64, 64), np.uint8), None, at=0, media=0, keyframes=0)
