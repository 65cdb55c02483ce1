"""The engine's face: what clients are told, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.contract import Codec, Feature, Login, PtzVector
from drivers.errors import DriverError, Refused, Unreachable, Unsupported
from drivers.logins import Record
from engine.api import present, wire
from engine.api.client import ApiError, Client
from engine.api.recording import Recorder
from engine.api.resources import cameras
from engine.api.routes import Api
from engine.api.server import serve
from engine.api.services.cameras import CameraService
from engine.api.services.preview import PreviewService
from engine.api.services.rules import RuleService
from engine.api.services.state import RECENT, SiteStateService
from engine.config.settings import ApiSettings, Settings
from engine.draft import Draft
from engine.duty.acts import Acts
from engine.errors import Again, Never, StoreBusy
from engine.fleet.camera import CameraRunner
from engine.fleet.camera_control import CameraControl
from engine.fleet.health.troubles import troubled
from engine.judging.reload import ReloadOutcome
from engine.store.model import Counts
from engine.web.problems import Garbage
from engine.web.refusals import HttpProblem
from rules.compiler.compile import World, compile_rules
from rules.explain.history import EvaluationHistory
from rules.memory import Memory
from rules.model import (
    CameraId,
    Change,
    Event,
    EventId,
    Fault,
    Instant,
    Kind,
    RuleName,
    Sentence,
    Step,
)
from tests.fakes.engine import ROOT, FakeEngine

Stage = Any  # the class is in conftest.py
WALL = datetime(2026, 11, 22, 8, tzinfo=UTC)


class Books:
    """A store that counts, or cannot."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.counted = 0

    async def counts(self) -> Counts:
        self.counted += 1
        if self.fails:
            raise self.fails
        return Counts(due=2, dead=1)

    async def count_unseen(self) -> int:
        return 0


async def nowhere(draft: Draft) -> None:
    """No judge."""


@dataclass
class Services:
    """Those that the rooms of a site are put together for."""

    state: SiteStateService
    cameras: CameraService
    rules: RuleService
    preview: PreviewService


def service(
    stage: Stage, runners: dict[str, CameraRunner], store: Books | None = None, judge: Any = None
) -> Services:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    state = SiteStateService(
        settings=Settings(site="test", language="en"),
        version="0",
        clock=stage.clock,
        cameras=runners,
        store=store or Books(),  # type: ignore[arg-type]  # of the store, `refresh` needs `counts` only
        started=WALL,
        tally=lambda: {"events": 7, "model": "nano"},
        problems=lambda: [Sentence("engine.no_model")],
        memory=Memory(),
        acts=Acts(nowhere, stage.clock, lambda: "id", unknown),
    )
    return Services(
        state,
        CameraService(runners, stage.clock, zone),
        RuleService(judge, runners, stage.clock, zone, unasked, store, Path()),  # type: ignore[arg-type]  # nothing of it is asked of the past
        PreviewService(runners, lambda: None),
    )


async def unknown(id: str) -> Event | None:
    return None


async def unasked() -> ReloadOutcome:
    raise AssertionError("nobody asked for this")


def event(seq: int) -> Event:
    at = datetime(2026, 11, 22, 8, 0, seq % 60, tzinfo=UTC)
    return Event(EventId(str(seq)), "test", seq, Kind.MOTION, Change.BEGAN, CameraId("gate"), at, at)


@asynccontextmanager
async def refreshing(subject: Services) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(subject.state.refresh())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()


async def test_a_camera_on_the_wire(stage: Stage) -> None:
    runner = stage.play(
        stage.script(features=frozenset({Feature.PTZ}), head=stage.head()),
        name="gate",
        url="http://192.0.2.1/onvif/device_service",
        zones={"all": [[0, 0], [1, 0], [1, 1], [0, 1]]},
    )
    before = present.camera(runner, stage.clock.monotonic(), "village")
    assert before.site == "village"
    assert (before.state, before.preview, before.ptz, before.tracks) == ("connecting", False, False, ())
    told: list[wire.Camera] = []

    def complete() -> bool:  # its thread goes on: what was looked at is asserted, not asked for once more
        told.append(present.camera(runner, stage.clock.monotonic()))
        return bool(told[-1].tracks) and told[-1].stream_fps > 0

    await stage.until(complete)
    now = told[-1]
    assert (now.state, now.reason, now.name, now.address) == ("online", None, "gate", "192.0.2.1")
    assert (now.width, now.height, now.codec, now.model) == (320, 240, str(Codec.H264), "Maker Model 1")
    assert (now.ptz, now.preview) == (True, True)
    assert now.tracks[0].zones == ("all",)


