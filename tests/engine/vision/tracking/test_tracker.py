from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vision.tracking.tracker import FORGOTTEN, Tracked, Tracker
from tests.engine.vision.tracking.sightings import (
    ALL,
    BLUE,
    NOWHERE,
    RED,
    Box,
    Sighting,
    box,
    ids,
    run,
    seen,
    upright,
)


def test_a_sure_track_is_told_after_its_second_sighting_and_predicted_no_longer_than_a_moment() -> None:
    walk = [seen(("person", 0.8, box(0.1 + 0.02 * n))) for n in range(10)]
    told = run(Tracker(), walk + [seen()] * 15)
    assert [len(each.tracks) for each in told[:4]] == [0, 1, 1, 1]
    last = told[9].tracks[0]
    assert (last.id, last.label, last.seen, last.predicted) == (1, "person", 10, False)
    assert abs(last.velocity[0] - 0.1) < 0.02  # 0.02 widths per picture, five pictures per second
    assert abs(last.box[0] - 0.28) < 0.01
    after = [track for each in told[10:] for track in each.tracks]
    assert [track.predicted for track in after] == [True] * 3  # 0.7 s, and then no more
    assert [track.box[0] for track in after] == pytest.approx([0.30, 0.32, 0.34], abs=0.01)  # it moves on
    ends = [(number, track.id) for number, each in enumerate(told) for track in each.ended]
    assert told[20].ended[0].box[0] == pytest.approx(0.28, abs=0.01)  # where it was seen last
    assert ends == [(20, 1)]  # seen last in picture 9: more than 2 s later


def test_the_way_before_it_was_told_is_told_with_it_once() -> None:
    told = run(Tracker(), [seen(("person", 0.9, box(0.2 + 0.02 * k))) for k in range(6)])
    (first, *later) = [each.tracks[0] for each in told if each.tracks]
    count = len(told) - len(later)
    assert count > 1
    assert [at for at, _ in first.way] == pytest.approx([k / 5 for k in range(count)])
    assert [where[0] for _, where in first.way] == pytest.approx(
        [0.2 + 0.02 * k for k in range(count)], abs=0.01
    )
    assert first.way[-1][1] == first.box
    assert {each.way for each in later} == {()}


def test_who_left_the_picture_has_ended_at_once() -> None:
    walk = [seen(("person", 0.8, (0.8 + 0.03 * n, 0.3, min(1.0, 0.86 + 0.03 * n), 0.6))) for n in range(6)]
    told = run(Tracker(), walk + [seen()] * 6)
    ends = [number for number, each in enumerate(told) if each.ended]
    assert len(ends) == 1
    assert 6 < ends[0] <= 9


def test_who_comes_out_behind_a_pillar_is_himself_and_was_not_told_meanwhile() -> None:
    walk = [("person", 0.8, upright(0.1 + 0.02 * n)) for n in range(25)]
    pictures = [seen() if 10 <= n < 17 else seen(each) for n, each in enumerate(walk)]
    told = run(Tracker(), pictures)
    assert ids(told) == {1}
    assert not any(each.tracks for each in told[13:17])
    assert not any(each.ended for each in told)


def test_who_stands_where_a_walker_was_lost_is_another() -> None:
    walk = [seen(("person", 0.8, upright(0.1 + 0.03 * n)), colours=[RED]) for n in range(10)]
    stands = [seen(("person", 0.8, upright(0.36)), colours=[BLUE])] * 10
    assert ids(run(Tracker(), walk + [seen()] * 2 + stands)) == {1, 2}


def test_colours_keep_two_apart_who_meet_and_turn_back() -> None:
    def at(n: int) -> tuple[float, float]:
        near = 0.02 * min(n, 20 - n)
        return 0.2 + near, 0.62 - near

    pictures = [
        seen(
            ("person", 0.8, upright(at(n)[0])), ("person", 0.8, upright(at(n)[1])), colours=[RED, BLUE]
        ) if abs(n - 10) > 1 else seen()
        for n in range(21)
    ]  # fmt: skip
    told = run(Tracker(), pictures)
    first = {track.id: track.box[0] < 0.4 for track in told[5].tracks}
    assert {track.id: track.box[0] < 0.4 for track in told[-1].tracks} == first
    assert len(first) == 2


def test_a_fast_object_whose_boxes_do_not_touch_is_one_object() -> None:
    ride = [seen(("two_wheeler", 0.8, box(0.02 + 0.12 * n, size=0.1))) for n in range(8)]
    assert ids(run(Tracker(), ride)) == {1}


