from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vision.model import Boxes, Detections, Track
from engine.vision.tracking.tracker import Tracker

ALL = np.array([[0, 0, 1, 1]], np.float32)
NOWHERE = np.empty((0, 4), np.float32)
Box = tuple[float, float, float, float]


def seen(*objects: tuple[str, float, Box]) -> Detections:
    names = tuple(dict.fromkeys(label for label, _, _ in objects))
    boxes = np.array([box for _, _, box in objects], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score, _ in objects], np.float32)
    return Detections(boxes, scores, np.array([names.index(each[0]) for each in objects], np.int32), names)


def box(x: float, y: float = 0.4, size: float = 0.1) -> Box:
    return (x, y, x + size, y + size)


def run(
    tracker: Tracker, pictures: list[Detections], *, fps: float = 5, looked: Boxes = ALL
) -> list[tuple[tuple[Track, ...], tuple[Track, ...]]]:
    return [tracker.update(number / fps, each, looked) for number, each in enumerate(pictures)]


def test_a_track_is_told_after_its_third_sighting_and_ended_after_silence() -> None:
    walk = [seen(("person", 0.8, box(0.1 + 0.02 * n))) for n in range(10)]
    told = run(Tracker(), walk + [seen()] * 15)
    assert [len(live) for live, _ in told[:4]] == [0, 0, 1, 1]
    last = told[9][0][0]
    assert (last.id, last.label, last.seen) == (1, "person", 10)
    assert abs(last.velocity[0] - 0.1) < 0.02  # 0.02 widths per picture, five pictures per second
    assert abs(last.box[0] - 0.28) < 0.01
    ends = [(number, track.id) for number, (_, ended) in enumerate(told) for track in ended]
    assert ends == [(20, 1)]  # seen last in picture 9: more than 2 s later


def test_a_fast_object_whose_boxes_do_not_touch_is_one_object() -> None:
    ride = [seen(("two_wheeler", 0.8, box(0.02 + 0.12 * n, size=0.1))) for n in range(8)]
    told = run(Tracker(), ride)
    assert {track.id for live, _ in told for track in live} == {1}


def test_two_who_cross_keep_their_numbers() -> None:
    pictures = [
        seen(("person", 0.8, box(0.1 + 0.03 * n, 0.40)), ("person", 0.8, box(0.7 - 0.03 * n, 0.43)))
        for n in range(20)
    ]
    told = run(Tracker(), pictures)
    first = {track.id: track.velocity[0] > 0 for track in told[4][0]}
    final = {track.id: track.velocity[0] > 0 for track in told[-1][0]}
    assert first == final
    assert len(final) == 2


def test_doubtful_detections_continue_but_never_begin() -> None:
    tracker = Tracker(score=0.5)
    assert run(tracker, [seen(("person", 0.3, box(0.2)))] * 6)[-1][0] == ()
    sure = [seen(("person", 0.9, box(0.2)))] * 3
    told = run(Tracker(score=0.5), sure + [seen(("person", 0.3, box(0.2)))] * 20)
    assert told[-1][0][0].seen == 23
    assert told[-1][0][0].score < 0.9  # the best lately, not ever


def test_labels_of_one_family_take_turns_and_the_majority_is_told() -> None:
    labels = ["car", "heavy", "car", "car", "heavy", "car"]
    told = run(Tracker(), [seen((label, 0.8, box(0.3, size=0.2))) for label in labels])
    assert [(track.id, track.label) for track in told[-1][0]] == [(1, "car")]


def test_a_rider_and_his_motorcycle_are_two() -> None:
    both = seen(("person", 0.8, (0.3, 0.3, 0.4, 0.6)), ("two_wheeler", 0.8, (0.3, 0.35, 0.4, 0.65)))
    told = run(Tracker(), [both] * 5)
    assert sorted(track.label for track in told[-1][0]) == ["person", "two_wheeler"]


def test_absence_counts_only_where_somebody_looked() -> None:
    tracker = Tracker()
    run(tracker, [seen(("person", 0.8, box(0.2)))] * 3)
    elsewhere = np.array([[0.6, 0, 1, 1]], np.float32)
    for number in range(3, 50):
        live, ended = tracker.update(number / 5, seen(), elsewhere)
        assert (len(live), len(ended)) == (1, 0)
    assert tracker.update(100.0, seen(), NOWHERE)[1][0].id == 1  # forgotten in the end all the same


def test_who_rests_is_looked_at_ever_more_rarely_and_who_is_missed_at_once() -> None:
    tracker = Tracker()
    looks = []
    for number in range(300):
        at = number / 5
        if number < 3 or len(tracker.due(at)):
            looks.append(at)
            tracker.update(at, seen(("car", 0.9, box(0.5))), ALL)
    gaps = np.diff(looks[3:])
    assert gaps.min() >= 1.0
    assert gaps[-1] > 6.0
    tracker.update(100.0, seen(), ALL)
    assert len(tracker.due(100.2)) == 1


def test_moving_regions_without_score_are_followed() -> None:
    told = run(Tracker(score=0.0), [seen(("moving", 0.0, box(0.1 + 0.02 * n))) for n in range(5)])
    assert [(track.label, track.score) for track in told[-1][0]] == [("moving", 0.0)]


unit = st.floats(0, 1, width=32)
objects = st.tuples(st.sampled_from(["person", "car", "heavy"]), unit, st.tuples(unit, unit, unit, unit))


def upright(found: tuple[str, float, Box]) -> tuple[str, float, Box]:
    label, score, (a, b, c, d) = found
    return label, score, (min(a, c), min(b, d), max(a, c), max(b, d))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(objects.map(upright), max_size=5), max_size=30))
def test_whatever_is_seen_the_books_balance(pictures: list[list[tuple[str, float, Box]]]) -> None:
    def story() -> list[tuple[tuple[Track, ...], tuple[Track, ...]]]:
        return run(Tracker(), [seen(*each) for each in pictures] + [seen()] * 25)

    told = story()
    assert told == story()  # deterministic
    begun, ended = [], []
    for live, over in told:
        begun += [track.id for track in live if track.id not in begun]
        ended += [track.id for track in over]
        assert not {track.id for track in live} & set(ended)
        for track in (*live, *over):
            assert 0 <= track.box[0] <= track.box[2] <= 1
            assert 0 <= track.box[1] <= track.box[3] <= 1
            assert 0 <= track.score <= 1
            assert track.age >= 0
    assert sorted(begun) == sorted(ended)  # each that began ended, once
