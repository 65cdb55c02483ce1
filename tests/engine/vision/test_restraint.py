"""Demand falls when supply does: a camera whose looks are given up asks less often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.vision.analyzer import Analyzer
from engine.vision.attention import LONGEST, Restraint
from engine.vision.model import Detections, Sight


class Busy:
    """Stands where the pool would: serves while it is told to, and finds what is brighter than the wall."""

    sizes = ((416, 416),)

    def __init__(self) -> None:
        self.serves = True
        self.asked: list[int] = []

    def detect(self, pictures: Any, **_: Any) -> list[Detections] | None:
        self.asked.append(len(pictures))
        return [_bright(each) for each in pictures] if self.serves else None


def _bright(picture: Any) -> Detections:
    """Find the one thing that is bright, as a person."""
    rows, columns = np.nonzero(picture[:, :, 1] > 180)
    if len(rows) < 50:
        return Detections(
            np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32), ("person",)
        )
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    high, wide = picture.shape[:2]
    scaled = (box / np.array([wide, high] * 2, np.float32)).astype(np.float32)
    return Detections(scaled, np.ones(1, np.float32), np.zeros(1, np.int32), ("person",))


@pytest.fixture(scope="module")
def street(film: Callable[..., Any], scene: Callable[..., Any], walking: Callable[..., Any]) -> Any:
    """Somebody walks for ten seconds from the third on."""
    return film(walking(scene(130), begin=30, speed=2))


def watched(look: Analyzer, film: Any, pool: Busy, serves: Callable[[float], bool]) -> list[Sight]:
    sights = []
    for packet in film.packets:
        pool.serves = serves(packet.pts / 10)
        if (sight := look.feed(packet)) is not None:
            sights.append(sight)
    return sights


def analyzer(film: Any, pool: Any) -> Analyzer:
    return Analyzer(film.codec, fps=5, pool=pool, score=0.45, name="gate")


def test_it_holds_back_twice_as_long_each_time_and_not_for_ever() -> None:
    restraint, asked, at = Restraint(0.25), [], 0.0
    while at < 20:
        if not restraint.holds(at):
            asked.append(at)
            restraint.refused(at)
        at += 0.125
    waits = np.diff(asked).tolist()
    assert waits[:3] == [0.25, 0.5, 1.0]
    assert set(waits[3:]) == {LONGEST}
    restraint.served()
    assert not restraint.holds(at)


def test_nobody_who_is_not_served_asks_at_every_picture(street: Any) -> None:
    pool = Busy()
    look = analyzer(street, pool)
    watched(look, street, pool, lambda at: at < 2)
    assert look.wanted > 40  # something is to be looked at all the time
    assert len(pool.asked) < 14
    assert look.skipped >= look.wanted - 5


def test_who_is_served_again_asks_as_before(street: Any) -> None:
    calm = Busy()
    watched(analyzer(street, calm), street, calm, lambda _: True)
    pool = Busy()
    look = analyzer(street, pool)
    watched(look, street, pool, lambda at: not 6 <= at < 9)
    assert len(calm.asked) * 0.6 < len(pool.asked)
    assert 10 < look.skipped < 25  # three seconds, and two of holding back at most


def test_who_left_while_nobody_looked_is_unknown_and_not_there(street: Any) -> None:
    pool = Busy()
    sights = watched(analyzer(street, pool), street, pool, lambda at: at < 7)
    (known,) = {track.id for sight in sights for track in sight.tracks if sight.at < 7}
    assert any(track.id == known and not track.predicted for sight in sights for track in sight.tracks)
    late = [sight for sight in sights if sight.at > 7 + 4]
    assert late
    assert not any(sight.tracks or sight.ended for sight in late)
    assert all([track.id for track in sight.unknown] == [known] for sight in late)


class Scarce(Busy):
    """Serves so many looks a second, whoever asks."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate, self._left, self.looks = rate, 0.0, 0

    def wait(self, seconds: float) -> None:
        self._left = min(self._left + seconds * self.rate, 2.0)

    def detect(self, pictures: Any, **_: Any) -> list[Detections] | None:
        self.serves = self._left >= 1
        self._left -= self.serves
        self.looks += self.serves
        return super().detect(pictures)


def test_of_few_looks_for_many_cameras_few_are_asked_for(street: Any) -> None:
    """Twelve cameras that want sixty looks a second, of which there are six."""
    pool, count = Scarce(6.0), 12
    eyes = [analyzer(street, pool) for _ in range(count)]
    for number, packet in enumerate(street.packets):
        pool.wait(0.1)
        for place in range(count):  # each is the first to ask in its turn
            eyes[(number + place) % count].feed(packet)
    seconds = len(street.packets) / 10
    assert sum(eye.wanted for eye in eyes) / seconds > 40
    assert len(pool.asked) / seconds < 20
    assert pool.looks / seconds > 3  # what there is is used