def test_two_who_cross_keep_their_numbers() -> None:
    pictures = [
        seen(("person", 0.8, box(0.1 + 0.03 * n, 0.40)), ("person", 0.8, box(0.7 - 0.03 * n, 0.43)))
        for n in range(20)
    ]
    told = run(Tracker(), pictures)
    first = {track.id: track.velocity[0] > 0 for track in told[4].tracks}
    final = {track.id: track.velocity[0] > 0 for track in told[-1].tracks}
    assert first == final
    assert len(final) == 2


@pytest.mark.parametrize(("score", "seconds"), [(0.6, 0.4), (0.8, 0.2)])
@pytest.mark.parametrize("fps", [5, 10, 25])
def test_how_fast_pictures_come_changes_neither_when_it_is_told_nor_how_fast_it_is(
    fps: int, score: float, seconds: float
) -> None:
    walk = [seen(("person", score, upright(0.1 + 0.1 * n / fps))) for n in range(4 * fps)]
    told = run(Tracker(), walk + [seen()] * (4 * fps), fps=fps)
    first = next(number for number, each in enumerate(told) if each.tracks)
    assert seconds <= first / fps <= seconds + 0.05
    assert told[2 * fps].tracks[0].velocity[0] == pytest.approx(0.1, rel=0.1)
    assert sum(track.predicted for each in told for track in each.tracks) / fps == pytest.approx(
        0.7, abs=0.11
    )
    assert [number / fps for number, each in enumerate(told) if each.ended] == [pytest.approx(6.0, abs=0.21)]


def test_doubtful_detections_continue_but_never_begin() -> None:
    tracker = Tracker(score=0.5)
    assert run(tracker, [seen(("person", 0.3, box(0.2)))] * 6)[-1].tracks == ()
    sure = [seen(("person", 0.9, box(0.2)))] * 3
    told = run(Tracker(score=0.5), sure + [seen(("person", 0.3, box(0.2)))] * 20)
    assert told[-1].tracks[0].seen == 23
    assert told[-1].tracks[0].score < 0.9  # the best lately, not ever


@pytest.mark.parametrize(("missed", "again"), [(4, True), (6, False)])
def test_a_doubtful_detection_brings_back_who_was_lost_a_moment_ago(missed: int, again: bool) -> None:
    sure, doubtful = [seen(("person", 0.9, box(0.2)))] * 5, [seen(("person", 0.3, box(0.2)))]
    told = run(Tracker(score=0.5), sure + [seen()] * missed + doubtful)
    assert bool(told[-1].tracks) is again
    assert not told[-2].tracks


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["car", "heavy", "car", "car", "heavy", "car"], "car"),
        (["person", "two_wheeler", "person", "person"], "person"),
        (["person", *["two_wheeler"] * 7], "two_wheeler"),
    ],
)
def test_labels_take_turns_on_one_object_by_evidence(labels: list[str], told: str) -> None:
    last = run(Tracker(), [seen((label, 0.8, box(0.3, size=0.2))) for label in labels])[-1]
    assert [(track.id, track.label) for track in last.tracks] == [(1, told)]


def test_two_labels_on_one_box_are_one_object() -> None:
    both = seen(("two_wheeler", 0.6, (0.3, 0.3, 0.36, 0.6)), ("person", 0.8, (0.3, 0.31, 0.36, 0.61)))
    told = run(Tracker(), [both] * 8)
    assert [(track.id, track.label) for track in told[-1].tracks] == [(1, "person")]


@pytest.mark.parametrize(
    ("first", "second"), [(("animal", 0.6), ("person", 0.7)), (("person", 0.6), ("animal", 0.7))]
)
def test_what_has_two_names_is_told_by_the_likelier_one(
    first: tuple[str, float], second: tuple[str, float]
) -> None:
    large, small = (0.3, 0.3, 0.4, 0.61), (0.3, 0.31, 0.4, 0.61)
    told = run(Tracker(), [seen((*first, large), (*second, small))] * 20)
    assert {track.label for each in told for track in each.tracks} == {second[0]}


@pytest.mark.parametrize(("inner", "outer"), [("person", "animal"), ("two_wheeler", "car")])
@pytest.mark.parametrize("alone", [0, 5])
def test_who_goes_before_something_large_is_told_all_the_while(inner: str, outer: str, alone: int) -> None:
    """Somebody leads a buffalo, and lies within its box in every picture."""

    def at(n: int) -> list[Sighting]:
        x = 0.05 + 0.01 * n
        led = (inner, 0.8, (x + 0.1, 0.4, x + 0.16, 0.74))
        return [led] if n < alone else [(outer, 0.8, (x, 0.4, x + 0.3, 0.75)), led]

    told = run(Tracker(), [seen(*at(n)) for n in range(30)])
    assert {track.label for track in told[-1].tracks} == {inner, outer}
    assert len(ids(told)) == 2


