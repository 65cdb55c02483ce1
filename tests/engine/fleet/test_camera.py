"""One camera against a driver that does what the test says, with real H.264 pictures."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Codec, Feature, Login, Profile, Signal
from drivers.errors import Refused, Unreachable, Unsupported
from engine.api.wire import CameraState
from engine.config.credentials import CredentialError
from engine.config.settings import CameraSettings
from engine.errors import Again, reason_of
from engine.fleet.camera import LEAST_WIDTH, choose_profile
from engine.fleet.state import Rate
from engine.runtime.supervisor import Backoff, Health
from engine.vision.analyzer import Analyzer
from rules.model import Change, Kind, Sentence

Stage = Any  # the class is in conftest.py: test files import nothing from each other
ONLINE, LOST, REFUSED, FAILED = CameraState.ONLINE, CameraState.LOST, CameraState.REFUSED, CameraState.FAILED
SIGNALS = frozenset({Feature.SIGNALS})
GONE = Unreachable("driver.stalled", host="192.0.2.1", seconds=10.0)


def signal(source: str = "src0", topic: str = "VideoSource/MotionAlarm", state: bool = True) -> Signal:
    return Signal(topic, source, state, {"Source": source}, datetime.now(UTC))


def threads(name: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == name]


# -- online ---------------------------------------------------------------------------------------


async def test_pictures_become_events_and_a_state(stage: Stage) -> None:
    runner = stage.play(stage.script(), zones={"all": [[0, 0], [1, 0], [1, 1], [0, 1]]})
    assert runner.status.state is CameraState.CONNECTING
    with pytest.raises(Again):
        runner.still(320)
    await stage.until(lambda: any(each.kind is Kind.OBJECT for each in stage.drafts))
    assert runner.status.state is ONLINE
    assert (runner.status.device, runner.status.reason) == ("Maker Model 1", None)
    assert runner.still(320)[:3] == b"\xff\xd8\xff"
    assert stage.drafts.health("gate") == ["online"]
    began = next(each for each in stage.drafts if each.kind is Kind.OBJECT)
    assert (began.change, began.label, began.zones) == (Change.BEGAN, "moving", ("all",))
    assert runner.status.last_event is not None
    await stage.until(lambda: runner.status.frames.per_second(stage.clock.monotonic()) > 0)
    assert runner.tap.codec is runner.status.codec


async def test_a_still_is_of_the_picture_that_its_tracks_are_of(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the next picture is being analysed, the last one that was is shown, with its own tracks."""
    held, go = threading.Event(), threading.Event()
    seek = Analyzer._seek

    def slow(look: Analyzer, *given: Any) -> Any:
        if runner.seen is not None and runner.seen.sight.tracks:
            held.set()
            go.wait()
        return seek(look, *given)

    monkeypatch.setattr(Analyzer, "_seek", slow)
    runner = stage.play(stage.script())
    try:
        await stage.until(held.is_set)
        seen, told = runner.seen, runner.analysed()
        assert runner.analyzer.shown() is not told.shown  # the next one, of which nothing is known yet
        assert (told.shown, told.at) == (seen.shown, seen.at)
        assert [each.track for each in told.tracks] == [each.id for each in seen.sight.tracks] != []
        still = await runner.stills.analysed(160)
        assert (still.at, still.tracks) == (told.at, told.tracks)
    finally:
        go.set()


async def test_a_disabled_camera_says_so(stage: Stage) -> None:
    assert stage.runner(stage.script(), enabled=False).status.state is CameraState.DISABLED


# -- trouble --------------------------------------------------------------------------------------


async def test_lost_and_back_each_told_once(stage: Stage) -> None:
    script = stage.script()
    runner = stage.play(script)
    await stage.until(lambda: any(each.kind is Kind.OBJECT for each in stage.drafts))
    script.on_read = GONE
    await stage.until(lambda: script.opened > 3)
    assert runner.status.state is LOST
    assert runner.status.reason is not None
    assert runner.status.reason.code == "driver.stalled"
    assert runner.status.reason.values["seconds"] == 10.0
    with pytest.raises(Again):
        runner.still(320)
    await stage.until(lambda: runner.tap.codec is None)  # what is over is not shown as live
    script.on_read = None
    await stage.until(lambda: stage.drafts.health("gate") == ["online", "lost", "online"])
    assert runner.status.state is ONLINE
    assert runner.status.reason is None


