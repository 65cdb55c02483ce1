from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.vision.motion.detector import MotionDetector
from engine.vision.motion.tuning import STANDARD
from engine.vision.tuner.film import Recorder, shrunk
from engine.vision.tuner.trial import tried
from tests.engine.tuning import film_of, yard


def test_a_film_has_the_pictures_that_are_due(film: Callable[..., Any], scene: Callable[..., Any]) -> None:
    made = film(scene(40), fps=10)
    recorder = Recorder(made.codec, fps=5, seconds=100)
    for packet in made.packets:
        recorder.feed(packet)
    kept = recorder.film()
    assert len(kept) == 20
    assert kept.times[:3] == (0.0, 0.2, 0.4)
    assert (kept.width, kept.height, kept.fps) == (320, 192, 5)
    assert kept.pictures.shape == (20, 192, 320)
    assert not recorder.complete


def test_it_is_complete_after_its_time(film: Callable[..., Any], scene: Callable[..., Any]) -> None:
    made = film(scene(40), fps=10)
    recorder = Recorder(made.codec, fps=5, seconds=2)
    for packet in made.packets:
        recorder.feed(packet)
        if recorder.complete:
            break
    assert recorder.seconds == 2.0
    assert len(recorder.film()) == 11


def test_a_small_picture_is_what_the_detector_makes_of_a_large_one() -> None:
    large = np.random.default_rng(3).integers(0, 255, (366, 650)).astype(np.uint8)
    small = shrunk(large)
    assert small.shape == (183, 325)
    assert small[0, 0] == large[:2, :2].astype(int).sum() // 4


def test_a_trial_tells_what_a_detector_does() -> None:
    pictures = yard(80, leaves=False, walks=(20,))
    detector = MotionDetector(320, 180, fps=5)
    trial = tried(film_of(pictures), STANDARD)
    assert [each.share for each in trial.motions] == [detector.feed(each).share for each in pictures]
    assert 0.3 < trial.told < 0.7