async def test_a_lost_camera_says_why_in_both_languages(stage: Stage) -> None:
    runner = stage.play(stage.script(on_open=Unreachable("driver.stalled", host="cam", seconds=10.0)))
    await stage.until(lambda: runner.status.state is wire.CameraState.LOST)
    told = present.camera(runner, 0.0)
    assert told.reason is not None
    assert told.reason.en == "cam stopped sending pictures for 10 s"
    assert "cam" in told.reason.vi
    assert told.reason.vi != told.reason.en


async def test_a_camera_without_its_events_is_online_and_says_so(stage: Stage) -> None:
    said: list[BaseException] = [Unsupported("driver.moved", host="cam", to="?")]
    runner = stage.play(stage.script(features=frozenset({Feature.SIGNALS}), said=said))
    await stage.until(lambda: runner.status.state is wire.CameraState.ONLINE and runner.conditions.standing)
    told = present.camera(runner, stage.clock.monotonic())
    assert told.state is wire.CameraState.ONLINE
    (trouble,) = told.troubles
    assert (trouble.label, told.reason) == ("deaf", trouble.said)
    assert "{" not in trouble.said.en + trouble.said.vi
    (problem,) = troubled([runner])
    assert (problem.code, problem.values) == ("cameras.deaf", {"count": 1, "cameras": "gate"})


async def test_cameras_in_trouble_are_named_and_not_too_many(stage: Stage) -> None:
    runners = [stage.runner(stage.script(), f"cam-{number}") for number in range(9)]
    for runner in runners:
        runner.conditions.begin("clock", Sentence("camera.clock_ahead", {"difference": "9 s"}), WALL)
    runners[0].status.state = wire.CameraState.REFUSED
    refused, clock = troubled(runners)
    assert (refused.code, refused.values["cameras"]) == ("cameras.refused", "cam-0")
    assert clock.values == {"count": 9, "cameras": "cam-0, cam-1, cam-2, cam-3, cam-4, … (+4)"}


async def test_a_camera_is_tried_again(stage: Stage) -> None:
    script = stage.script(on_open=Refused(host="cam", user="u"))
    runner = stage.runner(script, login=Login("u", "p"))
    subject = service(stage, {"gate": runner, "off": stage.runner(stage.script(), "off", enabled=False)})
    stage.start(runner)
    await stage.until(lambda: runner.status.state is wire.CameraState.REFUSED)
    told = subject.cameras.retry(ROOT, "gate")
    assert (told.id, told.state) == ("gate", "refused")
    assert told.advice is not None
    assert "matthan camera retry gate" in told.advice.vi
    await stage.until(lambda: script.opened == 2)
    for camera, status, code in (("nobody", 404, "camera.unknown"), ("off", 409, "camera.disabled")):
        with pytest.raises(HttpProblem) as caught:
            subject.cameras.retry(ROOT, camera)
        assert (caught.value.status, caught.value.code) == (status, code)
    now = stage.clock.now().wall.timestamp()
    runner.device.logins.record = Record(wrong=(now - 60, now - 30, now))
    await stage.until(lambda: runner.status.state is wire.CameraState.REFUSED)
    with pytest.raises(HttpProblem) as held:
        subject.cameras.retry(ROOT, "gate")
    assert (held.value.status, held.value.code, held.value.values["most"]) == (409, "camera.held", 3)