def test_a_rider_and_what_he_rides_are_one() -> None:
    def ride(n: int) -> list[Sighting]:
        x = 0.1 + 0.03 * n
        return [
            ("person", 0.7, (x + 0.02, 0.3, x + 0.08, 0.55)),
            ("two_wheeler", 0.8, (x, 0.4, x + 0.1, 0.65)),
        ]

    told = run(Tracker(), [seen(*ride(n)) for n in range(10)])
    assert ids(told) == {1}
    assert told[-1].tracks[0].label == "two_wheeler"


@pytest.mark.parametrize("fps", [5, 10])
def test_a_rider_who_is_found_now_and_then_is_no_second_object(fps: int) -> None:
    def at(n: int) -> list[Sighting]:
        x = 0.05 + 0.15 * n / fps
        bike = ("two_wheeler", 0.8, (x, 0.4, x + 0.1, 0.65))
        rider = ("person", 0.7, (x + 0.02, 0.3, x + 0.08, 0.55))
        return [rider] if not n else [bike, rider] if n % 2 else [bike]

    told = run(Tracker(), [seen(*at(n)) for n in range(5 * fps)], fps=fps)
    assert len(ids(told)) == 1
    assert told[-1].tracks[0].label == "two_wheeler"


def test_a_head_that_is_found_now_and_then_is_no_second_person() -> None:
    def at(n: int) -> list[Sighting]:
        x = 0.1 + 0.015 * n
        whole, head = ("person", 0.8, (x, 0.3, x + 0.1, 0.8)), ("person", 0.7, (x + 0.01, 0.3, x + 0.09, 0.5))
        return [head] if n < 2 else [whole, head] if n % 3 else [whole]

    told = run(Tracker(), [seen(*at(n)) for n in range(40)], fps=10)
    assert max(len(each.tracks) for each in told) == 1
    assert told[-1].tracks[0].box[3] == pytest.approx(0.8, abs=0.02)


def test_what_does_not_stir_is_not_told_the_sooner_for_being_sure() -> None:
    walk = [seen(("person", 0.8, upright(0.1 + 0.05 * n))) for n in range(6)]
    still = run(Tracker(), walk, moving=NOWHERE)
    stirring = run(Tracker(), walk, moving=ALL)
    assert [len(each.tracks) for each in still[:4]] == [0, 0, 1, 1]
    assert [len(each.tracks) for each in stirring[:4]] == [0, 1, 1, 1]


def test_who_walks_up_to_a_motorcycle_and_rides_off_is_one_from_then_on() -> None:
    def at(n: int) -> list[Sighting]:
        x = 0.5 + 0.03 * max(0, n - 15)
        walker = min(0.1 + 0.03 * n, 0.52) if n < 15 else x + 0.02
        return [
            ("person", 0.8, (walker, 0.3, walker + 0.06, 0.6)), ("two_wheeler", 0.8, (x, 0.4, x + 0.1, 0.65))
        ]  # fmt: skip

    told = run(Tracker(), [seen(*at(n)) for n in range(28)])
    assert Counter(track.label for track in told[12].tracks) == {"person": 1, "two_wheeler": 1}
    assert Counter(track.label for track in told[-1].tracks) == {"two_wheeler": 1}
    assert len(ids(told)) == 2
    assert sum(len(each.ended) for each in told) == 1


def test_head_and_shoulders_are_no_second_person_until_they_go_their_own_way() -> None:
    def at(n: int) -> list[Sighting]:
        x = 0.2 + 0.02 * n
        head = x if n < 12 else x - 0.04 * (n - 12)
        return [
            ("person", 0.8, (x, 0.3, x + 0.1, 0.8)),
            ("person", 0.7, (head + 0.01, 0.3, head + 0.09, 0.5)),
        ]

    told = run(Tracker(), [seen(*at(n)) for n in range(24)])
    assert ids(told[:13]) == {1}
    assert len(ids(told[-1:])) == 2


