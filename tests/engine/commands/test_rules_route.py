"""`matthan rules route`: who is told, when, and why not others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.commands.rules import app

RULES = """
schedules: {day: 07:30-17:00}
receivers:
  office: {do: [log], during: day, resolved: true}
  duty: {do: [log], not_during: day}
routes: [{severity: critical, to: [office, duty]}]
inhibit: [{by: {rules: lost}, of: {severity: critical}}]
rules:
  - {name: lost, when: {camera: lost}}
  - name: fire
    when: {signal: Fire}
    severity: critical
    suspend: {between: 09:00-10:00, why: drill}
    escalate: [{after: 5m, do: [log]}, {after: 15m, tell: duty, every: 30m}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "r.yaml").write_text(RULES)
    return tmp_path / "r.yaml"


def shown(*words: str) -> Result:
    return CliRunner().invoke(app, ["route", *words, "--lang", "en"])


def test_by_day_and_by_night(file: Path) -> None:
    day = shown("fire", str(file), "--at", "2027-02-01T09:30").stdout
    assert "office (log)" in day
    assert "not at this time, or not of this camera: duty" in day
    assert "escalated +5 min" in day
    assert "↻ 30 min" in day
    assert "not told until 10:00 01.02.2027: drill" in day
    assert "not told while lost fires (of the same camera)" in day
    night = json.loads(shown("fire", str(file), "--at", "2027-02-01T23:00", "--json").stdout)
    assert night["steps"][0]["receivers"] == {"duty": ["log"]}
    assert night["steps"][0]["asleep"] == ["office"]


def test_who_is_told_nothing_is_said(file: Path) -> None:
    assert "nobody is told" in shown("lost", str(file)).stdout
    assert shown("nothing", str(file)).exit_code == 2
    assert shown("fire", str(file), "--at", "soon").exit_code == 2
