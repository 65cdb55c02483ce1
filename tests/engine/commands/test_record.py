"""``matthan rules record``: life becomes a trial that comes out as it did, and tells of nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer

from engine.commands.rules import record
from engine.commands.rules.sources import Moments
from engine.config.configuration import load
from engine.config.world import world
from engine.judging.rulebook import bound
from rules.kinds.shorthand import trial_time
from tests.engine.commands.rule_site import CONFIG, run
from tests.engine.recorded_life import Happened, act, live, plate, stay

#: 21:50 at the site.
BEGIN = datetime(2026, 3, 1, 14, 50, tzinfo=UTC)
RULES = """\
rules:
  - name: night
    title: {vi: Có người ở cổng, en: Somebody at the gate}
    when: {object: person, cameras: c1, zone: gate}
    for: 4s
    cooldown: 30s
    escalate: {after: 1m, do: [log]}
    do: [log]
  - name: stranger
    title: {vi: Xe lạ, en: Strange car}
    when: {plate: any, score: {above: 0.5}, if: "plate != '29E12345'"}
    cooldown: 1s
    do: [log]
"""


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


LIFE: list[Happened] = [
    *stay(BEGIN, 570, 20, 1),  # 21:59:30: it has begun to count before, and fired
    *stay(BEGIN, 598, 12, 2),  # 21:59:58: it begins to count before 22:00
    (612.0, act(at(612), "acknowledge", rule="night", decision="x", by="Lan", note="Lan chased 30H-999.99")),
    (620.0, plate(at(620), "51F97022")),
    (625.0, plate(at(625), "51F97022")),
    *stay(BEGIN, 700, 10, 3),
]
SPAN = ("--from", "2026-03-01T22:00", "--to", "22:10")


async def site_of(place: Path, rules: str = RULES, life: list[Happened] = LIFE) -> Path:
    (place / "rules").mkdir()
    (place / "rules" / "gate.yaml").write_text(rules, "utf-8")
    path = place / "matthan.yaml"
    path.write_text(CONFIG.replace("state: state", f"state: {place / 'state'}"))
    known = load(path)
    book = bound(known.rules_files, world(known.settings), known.rules)
    (place / "state").mkdir()
    await live(place / "state" / "matthan.db", book, BEGIN, life, 1300.0)
    return path


@pytest.fixture
async def site(tmp_path: Path) -> Path:
    return await site_of(tmp_path)


def made(site: Path, *more: object) -> tuple[Path, dict[str, object]]:
    done = run("record", "--config", site, *SPAN, "--json", *more)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    return Path(told["file"]), told


async def test_a_stretch_comes_out_as_it_did(site: Path) -> None:
    path, told = made(site)
    assert (told["reproduces"], told["passes"], told["cut"]) == (True, True, {})
    assert path == site.parent / "rules" / "recorded-2026-03-01-220000.trial.yaml"
    tried = run("test", path, "--config", site)
    assert "1 trial passed, 0 failed" in tried.stdout
    text = path.read_text("utf-8")
    assert "- {fires: night, at: 22:00:04, camera: c1}" in text  # after the cooldown of what fired before
    assert "start: 21:59:08" in text
    assert run("fmt", "--check", path).exit_code == 0
    assert run("check", "--config", site, path).exit_code == 0


async def test_nobody_is_told_of(site: Path) -> None:
    text = made(site)[0].read_text("utf-8")
    for private in ("Lan", "51F97022", "30H", "99999", "chased"):
        assert private not in text
    assert "by: officer-1" in text
    plates = [line.split("label: ")[1].split(",")[0] for line in text.splitlines() if "kind: plate" in line]
    assert len(plates) == 2
    assert len(set(plates)) == 1


async def test_plates_that_rules_name_are_kept_when_that_is_said(tmp_path: Path) -> None:
    life = [*LIFE[:-11], (630.0, plate(at(630), "29E12345"))]
    site = await site_of(tmp_path, life=life)
    refused = run("record", "--config", site, *SPAN)
    assert refused.exit_code == 2
    assert "29E12345" in refused.stderr
    assert "--keep-plates" in refused.stderr
    path, told = made(site, "--keep-plates")
    assert (told["kept_plates"], told["plates"]) == (["29E12345"], 3)
    assert "29E12345" in path.read_text("utf-8")
    assert "51F97022" not in path.read_text("utf-8")


async def test_a_false_alarm_is_a_failing_trial_until_the_rule_is_mended(site: Path) -> None:
    done = run("record", "--config", site, *SPAN, "--rule", "stranger", "--expect", "nothing")
    assert done.exit_code == 0, done.output
    assert "mend them" in done.stderr
    path = site.parent / "rules" / "stranger-2026-03-01-220000.trial.yaml"
    assert "- {silent: stranger}" in path.read_text("utf-8")
    assert "kind: object" not in path.read_text("utf-8")
    assert run("test", path, "--config", site).exit_code == 1
    rules = site.parent / "rules" / "gate.yaml"
    rules.write_text(RULES.replace("above: 0.5", "above: 0.95"), "utf-8")
    assert run("test", path, "--config", site).exit_code == 0
    assert run("test", path).exit_code == 0


async def test_a_clean_night_is_judged_and_one_that_is_none_is_said(site: Path) -> None:
    quiet = ("--config", site, "--from", "2026-03-01T22:06", "--to", "22:09", "--clean")
    done = run("record", *quiet)
    assert done.exit_code == 2  # nothing happened
    done = run("record", "--config", site, "--from", "2026-03-01T22:00:09", "--to", "22:00:10", "--clean")
    assert done.exit_code == 0, done.output
    judged = run("clean", "--config", site)
    assert (judged.exit_code, "1 clean night: 0 false alarms" in judged.stdout) == (0, True)
    done = run("record", "--config", site, *SPAN, "--clean")
    assert done.exit_code == 1
    assert "no clean night: night, stranger fired" in done.stderr


async def test_what_differs_is_said(site: Path) -> None:
    rules = site.parent / "rules" / "gate.yaml"
    rules.write_text(RULES.replace("for: 4s", "for: 6s"), "utf-8")
    done = run("record", "--config", site, *SPAN)
    assert done.exit_code == 1
    assert "does not come out as it did live" in done.stdout
    assert "the rules have changed since then" in done.stderr
    assert run("record", "--config", site, *SPAN).exit_code == 2  # it is there already
    assert run("record", "--config", site, *SPAN, "--force").exit_code == 1


async def test_a_memory_that_is_cut_is_said(site: Path) -> None:
    done = run("record", "--config", site, *SPAN, "--lead", "1s")
    assert done.exit_code == 1
    assert (
        "night remembered something since 2026-03-01 21:59:34, before the trial begins; `--lead 1m`"
        in done.stderr
    )
    assert run("record", "--config", site, *SPAN, "--lead", "1m", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--from", "2026-03-01T22:10", "--to", "2026-03-01T22:00"), 2),
        (("--from", "2026-03-01T22:00", "--to", "2999-03-01T22:00"), 2),
        (("--from", "then", "--to", "22:00"), 2),
        ((*SPAN, "--rule", "nigth"), 2),
        ((*SPAN, "--camera", "c9"), 2),
        ((*SPAN, "--lead", "soon"), 2),
        ((*SPAN, "--into", "/proc/none/x.trial.yaml"), 2),
    ],
)
async def test_what_is_asked_wrongly_is_refused(site: Path, words: tuple[str, ...], code: int) -> None:
    assert run("record", "--config", site, *words).exit_code == code
    assert [each.name for each in (site.parent / "rules").iterdir()] == ["gate.yaml"]


def test_without_a_store(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "gate.yaml").write_text(RULES, "utf-8")
    (tmp_path / "matthan.yaml").write_text(CONFIG)
    assert run("record", "--config", tmp_path / "matthan.yaml", *SPAN).exit_code == 3


@pytest.mark.parametrize(
    ("now", "since", "until", "span"),
    [
        ("2026-03-02T08:00", "22:00", "22:10", ("2026-03-01T22:00", "2026-03-01T22:10")),
        ("2026-03-02T08:00", "22:00", "02:00", ("2026-03-01T22:00", "2026-03-02T02:00")),
        ("2026-03-02T23:00", "22:00", "02:00", ("2026-03-01T22:00", "2026-03-02T02:00")),
        ("2026-03-02T22:05", "22:00", "22:10", ("2026-03-01T22:00", "2026-03-01T22:10")),
        ("2026-03-09T22:05", "2026-03-01T23:50", "00:10", ("2026-03-01T23:50", "2026-03-02T00:10")),
        ("2026-03-09T22:05", "2h", "1h", ("2026-03-09T20:05", "2026-03-09T21:05")),
    ],
)
def test_stretches(now: str, since: str, until: str, span: tuple[str, str]) -> None:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    moments = Moments(zone, datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(UTC))
    found = record.stretch(moments, since, until)
    assert [f"{each.astimezone(zone):%Y-%m-%dT%H:%M}" for each in found] == list(span)


def test_no_moment_is_refused() -> None:
    moments = Moments(ZoneInfo("UTC"), BEGIN)
    with pytest.raises(typer.BadParameter):
        record.stretch(moments, "22:00", "soon")
    assert trial_time("22:00") == 79200


async def test_a_name_leads_into_no_other_folder(site: Path) -> None:
    path, _ = made(site, "--name", "mèo-cổng")
    assert path == site.parent / "rules" / "mèo-cổng.trial.yaml"
    for name in ("../x", "a/b", "", ".x", "a b", "-x"):
        refused = run("record", "--config", site, *SPAN, f"--name={name}")
        assert refused.exit_code == 2, name
    assert [each.name for each in site.parent.rglob("*.trial.yaml")] == [path.name]
