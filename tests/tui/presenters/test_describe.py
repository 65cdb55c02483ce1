"""How events, decisions and facts read."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api import wire
from tests.fakes import village
from tui.model.model import Model
from tui.presenters import describe
from tui.texts import Texts

EN = Texts("en")


def test_what_is_the_matter_is_no_coming_and_going() -> None:
    at = wire.Event(
        id="e", seq=1, kind="camera", change="began", at=datetime(2026, 1, 1, tzinfo=UTC), label="deaf"
    )
    t = Texts("en")
    assert describe.event_words(at, t) == "Camera: deaf"
    assert describe.event_words(at.model_copy(update={"change": "ended"}), t) == "Camera: deaf, over"
    assert describe.event_words(at.model_copy(update={"label": "online"}), t) == "Camera is up"


@pytest.mark.parametrize(
    ("name", "value", "vi", "en"),
    [
        ("stood", 12.5, ("Đã đứng yên (giây)", "12,5"), ("Had stood for (seconds)", "12.5")),
        ("dwell:san", 3.0, ("Ở vùng san (giây)", "3,0"), ("In zone san for (seconds)", "3.0")),
        ("ptz_moving", True, ("Camera đang quay", "có"), ("Camera is turning", "yes")),
        ("direction", "in", ("Chiều qua vạch", "vào"), ("Direction over the line", "in")),
        ("left", "cong san", ("Vừa rời vùng", "cong san"), ("Left zone", "cong san")),
        ("IsTamper", "x\x1b", ("IsTamper", "x·"), ("IsTamper", "x·")),
    ],
)
def test_facts_are_named_in_words_and_unknown_ones_stay(
    name: str, value: wire.Fact, vi: tuple[str, str], en: tuple[str, str]
) -> None:
    assert (describe.fact(name, value, Texts("vi")), describe.fact(name, value, Texts("en"))) == (vi, en)


@pytest.mark.parametrize(
    ("vi", "en", "words"),
    [("sai", "wrong", "wrong"), ("sai", "", "sai"), ("", "", "x.code")],
)
def test_a_sentence_in_this_language_else_in_another_else_its_code(vi: str, en: str, words: str) -> None:
    assert describe.sentence(wire.Sentence(code="x.code", vi=vi, en=en), EN) == words
    assert describe.sentence(None, EN) == ""


def test_titles_likewise() -> None:
    made = village.decision(1, at=village.NOW)
    assert describe.title(made, EN) == "Loitering at the gate"
    assert describe.title(made.model_copy(update={"title": {"vi": "Đêm"}}), EN) == "Đêm"
    assert describe.title(made.model_copy(update={"title": {}}), EN) == "dem-khuya"
    rule = village.rule("r", title={"vi": "Đêm"})
    assert describe.rule_title(rule, EN) == "Đêm"
    assert describe.rule_title(rule.model_copy(update={"dry_run": True}), EN) == "(dry run) Đêm"
    assert describe.rule_title(village.rule("r", dry_run=True), EN) == "(dry run)"


@given(st.integers(0, 9_999_900_000))  # years of the busiest rule
def test_a_count_fits_its_column(number: int) -> None:
    assert len(describe.count(number, EN)) <= 9
    if number < 10_000_000:
        assert describe.count(number, EN).replace(",", "") == str(number)
    else:
        assert describe.count(number, EN).endswith(" M")


def test_motion_that_is_no_number_lights_nothing() -> None:
    assert describe.motion_cells(math.nan) == 0
    assert describe.motion_cells(0.0) == 0
    assert describe.motion_cells(1e-9) == 1
    assert describe.motion_cells(0.25) == 3  # a quarter is half the bar
    assert describe.motion_cells(7.0) == describe.BAR


def test_a_camera_is_as_its_state_says_unless_something_is_the_matter() -> None:
    camera = village.camera(1)
    deaf = wire.Trouble(label="deaf", since=village.NOW, said=village.LOST)
    assert describe.state(camera, EN) == ("● online", "good")
    assert describe.state(camera.model_copy(update={"troubles": (deaf,)}), EN) == ("◐ deaf", "warn")
    lost = camera.model_copy(update={"troubles": (deaf,), "state": wire.CameraState.LOST})
    assert describe.state(lost, EN) == ("▲ lost", "bad")  # that says more
    assert describe.state(lost, EN, known=False) == ("? unknown", "dim")
    assert describe.condition("new\x1b", EN) == "new·"  # a younger engine knows more


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            {"kind": "object", "label": "person", "score": 0.87, "zones": ("a", "b")},
            "Person seen (87 %) in a, b",
        ),
        ({"kind": "object", "label": "forklift", "change": "ended"}, "Forklift gone"),
        (
            {"kind": "object", "label": "person", "change": "ended", "facts": {"unknown": True}},
            "Person: could no longer be looked for",
        ),
        ({"kind": "object", "label": "person", "facts": {"again": True}}, "Person found again"),
        ({"kind": "camera", "label": "behind"}, "Camera: cannot keep up"),
        ({"kind": "camera", "label": "deaf"}, "Camera: deaf"),
        ({"kind": "camera", "label": "", "change": "ended"}, "Camera lost"),
        ({"kind": "signal", "label": None, "subject": "IsTamper"}, "Signal IsTamper on"),
        ({"kind": "plate", "change": "read\x07"}, "Plate: read·"),
        ({"kind": "weather", "change": "began"}, "Weather: began"),
    ],
)
def test_events_read_as_sentences(event: dict[str, Any], words: str) -> None:
    made = wire.Event.model_validate(
        {"id": "e", "seq": 1, "change": "began", "at": village.NOW, "subject": "s"} | event
    )
    assert describe.event_words(made, EN) == words


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ({}, "Loitering: person in zone yard"),
        ({"phase": "resolved"}, "Loitering (resolved): person in zone yard"),
        ({"phase": "odd\x1b"}, "Loitering (odd·): person in zone yard"),
        ({"title": {"en": "Person"}}, "Person in zone yard"),  # the reason begins with the title
        (
            {"acknowledged": wire.Acknowledgement(by="An", at=village.NOW)},
            "[An] Loitering: person in zone yard",
        ),
        ({"acknowledged": wire.Acknowledgement(by="", at=village.NOW)}, "[?] Loitering: person in zone yard"),
        ({"dry_run": True}, "(dry run) Loitering: person in zone yard"),
        ({"reason": wire.Sentence(code="")}, "Loitering"),
    ],
)
def test_decisions_read_as_title_and_reason(decision: dict[str, Any], words: str) -> None:
    usual = {"title": {"en": "Loitering"}, "reason": wire.Sentence(code="x", en="person in zone yard")}
    made = village.decision(1, at=village.NOW, **(usual | decision))
    assert describe.decision_words(made, EN) == words
    assert describe.entry_words(made, EN) == words
    assert describe.headline(made, EN) == describe.title(made, EN)


def test_only_what_fires_has_the_mark_of_its_severity() -> None:
    made = village.decision(1, at=village.NOW, severity="critical")
    assert describe.mark(made) == ("‼", "critical")
    assert describe.mark(made.model_copy(update={"phase": "resolved"})) == ("✓", "dim")
    assert describe.mark(made.model_copy(update={"severity": "odd"})) == ("·", "blue")
    assert describe.mark(village.event(1, at=village.NOW)) == (" ", "text")
    assert describe.kind(made, EN) == "critical"
    assert describe.kind(village.event(1, at=village.NOW, kind="weather\n"), EN) == "weather·"


def test_moments_are_those_of_the_site_with_the_date_where_it_is_another(model: Model) -> None:
    today, yesterday = village.ago(minutes=2), village.ago(hours=15)  # 16:03 on the day before, at the site
    assert describe.clock(today, model) == "14:01:22"
    assert describe.clock(today, model, date=True) == "22/11 14:01:22"
    assert describe.clock(yesterday, model) == "21/11 23:03:22"
    assert describe.clock_with_age(today, model, EN) == "14:01:22 (2 min)"
    assert describe.clock_with_age(yesterday, model, EN) == "21/11/2025 23:03"
    early = village.ago(hours=10)  # today at the site, yesterday in Greenwich
    assert describe.clock_with_age(early, model, EN) == "04:03:22 (10 h)"


def test_details_of_a_decision_are_told_from_what_matters_on(model: Model) -> None:
    made = model.alerts["d2"].decision
    model.apply(
        wire.Delivery(
            id=1, decision="d2", action="mqtt", at=village.NOW, state="dead", attempts=9, detail="no route"
        )
    )
    model.apply(wire.Delivery(id=2, decision="d2", action="extra", at=village.NOW, state="done", attempts=1))
    assert list(describe.details(made, model, EN)) == [
        ("At", "22/11 14:00:22"),
        ("Camera", "Trường mầm non (cam-3)"),
        ("Severity", "critical, firing"),
        ("Taken by", "nobody yet"),
        ("Why", "no picture for 10 seconds"),
        ("Escalated", "22/11 14:02:22"),
        ("Began", "22/11 14:00:12"),
        ("Actions", "log"),  # nothing was told of it
        ("Actions", "mqtt: dead after 9 attempts no route"),
        ("Actions", "webhook"),
        ("Actions", "extra: done"),  # told, though the decision does not name it
        ("Rule", "mat-camera"),
        ("Key", "cam-0/track:7"),
        ("Cause", "e4"),
        ("Id", "d2"),
    ]


def test_details_say_who_takes_care_and_what_the_rule_says_to_do(model: Model) -> None:
    told = dict(describe.details(model.alerts["d4"].decision, model, EN))
    assert told["Taken by"] == "Anh Tư takes care of it since 14:03:02: đang đến"
    assert told["Message"] == "Call the ward: 0987 654 321"
    dry = village.decision(9, at=village.NOW, dry_run=True)
    model.apply(wire.Alert(id="d9", decision=dry))
    assert dict(describe.details(dry, model, EN))["Taken by"] == "dry run, needs nobody"
    over = village.decision(8, at=village.NOW, phase="resolved", dedup="x")
    told = dict(describe.details(over, model, EN))
    assert "Taken by" not in told
    assert told["Dedup"] == "x"


def test_details_of_an_event_name_its_facts(model: Model) -> None:
    event = village.event(
        1234, at=village.NOW, camera=None, subject="s", score=0.5, zones=("a",), facts={"direction": "in"}
    )
    assert list(describe.details(event, model, EN)) == [
        ("At", "22/11 14:03:22"),
        ("Subject", "s"),
        ("Score", "50 %"),
        ("Zones", "a"),
        ("Direction over the line", "in"),
        ("Number", "1,234"),
        ("Id", "e1234"),
    ]


def test_what_is_seen_now_and_what_may_be_there_are_counted_apart() -> None:
    person = village.track(1, "person", 0.9, (0.1, 0.2, 0.3, 0.4))
    unknown = person.model_copy(update={"state": wire.TrackState.UNKNOWN})
    guessed = person.model_copy(update={"state": wire.TrackState.PREDICTED})
    camera = village.camera(1, tracks=(person, guessed, unknown))
    assert describe.objects(camera, EN) == "2 people (+1 ?)"
    assert describe.objects(camera.model_copy(update={"tracks": (unknown,)}), EN) == "(+1 ?)"
    assert describe.objects(camera.model_copy(update={"tracks": (person,)}), EN) == "1 person"
