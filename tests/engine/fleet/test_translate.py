from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest

from drivers.contract import Signal
from engine.fleet.events.signals import Signals
from engine.fleet.translate import PtzPose, Translator, health
from engine.vision.model import Boxes, Motion, Sight, Track
from rules.boundary import Line
from rules.ground import Ground, Width
from rules.model import CameraId, Change, Kind

CAMERA = CameraId("gate")
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
NOTHING: Boxes = np.empty((0, 4), np.float32)
SOMETHING: Boxes = np.array([[0.1, 0.1, 0.2, 0.4]], np.float32)


def track(number: int, x: float, label: str = "person") -> Track:
    return Track(number, label, 0.8, (x, 0.2, x + 0.1, 0.6), (0.1, 0.0), 1.5, 4)


def sight(
    at: float, *tracks: Track, moving: bool = False, cut: bool = False, ended: tuple[Track, ...] = ()
) -> Sight:
    boxes = SOMETHING if moving else NOTHING
    return Sight(at, 640, 360, Motion(0.02 if moving else 0.0, boxes), tracks, ended, cut)


def test_motion_needs_two_pictures_and_ends_after_calm() -> None:
    translator = Translator(CAMERA, {})
    assert translator.sight(sight(0.0, moving=True), NOW) == []
    (began,) = translator.sight(sight(0.2, moving=True), NOW)
    assert (began.kind, began.change, began.subject) == (Kind.MOTION, Change.BEGAN, "motion")
    assert translator.sight(sight(1.0), NOW) == []
    (ended,) = translator.sight(sight(3.3), NOW)
    assert (ended.change, ended.zones) == (Change.ENDED, began.zones)


def test_a_light_that_is_switched_is_no_motion() -> None:
    translator = Translator(CAMERA, {})
    assert [translator.sight(sight(at / 5, moving=True, cut=True), NOW) for at in range(10)] == [[]] * 10


def test_a_track_begins_is_repeated_once_a_second_and_ends() -> None:
    translator = Translator(CAMERA, {"left": LEFT})
    changes = [
        (draft.change, draft.zones)
        for tenth in range(0, 25, 2)
        for draft in translator.sight(sight(tenth / 10, track(7, 0.1)), NOW)
    ]
    (ended,) = translator.sight(sight(2.6, ended=(track(7, 0.1),)), NOW)
    assert changes == [(Change.BEGAN, ("left",)), (Change.GOES_ON, ("left",)), (Change.GOES_ON, ("left",))]
    assert (ended.change, ended.subject, ended.label) == (Change.ENDED, "track:0.7", "person")
    assert (ended.zones, ended.facts["left"], ended.facts["dwell:left"]) == (("left",), "left", 2.4)
    assert (ended.facts["speed"], ended.facts["stood"]) == (0.0, 2.4)  # as it was when it was last seen


def test_leaving_a_zone_is_told_as_soon_as_it_is_sure() -> None:
    translator = Translator(CAMERA, {"left": LEFT})
    translator.sight(sight(0.0, track(1, 0.1)), NOW)
    assert translator.sight(sight(0.2, track(1, 0.8)), NOW) == []
    (moved,) = translator.sight(sight(0.5, track(1, 0.8)), NOW)
    assert (moved.change, moved.zones) == (Change.GOES_ON, ())


def test_an_end_knows_how_the_head_was() -> None:
    translator = Translator(CAMERA, {}, pose=lambda: PtzPose(None, moving=True))
    translator.sight(sight(0.0, track(1, 0.1), moving=True), NOW)
    (gone,) = translator.sight(sight(0.2, moving=False, ended=(track(1, 0.1),)), NOW)
    translator.sight(sight(0.4, track(2, 0.1)), NOW)
    ends = [gone, *translator.lost(NOW)]
    assert [each.change for each in ends] == [Change.ENDED] * 2
    assert all(each.facts["ptz_moving"] is True for each in ends)  # `suspend_while_ptz_moves` must know


