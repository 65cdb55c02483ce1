"""A camera's own events: tried for ever, told when they do not come, shared where they are the whole device's."""

from __future__ import annotations

import time
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.contract import Feature, Signal
from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from engine.api.wire import CameraState
from engine.fleet import clock_watch
from engine.fleet.events import subscription
from engine.runtime.supervisor import Backoff
from rules.model import Change, Kind

Stage = Any  # the class is in conftest.py
SIGNALS = frozenset({Feature.SIGNALS})
ONLINE = CameraState.ONLINE
GONE = Unreachable("driver.stalled", host="192.0.2.1", seconds=10.0)
REAL = Backoff(first=1.0, most=5.0, later=8.0)


def motion(
    stage: Stage, source: str = "src0", state: bool = True, topic: str = "VideoSource/MotionAlarm"
) -> Signal:
    return Signal(topic, source, state, {"Source": source}, stage.clock.now().wall)


def told(stage: Stage, kind: Kind = Kind.SIGNAL) -> list[tuple[str, str, Change]]:
    return [(str(each.camera), str(each.label), each.change) for each in stage.drafts if each.kind is kind]


def test_events_come_again_within_ten_seconds_of_a_sound_answer() -> None:
    assert subscription.RESUBSCRIBE == REAL
    random = Random(1)
    assert max(REAL.wait(tries, 599, random) for tries in range(200)) <= 5
    assert max(REAL.wait(tries, 86_400, random) for tries in range(200)) <= 8


NO = [
    GONE,
    Malformed(host="x", detail="y"),
    Unsupported(host="x", detail="wsrf-rw:ResourceUnknownFault"),
    Unsupported("driver.moved", host="x", to="?"),
    TimeoutError(),
    OSError(104, "Connection reset by peer"),
    KeyError("NotificationMessage"),
    StopAsyncIteration(),
]


@pytest.mark.parametrize("error", NO, ids=repr)
async def test_no_no_is_the_last_word(stage: Stage, error: BaseException) -> None:
    script = stage.script(features=SIGNALS, said=[error])
    runner = stage.play(script)
    await stage.until(lambda: runner.status.state is ONLINE and "deaf" in runner.conditions.standing)
    assert runner.conditions.standing["deaf"].sentence.code.startswith("camera.no_signals+")
    assert script.opened == 1, "the picture went on"
    script.said = [motion(stage)]
    await stage.until(lambda: not runner.conditions.standing)
    assert told(stage) == [("gate", "VideoSource/MotionAlarm", Change.BEGAN)]
    assert sorted(stage.drafts.health("gate")) == ["deaf", "deaf", "online"]
    deaf = [change for _, label, change in told(stage, Kind.CAMERA) if label == "deaf"]
    assert deaf == [Change.BEGAN, Change.ENDED]


async def test_a_driver_whose_events_merely_end_is_asked_again(stage: Stage) -> None:
    script = stage.script(features=SIGNALS, ends=True, said=[])
    runner = stage.play(script)
    await stage.until(lambda: "deaf" in runner.conditions.standing and script.listened > 3)
    assert runner.conditions.standing["deaf"].sentence.code == "camera.no_signals+camera.quiet"


async def test_a_device_without_events_is_asked_once_and_not_deaf(stage: Stage) -> None:
    script = stage.script(features=SIGNALS, said=[Unsupported("driver.no_signals", host="x")])
    runner = stage.play(script)
    runner.conditions.recall(["deaf"])  # as an earlier run told it
    await stage.until(lambda: ("gate", "deaf", Change.ENDED) in told(stage, Kind.CAMERA))
    before = runner.seen
    await stage.until(lambda: runner.seen is not before and runner.status.state is ONLINE)
    assert script.listened == 1
    assert runner.conditions.standing == {}


