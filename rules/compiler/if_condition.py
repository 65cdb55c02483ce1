"""An expression as a conjunct of a pattern."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.kinds import conditions
from rules.kinds.conditions import Telling
from rules.kinds.fact_types import Bound
from rules.language.expressions.expr import Expression
from rules.model import Event


@dataclass(frozen=True, slots=True)
class If:
    """An expression.

    Attributes:
        exception: It says where the rule does not apply: no reason names it while that is not so.
    """

    expression: Expression
    exception: bool = False

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        return self.expression.test(event)

    @property
    def bounds(self) -> Iterator[Bound]:
        """Within what numbers must lie where it holds."""
        for part in self.expression.conjuncts:
            yield from part.bounds

    def told(self, event: Event) -> Telling:
        """Return the expression with the values that it read."""
        return "reason.if", {"if": self.expression.text, "if_is": self._values(event)}

    def lost(self, event: Event) -> Telling:
        """Return the first conjunct that does not hold, with the values that were read."""
        parts = (part.text for part in self.expression.conjuncts if not part.test(event))
        text = next(parts, self.expression.text)
        return "reason.over_if", {"if": text, "if_is": self._values(event)}

    def _values(self, event: Event) -> str:
        return shown(self.expression, event)


def shown(expression: Expression, event: Event) -> str:
    """Return the values that an expression reads of an event, each as it is written."""
    values = expression.values(event)
    return ", ".join(f"{name} = {conditions.shown(value)}" for name, value in values.items()) or "–"
