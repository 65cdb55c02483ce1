"""What a step of a sequence asks of an earlier one that this one never has: it is silent for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.build import steps_before
from rules.carried import DECIDER, KINDS, has
from rules.combinations import parts
from rules.compile import Written
from rules.conditions import If
from rules.expr import SINCE, Expression
from rules.model import Fact
from rules.patterns import Pattern
from rules.source import Flaw, Gravity

#: Words of a part that can hold without what it asks for.
_LENIENT = re.compile(r"\b(or|not|known)\b")


def unanswered(written: Written) -> Iterator[Flaw]:
    """Yield the parts of expressions that ask an earlier step for what it never has, as warnings."""
    if written.rule is None or not any(each.linked for each in written.rule.patterns):
        return
    steps = [pattern for _, pattern in parts(written.spec.when)]
    for role, (path, _) in enumerate(parts(written.spec.when)):
        for condition in written.rule.patterns[role].linked:
            if isinstance(condition, If):
                known = {
                    step for step, about in steps_before(written.spec.when, role).items() if not about.open
                }
                told = _parts(condition.expression, {step: steps[step - 1] for step in known})
                yield from (flaw.under("when", *path, "if") for flaw in told)


def _parts(expression: Expression, steps: dict[int, Pattern]) -> Iterator[Flaw]:
    for part in expression.conjuncts:
        for step, name, _ in part.linked if not _LENIENT.search(part.text) else ():
            fact = DECIDER if name == "rule" else name
            if step in steps and name != SINCE and not has(steps[step], fact):
                kind = str(KINDS[type(steps[step])])
                values: dict[str, Fact] = {"part": part.text, "fact": name, "kind": kind}
                within = max(0, expression.text.find(part.text))
                yield Flaw((), "problem.never_has", values, "", Gravity.WARNING, within=within)
