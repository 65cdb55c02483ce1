"""The rule author's tools on the command line: what they print, what they leave, how they end."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import explanation, wire
from engine.api.server import serve
from engine.commands.output import terminal
from engine.commands.output.report import Progress
from engine.commands.rules.scaffold import Kind
from engine.commands.rules.sources import Moments
from engine.config.settings import ApiSettings
from engine.draft import Draft
from engine.judging.judge import Judge
from engine.judging.replay import Period, Recorded
from engine.judging.rulebook import bound
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from rules.compiler.compile import World, compile_rules
from rules.memory import Memory
from rules.model import CameraId, Change
from rules.model import Kind as About
from tests.engine.commands.rule_site import RULES, lay_out, run
from tests.fakes.engine import FakeEngine

NIGHT = datetime(2026, 3, 1, 15, 10, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A configuration with one rule and its trial."""
    return lay_out(tmp_path)


def person(at: datetime, change: Change, track: int, score: float = 0.9) -> Draft:
    zones = () if change is Change.ENDED else ("gate",)
    camera, subject = CameraId("c1"), f"track:{track}"
    return Draft(About.OBJECT, change, camera, at, subject=subject, label="person", zones=zones, score=score)


@pytest.fixture
async def recorded(site: Path) -> Path:
    """The same site, whose engine saw two people: one whom it told, one whom it doubted."""
    clock = ManualClock(NIGHT)
    async with open_store(site.parent / "state" / "matthan.db", quota_mb=64, clock=clock) as store:
        resume = await store.load()
        ids, files = iter(range(1000)), [("night.yaml", RULES)]
        judge = Judge(
            bound(files, World(), compile_rules(files, World())), Memory(), store, clock, "s",
            lambda: f"e{next(ids)}", lambda *_: None, resume=resume,
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            running = group.create_task(judge.run(), name="judge")
            count = 1  # the rules were adopted
            for track, score in ((1, 0.9), (2, 0.46)):
                for second in range(6):
                    change = {0: Change.BEGAN, 5: Change.ENDED}.get(second, Change.GOES_ON)
                    await judge.offer(person(clock.wall, change, track, score))
                    count += 1
                    async with asyncio.timeout(60):
                        while judge.events < count:
                            await asyncio.sleep(0.001)
                    clock.advance(1.0)
            running.cancel()
    return site


# -- new, check, fmt -----------------------------------------------------------------------------


@pytest.mark.parametrize("about", list(Kind))
def test_a_new_rule_is_good_laid_out_and_fully_tried(tmp_path: Path, about: Kind) -> None:
    done = run("new", "xe-la", "--about", about, "--in", tmp_path)
    assert done.exit_code == 0, done.output
    assert run("check", tmp_path / "xe-la.yaml").exit_code == 0
    assert run("fmt", "--check", tmp_path / "xe-la.yaml", tmp_path / "xe-la.trial.yaml").exit_code == 0
    tried = run("test", tmp_path, "--coverage", "--min", "100", "--mutate")
    assert tried.exit_code == 0, tried.output
    assert "0 not noticed" in tried.output


def test_new_overwrites_nothing_and_refuses_a_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("mine")
    assert run("new", "a", "--in", tmp_path).exit_code == 1
    assert (tmp_path / "a.yaml").read_text() == "mine"
    refused = run("new", "Xe lạ", "--in", tmp_path)
    assert refused.exit_code == 2
    assert "matthan rules new xe-la" in refused.output
    assert run("new", "!", "--in", tmp_path).exit_code == 2
    assert run("new", "a", "--in", tmp_path / "none").exit_code == 1


def test_a_new_rule_tells_editors_of_a_schema_only_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "site" / "rules").mkdir(parents=True)
    (tmp_path / "site" / "schema").mkdir()
    for folder, wanted in ((tmp_path, False), (tmp_path / "site" / "rules", True)):
        assert run("new", "xe", "--in", folder).exit_code == 0
        assert ("$schema=../schema/rules" in (folder / "xe.yaml").read_text()) is wanted
        assert ("$schema=../schema/trials" in (folder / "xe.trial.yaml").read_text()) is wanted


