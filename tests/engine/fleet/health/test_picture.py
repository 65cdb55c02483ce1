"""What is seen in a picture and what the camera says of it become one fact, told once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import text
from engine.draft import Draft
from engine.fleet.health.conditions import Conditions
from engine.fleet.health.picture import HINTS, SETTLE, SURER, Hint, PictureWatch, Verdict, hint_of, united
from engine.vision.model import Cause, Impairment, Motion, Sight
from rules.kinds.camera import CAUSES, Source
from rules.model import CameraId, Change

BEGAN, GOES_ON, ENDED = Change.BEGAN, Change.GOES_ON, Change.ENDED
WALL = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)
TAMPER, DARK = "RuleEngine/TamperDetector/Tamper", "VideoSource/ImageTooDark/ImagingService"
SCENE = "VideoSource/GlobalSceneChange/AnalyticsService"


def seen(cause: Cause, confidence: float = 0.8) -> Impairment:
    return Impairment(cause, confidence, 0.0)


class Bench:
    """A camera whose pictures and words are handed in, second by second."""

    def __init__(self, recalled: Iterable[str] = ()) -> None:
        self.conditions = Conditions(CameraId("gate"))
        self.conditions.recall(recalled)
        self.away = False
        self.watch = PictureWatch(CameraId("gate"), self.conditions, lambda: self.away)
        self.at = 0.0

    def look(self, *impairments: Impairment, seconds: float = 1.0) -> list[Draft]:
        self.at += seconds
        motion = Motion(0.0, np.empty((0, 4), np.float32))
        sight = Sight(self.at, 640, 360, motion, (), (), impairments=impairments)
        return self.watch.look(sight, WALL + timedelta(seconds=self.at))

    def settle(self) -> list[Draft]:
        return self.look() + self.look(seconds=SETTLE)


def told(drafts: list[Draft]) -> list[tuple[Change, object, object]]:
    assert all(each.subject == "camera:impaired" and each.label == "impaired" for each in drafts)
    return [(each.change, each.facts.get("cause"), each.facts.get("source")) for each in drafts]


def test_rules_and_vision_know_the_same_causes() -> None:
    assert tuple(map(str, Cause)) == CAUSES
    assert set(get_args(Source)) == {"picture", "camera", "both"}


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_every_cause_has_a_sentence_for_people_and_one_in_reasons(language: text.Language) -> None:
    for cause in Cause:
        for source in get_args(Source):
            sentence = Verdict(cause, 0.8, source).sentence
            said = text.render(sentence.code, sentence.values, language)
            assert "{" not in said
            assert not said.startswith("picture.")
        assert f"reason.impaired_{cause}" in text.catalogue(language)


# -- what a camera says -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "cause"),
    [
        *((f"VideoSource/ImageTooDark/{each}Service", "dark") for each in ("Imaging", "Analytics", "Recording")),
        ("VideoSource/ImageTooBright/ImagingService", "bright"),
        ("VideoSource/ImageTooBlurry/AnalyticsService", "defocused"),
        ("VideoSource/GlobalSceneChange/RecordingService", "turned"),
        ("VideoSource/SignalLoss", "signal_loss"),
        ("VideoSource/SignalLoss/AnalyticsService", "signal_loss"),
        (TAMPER, "covered"),
        ("VideoSource/Tampering", "covered"),
        ("VideoAnalytics/videoloss", "signal_loss"),
        ("Device/Trigger/Tampering", None),
        ("VideoSource/MotionAlarm", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_topic_means_a_cause(topic: str, cause: str | None) -> None:
    hint = hint_of(topic)
    assert (None if hint is None else hint.causes[0]) == cause


# -- one verdict ------------------------------------------------------------------------------------

impairments = st.lists(
    st.builds(Impairment, st.sampled_from(Cause), st.floats(0.01, 1), st.just(0.0)), max_size=4
)
hints = st.lists(st.sampled_from(sorted(HINTS.values(), key=repr)), max_size=3)


@given(impairments, hints, st.sampled_from([None, *Cause]))
def test_something_is_the_matter_where_either_says_so(
    seen: list[Impairment], said: list[Hint], last: Cause | None
) -> None:
    verdict = united(seen, said, last)
    assert (verdict is not None) == bool(seen or said)
    if verdict is not None:
        assert 0 <= verdict.confidence <= 1
        by_camera = any(verdict.cause in each.causes for each in said)
        meant = {look for each in said if each.causes[0] is verdict.cause for look in each.looks}
        in_picture = [each for each in seen if each.cause in {verdict.cause, *meant}]
        assert by_camera if verdict.source != "picture" else in_picture
        if verdict.source == "both":
            assert verdict.confidence >= max(each.confidence for each in in_picture) - 0.005


def test_what_both_say_is_surer_than_what_one_says() -> None:
    said = hint_of(TAMPER)
    assert said is not None
    assert united([seen(Cause.SPRAYED, 0.5)], [said]) == Verdict(Cause.SPRAYED, 0.85, "both")
    assert united([seen(Cause.STRIPES, 0.75)], [said]) == Verdict(Cause.STRIPES, 0.75, "picture")
    assert united([], [said]) == Verdict(Cause.COVERED, 0.7, "camera")


def test_a_cover_that_the_camera_takes_back_first_does_not_become_a_lost_signal() -> None:
    bench = Bench()
    bench.settle()
    bench.watch.hear([TAMPER])
    card = seen(Cause.SIGNAL_LOSS, 0.95)
    assert told(bench.look(card)) == [(BEGAN, "covered", "both")]
    bench.watch.hear([])
    assert told(bench.look(card)) == []
    assert told(bench.look()) == [(ENDED, "covered", "both")]
    assert told(bench.look(card)) == [(BEGAN, "signal_loss", "picture")]


def test_a_cover_without_any_noise_looks_like_a_card_and_is_what_the_camera_calls_it() -> None:
    cover, lost = hint_of(TAMPER), hint_of("VideoSource/SignalLoss")
    assert cover is not None
    assert lost is not None
    card = [seen(Cause.SIGNAL_LOSS, 0.95)]
    assert united(card, [cover]) == Verdict(Cause.COVERED, 0.98, "both")
    assert united(card, [cover, lost]) == Verdict(Cause.SIGNAL_LOSS, 0.99, "both")
    assert united(card, []) == Verdict(Cause.SIGNAL_LOSS, 0.95, "picture")


def test_a_cause_stays_unless_another_is_clearly_surer() -> None:
    pair = [seen(Cause.COVERED, 0.6), seen(Cause.DARK, 0.6 + SURER - 0.01)]
    verdict = united(pair, [], Cause.COVERED)
    assert verdict is not None
    assert verdict.cause is Cause.COVERED
    said = hint_of(TAMPER)
    assert said is not None
    twice = united([seen(Cause.COVERED, 0.4), seen(Cause.COVERED, 0.9)], [said], Cause.COVERED)
    assert twice == Verdict(Cause.COVERED, 0.97, "both"), "the surest of its cause"
    verdict = united([pair[0], seen(Cause.DARK, 0.9)], [], Cause.COVERED)
    assert verdict is not None
    assert verdict.cause is Cause.DARK


# -- told once --------------------------------------------------------------------------------------


def test_one_beginning_and_one_end_whoever_says_so_first() -> None:
    bench = Bench()
    assert bench.settle() == []
    assert told(bench.look(seen(Cause.COVERED))) == [(BEGAN, "covered", "picture")]
    assert bench.look(seen(Cause.COVERED)) == []
    bench.watch.hear([TAMPER])
    assert told(bench.look(seen(Cause.COVERED))) == [(GOES_ON, "covered", "both")]
    assert bench.look() == [], "the camera still says so"
    bench.watch.hear([])
    assert told(bench.look()) == [(ENDED, "covered", "both")]
    assert bench.look() == []
    bench.watch.hear([DARK])
    assert told(bench.look()) == [(BEGAN, "dark", "camera")]
    assert bench.conditions.standing["impaired"].sentence.code == "picture.dark+picture.by_camera"


def test_another_cause_and_much_more_confidence_are_news_and_less_is_not() -> None:
    bench = Bench()
    bench.settle()
    assert told(bench.look(seen(Cause.DARK, 0.4))) == [(BEGAN, "dark", "picture")]
    assert bench.look(seen(Cause.DARK, 0.5)) == []
    (surer,) = bench.look(seen(Cause.DARK, 0.7))
    assert (surer.change, surer.facts["confidence"]) == (GOES_ON, 0.7)
    assert bench.look(seen(Cause.DARK, 0.3)) == []
    assert told(bench.look(seen(Cause.COVERED, 0.9))) == [(GOES_ON, "covered", "picture")]
    assert bench.conditions.standing["impaired"].since == WALL + timedelta(seconds=SETTLE + 2)


def test_a_stream_that_begins_anew_is_no_sign_that_all_is_well() -> None:
    bench = Bench()
    bench.settle()
    bench.look(seen(Cause.FROZEN))
    bench.watch.begin()
    assert bench.look() == []
    assert bench.look(seconds=SETTLE - 1) == []
    assert "impaired" in bench.conditions.standing
    assert told(bench.look()) == [(ENDED, "frozen", "picture")]


def test_after_a_restart_it_goes_on_or_ends_once_it_is_known() -> None:
    bench = Bench(["impaired"])
    assert told(bench.look(seen(Cause.COVERED))) == [(GOES_ON, "covered", "picture")]
    other = Bench(["impaired"])
    assert other.look() == []
    assert told(other.look(seconds=SETTLE)) == [(ENDED, None, None)]
    assert other.look() == []


# -- a PTZ head -------------------------------------------------------------------------------------


def test_a_head_that_was_sent_elsewhere_is_not_turned_but_may_be_covered() -> None:
    bench = Bench()
    bench.settle()
    bench.away = True
    bench.watch.hear([SCENE])
    assert bench.look(seen(Cause.TURNED)) == []
    assert told(bench.look(seen(Cause.TURNED), seen(Cause.COVERED, 0.5))) == [(BEGAN, "covered", "picture")]
    bench.away = False
    bench.watch.hear([])
    assert told(bench.look(seen(Cause.TURNED, 0.9))) == [(GOES_ON, "turned", "picture")]
    bench.away = True
    assert bench.look() == [], "where it would look now, nobody knows"
    bench.away = False
    assert told(bench.look()) == [(ENDED, "turned", "picture")]