async def test_what_was_going_on_ends_with_the_stream(stage: Stage) -> None:
    script = stage.script()
    stage.play(script)
    await stage.until(lambda: any(each.kind is Kind.OBJECT for each in stage.drafts))
    script.on_read = GONE
    await stage.until(lambda: "lost" in stage.drafts.health("gate"))
    open_ones: set[str] = set()
    for each in stage.drafts:
        if each.kind in (Kind.OBJECT, Kind.MOTION):
            (open_ones.discard if each.change is Change.ENDED else open_ones.add)(each.subject)
    assert open_ones == set()


async def test_a_camera_that_was_never_there_is_told_once(stage: Stage) -> None:
    script = stage.script(on_open=Unreachable(host="192.0.2.1", detail="no route to host"))
    runner = stage.play(script)
    await stage.until(lambda: script.opened > 3)
    assert stage.drafts.health("gate") == ["lost"]
    assert runner.status.reason is not None
    with pytest.raises(Again):
        _ = runner.camera
    assert runner.features == frozenset()


async def test_a_login_that_never_worked_is_tried_again_when_a_person_says_so(stage: Stage) -> None:
    script = stage.script(on_open=Refused(host="192.0.2.1", user="admin"))
    runner = stage.play(script)
    await stage.until(lambda: runner.status.state is REFUSED and stage.drafts.health("gate"))
    assert stage.drafts.health("gate") == ["refused"]
    assert (runner.status.reason, runner.status.retry) == (
        Sentence("driver.refused", {"host": "192.0.2.1", "user": "admin"}), None,
    )  # fmt: skip
    assert runner.status.advice == Sentence("camera.retry", {"camera": "gate"})
    await asyncio.sleep(0.1)  # many times the waits of a camera that is merely lost
    assert script.opened == 1
    script.on_open = None
    assert runner.retry() is None
    await stage.until(lambda: runner.status.state is ONLINE)
    assert script.opened == 2
    assert stage.drafts.health("gate") == ["refused", "online"]


async def test_a_login_that_worked_is_tried_again_by_itself(stage: Stage) -> None:
    login = Login("admin", "secret")
    script = stage.script()
    runner = stage.runner(script, login=login)
    stage.start(runner)
    await stage.until(lambda: runner.status.state is ONLINE)
    script.on_read = script.on_open = Refused(host="192.0.2.1", user="admin")
    await stage.until(lambda: runner.status.state is REFUSED)
    assert runner.status.advice is not None
    assert runner.status.advice.code == "camera.next_try"
    assert runner.status.retry is not None
    assert 55 < (runner.status.retry - datetime.now(UTC)).total_seconds() <= 60
    script.on_read = script.on_open = None
    runner.retry()
    await stage.until(lambda: runner.status.state is ONLINE)
    assert (runner.status.retry, runner.status.advice) == (None, None)


async def test_a_camera_that_is_merely_lost_is_tried_at_once_too(stage: Stage) -> None:
    script = stage.script(on_open=GONE)
    runner = stage.runner(script)
    stage.start(runner, backoff=Backoff(first=1e6, most=1e6, later=1e6))
    await stage.until(lambda: runner.status.state is LOST)
    script.on_open = None
    runner.retry()
    await stage.until(lambda: runner.status.state is ONLINE)


async def test_a_device_that_has_refused_enough_is_not_asked_by_a_person_either(stage: Stage) -> None:
    login = Login("admin", "wrong")
    script = stage.script(on_open=Refused(host="192.0.2.1", user="admin"))
    runner = stage.runner(script, login=login)
    stage.start(runner)
    for opened in (1, 2, 3):
        await stage.until(lambda opened=opened: script.opened == opened and runner.status.state is REFUSED)
        with suppress(Refused), runner.device.logins.begin(login, "192.0.2.1"):  # as a driver notes it
            raise Refused(host="192.0.2.1", user="admin")
        free = runner.retry()
        assert (free is None) is (opened < 3)
    assert free is not None
    assert 1790 < free - datetime.now(UTC).timestamp() <= 1800


async def test_a_password_that_cannot_be_read_names_the_file(stage: Stage) -> None:
    script = stage.script()
    runner = stage.runner(script)

    def unreadable() -> None:
        raise CredentialError("credentials.unreadable", reference="file:gate.password", detail="No such file")

    readable, runner.device._login = runner.device._login, unreadable
    stage.start(runner)
    await stage.until(lambda: runner.status.state is REFUSED)
    assert script.opened == 0, "a person must act: it is not tried again"
    assert runner.status.reason is not None
    assert runner.status.reason.values["reference"] == "file:gate.password"
    runner.device._login = readable
    runner.retry()
    await stage.until(lambda: runner.status.state is ONLINE)


