"""What the engine tells at length, as paragraphs."""

from __future__ import annotations

from engine.api import wire
from engine.api.client import ApiError
from tests.fakes.village import explanation
from tui.presenters import rule_report
from tui.texts import Texts

EN = Texts("en")


def test_an_older_engines_problem_shows_its_code_and_values() -> None:
    problem = wire.FileProblem(source="r.yaml", line=1, column=2, code="problem.kind", values={"word": "x"})
    told = list(rule_report.refused(ApiError(422, "rules.not_adopted", "", problems=[problem]), Texts("en")))
    assert "problem.kind word: x" in told[-1].text


def test_an_explanation_keeps_its_depths_and_marks_what_was_missed() -> None:
    told = list(rule_report.explanation(explanation("r"), EN))
    assert [each.depth for each in told] == [0, 1, 1, 1, 0, 1, 2, 0]
    assert [each.tone for each in told[:3]] == [
        "bright",
        "bad",
        "text",
    ]  # what it is about, a fault, the rest
    assert told[2].text == "object person in san: 24 of its kind, 3 matched"
    missed = told[6]
    assert (missed.mark, missed.mark_tone, missed.text) == ("✗", "bad", "person (54 % < 60 %)")
    assert [each.mark for each in told].count("✗") == 1


def test_a_reload_names_every_rule_once_under_what_became_of_it() -> None:
    warning = wire.FileProblem(
        source="a.yaml",
        line=3,
        column=5,
        key="rules.0",
        code="w",
        severity="warning",
        vi="x",
        en="is shadowed",
    )
    answer = wire.RulesReloaded(
        adopted=True, rules=6, added=("new",), removed=("old", "older"), edited=("same",), kept=4, remembered=1700,
        restart=("cameras", "api"), warnings=(warning,),
    )  # fmt: skip
    told = list(rule_report.reloaded(answer, EN))
    assert told[0].text == "Loaded: 6 rules; 4 of them go on with what they remember (1,700 things)."
    assert told[1].text.endswith("at a restart: cameras, api")
    assert [(each.mark, each.text) for each in told if each.mark] == [
        ("!", "a.yaml:3:5"), ("+", "new"), ("-", "old"), ("-", "older"), ("=", "same"),
    ]  # fmt: skip
    assert "rules.0: is shadowed" in [each.text for each in told]
    headings = [each.text.partition(" (")[0] for each in told if each.tone == "dim"]
    assert headings == [
        "Added",
        "Removed",
        "Other texts, actions, severity or limits",
    ]  # nothing changed in meaning


def test_a_reload_of_the_same_rules_says_that_alone() -> None:
    (only,) = rule_report.reloaded(wire.RulesReloaded(adopted=False, rules=6, remembered=2), EN)
    assert only.text == "Nothing has changed: 6 rules go on with what they remember (2 things)."


def test_of_a_refusal_errors_are_counted_and_warnings_shown() -> None:
    error = wire.FileProblem(source="a.yaml", line=1, column=2, code="e", vi="sai", en="wrong")
    warning = error.model_copy(update={"severity": "warning", "line": 9, "en": "odd"})
    told = list(rule_report.refused(ApiError(422, "x", "", problems=[error, warning]), EN))
    assert told[0].text.startswith("Refused (errors: 1).")
    assert [(each.mark, each.mark_tone, each.text) for each in told if each.mark] == [
        ("✗", "bad", "a.yaml:1:2"),
        ("!", "warn", "a.yaml:9:2"),
    ]
    vi = list(rule_report.refused(ApiError(422, "x", "", problems=[error]), Texts("vi")))
    assert vi[-1].text == "sai"
