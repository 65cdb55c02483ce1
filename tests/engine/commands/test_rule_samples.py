"""The samples that a commune begins with: good, laid out, fully tried, and silent on a clean night."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.commands.rules import app
from engine.commands.rules.check import TRIAL
from engine.config.configuration import load

ROOT = Path(__file__).parents[3]
RULES = ROOT / "configs" / "rules"
FILES = sorted(path for path in RULES.glob("*.yaml") if not path.name.endswith(TRIAL))


def run(*arguments: object) -> Result:
    env = {"LANG": "C.UTF-8", "LC_ALL": None, "MATTHAN_LANG": "en", "MATTHAN_CONFIG": None}
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env)


def test_there_are_twenty_and_the_sample_site_takes_them() -> None:
    rules = load(ROOT / "configs" / "matthan.yaml").rules
    assert len(rules.rules) >= 20
    assert rules.warnings == ()
    assert all(rule.title["vi"] != rule.title["en"] for rule in rules.rules)


def test_they_give_no_warning() -> None:
    done = run("check", "--config", ROOT / "configs" / "matthan.yaml")
    assert done.exit_code == 0
    assert "warning" not in done.output


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_condition_is_tried_and_every_mutant_noticed(path: Path) -> None:
    done = run("test", path, "--coverage", "--min", "100", "--mutate", "--diff")
    assert done.exit_code == 0, done.output


def test_they_are_silent_on_clean_nights() -> None:
    done = run("clean", "--config", ROOT / "configs" / "matthan.yaml")
    assert done.exit_code == 0, done.output
    assert "no longer comes" not in done.output
