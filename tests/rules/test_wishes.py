"""Twenty wishes of authors who know other systems: each is said in at most twelve lines, checked, and tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules.compiler.compile import Checked, examine
from rules.linter.lint import lint
from rules.trials import runner

FOLDER = Path(__file__).parent / "wishes"
RULES = (FOLDER / "wishes.yaml").read_text("utf-8")
TRIALS = runner.read((FOLDER / "wishes.trial.yaml").read_text("utf-8"), "wishes.trial.yaml")


def checked() -> Checked:
    assert TRIALS.file is not None, TRIALS.problems
    return examine([("wishes.yaml", RULES)], runner.world(TRIALS.file))


def test_nothing_is_wrong_with_them() -> None:
    assert [str(each) for each in checked().problems] == []
    assert [str(each) for each in lint(checked(), {"wishes.yaml": RULES})] == []


@pytest.mark.parametrize("number", range(1, 21))
def test_each_wish_is_a_rule_of_at_most_twelve_lines(number: int) -> None:
    blocks = re.split(r"\n(?=  - )", RULES.partition("\nrules:\n")[2])
    own = [block for block in blocks if re.search(rf"name: w{number:02}-", block)]
    assert own
    assert sum(len(block.strip().splitlines()) for block in own) <= 12


def test_every_wish_is_tried_and_holds() -> None:
    outcomes = list(runner.run_trials(TRIALS, checked().rules))
    assert [failure for each in outcomes for failure in each.failures] == []
    tried = {
        int(found)
        for each in outcomes
        for found in re.findall(r"\d+", re.split(r" (?!and)(?!\d)", each.name)[0])
    }
    assert tried == set(range(1, 21))