async def test_only_changes_are_published(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.api.services.state.REFRESH", 0.005)
    monkeypatch.setattr("engine.api.services.state.FIGURES", 0.0)
    runner = stage.runner(stage.script())
    subject = service(stage, {"gate": runner})
    box = subject.state.hub.join()

    def cameras() -> list[wire.CameraUpdate]:
        return [item for item in list(box._items) if isinstance(item, wire.CameraUpdate)]

    async with refreshing(subject):
        await stage.until(lambda: len(box) > 12)
        assert len(cameras()) == 1
        runner.status.state = wire.CameraState.LOST
        await stage.until(lambda: len(cameras()) == 2)
    assert cameras()[1].camera.state is wire.CameraState.LOST


async def test_figures_go_on_while_the_store_is_busy(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.api.services.state.REFRESH", 0.005)
    monkeypatch.setattr("engine.api.services.state.FIGURES", 0.0)
    store = Books()
    subject = service(stage, {}, store)
    async with refreshing(subject):
        await stage.until(lambda: subject.state.state(ROOT).engine.outbox == 2)
        store.fails, seen = StoreBusy("locked"), store.counted
        await stage.until(lambda: store.counted > seen + 2)
    assert (subject.state.state(ROOT).engine.outbox, subject.state.state(ROOT).engine.dead) == (2, 1)


async def test_the_state_has_the_newest_first_and_a_bound(stage: Stage) -> None:
    subject = service(stage, {"gate": stage.runner(stage.script())})
    subject.state.happened([event(seq) for seq in range(1, RECENT + 6)], [])
    state = subject.state.state(ROOT)
    assert [each.seq for each in state.events[:2]] == [RECENT + 5, RECENT + 4]
    assert len(state.events) == RECENT
    assert state.revision == RECENT + 5
    assert (state.engine.events, state.engine.model, state.cameras[0].id) == (7, "nano", "gate")
    assert state.engine.problems[0].vi != state.engine.problems[0].en != ""


async def test_unknown_cameras_are_404_everywhere(stage: Stage) -> None:
    subject = service(stage, {"gate": stage.runner(stage.script())})
    asked: list[Callable[[], Awaitable[object]]] = [
        lambda: subject.cameras.still(ROOT, "nobody", 320, best=True),
        lambda: subject.cameras.presets(ROOT, "nobody"),
        lambda: subject.cameras.ptz(ROOT, "nobody", wire.PtzCommand(op="stop")),
    ]
    for ask in asked:
        with pytest.raises(HttpProblem) as caught:
            await ask()
        assert (caught.value.status, caught.value.code) == (404, "camera.unknown")
        assert "gate" in str(caught.value)
    with pytest.raises(HttpProblem):
        subject.preview.preview_link(ROOT, "nobody")


async def test_what_cannot_be_done_now_is_409(stage: Stage) -> None:
    runner = stage.runner(stage.script())
    subject = service(stage, {"gate": runner})
    for ask in (
        lambda: subject.cameras.still(ROOT, "gate", 320, best=False),
        lambda: subject.cameras.still(ROOT, "gate", 320, best=True),
        lambda: subject.cameras.presets(ROOT, "gate"),
    ):
        with pytest.raises(HttpProblem) as caught:
            await ask()
        assert (caught.value.status, caught.value.code) == (409, "camera.offline")
    with pytest.raises(HttpProblem) as caught:
        subject.preview.preview_link(ROOT, "gate")
    assert (caught.value.status, caught.value.code) == (409, "preview.disabled")
    stage.start(runner)
    await stage.until(lambda: runner.status.state is wire.CameraState.ONLINE)
    with pytest.raises(HttpProblem) as caught:
        await subject.cameras.ptz(ROOT, "gate", wire.PtzCommand(op="stop"))
    assert (caught.value.status, caught.value.code) == (409, "ptz.unsupported")
    still = await subject.cameras.still(ROOT, "gate", 160, best=True)
    assert (still.jpeg[:2], still.source, still.width, still.height) == (b"\xff\xd8", "analysis", 160, 120)


async def test_ptz_commands_reach_the_head(stage: Stage) -> None:
    head = stage.head()
    runner = stage.play(stage.script(head=head))
    subject = service(stage, {"gate": runner})
    await stage.until(lambda: runner.status.state is wire.CameraState.ONLINE)
    await subject.cameras.ptz(ROOT, "gate", wire.PtzCommand(op="move", pan=0.5, seconds=2))
    await subject.cameras.ptz(ROOT, "gate", wire.PtzCommand(op="goto", preset="Gate"))
    await subject.cameras.ptz(ROOT, "gate", wire.PtzCommand(op="set", preset="New"))
    await subject.cameras.ptz(ROOT, "gate", wire.PtzCommand(op="stop"))
    assert await subject.cameras.presets(ROOT, "gate") == [wire.Preset(token="1", name="Gate")]
    assert head.told == [
        ("move", PtzVector(0.5, 0.0, 0.0), 2.0),
        ("goto", "Gate"),
        ("set", "New"),
        ("stop",),
        ("presets",),
    ]


async def test_a_device_that_refuses_to_move_is_told_in_the_clients_language(
    stage: Stage, tmp_path: Path
) -> None:
    fault = Unsupported("driver.no_preset", host="cam", preset="9", known="Gate")
    runner = stage.play(stage.script(head=stage.head(fault)))
    subject = service(stage, {"gate": runner})
    await stage.until(lambda: runner.status.state is wire.CameraState.ONLINE)
    engine = FakeEngine()
    resources = (cameras.resource(subject.cameras),)
    api = Api(resources, Garbage(), Recorder(engine.auditor), engine.callers, engine.porter)
    async with (
        serve(api, ApiSettings(), socket=tmp_path / "s"),
        Client.connect(tmp_path / "s", language="en") as client,
    ):
        with pytest.raises(ApiError) as caught:
            await client.ptz("gate", wire.PtzCommand(op="goto", preset="9"))
    assert (caught.value.status, caught.value.code) == (502, "driver.no_preset")
    assert str(caught.value) == "cam has no PTZ preset “9”; it has: Gate"


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Unreachable(host="cam", detail="down"), Again),
        (Refused(host="cam", user="u"), Never),
        (Unsupported("driver.no_preset", host="cam", preset="9", known=""), Never),
    ],
)
async def test_actions_learn_whether_to_try_again(
    stage: Stage, fault: DriverError, raised: type[Exception]
) -> None:
    runner = stage.play(stage.script(head=stage.head(fault)))
    hands = CameraControl({"gate": runner})
    await stage.until(lambda: runner.status.state is wire.CameraState.ONLINE)
    with pytest.raises(raised, match=r"^cam "):
        await hands.goto("gate", "9")


