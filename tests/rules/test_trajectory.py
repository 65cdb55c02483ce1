"""Paths of objects, and the facts that rules get of them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from drivers.contract import Preset, PtzStatus, PtzVector, Signal
from engine.draft import Draft
from engine.fleet.events.signals import plate
from engine.fleet.ptz.state import REST, TRAVEL, PtzState
from engine.fleet.translate import PtzPose, Translator, crowds
from engine.vision.model import Motion, Sight, Track
from rules.boundary import Line, Spot
from rules.compiler.compile import World, compile_rules
from rules.ground import Width
from rules.model import CameraId, Change, Kind
from rules.trajectory import SETTLED, Path

CAMERA = CameraId("gate")
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
#: From top to bottom: going right in the picture is to the line's left.
UPRIGHT = Line([(0.5, 0.0), (0.5, 1.0)])


def track(number: int, x: float, label: str = "person", velocity: tuple[float, float] = (0.0, 0.0)) -> Track:
    return Track(number, label, 0.8, (x - 0.05, 0.2, x + 0.05, 0.6), velocity, 1.5, 4)


def sight(at: float, *tracks: Track, ended: tuple[Track, ...] = ()) -> Sight:
    return Sight(at, 640, 320, Motion(0.0, np.empty((0, 4), np.float32)), tracks, ended, False)


def objects(drafts: list[Draft]) -> list[Draft]:
    return [draft for draft in drafts if draft.kind is Kind.OBJECT]


# -- paths ---------------------------------------------------------------------------------------


def test_a_line_is_crossed_once_and_has_sides() -> None:
    path = Path.begin(Spot((0.4, 0.6), 0.0))
    lines = {"mid": UPRIGHT, "back": Line(UPRIGHT.points, "left")}
    crossings, _ = path.go(Spot((0.6, 0.6), 1.0), (), lines, 2.0)
    assert [(each.line, each.side, each.direction) for each in crossings] == [
        ("mid", "left", "out"),
        ("back", "left", "in"),
    ]
    assert path.go(Spot((0.7, 0.6), 2.0), (), lines, 2.0)[0] == []
    back, _ = path.go(Spot((0.3, 0.6), 3.0), (), lines, 2.0)
    assert [(each.line, each.side) for each in back] == [("mid", "right"), ("back", "right")]


def test_a_jump_after_a_pause_crosses_nothing() -> None:
    path = Path.begin(Spot((0.4, 0.6), 0.0))
    assert path.go(Spot((0.6, 0.6), 5.0), (), {"mid": UPRIGHT}, 2.0)[0] == []


def test_time_in_a_zone_adds_up() -> None:
    path = Path.begin(Spot((0.4, 0.6), 0.0))
    for at, zones in ((1.0, ("a",)), (2.0, ()), (3.0, ("a", "b"))):
        path.go(Spot((0.4, 0.6), at), zones, {}, 2.0)
    assert path.dwelt == {"a": 2.0, "b": 1.0}


def test_standing_and_moving_on() -> None:
    path = Path.begin(Spot((0.4, 0.6), 0.0))
    assert path.go(Spot((0.405, 0.6), 1.0), (), {}, 2.0)[1] is None
    assert path.stood(1.0) == 0.0, "too short to be called standing"
    path.go(Spot((0.4, 0.6), 30.0), (), {}, 2.0)
    assert path.stood(30.0) == 30.0
    assert path.go(Spot((0.5, 0.6), 31.0), (), {}, 2.0)[1] == 30.0
    assert path.stood(31.0) == 0.0
    assert path.go(Spot((0.6, 0.6), 31.0 + SETTLED / 2), (), {}, 2.0)[1] is None


def test_speed_and_heading_are_over_the_picture() -> None:
    path = Path.begin(Spot((0.4, 0.6), 0.0))
    right = path.facts(0.0, (0.3, 0.0), 2.0, Width(10.0))
    assert (right["speed"], right["heading"], right["kmh"]) == (0.3, 90.0, 10.8)
    up = path.facts(0.0, (0.0, -0.4), 2.0, None)
    assert (up["speed"], up["heading"]) == (0.2, 0.0)
    diagonal = path.facts(0.0, (-0.1, 0.2), 2.0, None)
    assert diagonal["heading"] == 225.0
    assert "heading" not in path.facts(0.0, (0.001, 0.0), 2.0, None)
    assert "kmh" not in up


def test_company() -> None:
    path = Path.begin(Spot((0.4, 0.6), 0.0))
    path.accompany([Spot((0.5, 0.6), 5.0)], 5.0, 2.0)
    path.accompany([Spot((0.9, 0.6), 8.0)], 8.0, 2.0)
    assert path.facts(9.0, (0.0, 0.0), 2.0, None)["alone"] == 4.0


# -- what is told --------------------------------------------------------------------------------


def test_coming_and_going_are_told_once() -> None:
    translator = Translator(CAMERA, {"left": LEFT})
    (began,) = objects(translator.sight(sight(0.0, track(1, 0.2)), NOW))
    assert began.facts["entered"] == "left"
    (goes_on,) = objects(translator.sight(sight(1.0, track(1, 0.2)), NOW))
    assert "entered" not in goes_on.facts
    assert goes_on.facts["dwell:left"] == 1.0
    assert objects(translator.sight(sight(1.2, track(1, 0.6)), NOW)) == [], "one picture proves nothing"
    (left,) = objects(translator.sight(sight(1.5, track(1, 0.6)), NOW))
    assert (left.facts["left"], left.facts["ago"], left.facts["dwell:left"]) == ("left", 0.35, 1.1)
    translator.sight(sight(1.7, track(1, 0.2)), NOW)
    translator.sight(sight(2.0, track(1, 0.2)), NOW)
    (ended,) = objects(translator.sight(sight(2.2, ended=(track(1, 0.2),)), NOW))
    assert (ended.change, ended.facts["left"]) == (Change.ENDED, "left")


def test_each_crossing_is_an_event_and_other_news_are_not_repeated() -> None:
    lines = {"a": UPRIGHT, "b": Line([(0.55, 0.0), (0.55, 1.0)])}
    translator = Translator(CAMERA, {"left": LEFT}, lines=lines)
    translator.sight(sight(0.0, track(1, 0.4)), NOW)
    assert objects(translator.sight(sight(0.2, track(1, 0.7)), NOW)) == []
    one, two = objects(translator.sight(sight(0.4, track(1, 0.7)), NOW))
    assert [each.facts["ago"] for each in (one, two)] == [0.33, 0.3]
    assert [(each.facts["line"], each.facts["direction"]) for each in (one, two)] == [
        ("a", "out"),
        ("b", "out"),
    ]
    assert (one.facts["left"], "left" in two.facts) == ("left", False)
    assert one.change is two.change is Change.GOES_ON


def test_moving_on_is_told_soon_with_the_time_it_stood() -> None:
    translator = Translator(CAMERA, {})
    for at in range(11):
        translator.sight(sight(float(at), track(1, 0.4, "suitcase")), NOW)
    assert objects(translator.sight(sight(10.1, track(1, 0.5, "suitcase")), NOW)) == []
    (moved,) = objects(translator.sight(sight(10.6, track(1, 0.5, "suitcase")), NOW))
    assert (moved.facts["started"], moved.facts["stood"], moved.facts["still"]) == (True, 10.0, 0.0)


def test_what_stood_and_is_gone_says_so() -> None:
    translator = Translator(CAMERA, {})
    for at in range(11):
        translator.sight(sight(float(at), track(1, 0.4, "suitcase"), track(2, 0.9)), NOW)
    (ended,) = objects(translator.sight(sight(10.2, track(2, 0.9), ended=(track(1, 0.4, "suitcase"),)), NOW))
    assert ended.facts["stood"] == 10.0


def test_crowds_are_told_only_where_a_rule_counts_and_when_they_change() -> None:
    rules = compile_rules([("f", "rules: [{name: r, when: {crowd: person, zone: left, above: 2}}]")], World())
    translator = Translator(CAMERA, {"left": LEFT}, crowds=crowds(rules))

    def told(at: float, *tracks: Track) -> list[tuple[Change, object, str]]:
        drafts = translator.sight(sight(at, *tracks), NOW)
        return [
            (each.change, each.facts["count"], each.subject) for each in drafts if each.kind is Kind.CROWD
        ]

    assert told(0.0, track(1, 0.2)) == [(Change.BEGAN, 1, "crowd:left:person")]
    assert told(0.2, track(1, 0.2), track(2, 0.3), track(3, 0.9)) == [
        (Change.GOES_ON, 2, "crowd:left:person")
    ]
    assert told(0.4, track(1, 0.2), track(2, 0.3), track(4, 0.3, "car")) == []
    (ended,) = [each for each in translator.lost(NOW) if each.kind is Kind.CROWD]
    assert (ended.change, dict(ended.facts)) == (Change.ENDED, {"unknown": True})  # nobody knows how many
    quiet = Translator(CAMERA, {"left": LEFT})
    assert [each.kind for each in quiet.sight(sight(0.0, track(1, 0.2)), NOW)] == [Kind.OBJECT]


def test_a_zone_of_a_preset_counts_only_there() -> None:
    head: list[PtzPose | None] = [None]
    translator = Translator(CAMERA, {"left": LEFT}, presets={"left": "home"}, pose=lambda: head[0])
    seen = []
    for at, state in enumerate((None, PtzPose("home"), PtzPose("away"), PtzPose("home", moving=True))):
        head[0] = state
        (draft,) = objects(translator.sight(sight(float(at), track(at, 0.2)), NOW))
        seen.append((draft.zones, draft.facts.get("preset"), draft.facts.get("ptz_moving")))
    assert seen == [
        (("left",), None, None),
        (("left",), "home", False),
        ((), "away", False),
        ((), None, True),
    ]


@pytest.mark.parametrize(
    ("items", "read"),
    [
        ({"PlateNumber": "29e-123.45", "Likelihood": "0.9"}, ("29E12345", 0.9)),
        ({"Plate": "30A 1"}, ("30A1", None)),
        ({"Object": "1"}, None),
        ({"PlateNumber": "--"}, None),
    ],
)
def test_plates_that_a_device_reads(items: dict[str, str], read: tuple[str, float | None] | None) -> None:
    made = plate(CAMERA, Signal("RuleEngine/Plate", "s", None, items, NOW), NOW)
    assert (None if made is None else (made.label, made.score)) == read


# -- where a head was sent -----------------------------------------------------------------------


class Deaf:
    """A head that does as it is told."""

    async def presets(self) -> tuple[Preset, ...]:
        return ()

    async def goto(self, preset: str) -> None:
        pass

    async def set_preset(self, name: str) -> Preset:
        return Preset("1", name)

    async def move(self, velocity: PtzVector, timeout: float) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def status(self) -> PtzStatus:
        return PtzStatus(None, None)


async def test_a_head_remembers_where_it_was_sent() -> None:
    now = [100.0]
    aim = PtzState(lambda: now[0])
    head = aim.over(Deaf())
    assert aim.state() is None
    await head.goto("home")
    assert aim.state() == PtzPose("home", moving=True)
    now[0] += TRAVEL
    assert aim.state() == PtzPose("home")
    await head.move(PtzVector(1.0), 2.0)
    now[0] += 2.0 + REST / 2
    assert aim.state() == PtzPose(None, moving=True)
    await head.stop()
    now[0] += REST
    assert aim.state() == PtzPose(None)
    assert await head.presets() == ()
    assert await head.status() == PtzStatus(None, None)