def test_a_lost_camera_ends_everything_that_went_on() -> None:
    translator = Translator(CAMERA, {})
    translator.sight(sight(0.0, track(1, 0.1), track(2, 0.7), moving=True), NOW)
    translator.sight(sight(0.2, track(1, 0.1), track(2, 0.7), moving=True), NOW)
    ends = translator.lost(NOW)
    assert {draft.subject for draft in ends} == {"track:0.1", "track:0.2", "motion"}
    assert {draft.change for draft in ends} == {Change.ENDED}
    assert translator.lost(NOW) == []


def said(state: bool | None, *, initial: bool = False, late: timedelta = timedelta()) -> Signal:
    items = {} if state is None else {"State": str(state).lower()}
    return Signal("VideoSource/MotionAlarm", "src0", state, items, NOW - late, initial)


def test_health_carries_its_label() -> None:
    draft = health(CAMERA, "lost", Change.ENDED, NOW)
    assert (draft.kind, draft.label, draft.subject) == (Kind.CAMERA, "lost", "camera")
    assert health(CAMERA, "deaf", Change.ENDED, NOW).subject == "camera:deaf"


def test_a_new_stream_never_continues_the_tracks_of_the_last_one() -> None:
    translator = Translator(CAMERA, {})
    subjects = []
    for seconds in (0, 5):
        translator.begin(NOW + timedelta(seconds=seconds))
        subjects += [draft.subject for draft in translator.sight(sight(0.0, track(1, 0.1)), NOW)]
        translator.lost(NOW)
    assert len(set(subjects)) == 2


def moving(at: float, share: float, *boxes: tuple[float, float, float, float]) -> Sight:
    return Sight(at, 640, 360, Motion(share, np.array(boxes, np.float32).reshape(-1, 4)), (), (), False)


HERE, THERE = (0.1, 0.1, 0.2, 0.4), (0.7, 0.1, 0.8, 0.4)


def test_motion_is_told_again_when_it_is_more_or_elsewhere_and_not_each_second() -> None:
    translator = Translator(CAMERA, {"left": LEFT})
    story = [
        (0.0, 0.01, HERE), (0.2, 0.01, HERE), (0.4, 0.3, HERE), (1.4, 0.011, HERE), (2.4, 0.3, HERE),
        (3.0, 0.01, HERE), (3.6, 0.31, HERE), (4.0, 0.31, THERE),
    ]  # fmt: skip
    told = [
        (at, draft) for at, share, box in story for draft in translator.sight(moving(at, share, box), NOW)
    ]
    assert [(at, draft.change, draft.score, draft.zones) for at, draft in told] == [
        (0.2, Change.BEGAN, 0.01, ("left",)),
        (2.4, Change.GOES_ON, 0.3, ("left",)),
        (4.0, Change.GOES_ON, 0.31, ()),
    ]


def test_what_a_turning_head_shows_is_marked_and_in_no_zone_of_a_preset() -> None:
    head = PtzPose("gate-view")
    translator = Translator(
        CAMERA,
        {"left": LEFT},
        presets={"left": "gate-view"},
        crowds=frozenset({("person", "left")}),
        pose=lambda: head,
    )
    seen = [*translator.sight(sight(0.0, track(1, 0.1), moving=True), NOW)]
    seen += translator.sight(sight(0.2, track(1, 0.1), moving=True), NOW)
    assert {(each.kind, each.zones, each.facts["ptz_moving"], each.facts["preset"]) for each in seen} == {
        (kind, ("left",), False, "gate-view") for kind in (Kind.OBJECT, Kind.MOTION, Kind.CROWD)
    }
    head = PtzPose("gate-view", moving=True)
    seen = translator.sight(sight(1.4, track(1, 0.1), moving=True), NOW)
    told = {each.kind: (each.zones, each.facts["ptz_moving"], "preset" in each.facts) for each in seen}
    assert told == {
        Kind.MOTION: ((), True, False),
        Kind.OBJECT: ((), True, False),
        Kind.CROWD: (("left",), True, False),
    }
    said_then = translator.aimed(Signals(CAMERA).tell(said(True), NOW))  # type: ignore[arg-type]  # news: never None
    assert said_then.facts["ptz_moving"] is True


