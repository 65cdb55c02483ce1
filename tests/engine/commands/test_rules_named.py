"""A rule that is switched off, or that nobody knows: every tool answers alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.commands.rules import app

CONFIG = """
cameras: []
rules: [rules/*.yaml]
"""
RULES = """
disable: [{tags: [off]}]
rules:
  - {name: yard, tags: [off], when: {object: person}}
  - {name: gate-two, when: {object: person}}
  - {name: gate-day, when: {object: car}}
"""
ASKED = [
    ["calendar"],
    ["route"],
    ["explain"],
    ["record", "--from", "22:00", "--to", "22:10", "--rule"],
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "r.yaml").write_text(RULES)
    (tmp_path / "matthan.yaml").write_text(CONFIG)
    return tmp_path / "matthan.yaml"


@pytest.mark.parametrize("words", ASKED)
def test_the_nearest_names_are_told(words: list[str], config: Path) -> None:
    told = CliRunner().invoke(app, [*words, "gate", "--config", str(config), "--lang", "en"])
    assert told.exit_code == 2
    assert all(name in told.stderr for name in ("gate-day", "gate-two"))
    assert "yard" not in told.stderr


@pytest.mark.parametrize("words", ASKED)
def test_one_that_is_switched_off_is_not_unknown(words: list[str], config: Path) -> None:
    told = CliRunner().invoke(app, [*words, "yard", "--config", str(config), "--lang", "en"])
    assert "switched off" in told.stderr + told.stdout or "disabled" in told.stderr + told.stdout
