"""The analyzer looks twice, once closely, before something new is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.vision import crops
from engine.vision.analyzer import Analyzer, _gathered
from engine.vision.model import Detections, Sight

SIZES = ((416, 256), (320, 192))


class Eye:
    """Finds what is bright, as a person; keeps the sizes that it is shown. Closely it sees what is real."""

    sizes = SIZES

    def __init__(self, *, real: bool) -> None:
        self.real, self.shown = real, list[tuple[int, int]]()

    def detect(self, pictures: list[NDArray[np.uint8]], **_: object) -> list[Detections]:
        self.shown += [(each.shape[1], each.shape[0]) for each in pictures]
        return [self._found(each) for each in pictures]

    def _found(self, picture: NDArray[np.uint8]) -> Detections:
        rows, columns = np.nonzero(picture[:, :, 1] > 180)
        there = len(rows) >= 50 and (self.real or (picture.shape[1], picture.shape[0]) == SIZES[0])
        high, wide = picture.shape[:2]
        box = [columns.min() / wide, rows.min() / high, (columns.max() + 1) / wide, (rows.max() + 1) / high]
        boxes = np.array([box] if there else [], np.float32).reshape(-1, 4)
        return Detections(
            boxes, np.full(len(boxes), 0.9, np.float32), np.zeros(len(boxes), np.int32), ("person",)
        )


@pytest.fixture(scope="module")
def street(film: Callable[..., Any], scene: Callable[..., Any]) -> Any:
    """Somebody small walks through a picture that is looked at as a whole all the time."""
    pictures = [each.copy() for each in scene(50, size=(640, 360))]
    for number, picture in enumerate(pictures):
        at = 50 + 4 * number
        picture[150:200, at : at + 20] = 235
    return film(pictures)


def watched(street: Any, eye: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Sight], Analyzer]:
    monkeypatch.setattr("engine.vision.analyzer.LARGE", 0.0)
    look = Analyzer(street.codec, fps=5, pool=eye, score=0.45)
    return [sight for packet in street.packets if (sight := look.feed(packet)) is not None], look


def test_something_real_is_told_after_one_look_of_its_own(
    street: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    eye = Eye(real=True)
    sights, look = watched(street, eye, monkeypatch)
    assert {track.label for sight in sights for track in sight.tracks} == {"person"}
    assert eye.shown.count(SIZES[1]) == 1
    assert look.counters["doubted"] == 0


def test_what_only_the_whole_picture_shows_is_never_told(
    street: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    eye = Eye(real=False)
    sights, look = watched(street, eye, monkeypatch)
    assert not any(sight.tracks for sight in sights)
    assert 3 < look.counters["doubted"] == eye.shown.count(SIZES[1])


@pytest.mark.parametrize(
    ("label", "score", "confirmed"), [(0, 0.5, True), (0, 0.4, False), (1, 0.5, False)], ids=str
)
def test_a_close_look_confirms_what_it_shows_surely_under_the_same_label(
    label: int, score: float, confirmed: bool
) -> None:
    def seen(part: crops.Part, label: int, score: float) -> Detections:
        rect, at = part.rect, (64, 144, 83, 198)
        wide, high = rect[2] - rect[0], rect[3] - rect[1]
        box = [
            (at[0] - rect[0]) / wide,
            (at[1] - rect[1]) / high,
            (at[2] - rect[0]) / wide,
            (at[3] - rect[1]) / high,
        ]
        numbers = np.array([label], np.int32)
        return Detections(
            np.array([box], np.float32), np.array([score], np.float32), numbers, ("person", "car")
        )

    far = crops.whole((640, 360), SIZES)
    near = crops.closer([], [(0.1, 0.4, 0.13, 0.55)], (640, 360), SIZES)[0]
    found, _ = _gathered([seen(far, 0, 0.9), seen(near, label, score)], [far, near], (640, 360), SIZES, 0.45)
    assert found.close is not None
    assert [bool(close) for close, each in zip(found.close, found.labels, strict=True) if each == 0] == [
        confirmed
    ]
