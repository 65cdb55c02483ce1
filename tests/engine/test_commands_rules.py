"""The rule author's tools on the command line: what they print, what they leave, how they end."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner, Result

from engine.api import telling, wire
from engine.api.problems import refusal
from engine.api.server import serve
from engine.clock import ManualClock
from engine.commands import terminal
from engine.commands.report import Progress
from engine.commands.rules import app
from engine.commands.rules.scaffold import Kind
from engine.commands.rules.sources import Moments
from engine.draft import Draft
from engine.flow import Hub
from engine.judge import Judge
from engine.replay import Recorded, Span
from engine.rulebook import bound
from engine.settings import ApiSettings
from engine.store.db import open_store
from rules.compile import World, compile_rules
from rules.memory import Memory
from rules.model import CameraId, Change
from rules.model import Kind as About

NIGHT = datetime(2026, 3, 1, 15, 10, tzinfo=UTC)
RULES = """\
rules:
  - name: night
    title: {vi: Có người ở cổng, en: Somebody at the gate}
    when: {object: person, cameras: c1, zone: gate, score: {above: 0.5}}
    between: 22:00-05:00
    for: 2s
    do: [log]
"""
TRIAL = """\
camera: c1
trials:
  - name: somebody at the gate at night
    events:
      - track: {label: person, zone: gate, from: 22:01:00, to: 22:01:10}
    expect:
      - {fires: night, at: 22:01:02}