def test_an_empty_zone_is_told_at_first_and_is_not_empty_when_nobody_sees_it() -> None:
    translator = Translator(CAMERA, {"left": LEFT}, crowds=frozenset({("person", "left")}))
    (first,) = translator.sight(sight(0.0), NOW)
    assert (first.kind, first.change, first.facts) == (Kind.CROWD, Change.ENDED, {"count": 0})
    assert translator.sight(sight(0.2), NOW) == []
    (lost,) = translator.lost(NOW)
    assert (lost.change, lost.subject, lost.zones, dict(lost.facts)) == (
        Change.ENDED, "crowd:left:person", ("left",), {"unknown": True},
    )  # fmt: skip
    assert len(translator.sight(sight(9.0), NOW)) == 1


# -- boundaries, speeds, counts ------------------------------------------------------------------

FEET = [(0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)]
ACROSS = {"gate": Line([(0.5, 1.0), (0.5, 0.0)])}


def walker(x: float, y: float, age: float = 5.0, velocity: tuple[float, float] = (0.0, 0.0)) -> Track:
    return Track(1, "person", 0.8, (x - 0.03, y - 0.3, x + 0.03, y), velocity, age, 9)


def test_who_is_cut_off_by_the_lower_edge_stands_in_the_zone_that_is_drawn_down_to_it() -> None:
    translator = Translator(CAMERA, {"feet": FEET})
    (began,) = translator.sight(sight(0.0, walker(0.5, 1.0)), NOW)
    assert began.zones == ("feet",)


def test_what_was_crossed_right_before_the_end_is_told_before_it() -> None:
    translator = Translator(CAMERA, {"left": LEFT}, lines=ACROSS)
    translator.sight(sight(0.0, walker(0.4, 0.6)), NOW)
    assert translator.sight(sight(0.2, walker(0.7, 0.6)), NOW) == []
    crossing, ended = translator.sight(sight(2.2, ended=(walker(0.7, 0.6),)), NOW)
    assert (crossing.change, crossing.facts["line"], crossing.facts["left"]) == (
        Change.GOES_ON,
        "gate",
        "left",
    )
    assert crossing.facts["ago"] == 2.13
    assert (ended.change, ended.zones, "line" in ended.facts, "left" in ended.facts) == (
        Change.ENDED,
        (),
        False,
        False,
    )


def test_who_is_gone_left_when_he_was_last_seen() -> None:
    translator = Translator(CAMERA, {"left": LEFT})
    translator.sight(sight(0.0, walker(0.4, 0.6)), NOW)
    (ended,) = translator.sight(sight(2.0, ended=(walker(0.4, 0.6),)), NOW)
    assert (ended.facts["left"], ended.facts["ago"]) == ("left", 2.0)
    translator.sight(sight(3.0, walker(0.9, 0.6)), NOW)
    (ended,) = translator.sight(sight(5.5, ended=(walker(0.9, 0.6),)), NOW)
    assert ("left" in ended.facts, ended.facts["ago"]) == (False, 2.5), "in no zone"


def test_what_is_told_after_three_sightings_came_from_somewhere() -> None:
    way = tuple((at, walker(x, 0.6).box) for at, x in ((4.6, 0.38), (4.8, 0.54), (5.0, 0.7)))
    fast = replace(walker(0.7, 0.6, age=0.4), way=way)
    translator = Translator(CAMERA, {}, lines=ACROSS)
    assert [draft.change for draft in translator.sight(sight(5.0, fast), NOW)] == [Change.BEGAN]
    (crossing,) = translator.sight(sight(5.2, walker(0.86, 0.6)), NOW)
    assert (crossing.facts["line"], crossing.facts["side"], crossing.facts["ago"]) == ("gate", "right", 0.45)
    again = Translator(CAMERA, {}, lines=ACROSS)
    again.sight(sight(5.0, walker(0.7, 0.6, age=0.4)), NOW)
    assert again.sight(sight(5.2, walker(0.86, 0.6)), NOW) == [], "nobody knows its way"