def test_who_came_apart_stays_two_though_one_walks_before_the_other() -> None:
    def at(n: int) -> list[Sighting]:
        x, child = 0.2 + 0.02 * n, 0.4 + 0.02 * n - 0.02 * min(n, 9)
        return [("person", 0.8, (x, 0.3, x + 0.1, 0.8)), ("person", 0.8, (child, 0.5, child + 0.08, 0.8))]

    told = run(Tracker(), [seen(*at(n)) for n in range(24)])
    assert [len(each.tracks) for each in told[3:]] == [2] * 21


def test_what_was_seen_once_and_not_looked_for_begins_anew() -> None:
    tracker = Tracker()
    run(tracker, [seen(("person", 0.8, box(0.4)))])
    run(tracker, [seen()] * 20, since=0.2, looked=NOWHERE)
    again = run(tracker, [seen(("person", 0.8, box(0.4)))] * 2, since=4.2)
    assert [len(each.tracks) for each in again] == [0, 1]


def test_what_comes_into_the_picture_is_as_wide_as_it_is_seen() -> None:
    told = run(Tracker(), [seen(("car", 0.8, (0.0, 0.4, 0.05 + 0.05 * n, 0.6))) for n in range(8)])
    assert told[-1].tracks[0].box[2] == pytest.approx(0.4, abs=0.015)


def test_a_couple_side_by_side_is_two() -> None:
    def at(n: int) -> list[Sighting]:
        return [("person", 0.8, upright(0.1 + 0.02 * n)), ("person", 0.8, upright(0.135 + 0.02 * n, 0.31))]

    assert len(run(Tracker(), [seen(*at(n)) for n in range(15)])[-1].tracks) == 2


def test_a_double_beside_an_object_is_not_told_for_a_flicker() -> None:
    def at(n: int) -> list[Sighting]:
        x = 0.2 + 0.02 * n
        double = [("person", 0.7, (x + 0.045, 0.3, x + 0.145, 0.6))] if 5 <= n < 10 else []
        return [("person", 0.8, (x, 0.3, x + 0.1, 0.6)), *double]

    assert ids(run(Tracker(), [seen(*at(n)) for n in range(20)])) == {1}


def test_who_is_hidden_by_another_is_not_told_in_his_place() -> None:
    def at(n: int) -> list[Sighting]:
        stands: list[Sighting] = [("person", 0.8, (0.5, 0.3, 0.56, 0.6))] if n < 10 else []
        return [*stands, ("person", 0.8, (0.5 - 0.02 * (11 - n), 0.32, 0.57 - 0.02 * (11 - n), 0.65))]

    told = run(Tracker(), [seen(*at(n)) for n in range(14)])
    assert [len(each.tracks) for each in told[8:12]] == [2, 2, 1, 1]


HYDRANT = ("person", 0.5, upright(0.5))


def test_what_never_moved_on_a_still_picture_is_not_told() -> None:
    told = run(Tracker(), [seen(HYDRANT)] * 100, moving=NOWHERE)
    assert ids(told) == set()


def test_a_passer_by_makes_no_hydrant_a_person_for_long() -> None:
    tracker = Tracker()
    passing = np.array([[0.45, 0.2, 0.6, 0.7]], np.float32)
    told = run(tracker, [seen(HYDRANT)] * 10, moving=passing)
    assert ids(told) == {1}
    after = run(tracker, [seen(HYDRANT)] * 60, since=2.0, moving=NOWHERE)
    assert [track.id for each in after for track in each.ended] == [1]
    assert after[-1].tracks == ()
    again = run(tracker, [seen(HYDRANT)] * 20, since=14.0, moving=passing)
    assert ids(again) == set()  # once is enough


def test_who_stands_at_the_start_is_told_when_it_is_sure_and_who_walked_in_stays() -> None:
    stands = run(Tracker(), [seen(("person", 0.85, upright(0.5)))] * 30, moving=NOWHERE)
    assert [len(stands[9].tracks), len(stands[-1].tracks)] == [0, 1]
    way = [min(0.1 + 0.03 * n, 0.5) for n in range(120)]
    sits = run(Tracker(), [seen(("person", 0.5, upright(x))) for x in way], moving=NOWHERE)
    assert ids(sits[3:]) == {1}
    assert len(sits[-1].tracks) == 1
    car = run(Tracker(), [seen(("car", 0.5, box(0.5)))] * 30, moving=NOWHERE)
    assert len(car[-1].tracks) == 1  # a parked car is still a car


