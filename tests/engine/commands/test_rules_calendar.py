"""`matthan rules calendar`: when a rule is awake, day by day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.commands.rules import app

RULES = """
holidays: [01-01, tet]
schedules: {temple: {days: [ram, mung-mot]}}
rules:
  - name: yard
    when: {object: person}
    not_during: temple
    between: 22:00-05:00
    suspend: {between: 23:00-24:00, why: patrol}
  - {name: report, when: {at: ["07:00", "19:00"], days: [mon#1]}}
  - {name: often, when: {every: 1m}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "r.yaml").write_text(RULES)
    return tmp_path / "r.yaml"


def shown(*words: str) -> Result:
    return CliRunner().invoke(app, ["calendar", *words, "--lang", "en"])


def test_each_day_with_its_hours_and_its_lunar_date(file: Path) -> None:
    lines = shown("yard", str(file), "--from", "2026-12-22", "--days", "3").stdout.splitlines()
    assert lines == [
        "Tue 22.12.2026  14/11    00:00–05:00, 22:00–24:00; not told 23:00–24:00: patrol",
        "Wed 23.12.2026  15/11    –; not told 23:00–24:00: patrol",
        "Thu 24.12.2026  16/11    00:00–05:00, 22:00–24:00; not told 23:00–24:00: patrol",
    ]


def test_times_of_day_and_holidays_as_json(file: Path) -> None:
    told = shown("report", str(file), "--from", "2026-12-07", "--days", "1", "--json").stdout
    (only,) = map(json.loads, told.splitlines())
    assert [each["from"][11:16] for each in only["awake"]] == ["07:00", "19:00"]
    assert only["holiday"] is False
    told = shown("report", str(file), "--from", "2027-02-06", "--days", "1").stdout
    assert "1/1" in told
    assert "holiday" in told


def test_what_comes_all_the_time_ends(file: Path) -> None:
    assert len(shown("often", str(file), "--from", "2026-12-07", "--days", "1").stdout) < 5000


def test_an_unknown_rule_or_date(file: Path) -> None:
    assert shown("yrd", str(file)).exit_code == 2
    assert shown("yard", str(file), "--from", "soon").exit_code == 2