@pytest.mark.parametrize(
    ("where", "bug"),
    [
        ("on_open", KeyError("PTZConfiguration")),
        ("on_start", KeyError("width")),
        ("on_read", KeyError("pts")),
        ("on_read", StopIteration()),  # cannot be set on a future
        ("on_read", SystemExit(3)),  # would end the loop
    ],
    ids=repr,
)
async def test_a_bug_fails_its_camera_only(stage: Stage, where: str, bug: BaseException) -> None:
    broken, sound = stage.script(), stage.script()
    other = stage.play(sound, "yard")
    await stage.until(lambda: other.status.state is ONLINE)
    setattr(broken, where, bug)
    runner = stage.play(broken)
    await stage.until(lambda: broken.opened > 2)
    assert runner.status.state is FAILED
    assert runner.status.reason is not None
    assert runner.status.reason.code == "camera.bug"
    before = other.seen
    await stage.until(lambda: other.seen is not before)
    setattr(broken, where, None)
    await stage.until(lambda: runner.status.state is ONLINE)
    await stage.until(lambda: stage.drafts.health("gate") == ["failed", "online"])
    assert stage.drafts.health("yard") == ["online"]


async def test_a_bug_that_comes_again_and_again_is_degraded_and_told_once(stage: Stage) -> None:
    script = stage.script(on_start=KeyError("x"))
    stage.play(script)
    await stage.until(lambda: any(health is Health.DEGRADED for _, health, _ in stage.reports))
    assert stage.drafts.health("gate") == ["failed"]


async def test_data_without_a_picture_is_no_camera(stage: Stage) -> None:
    script = stage.script(leap=15.0)
    film = script.film
    script.film = (script.film[0], [script.film[1][1]])  # a picture that builds on one that never came
    runner = stage.play(script)
    await stage.until(lambda: runner.status.state is LOST)
    assert runner.status.reason is not None
    assert runner.status.reason.code == "camera.blind"
    await stage.until(lambda: stage.drafts.health("gate") == ["lost", "blind"])
    assert set(runner.conditions.standing) == {"blind"}
    script.leap, script.film = 0.0, film
    await stage.until(lambda: runner.status.state is ONLINE)
    assert stage.drafts.health("gate") == ["lost", "blind", "online", "blind"]
    assert runner.conditions.standing == {}


# -- stopping -------------------------------------------------------------------------------------


async def test_stopping_closes_a_stalled_stream_and_ends_its_thread(stage: Stage) -> None:
    script = stage.script()
    runner = stage.runner(script)
    task = stage.start(runner)
    await stage.until(lambda: runner.status.state is ONLINE)
    script.stalled.set()
    assert threads("camera[gate].video")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)
    assert script.closed >= 1
    await stage.until(lambda: script.left == 1)
    await stage.until(lambda: not threads("camera[gate].video"))
    assert stage.reports == []


@pytest.mark.parametrize("where", ["on_close", "on_leave"])
@pytest.mark.parametrize("error", [GONE, KeyError("x")], ids=["fault", "bug"])
async def test_a_driver_that_fails_at_the_end_cannot_hold_the_engine(
    stage: Stage, where: str, error: BaseException
) -> None:
    script = stage.script()
    runner = stage.runner(script)
    task = stage.start(runner)
    await stage.until(lambda: runner.status.state is ONLINE)
    setattr(script, where, error)
    task.cancel()
    await asyncio.wait([task], timeout=60)
    assert task.cancelled()
    assert script.opened == 1


async def test_a_thread_that_comes_back_late_tells_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.fleet.stream.STOP_DEADLINE", 0.05)
    script = stage.script(deaf_to_close=True)
    runner = stage.runner(script)
    task = stage.start(runner)
    await stage.until(lambda: runner.status.state is ONLINE)
    script.stalled.set()
    await stage.until(lambda: script.stuck)
    task.cancel()
    await asyncio.wait([task], timeout=60)
    assert threads("camera[gate].video"), "it hangs still"
    told, seen = len(stage.drafts), runner.seen
    script.stalled.clear()
    await stage.until(lambda: not threads("camera[gate].video"))
    assert len(stage.drafts) == told
    assert runner.seen is seen