@pytest.mark.parametrize("features", [SIGNALS, frozenset[Feature]()])
async def test_events_that_come_up_later_are_heard(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, features: frozenset[Feature]
) -> None:
    """A device that boots may announce its event service late, or take it back."""
    monkeypatch.setattr(subscription, "SELDOM", 0.02)
    script = stage.script(features=features, said=[Unsupported("driver.no_signals", host="x")])
    stage.play(script)
    await stage.until(lambda: script.listened > 2)
    script.said = [motion(stage)]
    await stage.until(lambda: bool(told(stage)))
    assert stage.drafts.health("gate") == ["online"]
    assert script.opened == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused(host="x", user="y"), "camera.no_signals+driver.refused+camera.then+camera.retry"),
        (
            Forbidden(host="x", user="y", detail="403"),
            "camera.no_signals+driver.forbidden+camera.then+camera.next_try",
        ),
    ],
)
async def test_refused_events_wait_for_long_or_for_a_person(
    stage: Stage, error: DriverError, code: str
) -> None:
    script = stage.script(features=SIGNALS, said=[error])
    runner = stage.play(script)
    await stage.until(lambda: "deaf" in runner.conditions.standing and runner.status.state is ONLINE)
    assert runner.conditions.standing["deaf"].sentence.code == code
    assert script.listened == 1
    script.said = [motion(stage)]
    assert runner.retry() is None
    await stage.until(lambda: not runner.conditions.standing)
    assert script.listened == 2
    assert script.opened == 1


async def test_a_subscription_lost_and_had_again_at_once_is_no_news(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "DEAF", 1e6)
    script = stage.script(features=SIGNALS, said=[GONE])
    runner = stage.play(script)
    await stage.until(lambda: script.listened > 5 and runner.status.state is ONLINE)
    assert stage.drafts.health("gate") == ["online"]


async def test_who_hears_now_and_then_stays_deaf_instead_of_flapping(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "STEADY", 1e6)
    script = stage.script(features=SIGNALS, said=[motion(stage), GONE])
    runner = stage.play(script)
    await stage.until(lambda: "deaf" in runner.conditions.standing)
    listened = script.listened
    await stage.until(lambda: script.listened > listened + 20)
    assert stage.drafts.health("gate").count("deaf") == 1


async def test_a_quiet_device_that_answers_is_not_deaf(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "QUIET", 1e6)
    script = stage.script(features=SIGNALS, said=[GONE])
    runner = stage.play(script)
    await stage.until(lambda: "deaf" in runner.conditions.standing)
    script.said = [None] * 1000
    await stage.until(lambda: not runner.conditions.standing)
    assert told(stage) == []


