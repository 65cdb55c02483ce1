from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from drivers.contract import Signal
from engine.translate import Signals, Translator, health
from engine.vision.model import Boxes, Motion, Sight, Track
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
    assert ended.change is Change.ENDED


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


def test_leaving_a_zone_is_told_at_once() -> None:
    translator = Translator(CAMERA, {"left": LEFT})
    translator.sight(sight(0.0, track(1, 0.1)), NOW)
    (moved,) = translator.sight(sight(0.2, track(1, 0.8)), NOW)
    assert (moved.change, moved.zones) == (Change.GOES_ON, ())


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


def test_a_device_clock_that_is_hours_off_is_marked_and_not_used() -> None:
    draft = Signals(CAMERA).tell(said(True, late=timedelta(hours=7)), NOW)
    assert draft is not None
    assert (draft.at, draft.clock_suspect, draft.change) == (NOW, True, Change.BEGAN)
    assert draft.subject == "signal:VideoSource/MotionAlarm:src0"


def test_signals_are_told_when_they_are_news() -> None:
    signals = Signals(CAMERA)
    story = [
        (False, True),
        (False, True),
        (True, False),
        (True, True),
        (True, False),
        (False, False),
        (False, True),
    ]
    told = [signals.tell(said(state, initial=initial), NOW) for state, initial in story]
    changes = [draft and draft.change for draft in told]
    assert changes == [None, None, Change.BEGAN, None, Change.GOES_ON, Change.ENDED, None]
    assert signals.tell(said(None), NOW).change is Change.NOTED  # type: ignore[union-attr]  # never None without a state


def test_health_carries_its_label() -> None:
    draft = health(CAMERA, "lost", Change.ENDED, NOW)
    assert (draft.kind, draft.label, draft.subject) == (Kind.CAMERA, "lost", "camera")


def test_a_new_stream_never_continues_the_tracks_of_the_last_one() -> None:
    translator = Translator(CAMERA, {})
    subjects = []
    for seconds in (0, 5):
        translator.begin(NOW + timedelta(seconds=seconds))
        subjects += [draft.subject for draft in translator.sight(sight(0.0, track(1, 0.1)), NOW)]
        translator.lost(NOW)
    assert len(set(subjects)) == 2
