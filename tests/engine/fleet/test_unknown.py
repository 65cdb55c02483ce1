"""Whom nobody could look for any more: what is told of them, and of the crowds that they belong to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.draft import Draft
from engine.fleet.doubt import AWAY
from engine.fleet.translate import Translator
from engine.vision.model import Boxes, Cause, Disturbance, Impairment, Motion, Sight, Track
from rules.model import CameraId, Change, Kind

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
RIGHT = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]
NOTHING: Boxes = np.empty((0, 4), np.float32)
CROWDS = frozenset({("person", "left")})


def person(number: int, x: float, age: float = 1.5, *, predicted: bool = False) -> Track:
    return Track(number, "person", 0.8, (x, 0.2, x + 0.1, 0.6), (0.0, 0.0), age, 4, predicted)


def sight(
    at: float,
    *tracks: Track,
    unknown: tuple[Track, ...] = (),
    ended: tuple[Track, ...] = (),
    cause: Cause | None = None,
    sure: float = 0.9,
    view: bool = False,
) -> Sight:
    motion = Motion(0.0, NOTHING, Disturbance.VIEW if view else Disturbance.NONE)
    impaired = (Impairment(cause, sure, at),) if cause else ()
    return Sight(at, 640, 360, motion, tracks, ended, unknown=unknown, impairments=impaired)


def translator(crowds: frozenset[tuple[str, str]] = frozenset()) -> Translator:
    return Translator(CameraId("gate"), {"left": LEFT, "right": RIGHT}, crowds=crowds)


def objects(drafts: list[Draft]) -> list[Draft]:
    return [each for each in drafts if each.kind is Kind.OBJECT]


def stood(told: Translator, seconds: int) -> None:
    """Let somebody stand in the left half."""
    for at in range(seconds + 1):
        told.sight(sight(float(at), person(7, 0.1, 1.5 + at)), NOW)


def test_an_object_that_nobody_could_look_for_ends_once_and_is_not_told_to_have_gone() -> None:
    made = translator()
    stood(made, 5)
    (end,) = made.sight(sight(8.0, unknown=(person(7, 0.1, 9.5),)), NOW)
    assert (end.change, end.zones, end.facts["unknown"]) == (Change.ENDED, ("left",), True)
    assert (end.facts["dwell:left"], end.facts["age"]) == (5.0, 6.5)  # as it was when it was last seen
    assert not {"left", "stood"} & end.facts.keys()
    assert made.sight(sight(9.0, unknown=(person(7, 0.1, 10.5),)), NOW) == []


def test_whom_is_found_again_did_not_stay_meanwhile() -> None:
    made = translator()
    stood(made, 5)
    made.sight(sight(8.0, unknown=(person(7, 0.1, 9.5),)), NOW)
    (found,) = made.sight(sight(25.0, person(7, 0.1, 26.5)), NOW)
    assert (found.change, found.facts["again"]) == (Change.BEGAN, True)
    assert found.facts["still"] == found.facts["alone"] == 0.0
    assert (found.facts["dwell:left"], found.facts["age"]) == (5.0, 6.5)
    assert not {"entered", "left", "line"} & found.facts.keys()
    (on,) = made.sight(sight(26.0, person(7, 0.1, 27.5)), NOW)
    assert (on.facts["dwell:left"], on.facts["age"]) == (6.0, 7.5)


def test_who_is_found_elsewhere_left_and_entered_at_some_time() -> None:
    made = translator()
    stood(made, 1)
    made.sight(sight(4.0, unknown=(person(7, 0.1),)), NOW)
    (found,) = made.sight(sight(9.0, person(7, 0.8)), NOW)
    assert (found.facts["entered"], found.facts["left"]) == ("right", "left")


def test_who_was_looked_for_at_last_and_is_not_there_is_gone() -> None:
    made = translator()
    stood(made, 5)
    made.sight(sight(8.0, unknown=(person(7, 0.1),)), NOW)
    (gone,) = made.sight(sight(20.0, ended=(person(7, 0.1),)), NOW)
    assert (gone.change, gone.facts["left"], gone.facts["stood"]) == (Change.ENDED, "left", 5.0)
    assert "unknown" not in gone.facts


def test_who_was_given_up_while_unknown_is_forgotten() -> None:
    made = translator()
    stood(made, 1)
    made.sight(sight(4.0, unknown=(person(7, 0.1),)), NOW)
    assert made.sight(sight(60.0), NOW) == []
    (other,) = made.sight(sight(61.0, person(7, 0.1)), NOW)
    assert "again" not in other.facts


def test_a_lost_camera_says_that_nobody_knows() -> None:
    made = translator(CROWDS)
    stood(made, 1)
    ends = made.lost(NOW)
    assert {each.kind for each in ends} == {Kind.OBJECT, Kind.CROWD}
    assert all(each.facts["unknown"] is True for each in ends)


def test_of_a_box_that_is_only_predicted_nothing_is_told_until_it_is_seen() -> None:
    made = translator()
    stood(made, 1)
    assert made.sight(sight(1.2, person(7, 0.8, predicted=True)), NOW) == []  # over there it may be by now
    assert made.sight(sight(1.4, person(8, 0.8, predicted=True)), NOW) == []
    seen = [draft for at in (1.6, 1.8, 2.0) for draft in made.sight(sight(at, person(7, 0.8)), NOW)]
    (moved,) = [each for each in seen if "entered" in each.facts]
    assert (moved.change, moved.facts["entered"], moved.facts["left"]) == (Change.GOES_ON, "right", "left")


def counts(drafts: list[Draft]) -> list[tuple[object, ...]]:
    return [
        (each.change, each.facts.get("count"), each.facts.get("unknown", False))
        for each in drafts
        if each.kind is Kind.CROWD
    ]


def test_a_predicted_object_is_still_one_of_the_crowd() -> None:
    made = translator(CROWDS)
    stood(made, 1)
    assert counts(made.sight(sight(1.2, person(7, 0.12, predicted=True)), NOW)) == []


def test_of_whom_nobody_knows_no_crowd_is_the_smaller() -> None:
    made = translator(CROWDS)
    first = made.sight(sight(0.0, person(1, 0.1), person(2, 0.2)), NOW)
    assert counts(first) == [(Change.BEGAN, 2, False)]
    one = sight(3.0, person(1, 0.1), unknown=(person(2, 0.2),))
    assert counts(made.sight(one, NOW)) == [(Change.GOES_ON, 1, True)]
    none = sight(6.0, unknown=(person(1, 0.1), person(2, 0.2)))
    assert counts(made.sight(none, NOW)) == [(Change.ENDED, None, True)]
    assert counts(made.sight(replace(none, at=7.0), NOW)) == []
    known = sight(8.0, person(1, 0.1), ended=(person(2, 0.2),))
    assert counts(made.sight(known, NOW)) == [(Change.BEGAN, 1, False)]


@pytest.mark.parametrize("cause", [Cause.COVERED, Cause.SPRAYED, Cause.DARK, Cause.TURNED])
def test_whom_an_impaired_picture_does_not_show_is_not_gone(cause: Cause) -> None:
    made = translator(CROWDS)
    stood(made, 1)
    drafts = made.sight(sight(2.0, ended=(person(7, 0.1),), cause=cause), NOW)
    assert [each.facts.get("unknown") for each in objects(drafts)] == [True]
    assert counts(drafts) == [(Change.ENDED, None, True)]
    assert made.sight(sight(3.0, cause=cause), NOW) == []
    assert counts(made.sight(sight(4.0), NOW)) == [(Change.ENDED, 0, False)]  # known again


def test_who_is_seen_through_the_paint_is_there() -> None:
    made = translator()
    stood(made, 1)
    assert made.sight(sight(1.5, person(7, 0.1), cause=Cause.SPRAYED), NOW) == []
    assert made.seen is not None
    assert [each.id for each in made.seen.tracks] == [7]


@pytest.mark.parametrize("cause", [Cause.FROZEN, Cause.SIGNAL_LOSS])
def test_whom_an_unreal_picture_shows_need_not_be_there(cause: Cause) -> None:
    made = translator()
    stood(made, 1)
    (end,) = made.sight(sight(2.0, person(7, 0.1), cause=cause), NOW)
    assert end.facts["unknown"] is True
    assert made.seen is not None
    assert [each.id for each in made.seen.unknown] == [7]
    (again,) = made.sight(sight(9.0, person(7, 0.1)), NOW)
    assert again.facts["again"] is True


@pytest.mark.parametrize(("cause", "sure"), [(Cause.BRIGHT, 0.9), (Cause.COVERED, 0.4)])
def test_other_and_unsure_impairments_hide_nobody(cause: Cause, sure: float) -> None:
    made = translator()
    stood(made, 1)
    (gone,) = made.sight(sight(2.0, ended=(person(7, 0.1),), cause=cause, sure=sure), NOW)
    assert gone.facts["left"] == "left"


def test_whom_the_camera_turned_away_from_is_not_gone() -> None:
    made = translator()
    stood(made, 1)
    assert made.sight(sight(2.0, person(7, 0.1, predicted=True), view=True), NOW) == []
    assert made.sight(sight(2.0 + AWAY, person(7, 0.1, predicted=True), view=True), NOW) == []
    (end,) = made.sight(sight(2.1 + AWAY, ended=(person(7, 0.1),), view=True), NOW)
    assert end.facts["unknown"] is True
    stood(made, 1)
    (gone,) = made.sight(
        sight(9.0, ended=(person(7, 0.1),), view=True), NOW
    )  # a jerk, and not two seconds of it
    assert gone.facts["left"] == "left"


async def test_a_camera_that_is_looked_at_too_seldom_is_behind_and_shows_whom_nobody_knows_of(
    stage: Any,
) -> None:
    runner = stage.runner(stage.script())
    looks = SimpleNamespace(wanted=0, skipped=0, shown=lambda: None)
    runner._analysis.eye = SimpleNamespace(analyzer=looks)
    for picture in range(100):
        looks.wanted, looks.skipped = picture, picture
        runner._tell(sight(picture / 5, unknown=(person(7, 0.1),)), None)
    assert "behind" in runner.conditions.standing
    assert stage.drafts.health("gate") == ["online", "behind"]
    assert [(each.track, str(each.state)) for each in runner.analysed().tracks] == [(7, "unknown")]
    lost = [each.label for each in runner._also(None, NOW)]
    assert lost == ["behind"]  # a camera that is lost is lost, and not behind as well