async def test_who_answers_once_and_never_again_stays_deaf(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pulls hang from the second one on: what was heard at first is no sign for later."""
    monkeypatch.setattr(subscription, "QUIET", 1e6)
    script = stage.script(features=SIGNALS, said=[GONE])
    runner = stage.play(script)
    await stage.until(lambda: "deaf" in runner.conditions.standing)
    script.said = [motion(stage)]
    await stage.until(lambda: bool(told(stage)))
    heard = time.monotonic()
    await stage.until(lambda: time.monotonic() - heard > 4 * subscription.STEADY)
    assert "deaf" in runner.conditions.standing


async def test_a_lost_camera_is_not_deaf_as_well(stage: Stage) -> None:
    script = stage.script(features=SIGNALS, said=[GONE])
    runner = stage.play(script)
    await stage.until(lambda: "deaf" in runner.conditions.standing and runner.status.state is ONLINE)
    script.on_open = script.on_read = GONE
    await stage.until(lambda: runner.status.state is CameraState.LOST)
    await stage.until(lambda: not runner.conditions.standing)
    assert told(stage, Kind.CAMERA)[-1] == ("gate", "deaf", Change.ENDED)


async def test_too_much_is_told_as_such(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.fleet.events.token_bucket.CALM", 0.3)
    flood = [motion(stage, topic=f"T{number}") for number in range(300)]
    script = stage.script(features=SIGNALS, said=flood)
    runner = stage.play(script)
    await stage.until(lambda: "noisy" in runner.conditions.standing)
    assert runner.conditions.standing["noisy"].sentence.code == "camera.noisy"
    assert len(told(stage)) < 70
    runner.listener.signals._waiting.clear()  # what is owed would keep it busy for minutes
    await stage.until(lambda: not runner.conditions.standing)
    assert [each for each in stage.drafts.health("gate") if each == "noisy"] == ["noisy", "noisy"]


# -- recorders --------------------------------------------------------------------------------------


async def test_an_alarm_input_of_a_recorder_is_told_once(stage: Stage) -> None:
    said = [motion(stage, ""), motion(stage, "src1", topic="Own"), motion(stage, "Alarm9", topic="Odd")]
    script = stage.script(features=SIGNALS, sources=("src0", "src1"), said=said)
    device = stage.device(script)
    runners = [
        stage.runner(script, f"cam{number}", source=f"src{number}", device=device) for number in range(2)
    ]
    stage.start(*runners)
    await stage.until(lambda: len(told(stage)) >= 3)
    assert sorted(told(stage)) == [
        ("cam0", "Odd", Change.BEGAN), ("cam0", "VideoSource/MotionAlarm", Change.BEGAN),
        ("cam1", "Own", Change.BEGAN),
    ]  # fmt: skip
    assert (script.opened, script.listened) == (1, 1)


async def test_what_an_earlier_run_told_as_on_is_given_to_whom_it_belongs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.fleet.events.signals.GRACE", 0.05)
    script = stage.script(features=SIGNALS, sources=("src0", "src1"), said=[motion(stage), motion(stage, "")])
    runner = stage.runner(script)
    runner.recall(
        ["signal:Own:src0", "signal:Wide:Alarm9:x~1", "track:1.2", "camera:deaf", "camera", "motion"]
    )
    stage.start(runner)
    await stage.until(lambda: len(told(stage)) >= 4)
    ended = {label for _, label, change in told(stage) if change is Change.ENDED}
    assert ended == {"Own", "Wide"}
    await stage.until(lambda: ("gate", "deaf", Change.ENDED) in told(stage, Kind.CAMERA))


# -- clocks -----------------------------------------------------------------------------------------


async def test_a_wrong_clock_is_told_with_a_margin(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_watch, "EVERY", 0.01)
    script = stage.script(offset=timedelta(days=1))
    runner = stage.play(script)
    await stage.until(lambda: runner.status.state is ONLINE and "clock" in runner.conditions.standing)
    said = runner.conditions.standing["clock"].sentence
    assert (said.code, said.values) == ("camera.clock_ahead", {"difference": "24 h"})
    assert runner.clock_offset == 86_400.0
    for seconds, wrong in (
        (-4.0, True),
        (-2.9, False),
        (4.9, False),
        (-5.1, True),
        (-3.1, True),
        (0.0, False),
    ):
        script.offset = timedelta(seconds=seconds)
        await stage.until(lambda seconds=seconds: runner.clock_offset == seconds)
        assert ("clock" in runner.conditions.standing) is wrong
    clock = [each for each in stage.drafts if each.label == "clock"]
    assert [each.change for each in clock] == [Change.BEGAN, Change.ENDED] * 2
    assert [each.facts["clock_offset"] for each in clock] == [86_400.0, -2.9, -5.1, 0.0]
    script.on_read = GONE
    await stage.until(lambda: "lost" in stage.drafts.health("gate"))
    lost = next(each for each in stage.drafts if each.label == "lost")
    assert lost.facts == {"clock_offset": 0.0}


async def test_a_clock_that_is_not_told_is_neither_right_nor_wrong(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_watch, "EVERY", 0.01)
    script = stage.script()
    runner = stage.play(script)
    await stage.until(lambda: runner.status.state is ONLINE)
    assert runner.clock_offset is None
    script.offset = timedelta(seconds=7)
    await stage.until(lambda: "clock" in runner.conditions.standing)
    script.clock_fails = KeyError("UTCDateTime")
    asked = script.clock_asked
    await stage.until(lambda: script.clock_asked > asked + 2)
    assert runner.status.state is ONLINE
    assert "clock" in runner.conditions.standing


async def test_all_ears_look_at_the_same_moment(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One waking of the loop for all cameras: each by itself was most of what an idle device cost."""
    looks = []

    async def sleep(seconds: float) -> None:
        looks.append(now + seconds)
        raise InterruptedError

    monkeypatch.setattr(subscription, "TICK", 1.0)
    # The module's own name alone: other threads of this process sleep, too.
    monkeypatch.setattr(subscription, "asyncio", SimpleNamespace(sleep=sleep))
    for now in (7.25, 7.5, 8.0):
        ear = stage.runner(stage.script()).device.subscription
        ear._clock = SimpleNamespace(monotonic=lambda now=now: now)
        with pytest.raises(InterruptedError):
            await ear._tick()
    assert looks == [8.0, 8.0, 9.0]
