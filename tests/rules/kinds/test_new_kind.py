"""A kind of event that nobody knew is a record in the table: a rule for it works, and no other module changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__)


@pytest.fixture(scope="module")
def story() -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[3])}
    done = subprocess.run(
        [sys.executable, HERE.with_name("noise.py")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_rule_for_it_is_read_and_compiled(story: dict[str, Any]) -> None:
    assert story["problems"] == []
    assert story["schema"] == [True, True], "its pattern, and the key that it brings"


def test_it_fires_ends_and_is_counted_by_its_own_key_in_a_trial(story: dict[str, Any]) -> None:
    assert story["trial schema"]
    assert story["outcomes"] == [["a pane breaks twice", []], ["spelt out", []]]


def test_its_nearest_miss_is_explained(story: dict[str, Any]) -> None:
    assert story["miss"] == ["loudness ≥ 60: it is 50, 10 off"]


@pytest.mark.parametrize(
    ("mistake", "problem"),
    [
        ("meant", "11 problem.kind noise"),
        ("key it never has", "59 problem.key_never "),
        ("out of reach", "28 problem.never_true "),
        ("contradiction", "9 problem.unreachable_if "),
        ("fact it never has", "28 problem.never_has "),
        ("unknown camera", "38 problem.unknown_camera yard"),
        ("no cooldown", "5 problem.no_cooldown "),
    ],
)
def test_mistakes_about_it_are_told_at_their_place(story: dict[str, Any], mistake: str, problem: str) -> None:
    assert story[mistake] == [problem]


def test_its_trials_are_tried_by_mutants_and_other_worlds(story: dict[str, Any]) -> None:
    killed, survivors = story["mutants"]
    assert killed == 5
    assert [each for each in survivors if "glass" in each] == [
        "r.yaml:5:12: rules.0.when.noise: nothing notices when “glass” becomes “any”"
    ]
    assert story["worlds"] == [2, []]