def test_check_tells_errors_and_warnings_of_every_file(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("rules:\n  - name: a\n    when: {object: person}\n    do: [snapshot]\n")
    second.write_text("rules:\n  - name: b\n    wen: {object: person}\n")
    done = run("check", first, second)
    assert done.exit_code == 1
    assert f"{first}:4:5: warning[no_cooldown]: rules.0.do: does “snapshot” each time anew" in done.stdout
    assert "did you mean “when”?" in done.stdout
    told = json.loads(run("check", first, "--json").stdout)
    assert [each["code"] for each in told["problems"]] == ["problem.no_cooldown"]
    assert told["ok"] is True
    assert run("check", first, "--github").stdout.startswith("::warning file=")
    assert "cảnh báo" in run("check", first, lang="vi").stdout


def test_the_sun_may_be_named_where_no_site_is_known(tmp_path: Path) -> None:
    path = tmp_path / "dusk.yaml"
    path.write_text("rules: [{name: dusk, when: {motion: started}, between: sunset-sunrise}]\n")
    done = run("check", path)
    assert (done.exit_code, done.output) == (0, "no problems in 1 file\n")


def test_check_of_a_site_knows_its_cameras(site: Path) -> None:
    rules = site.parent / "rules" / "night.yaml"
    rules.write_text(RULES.replace("cameras: c1", "cameras: c9"))
    done = run("check", "--config", site)
    assert done.exit_code == 1
    assert "there is no camera “c9”" in done.stdout


def test_check_takes_trials_too(site: Path) -> None:
    folder = site.parent / "rules"
    assert run("check", folder / "night.yaml", folder / "night.trial.yaml").exit_code == 0
    (folder / "night.trial.yaml").write_text("trials: [{name: t, evnts: []}]")
    done = run("check", folder / "night.trial.yaml")
    assert done.exit_code == 1
    assert "error[unknown_key]: trials.0.evnts" in done.stdout
    assert run("check", folder / "none.trial.yaml").exit_code == 2


def test_fmt(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("rules:\n- name: a   # mine\n  when: {object:   person}\n")
    path.chmod(0o640)
    assert run("fmt", "--check", path).exit_code == 1
    done = run("fmt", path)
    assert (done.exit_code, done.stdout.strip()) == (0, str(path))
    assert path.read_text() == "rules:\n  - name: a # mine\n    when: {object: person}\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert run("fmt", path).stdout == ""
    assert run("fmt", "-", text="a:   1\n").stdout == "a: 1\n"
    path.write_text("a:   1\n")
    assert run("fmt", tmp_path).stdout.strip() == str(path)
    assert run("fmt", "--check", tmp_path).exit_code == 0
    path.write_text("a: [")
    assert run("fmt", path).exit_code == 1
    assert path.read_text() == "a: ["
    assert run("fmt", tmp_path / "none.yaml").exit_code == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.yaml"]


# -- clean ---------------------------------------------------------------------------------------


def test_clean_nights(site: Path) -> None:
    folder = site.parent / "rules" / "clean"
    assert run("clean", "--config", site).exit_code == 2
    folder.mkdir()
    cats = "{track: {label: animal, zone: gate, from: 23:00, to: 23:01}}"
    scene = f"camera: c1\ntrials:\n  - name: cats\n    events: [{cats}]\n"
    (folder / "night.yaml").write_text(scene)
    assert run("clean", "--config", site).exit_code == 0
    (folder / "night.yaml").write_text(scene.replace("label: animal", "label: person"))
    bad = run("clean", "--config", site)
    assert bad.exit_code == 1
    assert "✗ cats: " in bad.stdout
    (folder / "known.yaml").write_text("alarms: [{rule: night, scene: cats, reason: the guard walks here}]")
    known = run("clean", "--config", site)
    assert known.exit_code == 0
    assert "(the guard walks here)" in known.stdout
    (folder / "night.yaml").write_text(scene)
    stale = run("clean", "--config", site)
    assert stale.exit_code == 0
    assert "no longer comes" in stale.stdout
    (folder / "known.yaml").write_text("alarms: [{rule: night}]")
    assert run("clean", "--config", site).exit_code == 2


def test_a_recorded_night_is_a_clean_night_too(recorded: Path) -> None:
    folder = recorded.parent / "rules" / "clean"
    folder.mkdir()
    (folder / "march.jsonl").write_text(printed(recorded))
    done = run("clean", "--config", recorded)
    assert done.exit_code == 1
    assert "✗ march.jsonl: 2026-03-01 22:10:02" in done.stdout
    (folder / "march.jsonl").write_text("{}\n")
    assert run("clean", "--config", recorded).exit_code == 2


def printed(site: Path) -> str:
    from engine.api import present as shown

    events = Recorded(site.parent / "state" / "matthan.db").arrivals(Period())
    return "".join(shown.event(each.event).model_dump_json() + "\n" for each in events)


# -- replay, explain, top ------------------------------------------------------------------------


def test_the_same_rules_decide_the_same(recorded: Path) -> None:
    done = run("replay", "--config", recorded)
    assert done.exit_code == 0, done.output
    assert "2 the same, 0 gone, 0 new, 0 at another time" in done.stdout
    assert "times real time" in done.output


def test_changed_rules_show_what_changes(recorded: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text(RULES.replace("above: 0.5", "above: 0.4").replace("for: 2s", "for: 3s"))
    done = run("replay", "--config", recorded, "--rules", changed)
    assert done.exit_code == 1
    assert "+ 2026-03-01 22:10:09  c1" in done.stdout
    assert "~ 2026-03-01 22:10:03  c1" in done.stdout
    assert "(+1 s)" in done.stdout
    told = json.loads(run("replay", "--config", recorded, "--rules", changed, "--json").stdout)
    assert [each["rule"] for each in told["new"]] == ["night", "night"]
    assert told["events"] == 13  # the first adopted the rules


def test_a_printed_recording_needs_no_site(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(printed(recorded))
    done = run("replay", path, "--rules", recorded.parent / "rules" / "night.yaml")
    assert done.exit_code == 0, done.output
    assert "firing    night: person (0.90 ≥ 0.50)" in done.stdout
    path.write_text("nonsense\n")
    broken = run("replay", path, "--rules", recorded.parent / "rules" / "night.yaml")
    assert broken.exit_code == 2
    assert "events.jsonl:1: not an event" in broken.output


async def test_history_is_read_while_the_engine_writes_it(recorded: Path) -> None:
    database = recorded.parent / "state" / "matthan.db"
    async with open_store(database, quota_mb=64, clock=ManualClock(NIGHT, engine=100.0)):
        done = await asyncio.to_thread(run, "replay", "--config", recorded)
    assert done.exit_code == 0, done.output
    assert "2 the same" in done.stdout


def test_a_site_without_history_says_so(site: Path) -> None:
    for command in ("replay", "top"):
        assert run(command, "--config", site).exit_code == 2
    assert run("explain", "night", "--config", site).exit_code == 2


def test_explain_why_and_why_not(recorded: Path) -> None:
    done = run("explain", "night", "--config", recorded, "--at", "2026-03-01T22:10")
    assert done.exit_code == 0, done.output
    assert "night fired:" in done.stdout
    later = run("explain", "night", "--config", recorded, "--at", "2026-03-01T22:10:09", "--around", "3s")
    assert "night did not fire." in later.stdout
    assert "    ✗ score ≥ 0.5: it is 0.46, 0.04 off" in later.stdout
    assert "6 recorded events were looked at" in later.stdout
    assert (
        "lệch 0,04"
        in run(
            "explain",
            "night",
            "--config",
            recorded,
            "--at",
            "2026-03-01T22:10:09",
            "--around",
            "3s",
            lang="vi",
        ).stdout
    )
    told = json.loads(run("explain", "night", "--config", recorded, "--since", "2026-03-01", "--json").stdout)
    assert told["fired"] is True
    assert told["patterns"][0]["seen"] == 12
    assert told["live"] is False
    assert told["patterns"][0]["nearest"]["failed"][0]["values"]["margin"] == 0.04


def test_the_tree_of_a_rule_as_it_stood(recorded: Path) -> None:
    asked = (
        "explain",
        "night",
        "--config",
        recorded,
        "--at",
        "2026-03-01T22:10:09",
        "--around",
        "3s",
        "--tree",
    )
    lines = run(*asked).stdout.splitlines()
    assert lines[0] == "✗ night does not fire"
    assert "      ✗ score ≥ 0.5 █████████░ 0.46 of 0.5" in lines
    (nearest,) = (line for line in lines if "◀ the nearest miss" in line)
    assert "2026-03-01 22:10:10" in nearest
    assert "độ chắc ≥ 0,5 █████████░ 0,46 trên 0,5" in run(*asked, lang="vi").stdout
    told = json.loads(run(*asked, "--json").stdout)
    assert (told["sort"], told["holds"]) == ("rule", False)
    assert any(each["nearest"] for pattern in told["branches"] for each in pattern["branches"])


def heard(rule: str, camera: str | None) -> explanation.Explanation:
    said = wire.Sentence(code="x", vi=f"nghe từ {camera}", en=f"heard of {camera}")
    return explanation.Explanation(
        rule=rule, live=True, lines=(explanation.Told(depth=2, before="✗", said=said),)
    )


def answering() -> FakeEngine:
    """A running engine with three rules."""
    engine = FakeEngine(
        rules=[
            wire.Rule(name="calm", severity="info", visits=5, cpu=0.00001),
            wire.Rule(name="night", severity="warning", fired=7, visits=1600, cpu=0.5, rows=3, evicted=2),
            wire.Rule(name="sick", severity="warning", error="ValueError: ill"),
        ]
    )
    engine.explained = heard
    return engine


@pytest.fixture
async def running(site: Path) -> AsyncIterator[Path]:
    """A site whose engine answers."""
    socket = site.parent / "s"
    site.write_text(f"{site.read_text()}api: {{socket: {socket}}}\n")
    async with serve(answering().api(), ApiSettings(), socket=socket):
        yield site


async def test_a_running_engine_explains_at_once(running: Path) -> None:
    done = await asyncio.to_thread(run, "explain", "night", "--config", running, "--camera", "c1")
    assert (done.exit_code, done.stdout) == (0, "    ✗ heard of c1\n")
    told = await asyncio.to_thread(run, "explain", "night", "--config", running, "--json", lang="vi")
    assert json.loads(told.stdout)["lines"][0]["said"]["vi"] == "nghe từ None"


async def test_what_the_running_engine_does_not_know_is_looked_up(running: Path) -> None:
    rules = running.parent / "rules" / "night.yaml"
    rules.write_text(RULES.replace("name: night", "name: newer"))
    done = await asyncio.to_thread(run, "explain", "newer", "--config", running)
    assert "the running engine says: there is no rule “newer”; known: calm, night, sick" in done.stderr
    assert done.exit_code == 2  # nothing is recorded


async def test_top_of_a_running_engine(running: Path) -> None:
    done = await asyncio.to_thread(run, "top", "--config", running, "--live")
    assert done.exit_code == 0, done.output
    head, first, second, third = done.stdout.splitlines()[:4]
    assert [line.split()[0] for line in (first, second, third)] == ["night", "calm", "sick"]
    assert first.split()[1:3] == ["100.0", "%"]
    assert "ValueError: ill" in third
    assert len({len(line) for line in (head, first, second)}) == 1  # one column under the other
    told = json.loads((await asyncio.to_thread(run, "top", "--config", running, "--live", "--json")).stdout)
    assert [each["name"] for each in told["rules"]] == ["night", "calm", "sick"]


@pytest.mark.parametrize("how", ["option", "environment"])
async def test_without_a_configuration_the_engine_is_asked(
    running: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("engine.config.configuration.SYSTEM", running.parent / "nowhere.yaml")
    monkeypatch.setattr(
        "engine.config.configuration.user_config_path", lambda name: running.parent / "nowhere"
    )
    monkeypatch.delenv("MATTHAN_CONFIG", raising=False)
    where = ["--socket", running.parent / "s"] if how == "option" else []
    monkeypatch.setenv("MATTHAN_SOCKET", str(running.parent / ("s" if how == "environment" else "gone")))
    done = await asyncio.to_thread(run, "explain", "night", *where)
    assert (done.exit_code, done.stdout) == (0, "    ✗ heard of None\n")
    done = await asyncio.to_thread(run, "explain", "nigth", *where)
    assert done.exit_code == 2
    assert "no rule “nigth”; known: calm, night, sick" in done.stderr
    done = await asyncio.to_thread(run, "top", "--live", *where)
    assert done.exit_code == 0, done.output


def test_a_folder_is_checked_with_its_clean_nights(site: Path) -> None:
    folder = site.parent / "rules" / "clean"
    folder.mkdir()
    (folder / "night.yaml").write_text(
        "trials:\n  - name: calm\n    events: [{motion: {from: 22:00:00, to: 22:00:01}}]\n"
    )
    (folder / "known.yaml").write_text("alarms: []\n")
    done = run("check", folder.parent)
    assert done.exit_code == 0, done.output
    (folder / "night.yaml").write_text("trials:\n  - nam: calm\n")
    done = run("check", folder.parent)
    assert done.exit_code == 1
    assert "night.yaml:2:5" in done.stdout


def test_top_without_an_engine_says_so(site: Path) -> None:
    done = run("top", "--config", site, "--live")
    assert done.exit_code == 3
    assert "no engine answers" in done.stderr


def test_explain_one_event(recorded: Path) -> None:
    done = run("explain", "night", "--config", recorded, "--event", "e7")
    assert "✗ score ≥ 0.5: it is 0.46, 0.04 off" in done.stdout
    assert "✓ camera c1: holds" in done.stdout
    assert "✓ within its hours" in done.stdout
    assert (
        run("explain", "night", "--config", recorded, "--event", "x", "--since", "2026-03-01").exit_code == 2
    )
    unknown = run("explain", "nigth", "--config", recorded)
    assert unknown.exit_code == 2
    assert "known: night" in unknown.output


def test_top(recorded: Path) -> None:
    done = run("top", "--config", recorded, "--since", "2026-03-01")
    assert done.exit_code == 0, done.output
    head, line, under = done.stdout.splitlines()
    assert len(head) == len(line)
    assert line.startswith("night ")
    assert "13 recorded events" in under
    assert "\x1b" not in done.stdout
    (told,) = json.loads(run("top", "--config", recorded, "--since", "2026-03-01", "--json").stdout)["rules"]
    assert (told["rule"], told["fired"]) == ("night", 1)
    assert told["visits"] >= 10


# -- small parts ---------------------------------------------------------------------------------


def test_schemas() -> None:
    assert "RuleSpec" in json.loads(run("schema").stdout)["$defs"]
    assert "Trial" in json.loads(run("schema", "trials").stdout)["$defs"]


def test_the_kept_schema_of_trials_is_the_present_one() -> None:
    kept = Path(__file__).parents[3] / "configs" / "schema" / "trials.schema.json"
    assert kept.read_text("utf-8") == run("schema", "trials").stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", timedelta(hours=-2)),
        ("22:00", timedelta(minutes=-10)),
        ("22:30", timedelta(hours=-24, minutes=20)),
        ("2026-03-01T22:00", timedelta(minutes=-10)),
        ("2026-03-01T15:00+00:00", timedelta(minutes=-10)),
    ],
)
def test_moments(text: str, expected: timedelta) -> None:
    from zoneinfo import ZoneInfo

    assert Moments(ZoneInfo("Asia/Ho_Chi_Minh"), NIGHT).read(text) == NIGHT + expected


def test_what_is_no_moment_is_wrong_usage(recorded: Path) -> None:
    assert run("replay", "--config", recorded, "--since", "yesterday").exit_code == 2
    assert run("explain", "night", "--config", recorded, "--at", "22:00", "--around", "x").exit_code == 2


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((Terminal(), "\r\x1b[Kevents 2,000\r\x1b[K"), (io.StringIO(), "")):
        with Progress("events", stream) as progress:
            progress(2000)
        assert stream.getvalue() == shown
    assert terminal.paint("x", "31", False) == "x"