# -- signals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "source", "heard"),
    [
        (("src0", "src1"), "src0", True),
        (("src0", "src1"), "src1", False),
        (("src0", "src1"), "", True),
        (("src0", "src1"), "AlarmIn_1", True),
        (("src0",), "another token for the same thing", True),
    ],
)
async def test_signals_are_taken_by_their_source(
    stage: Stage, sources: tuple[str, ...], source: str, heard: bool
) -> None:
    mark = signal("", "Device/Mark")
    script = stage.script(features=SIGNALS, sources=sources, said=[signal(source), mark])
    stage.play(script)
    await stage.until(lambda: any(each.label == "Device/Mark" for each in stage.drafts))
    labels = [each.label for each in stage.drafts if each.kind is Kind.SIGNAL]
    assert ("VideoSource/MotionAlarm" in labels) is heard


async def test_a_device_is_not_asked_for_what_it_does_not_offer(stage: Stage) -> None:
    script = stage.script()
    runner = stage.play(script)
    await stage.until(lambda: runner.status.state is ONLINE)
    assert script.listened == 0


# -- choosing -------------------------------------------------------------------------------------


def profile(token: str, width: int, codec: Codec | None = Codec.H264, name: str = "") -> Profile:
    return Profile(token, name, codec, width, width * 9 // 16)


@pytest.mark.parametrize(
    ("offered", "wanted", "chosen"),
    [
        ([profile("a", 1920), profile("b", 640), profile("c", 352)], None, "c"),
        ([profile("a", 1920), profile("b", 176)], None, "a"),
        ([profile("a", 160), profile("b", 240)], None, "b"),
        ([profile("main", 0, None), profile("sub", 0, None)], None, "main"),
        ([profile("mpeg4", 640, None), profile("big", 1920)], None, "big"),
        ([profile("a", 1920, name="Main"), profile("b", 640)], "Main", "a"),
        ([profile("a", 1920), profile("b", 640)], "a", "a"),
    ],
)
def test_the_profile(offered: list[Profile], wanted: str | None, chosen: str) -> None:
    assert choose_profile(offered, wanted).token == chosen


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=8))
def test_the_smallest_that_is_wide_enough_else_the_widest(widths: list[int]) -> None:
    offered = [profile(str(number), width) for number, width in enumerate(widths)]
    enough = [width for width in widths if width >= LEAST_WIDTH]
    assert choose_profile(offered, None).width == (min(enough) if enough else max(widths))


@pytest.mark.parametrize(
    ("offered", "wanted", "code"),
    [
        ([], None, "camera.no_stream"),
        ([], "x", "camera.no_profile"),
        ([profile("a", 640)], "b", "camera.no_profile"),
    ],
)
def test_no_profile(offered: list[Profile], wanted: str | None, code: str) -> None:
    with pytest.raises(Unsupported) as caught:
        choose_profile(offered, wanted)
    assert caught.value.code == code


async def test_the_source_that_is_asked_for(stage: Stage) -> None:
    runner = stage.play(stage.script(sources=("src0", "src1")), source="src1")
    await stage.until(lambda: runner.status.state is ONLINE)
    assert runner.camera.source == "src1"
    wrong = stage.play(stage.script(sources=("src0", "src1")), "yard", source="src9")
    await stage.until(lambda: wrong.status.state is LOST)
    assert wrong.status.reason is not None
    assert wrong.status.reason.values["offered"] == "src0, src1"


# -- parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("rtsp://cam.local:8554/live", "cam.local:8554"),
        ("http://192.0.2.7/onvif/device_service", "192.0.2.7"),
        ("file:clips/gate.mp4", "clips/gate.mp4"),
    ],
)
async def test_the_address(stage: Stage, url: str, address: str) -> None:
    assert stage.runner(stage.script(), url=url).address == address


async def test_an_address_never_shows_a_login(stage: Stage) -> None:
    runner = stage.runner(stage.script())
    runner.settings = CameraSettings.model_construct(id="gate", url="rtsp://admin:canary@cam/live")
    assert runner.address == "cam"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, None),
        (GONE, "driver.stalled"),
        (TimeoutError(), "camera.timeout"),
        (OSError(24, "Too many open files"), "camera.system"),
        (KeyError("x"), "camera.bug"),
    ],
)
def test_the_reason_says_who_must_act(error: BaseException | None, code: str | None) -> None:
    reason = reason_of(error)
    assert (reason.code if reason else None) == code


def test_a_rate_fades() -> None:
    rate = Rate()
    assert rate.per_second(0.0) == 0.0
    for tick in range(11):
        rate.tick(tick / 10)
    assert rate.per_second(1.0) == pytest.approx(10.0)
    assert rate.per_second(60.0) == 0.0
