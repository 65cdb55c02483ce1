"""What the engine tells at length, as paragraphs."""

from __future__ import annotations

from engine.api import wire
from engine.api.client import ApiError
from tui.presenters import rule_report
from tui.texts import Texts


def test_an_older_engines_problem_shows_its_code_and_values() -> None:
    problem = wire.FileProblem(source="r.yaml", line=1, column=2, code="problem.kind", values={"word": "x"})
    told = list(rule_report.refused(ApiError(422, "rules.not_adopted", "", problems=[problem]), Texts("en")))
    assert "problem.kind word: x" in told[-1].text
