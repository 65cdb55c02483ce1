"""The demo's own parts: durations, the configuration that it writes, what it prints."""

from __future__ import annotations

import asyncio
import re
import signal
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner

from drivers.contract import Found
from engine.api import wire
from engine.commands import demo
from engine.config import configuration
from engine.demo import config, stage
from engine.demo.show import Show
from engine.text import LANGUAGES, Language, catalogue
from rules.model import Kind, Phase

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
REASON = wire.Sentence(code="x", vi="vì có người", en="because somebody is there")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1h", 3600), ("0.5s", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert demo._duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "5x", "-1s", "0", "abc"])
def test_no_durations(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        demo._duration(text)


@pytest.mark.parametrize("words", [["--for", "soon"], ["--lang", "fr"], ["--video", "/nonexistent.mp4"]])
def test_wrong_usage_starts_nothing(words: list[str]) -> None:
    assert CliRunner().invoke(demo.app, ["--headless", *words]).exit_code == 2


def test_what_it_writes_is_a_good_configuration(tmp_path: Path) -> None:
    found = [
        Found(
            "onvif", f"http://127.0.0.1:{port}/onvif/device_service", f"urn:{port}", "127.0.0.1", 'C: "ổng"'
        )
        for port in (8001, 8002)
    ]
    password = tmp_path / "camera.password"
    path = config.write(
        tmp_path, found, ptz="urn:8002", username="admin", password_file=password, language="vi"
    )
    report = configuration.check(path)
    assert report.problems == ()
    assert report.configuration is not None
    assert [camera.id for camera in report.configuration.settings.cameras] == ["cam-1", "ptz"]
    assert report.configuration.settings.discovery.interfaces == []  # it tells of its own cameras only
    assert str(password) in path.read_text("utf-8")
    assert report.configuration.settings.cameras[1].name == 'C: "ổng"'


async def test_a_child_that_hangs_is_killed_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "PATIENCE", 0.05)
    late: list[float] = []
    async with stage.child(
        ["sim", "--json", "--no-discovery"], tmp_path / "log", late.append, read=True
    ) as child:
        await stage.first_line(child, tmp_path / "log", 120)
        child.send_signal(signal.SIGSTOP)
    assert late == [0.05]
    assert child.returncode == -signal.SIGKILL