def test_a_zone_that_was_gone_through_before_anything_was_told_was_entered_and_left() -> None:
    places = [(4.4 + k / 5, 0.1 + 0.2 * k) for k in range(4)]
    way = tuple((at, walker(x, 0.6).box) for at, x in places)
    translator = Translator(CAMERA, {"mat": [(0.2, 0.4), (0.4, 0.4), (0.4, 0.9), (0.2, 0.9)]})
    (began,) = translator.sight(sight(5.0, replace(walker(0.7, 0.6, age=0.6), way=way)), NOW)
    assert (began.change, began.zones) == (Change.BEGAN, ())
    assert (began.facts["entered"], began.facts["left"], began.facts["ago"]) == ("mat", "mat", 0.5)


def test_who_was_in_a_zone_from_the_first_is_told_to_be_there_since() -> None:
    way = tuple((at, walker(0.3, 0.6).box) for at in (4.4, 4.6, 4.8, 5.0))
    translator = Translator(CAMERA, {"mat": [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]})
    (began,) = translator.sight(sight(5.0, replace(walker(0.3, 0.6, age=0.6), way=way)), NOW)
    assert (began.facts["entered"], began.facts["ago"], began.facts["dwell:mat"]) == ("mat", 0.6, 0.6)


def test_a_speed_is_that_of_a_second_and_trembling_has_none() -> None:
    rng = Random(3)
    translator = Translator(CAMERA, {}, repeat=0.0, scale=Width(20.0))
    walks = [
        translator.sight(
            sight(k / 5, walker(0.2 + 0.02 * k + rng.gauss(0, 0.002), 0.6, velocity=(9.0, 0.0))), NOW
        )
        for k in range(20)
    ]
    assert [draft.facts["speed"] for (draft,) in walks[5:]] == pytest.approx([0.1] * 15, rel=0.15)
    assert [draft.facts["kmh"] for (draft,) in walks[5:]] == pytest.approx([7.2] * 15, rel=0.15)
    stands = [
        translator.sight(sight(4 + k / 5, walker(0.6 + rng.gauss(0, 0.003), 0.6, velocity=(0.3, 0.0))), NOW)
        for k in range(25)
    ]
    rests = [draft.facts for drafts in stands[-10:] for draft in drafts]
    assert {facts["speed"] for facts in rests} == {0.0}
    assert all("heading" not in facts and float(facts["still"]) > 2 for facts in rests)


def test_over_ground_that_is_known_a_speed_is_true_near_and_far() -> None:
    ground = Ground([(0.2, 0.9), (0.8, 0.9), (0.6, 0.5), (0.4, 0.5)], 6.0, 20.0)
    for y, across in ((0.9, 0.6), (0.5, 0.2)):  # the rectangle's width in the picture there
        translator = Translator(CAMERA, {}, repeat=0.0, scale=ground)
        for k in range(8):
            (draft,) = translator.sight(sight(k / 5, walker(0.3 + across / 6 * 2 * k / 5, y)), NOW)
        assert draft.facts["kmh"] == pytest.approx(7.2, abs=0.1)
        assert draft.facts["bearing"] == 90.0
    translator = Translator(CAMERA, {}, scale=ground)
    (draft,) = translator.sight(sight(0.0, walker(0.5, 0.32)), NOW)
    assert "kmh" not in draft.facts, "at the horizon nobody can say"


def test_a_count_rises_at_once_and_falls_when_that_has_lasted() -> None:
    translator = Translator(CAMERA, {"left": LEFT}, crowds=frozenset({("person", "left")}))
    here = [track(number, 0.1) for number in range(3)]
    story = [(0.0, 3), (0.2, 2), (0.4, 3), (0.6, 1), (0.8, 2), (1.0, 2), (1.2, 2), (1.5, 2), (1.8, 2)]
    told = [
        (at, draft.facts["count"])
        for at, count in story
        for draft in translator.sight(sight(at, *here[:count]), NOW)
        if draft.kind is Kind.CROWD
    ]
    assert told == [(0.0, 3), (1.5, 2)]
