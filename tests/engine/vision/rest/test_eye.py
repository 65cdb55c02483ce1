"""While nothing moves keyframes alone are decoded; what was left out is decoded in its order when something does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Packet
from engine.vision.analyzer import Analyzer, Glance
from engine.vision.model import Sight
from engine.vision.rest.eye import Caller, Eye
from engine.vision.rest.group import MOST
from engine.vision.rest.sleep import Hindrance
from engine.vision.rest.trust import Trust

FPS = 5


def streaming(packets: Sequence[Packet]) -> list[Packet]:
    """Return packets as they are received at five a second."""
    return [replace(each, received=number / FPS) for number, each in enumerate(packets)]


def looked(eye: Eye, packets: Sequence[Packet]) -> list[tuple[float, Sight]]:
    return [(packet.received, sight) for packet in packets for sight in eye.feed(packet)]


def moves(sights: Sequence[Sight]) -> set[float]:
    return {sight.at for sight in sights if len(sight.motion.boxes)}


def eye_of(film: Any, trust: Trust | None = None, **more: Any) -> Eye:
    return Eye(Analyzer(film.codec, fps=FPS, pool=None, score=0.45), trust, **more)


@pytest.fixture(scope="module")
def quiet_then_busy(film: Callable[..., Any], scene: Callable[..., Any], walking: Callable[..., Any]) -> Any:
    """Ten seconds of nobody, somebody who comes in right after a keyframe, and nobody again."""
    pictures = walking(scene(150), begin=52, speed=12)
    return film(pictures, fps=FPS, every=2 * FPS)


def test_nothing_of_an_event_is_missed(quiet_then_busy: Any) -> None:
    packets = streaming(quiet_then_busy.packets)
    eye, whole = eye_of(quiet_then_busy), eye_of(quiet_then_busy, thrifty=False)
    told, all_of_it = looked(eye, packets), looked(whole, packets)
    assert moves([sight for _, sight in told]) == moves([sight for _, sight in all_of_it])
    assert [sight.at for _, sight in told] == sorted(sight.at for _, sight in told)
    assert max(at - sight.at for at, sight in told) <= 2.0
    assert [each.tracks for _, each in told if each.tracks] == [
        each.tracks for _, each in all_of_it if each.tracks
    ]


def test_it_decodes_less_and_says_so(quiet_then_busy: Any) -> None:
    packets = streaming(quiet_then_busy.packets)
    eye = eye_of(quiet_then_busy)
    looked(eye, packets)
    counted = eye.counters
    assert counted["spared"] > len(packets) / 3
    assert counted["analysed"] + counted["spared"] + eye._group.waiting == len(packets)
    assert counted["woken"] == eye.woken[Caller.MOTION] == 1
    assert eye.resting
    assert eye.spacing == pytest.approx(2.0)


def test_who_does_not_want_it_decodes_everything(quiet_then_busy: Any) -> None:
    eye = eye_of(quiet_then_busy, thrifty=False)
    looked(eye, streaming(quiet_then_busy.packets))
    assert eye.counters["spared"] == 0
    assert eye.counters["decoded"] == len(quiet_then_busy.packets)
    assert eye.wakeful is not None
    assert eye.wakeful[0] == "off"


def test_the_camera_wakes_it_at_once(quiet_then_busy: Any) -> None:
    packets, trust = streaming(quiet_then_busy.packets), Trust()
    eye = eye_of(quiet_then_busy, trust)
    looked(eye, packets[:54])
    assert eye.resting
    trust.told(True, packets[54].received)
    told = looked(eye, packets[54:55])
    assert eye.woken == {Caller.CAMERA: 1}
    assert [sight.at for _, sight in told] == [each.received for each in packets[51:55]]
    assert moves([sight for _, sight in told])


def test_a_signal_that_is_stuck_holds_nobody_awake(quiet_then_busy: Any) -> None:
    trust = Trust()
    trust.told(True, 0.0)
    eye = eye_of(quiet_then_busy, trust)
    packets = streaming(quiet_then_busy.packets)
    looked(eye, packets[:50])
    slept = [eye.resting]
    looked(eye, packets[50:])
    assert [*slept, eye.resting] == [False, True]


def test_a_keyframe_that_does_not_come_wakes_it(film: Callable[..., Any], scene: Callable[..., Any]) -> None:
    made = film(scene(60), fps=FPS, every=2 * FPS)
    packets = streaming(made.packets)
    eye = eye_of(made)
    looked(eye, packets[:51])
    slept = [eye.resting]
    late = [replace(each, received=10.0 + number / FPS) for number, each in enumerate(packets[51:60] * 3)]
    looked(eye, late)
    assert [*slept, eye.resting] == [True, False]
    assert eye.woken[Caller.LATE] == 1


def test_pictures_that_come_out_late_let_nobody_rest(
    film: Callable[..., Any], scene: Callable[..., Any]
) -> None:
    made = film(scene(150), fps=FPS, every=2 * FPS, bframes=2)
    eye = eye_of(made)
    seen = looked(eye, streaming(made.packets))
    assert eye.wakeful is not None
    assert eye.wakeful[0] == "blind"
    assert len(seen) > 130


def test_keyframes_that_are_far_apart_let_nobody_rest_and_say_so(
    film: Callable[..., Any], scene: Callable[..., Any]
) -> None:
    made = film(scene(100), fps=FPS, every=4 * FPS)
    eye = eye_of(made)
    looked(eye, streaming(made.packets))
    assert eye.counters["spared"] == 0
    assert eye.wakeful == (Hindrance.FAR, 4.0)


def test_where_each_picture_is_a_keyframe_there_is_nothing_to_save(
    film: Callable[..., Any], scene: Callable[..., Any]
) -> None:
    made = film(scene(60), fps=FPS, every=1)
    eye = eye_of(made)
    looked(eye, streaming(made.packets))
    assert not eye.resting
    assert eye.wakeful is None


class Scripted:
    """An analyser that notes what it is fed; pictures of odd numbers in `stirring` stir."""

    period = 0.2

    def __init__(self, stirring: set[int]) -> None:
        self.stirring, self.lively = stirring, False
        self.fed, self.skimmed = list[int](), list[int]()
        self.glanced: list[int] = []

    def feed(self, packet: Packet) -> Any:
        self.fed.append(packet.pts)
        self.lively = packet.pts in self.stirring
        return self._sight(packet)

    def pace(self, fps: float | None) -> None:
        assert fps is None

    def skim(self, packet: Packet) -> None:
        self.skimmed.append(packet.pts)

    def glance(self, packet: Packet) -> Any:
        if packet.pts in self.stirring:
            return Glance.STIRS
        if packet.pts % 7 == 3:
            return Glance.UNCLEAR
        self.lively = False
        self.glanced.append(packet.pts)
        return self._sight(packet)

    @staticmethod
    def _sight(packet: Packet) -> Any:
        class Shown:
            motion = type("M", (), {"boxes": ()})()
            cut = False
            at = packet.received

        return Shown()


@given(st.sets(st.integers(0, 199)), st.integers(2, 12), st.sets(st.integers(0, 199), max_size=4))
def test_every_packet_is_looked_at_once_or_left_out_between_calm_keyframes(
    stirring: set[int], every: int, called: set[int]
) -> None:
    script: Any = Scripted(stirring)
    trust = Trust()
    eye = Eye(script, trust)
    for number in range(200):
        if number in called:
            trust.told(False, number / FPS)
            trust.told(True, number / FPS)
        list(eye.feed(Packet(b"x" * 50, number, number, number % every == 0, number / FPS)))
    looked_at = script.fed + script.glanced
    assert len(set(looked_at)) == len(looked_at)
    assert sorted(script.fed) == script.fed
    left_out = set(range(200)) - set(looked_at)
    assert eye.spared <= len(left_out) <= eye.spared + 2 * every
    for number in left_out - set(range(200 - 2 * every, 200)):
        following = [each for each in range(number, 200) if each % every == 0 or each in looked_at][:1]
        assert following
        assert not any(each in stirring for each in following)


def test_light_that_flickers_on_and_on_is_looked_at() -> None:
    """A picture that is unclear is no picture that was seen: a camera must not go blind of it."""
    script: Any = Scripted(set())
    script.glance = lambda packet: Glance.UNCLEAR
    eye = Eye(script)
    for number in range(60):
        list(eye.feed(Packet(b"x", number, number, number % 10 == 0, number / FPS)))
    assert eye.woken[Caller.MOTION] >= 3
    assert set(range(54)) <= set(script.fed)


def test_what_is_kept_is_bounded(film: Callable[..., Any], scene: Callable[..., Any]) -> None:
    script: Any = Scripted(set())
    eye = Eye(script)
    for number in range(60):
        list(eye.feed(Packet(b"x", number, number, number % 10 == 0, number / FPS)))
    assert eye.resting
    for number in range(MOST + 50):
        list(eye.feed(Packet(b"x", 61 + number, 61 + number, False, 12.0)))
    assert eye.woken[Caller.FULL] == 1


def test_where_the_machine_is_full_fewer_pictures_are_looked_at_and_it_is_counted(
    quiet_then_busy: Any,
) -> None:
    packets = streaming(quiet_then_busy.packets)
    eye = eye_of(quiet_then_busy, thrifty=False)
    eye.slow(1.0)
    slowly = looked(eye, packets[50:100])
    assert 9 <= len(slowly) <= 14
    eye.slow(None)
    assert len(looked(eye, packets[100:120])) > 15


def test_where_it_is_very_full_keyframes_alone_are_and_afterwards_nothing_is_decoded_without_one(
    quiet_then_busy: Any,
) -> None:
    packets = streaming(quiet_then_busy.packets)
    eye = eye_of(quiet_then_busy, thrifty=False)
    looked(eye, packets[:50])
    eye.slow(0.0)
    assert [sight.at for _, sight in looked(eye, packets[50:75])] == [10.0, 12.0, 14.0]
    assert eye.left == 22
    eye.slow(None)
    seen = [sight.at for _, sight in looked(eye, packets[75:90])]
    assert seen[0] == 16.0
    assert len(seen) == 10
    assert eye.counters["errors"] == eye.counters["corrupt"] == 0