async def test_actions_on_cameras_that_cannot(stage: Stage) -> None:
    runner = stage.runner(stage.script())
    hands = CameraControl({"gate": runner}, "vi")
    with pytest.raises(Again):
        await hands.goto("gate", "1")
    with pytest.raises(Again):
        await hands.still("gate", 320)
    with pytest.raises(Never, match=r"nobody.*gate"):
        await hands.goto("nobody", "1")
    stage.start(runner)
    await stage.until(lambda: runner.status.state is wire.CameraState.ONLINE)
    with pytest.raises(Never, match="PTZ"):
        await hands.goto("gate", "1")
    assert (await hands.still("gate", 320)).jpeg[:2] == b"\xff\xd8"
    assert await hands.own_still("gate", 320) is None


# -- rules ---------------------------------------------------------------------------------------

RULES = """
rules:
  - name: night
    title: {vi: Có người, en: Somebody}
    when: {object: person, score: {above: 0.5}}
    for: 10s
    limit: 5
  - name: sick
    when: {object: dog}
  - name: resting
    when: {object: cat}
    enabled: false
"""


def judging() -> Any:
    """What the service reads of a judge that saw one person who stays, and one whom it doubts."""
    rules, memory, history = (
        compile_rules([("r", RULES)], World()),
        Memory(),
        EvaluationHistory(lambda: 0.0, Random(1)),
    )
    for second in range(12):
        for track, score in ((1, 0.9), (2, 0.4375)):
            at = WALL + timedelta(seconds=second)
            what = Event(
                EventId(f"{track}-{second}"), "test", 2 * second + track, Kind.OBJECT, Change.GOES_ON,
                CameraId("gate"), at, at, subject=f"track:{track}", label="person", score=score,
                judged=float(second),
            )  # fmt: skip
            now = Instant(at, float(second))
            done = history.weigh(rules, memory, what, now)
            history.note(what, now, done)
            memory.apply(done.changes)
            history.saw([what])
    history.note(None, now, Step(faults=(Fault(RuleName("sick"), "ValueError: ill"),)))
    return SimpleNamespace(rules=rules, memory=memory, history=history)


async def test_rules_and_how_they_do(stage: Stage) -> None:
    night, sick = service(stage, {}, judge=judging()).rules.rules(ROOT)
    assert (night.name, night.title["en"], night.error) == ("night", "Somebody", "")
    assert (night.fired, night.firing, night.pending, night.rows, night.limit) == (1, 1, 0, 1, 5)
    assert night.last_fired == WALL + timedelta(seconds=10)
    assert night.visits == 24
    assert (sick.error, sick.failed, sick.fired) == ("ValueError: ill", WALL + timedelta(seconds=11), 0)


async def test_why_a_rule_fired_or_not(stage: Stage) -> None:
    runner = stage.runner(stage.script())
    subject = service(stage, {"gate": runner, "yard": runner}, judge=judging())
    told = await subject.rules.explain(ROOT, "night", None)
    assert (told.live, told.fired, told.events) == (True, True, 24)
    (asked,) = told.patterns
    assert (asked.seen, asked.matched) == (24, 12)
    assert asked.nearest is not None
    assert asked.nearest.failed[0].values == {
        "what": "word.score",
        "above": 0.5,
        "is": 0.4375,
        "margin": 0.0625,
    }
    said = [line.said.en for line in told.lines if line.said]
    assert said[0] == "night fired:"
    assert said[-1].startswith("24 events that the running engine keeps were looked at, 2026-11-22 15:00:00")
    assert all("{" not in line.said.vi + line.said.en for line in told.lines if line.said)
    elsewhere = await subject.rules.explain(ROOT, "night", "yard")
    assert (elsewhere.fired, elsewhere.events) == (False, 0)
    sick = await subject.rules.explain(ROOT, "sick", None)
    assert sick.faults == ("ValueError: ill",)
    (line,) = (await subject.rules.explain(ROOT, "resting", None)).lines
    assert line.said is not None
    assert line.said.en.startswith("resting is disabled (enabled: false): it is not judged")


@pytest.mark.parametrize(
    ("rule", "camera", "code"), [("nigth", None, "rules.no_rule"), ("night", "roof", "camera.unknown")]
)
async def test_what_nobody_knows_is_not_explained(
    stage: Stage, rule: str, camera: str | None, code: str
) -> None:
    with pytest.raises(HttpProblem) as caught:
        await service(stage, {}, judge=judging()).rules.explain(ROOT, rule, camera)
    assert (caught.value.status, caught.value.code) == (404, code)