def test_absence_counts_only_where_somebody_looked() -> None:
    tracker = Tracker()
    run(tracker, [seen(("person", 0.8, box(0.2)))] * 3)
    elsewhere = np.array([[0.6, 0, 1, 1]], np.float32)
    told = run(tracker, [seen()] * 50, since=0.6, looked=elsewhere)
    assert [len(each.tracks) for each in told[:10]] == [1] * 10
    assert all(track.predicted for each in told for track in each.tracks)
    assert not any(each.ended for each in told)
    assert (told[-1].tracks, [track.id for track in told[-1].unknown]) == ((), [1])
    assert told[-1].unknown[0].box == pytest.approx(box(0.2))


def test_the_unknown_comes_back_as_himself_or_ends() -> None:
    for found in (True, False):
        tracker = Tracker()
        run(tracker, [seen(("person", 0.8, box(0.2)))] * 3)
        assert run(tracker, [seen()] * 30, since=0.6, looked=NOWHERE)[-1].unknown[0].id == 1
        again = [seen(("person", 0.8, box(0.2))) if found else seen()] * 3
        told = run(tracker, again, since=7.0)
        assert [len(each.tracks) for each in told] == ([1] * 3 if found else [0] * 3)
        assert [track.id for each in told for track in each.ended] == ([] if found else [1])
        assert told[-1].unknown == ()


def test_the_unknown_is_forgotten_in_the_end() -> None:
    tracker = Tracker()
    run(tracker, [seen(("person", 0.8, box(0.2)))] * 3)
    assert tracker.update(FORGOTTEN + 1, seen(), NOWHERE).ended[0].id == 1


def test_a_parked_car_that_is_not_due_is_not_unknown() -> None:
    tracker = Tracker()
    run(tracker, [seen(("car", 0.8, box(0.2)))] * 200)
    for number in range(200, 240):
        told = tracker.update(number / 5, seen(), NOWHERE)
        assert (len(told.tracks), len(told.unknown)) == (1, 0)


def asked(tracker: Tracker, since: float, seconds: float, fps: float = 5) -> list[float]:
    """Return when somebody was asked to look, though nobody ever came."""
    times = [since + number / fps for number in range(round(seconds * fps))]
    found = []
    for at in times:
        found += [at] * len(tracker.due(at))
        tracker.update(at, seen(), NOWHERE)
    return found


def test_who_is_never_looked_for_asks_ever_more_rarely() -> None:
    tracker = Tracker()
    run(tracker, [seen(("person", 0.8, box(0.2 + 0.02 * n))) for n in range(5)] + [seen()])
    asks = asked(tracker, 1.2, 40)
    waits = np.diff([at for at in asks if at > 3.0])
    assert len(asks) < 12
    assert waits.min() >= 1.0
    assert (np.diff(waits) >= -0.21).all()
    tracker.update(50.0, seen(("person", 0.8, box(0.3))), ALL)
    assert len(tracker.due(51.2)) == 1  # once found, it asks as ever


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
    assert [(track.label, track.score) for track in told[-1].tracks] == [("moving", 0.0)]


unit = st.floats(0, 1, width=32)
objects = st.tuples(
    st.sampled_from(["person", "two_wheeler", "car", "moving"]), unit, st.tuples(unit, unit, unit, unit)
)


def ordered(found: tuple[str, float, Box]) -> Sighting:
    label, score, (a, b, c, d) = found
    return label, score, (min(a, c), min(b, d), max(a, c), max(b, d))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(objects.map(ordered), max_size=5), st.booleans()), max_size=30))
def test_whatever_is_seen_the_books_balance(pictures: list[tuple[list[Sighting], bool]]) -> None:
    def story() -> list[Tracked]:
        tracker = Tracker()
        told = [
            tracker.update(number / 5, seen(*each), ALL if looked else NOWHERE, NOWHERE if looked else None)
            for number, (each, looked) in enumerate(pictures)
        ]
        return told + run(tracker, [seen()] * 25, since=len(pictures) / 5)

    told = story()
    assert told == story()  # deterministic
    begun, ended = [], []
    for each in told:
        begun += [track.id for track in each.tracks if track.id not in begun]
        ended += [track.id for track in each.ended]
        there = [track.id for track in (*each.tracks, *each.unknown)]
        assert len(set(there)) == len(there)
        assert not set(there) & set(ended)
        for track in (*each.tracks, *each.ended, *each.unknown):
            assert 0 <= track.box[0] <= track.box[2] <= 1
            assert 0 <= track.box[1] <= track.box[3] <= 1
            assert 0 <= track.score <= 1
            assert track.age >= 0
    assert sorted(begun) == sorted(ended)  # each that began ended, once
