"""The whole vocabulary of the rule language in one pair of files: checked, tried, and complete."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from rules.compiler.compile import Checked, examine
from rules.document.scalars import Written
from rules.document.source import parse
from rules.kinds.pattern import Bounds, Pattern
from rules.language.clock_patterns import ClockPattern
from rules.language.hours import Hours, Maintenance, Schedule
from rules.language.schema import Cooldown, Counter, Duty, ListEntry, RuleFile, RuleSpec, Template
from rules.language.telling import Chosen, Inhibition, Receiver, Route
from rules.language.when import KEYS
from rules.linter.lint import lint
from rules.trials import runner
from rules.trials.coverage import Coverage

FOLDER = Path(__file__).parent
RULES = (FOLDER / "nouns.yaml").read_text("utf-8")
TRIALS = (FOLDER / "nouns.trial.yaml").read_text("utf-8")
#: Sections of a file, not of a rule.
FILE = {
    RuleFile,
    Template,
    Schedule,
    Maintenance,
    Duty,
    ListEntry,
    Counter,
    Receiver,
    Chosen,
    Route,
    Inhibition,
}
#: Read before a rule is: `$name` and `use` are replaced by then; `Call` is read from a name and parameters.
RESOLVED = {"use", "with"}


@cache
def trials() -> runner.TrialText:
    return runner.read(TRIALS, "nouns.trial.yaml")


@cache
def checked() -> Checked:
    file = trials().file
    assert file is not None, trials().problems
    return examine([("nouns.yaml", RULES)], runner.world(file))


def test_nothing_is_wrong_with_them() -> None:
    assert checked().problems == ()
    assert lint(checked(), {"nouns.yaml": RULES}) == []


def test_every_rule_and_every_condition_is_tried() -> None:
    coverage = Coverage(checked().rules)
    outcomes = list(runner.run_trials(trials(), checked().rules, coverage.watch))
    failed = [each.failures for each in outcomes if not each.passed]
    assert failed == []
    for measure in ("rules", "conditions"):
        share = coverage.share(measure)
        assert share.taken == share.total, coverage.missing()


def written(model: BaseModel) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield every key that a model was given, its parts included."""
    for name in model.model_fields_set:
        yield type(model), type(model).model_fields[name].alias or name
        value = getattr(model, name)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, BaseModel):
                yield from written(part)


def grammar(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield every model of the grammar that a model is the beginning of."""
    for each in model.__subclasses__():
        if each.__module__ in (
            "rules.language.clock_patterns",
            "rules.language.hours",
            "rules.language.schema",
        ):
            yield each
            yield from grammar(each)


def test_every_key_of_the_grammar_is_there() -> None:
    used = {key for each in checked().written for key in written(each.spec)}
    shared = {base: keys(base) for base in (Pattern, ClockPattern)}  # somewhere is enough
    wanted = {
        (model, key)
        for model in set(grammar(Written)) - {*shared, Bounds, *FILE}
        for key in keys(model)
        - set().union(*(own for base, own in shared.items() if issubclass(model, base)))
    }
    assert {*wanted - used} - {(RuleSpec, key) for key in RESOLVED} == set()
    assert set().union(*shared.values()) <= {key for _, key in used}


def keys(model: type[BaseModel]) -> set[str]:
    return {about.alias or name for name, about in model.model_fields.items()}


def test_every_section_of_a_file_is_there() -> None:
    data = parse(RULES, "nouns.yaml").data
    assert isinstance(data, dict)
    assert set(data) == set(RuleFile.model_fields)
    assert any("use" in rule and "with" in rule for rule in data["rules"])


def test_every_key_that_keeps_apart_is_there() -> None:
    specs = [each.spec for each in checked().written]
    by = {key for spec in specs for key in getattr(spec.when, "by", None) or ()}
    assert by == {*KEYS, "text('by')"}
    per = {spec.cooldown.per for spec in specs if spec.cooldown}
    assert per == set(get_args(Cooldown.model_fields["per"].annotation))
    assert any(isinstance(part, Hours) for spec in specs for part in spec.between or ())
