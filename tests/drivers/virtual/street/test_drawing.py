"""The drawn street: the same for the same seed, plausible traffic, and a truth that matches the picture."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.figures import EXTENT, PHASES, Kind, Look, sprite
from drivers.virtual.street.lens import Lens

LOOK = Look(Kind.PERSON, (200, 40, 40), (30, 40, 60), (20, 20, 20), (200, 160, 120), 0)


def _moments(scene: Scene) -> list[float]:
    return [count / 10 for count in range(round(scene.period * 10))]


def _crowded(scene: Scene) -> float:
    return max(_moments(scene), key=lambda t: len(scene.truth(t)))


def _quiet(scene: Scene) -> float:
    """Return a moment at which nobody is there and nothing that left casts a shadow any more."""
    moments = _moments(scene)
    return next(t for t in moments if not any(scene.truth(t + after / 10) for after in range(-10, 11)))


def test_the_same_seed_and_time_give_the_same_picture() -> None:
    assert np.array_equal(Scene(4).render(3.2), Scene(4).render(3.2))


def test_the_picture_repeats_after_the_period() -> None:
    scene = Scene(4, period=8)
    assert np.array_equal(scene.render(2.5), scene.render(10.5))


def test_noise_differs_from_picture_to_picture() -> None:
    scene = Scene(4)
    quiet = _quiet(scene)
    one, other = (scene.render(t).astype(int) for t in (quiet, quiet + 0.1))
    assert 0.5 < np.abs(one - other).mean() < 4


def test_seeds_differ_in_street_and_traffic() -> None:
    one, other = Scene(1), Scene(2)
    assert np.abs(one.render(0).astype(int) - other.render(0)).mean() > 10
    assert [one.truth(t) for t in _moments(one)] != [other.truth(t) for t in _moments(other)]


def test_night_is_darker_and_noisier() -> None:
    day, night = Scene(3), Scene(3, night=True)
    assert night.render(0).mean() < 0.6 * day.render(0).mean()
    grain = [
        np.std(scene.render(_quiet(scene)).astype(int) - scene.render(_quiet(scene) + 0.1))
        for scene in (day, night)
    ]
    assert grain[1] > 1.5 * grain[0]


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_passes_and_then_nothing_moves_for_a_while(seed: int) -> None:
    scene = Scene(seed)
    truths = [scene.truth(t) for t in _moments(scene)]
    assert {label for truth in truths for label, _ in truth} == {kind.value for kind in Kind}
    longest = max(len(part) for part in "".join("x" if truth else "." for truth in truths).split("x"))
    assert longest >= 30  # three seconds


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 100), st.floats(4, 90))
def test_truth_stays_inside_the_picture(seed: int, t: float, period: float) -> None:
    for _, (left, top, right, bottom) in Scene(seed, period=period).truth(t):
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_speeds_are_plausible() -> None:
    """Walkers 1-2 m/s, vehicles 4-9 m/s: from the boxes, whose width tells how far away they are."""
    scene = Scene(6)
    fastest = {"person": (0.8, 2.1), "two_wheeler": (4.0, 9.0), "car": (4.0, 9.0)}
    seen = 0
    for t in _moments(scene):
        now, later = scene.truth(t), scene.truth(t + 0.1)
        if len(now) != 1 or len(later) != 1 or min(now[0][1][0], later[0][1][0]) <= 0.01:
            continue
        (label, box), (_, then) = now[0], later[0]
        if max(box[2], then[2]) >= 0.99:
            continue
        metres = EXTENT[Kind(label)][0] * abs(then[0] - box[0]) / (box[2] - box[0])
        low, high = fastest[label]
        assert low <= metres / 0.1 <= high
        seen += 1
    assert seen > 10


@pytest.mark.parametrize("night", [False, True])
def test_truth_boxes_are_where_the_picture_differs_from_the_empty_street(night: bool) -> None:
    scene = Scene(3, night=night)
    empty, t = scene.render(_quiet(scene)).astype(int), _crowded(scene)
    differs = np.abs(scene.render(t).astype(int) - empty).max(axis=2) > 30
    height, width = differs.shape
    mask = np.zeros_like(differs)
    for _, box in scene.truth(t):
        left, right = round(box[0] * width), round(box[2] * width)
        top, bottom = round(box[1] * height), round(box[3] * height)
        assert differs[top:bottom, left:right].mean() > 0.2
        mask[top:bottom, left:right] = True
    assert differs[~mask].mean() < 0.06  # shadows and headlights
    assert differs[mask].mean() > 5 * differs[~mask].mean()


def test_a_window_shows_that_part_of_the_scene() -> None:
    scene = Scene(5, width=1280, height=720)
    t = _crowded(scene)
    whole = scene.render(t).astype(int)
    part = scene.render(t, (0.25, 0.25, 0.75, 0.75), (640, 360)).astype(int)
    assert part.shape == (360, 640, 3)
    assert np.abs(part - whole[180:540, 320:960]).mean() < 4  # noise
    assert np.abs(part - whole[:360, :640]).mean() > 10


def test_a_moving_window_does_not_change_what_was_rendered_before() -> None:
    scene = Scene(5)
    first = scene.render(1.0, (0, 0, 0.5, 0.5), (320, 180))
    kept = first.copy()
    scene.render(1.0, (0.5, 0.5, 1, 1), (320, 180))
    scene.render(1.5, (0, 0, 0.5, 0.5), (320, 180))
    assert np.array_equal(first, kept)


def test_legs_walk() -> None:
    steps = [sprite(LOOK, phase, 60.0, 1).clear for phase in range(PHASES)]
    assert all(not np.array_equal(one, other) for one, other in pairwise(steps))


def test_figures_face_where_they_go() -> None:
    right, left = sprite(LOOK, 2, 60.0, 1), sprite(LOOK, 2, 60.0, -1)
    assert np.array_equal(right.clear, left.clear[:, ::-1])


@given(st.floats(-10, 10), st.floats(8, 18), st.floats(8, 18))
def test_what_is_farther_is_higher_in_the_picture_and_smaller(x: float, one: float, other: float) -> None:
    lens = Lens(640, 360)
    near, far = sorted((one, other))
    assert lens.point(x, far)[1] <= lens.point(x, near)[1]
    assert lens.scale(far) <= lens.scale(near)
