"""``matthan rules test``: what it prints, for people and for scripts, what it leaves, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from tests.engine.commands.rule_site import TRIAL, lay_out, run


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A configuration with one rule and its trial."""
    return lay_out(tmp_path)


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
        ("trâu", "animal"),
        ("bò", "animal"),
        ("ga", "animal"),
        ("con vat", "animal"),
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