"""
CONFIG = """\
site: s
language: en
state: state
rules: [rules/*.yaml]
cameras:
  - {id: c1, url: "rtsp://10.0.0.1/s", zones: {gate: [[0, 0], [1, 0], [1, 1]]}}
  - {id: c2, url: "rtsp://10.0.0.2/s"}
"""


def run(*arguments: object, lang: str = "en", text: str | None = None) -> Result:
    env = {"LANG": "C.UTF-8", "LC_ALL": None, "MATTHAN_LANG": lang, "MATTHAN_CONFIG": None}
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env, input=text)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A configuration with one rule and its trial."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "night.yaml").write_text(RULES)
    (folder / "night.trial.yaml").write_text(TRIAL)
    path = tmp_path / "matthan.yaml"
    path.write_text(CONFIG.replace("state: state", f"state: {tmp_path / 'state'}"))
    return path


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
            lambda: f"e{next(ids)}", lambda events, decisions: None, resume=resume,
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


# -- test ----------------------------------------------------------------------------------------


def test_trials_pass_of_a_site_and_of_a_rule_file(site: Path) -> None:
    for arguments in (("--config", site), (site.parent / "rules" / "night.yaml",), (site.parent,)):
        done = run("test", *arguments)
        assert done.exit_code == 0, done.output
        assert "✓ somebody at the gate at night" in done.stdout
        assert "1 trial passed, 0 failed" in done.stdout
        assert "\x1b" not in done.stdout


def test_a_failure_is_told_with_line_diff_and_junit(site: Path, tmp_path: Path) -> None:
    trial = site.parent / "rules" / "night.trial.yaml"
    trial.write_text(TRIAL.replace("at: 22:01:02", "at: 22:01:03"))
    done = run("test", trial, "--diff", "--junit", tmp_path / "junit.xml")
    assert done.exit_code == 1
    assert (
        f"{trial}:7:9: error[trial.other_fires]: trials.0.expect.0: night did not fire then; it fired at 22:01:02"
        in done.stdout
    )
    assert "    -22:01:03 fires night" in done.stdout
    assert "    +22:01:02 fires night" in done.stdout
    suite = etree.parse(tmp_path / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    assert "night did not fire then" in (suite[0][0].get("message") or "")
    assert json.loads(run("test", trial, "--json").stdout)["ok"] is False
    assert run("test", trial, "--github").stdout.startswith("::error file=")
    assert "không báo lúc đó" in run("test", trial, lang="vi").stdout


def test_a_broken_trial_and_broken_rules_fail(site: Path, tmp_path: Path) -> None:
    trial = site.parent / "rules" / "night.trial.yaml"
    trial.write_text("trials: [{name: t, evnts: []}]")
    done = run("test", trial, "--junit", tmp_path / "j.xml")
    assert done.exit_code == 1
    assert "did you mean “events”?" in done.stdout
    assert etree.parse(tmp_path / "j.xml").getroot()[0].get("errors") == "1"
    trial.write_text(TRIAL)
    (site.parent / "rules" / "night.yaml").write_text("rules: [{name: night, when: {}}]")
    assert run("test", trial).exit_code == 1
    assert run("test", site.parent / "none.trial.yaml").exit_code == 2
    assert run("test", tmp_path / "state").exit_code == 2


def test_coverage_and_mutants_fail_where_a_condition_is_not_tried(site: Path) -> None:
    low = run("test", "--config", site, "--coverage", "--min", "90")
    assert low.exit_code == 1
    assert "night: camera c1 never fails" in low.stdout
    assert run("test", "--config", site, "--coverage", "--min", "50").exit_code == 0
    mutated = run("test", "--config", site, "--mutate")
    assert mutated.exit_code == 1
    assert "nothing notices when “zone: gate” is left out" in mutated.stdout
    assert json.loads(run("test", "--config", site, "--mutate", "--json").stdout)["ok"] is False
    assert (
        json.loads(run("test", "--config", site, "--coverage", "--min", "90", "--json").stdout)["ok"] is False
    )


WATER = """\
rules:
  - name: nuoc-cao
    when: {mqtt: song/nuoc, if: number('cm') > 80 or text('muc') == 'cao'}
"""
HIGH = """\
trials:
  - name: high
    events: [{mqtt: {topic: song/nuoc, payload: '{"cm": 90, "nguồn": "Sông Hồng"}', at: 10:00}}]
    expect: [{fires: nuoc-cao, at: 10:00}]
"""


def test_what_befalls_the_world_is_told_in_both_languages_and_to_scripts(tmp_path: Path) -> None:
    (tmp_path / "nuoc.yaml").write_text(WATER)
    (tmp_path / "nuoc.trial.yaml").write_text(HIGH)
    done = run("test", tmp_path, "--mutate")
    assert done.exit_code == 1
    assert "  3 other worlds, 1 in which it goes wrong or nothing notices" in done.stdout
    place = f"{tmp_path / 'nuoc.yaml'}:3:54: "
    told = "rules.0.when.if: nothing notices when “text('muc')” is missing"
    assert f"{place}warning[mutation.missing]: {told}" in done.stdout
    vietnamese = run("test", tmp_path, "--mutate", lang="vi").stdout
    assert "  3 hoàn cảnh khác, 1 trong đó sai hoặc không bài thử nào phát hiện" in vietnamese
    assert "không bài thử nào nhận ra khi thiếu “text('muc')”" in vietnamese
    (missing,) = [
        each
        for each in json.loads(run("test", tmp_path, "--mutate", "--json").stdout)["problems"]
        if each["code"] == "mutation.missing"
    ]
    assert (missing["line"], missing["column"], missing["values"]) == (3, 54, {"fact": "text('muc')"})


def test_a_label_that_no_detector_tells_is_told_in_trials_too(site: Path) -> None:
    trial = site.parent / "rules" / "night.trial.yaml"
    trial.write_text(TRIAL.replace("label: person", "label: truck"))
    done = run("check", trial)
    assert done.exit_code == 0
    assert f"{trial}:5:24: warning[unknown_label]: trials.0.events.0.track.label" in done.stdout
    assert "(did you mean “heavy”?)" in done.stdout
    trial.write_text(TRIAL)
    assert "warning" not in run("check", trial).stdout


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("motorcycle", "two_wheeler"),
        ("Bus", "heavy"),
        ("dog", "animal"),
        ("xe máy", "two_wheeler"),
        ("xe may", "two_wheeler"),
        ("người", "person"),
        ("persn", "person"),
        ("xe hai bánh", "two_wheeler"),
    ],
)
def test_without_a_site_a_word_for_a_label_leads_to_it(tmp_path: Path, word: str, meant: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(f"rules: [{{name: r, when: {{object: {word}}}}}]")
    done = run("check", path)
    assert f"the detector has no label “{word}”" in done.stdout
    assert f"(did you mean “{meant}”?)" in done.stdout
    assert "it has: airplane, animal, any, backpack," in done.stdout


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
    from engine import shown

    events = Recorded(site.parent / "state" / "matthan.db").arrivals(Span())
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


class Engine:
    """What a running engine answers about rules; of `engine.api.service.Service` no more is asked."""

    hub: Hub[wire.Update] = Hub()

    def rules(self) -> list[wire.Rule]:
        return [
            wire.Rule(name="calm", severity="info", visits=5, cpu=0.00001),
            wire.Rule(name="night", severity="warning", fired=7, visits=1600, cpu=0.5, rows=3, evicted=2),
            wire.Rule(name="sick", severity="warning", error="ValueError: ill"),
        ]

    async def explain(self, rule: str, camera: str | None) -> telling.Explanation:
        if rule != "night":
            raise refusal(404, "rules.no_rule", rule=rule, known="night")
        said = wire.Sentence(code="x", vi=f"nghe từ {camera}", en=f"heard of {camera}")
        return telling.Explanation(
            rule=rule, live=True, lines=(telling.Told(depth=2, before="✗", said=said),)
        )


@pytest.fixture
async def running(site: Path) -> AsyncIterator[Path]:
    """A site whose engine answers."""
    socket = site.parent / "s"
    site.write_text(f"{site.read_text()}api: {{socket: {socket}}}\n")
    async with serve(Engine(), ApiSettings(), socket=socket):  # type: ignore[arg-type]  # see there
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
    assert "the running engine says: there is no rule “newer”; known: night" in done.stderr
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
    monkeypatch.setattr("engine.configuration.SYSTEM", running.parent / "nowhere.yaml")
    monkeypatch.setattr("engine.configuration.user_config_path", lambda name: running.parent / "nowhere")
    monkeypatch.delenv("MATTHAN_CONFIG", raising=False)
    where = ["--socket", running.parent / "s"] if how == "option" else []
    monkeypatch.setenv("MATTHAN_SOCKET", str(running.parent / ("s" if how == "environment" else "gone")))
    done = await asyncio.to_thread(run, "explain", "night", *where)
    assert (done.exit_code, done.stdout) == (0, "    ✗ heard of None\n")
    done = await asyncio.to_thread(run, "explain", "nigth", *where)
    assert done.exit_code == 2
    assert "no rule “nigth”; known: night" in done.stderr
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
    kept = Path(__file__).parents[2] / "configs" / "schema" / "trials.schema.json"
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