def test_in_vietnamese_everything_is_vietnamese() -> None:
    """Whatever stands in a line, but for names, comes from the Vietnamese table."""
    printed: list[str] = []
    show = Show(printed.append, "vi", ZoneInfo("Asia/Ho_Chi_Minh"))
    told = wire.Sentence(code="x", vi="vì mất điện", en="NO")
    for state in wire.CameraState:
        show.hear(wire.CameraUpdate(camera=wire.Camera(id="c", name="C", state=state, since=AT, reason=told)))
    for code in catalogue("vi"):
        if code.startswith("demo_event."):
            kind, _, change = code.removeprefix("demo_event.").partition("_")
            show.hear(
                wire.Event(id=code, seq=1, kind=kind, change=change, at=AT, label="moving", zones=("a",))
            )
    for phase in Phase:
        show.hear(
            wire.Decision(
                id=phase, rule="r", phase=phase, key="k", at=AT, since=AT, cause="e", severity="info",
                title={"vi": "Có chuyển động", "en": "NO"}, reason=told,
            )
        )  # fmt: skip
    for outcome in ("done", "again", "dead"):
        delivery = {"id": 1, "decision": "d", "action": "log", "at": AT, "state": outcome, "attempts": 1}
        show.hear(wire.Delivery.model_validate(delivery))
    show.hear(wire.EngineUpdate(engine=wire.Engine(version="1", site="s", started=AT, now=AT)))
    lines = [*printed, *show.summary(1.0).splitlines()]
    vi, en = catalogue("vi"), catalogue("en")
    foreign = [
        en[code] for code in vi if code.startswith("demo") and en[code] != vi[code] and "{" not in en[code]
    ]
    said = [(word, line) for word in foreign for line in lines if re.search(rf"\b{word}\b", line)]
    assert said == []
    assert "QUYẾT ĐỊNH -        đang diễn ra: Có chuyển động" in "\n".join(lines)
    assert "đối tượng xuất hiện: vật đang chuyển động ở a" in "\n".join(lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_event_that_happens_has_words(language: Language) -> None:
    told = {
        code.removeprefix("demo_event.").partition("_")[0]
        for code in catalogue(language)
        if "demo_event." in code
    }
    assert told == set(Kind) - {Kind.DECISION, Kind.CLOCK}  # these two are never stored


def test_what_it_prints() -> None:
    printed: list[str] = []
    show = Show(printed.append, "en", ZoneInfo("Asia/Ho_Chi_Minh"))
    camera = wire.Camera(id="gate", name="Gate", state=wire.CameraState.LOST, since=AT, reason=REASON)
    show.hear(wire.CameraUpdate(camera=camera))
    show.hear(wire.CameraUpdate(camera=camera))
    for change in ("began", "goes_on", "ended"):
        show.hear(
            wire.Event(
                id=change, seq=1, kind="object", change=change, at=AT, subject="track:1", camera="gate"
            )
        )
    show.hear(
        wire.Decision(
            id="d", rule="moves", phase="firing", key="k", camera="gate", at=AT, since=AT, cause="e",
            severity="info", title={"en": "Something moves"}, reason=REASON,
        )
    )  # fmt: skip
    show.hear(wire.Delivery(id=1, decision="d", action="log", at=AT, state="done", attempts=1, detail="ok"))
    show.hear(wire.Gap(missed=3))
    assert len(printed) == 5
    assert printed[0].endswith("gate     lost: because somebody is there")
    assert printed[1].split()[:3] == ["15:00:00.0", "event", "gate"]
    assert "because somebody is there" in printed[3]
    told = show.summary(12.0)
    assert "3 (object began 1, object ended 1, object goes on 1)" in told
    assert show.missed == 3


async def test_a_child_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with stage.child(["sim", "--cameras", "0"], log, print, read=True) as child:
        with pytest.raises(stage.StageError, match="--cameras"):
            await stage.first_line(child, log, 120)
    async with stage.child(["run", "--config", str(tmp_path / "none")], log, print) as child:
        with pytest.raises(stage.StageError, match="nothing was started"):
            await stage.wait_for(tmp_path / "api.sock", child, log, 120)


async def test_a_signal_ends_a_step_and_a_step_tells_its_own_failure() -> None:
    stopped = asyncio.Event()

    async def answer(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    async def fail() -> None:
        raise stage.StageError("demo.no_cameras")

    assert await demo._unless(stopped, answer(0)) == "done"
    with pytest.raises(stage.StageError, match="did not start"):
        await demo._unless(stopped, fail())
    asyncio.get_running_loop().call_later(0.01, stopped.set)
    with pytest.raises(stage.StageError, match="stopped"):
        await asyncio.wait_for(demo._unless(stopped, answer(3600)), 60)


def test_a_state_after_a_gap_tells_and_counts_only_what_is_new() -> None:
    printed: list[str] = []
    show = Show(printed.append, "en", ZoneInfo("UTC"))
    events = tuple(wire.Event(id=f"e{n}", seq=n, kind="motion", change="began", at=AT) for n in (3, 2, 1))
    made = wire.Decision(
        id="d", rule="r", phase="firing", key="k", at=AT, since=AT, cause="e1", severity="info",
        reason=wire.Sentence(code="x"),
    )  # fmt: skip
    engine = wire.Engine(version="1", site="s", started=AT, now=AT)
    show.hear(wire.State(revision=1, engine=engine, events=events[1:], decisions=(made,)))
    show.hear(wire.Gap(missed=1))
    show.hear(wire.State(revision=4, engine=engine, events=events, decisions=(made,)))
    assert (show.events.total(), show.decisions.total()) == (3, 1)
