"""What is wrong with a macro itself."""

from __future__ import annotations

from collections.abc import Iterator

from rules.document.source import Flaw
from rules.language.expressions.expr import ExprError, Names, compile_expression


def macro_flaws(name: str, text: str, names: Names) -> Iterator[Flaw]:
    """Yield what is wrong with a macro, whoever uses it; what asks of earlier steps shows where it is used."""
    if name in names.facts or name in names.values:
        yield Flaw(("macros", name), "problem.macro_name", {"name": name}, on_key=True)
        return
    if "earlier(" in text or "since(" in text:
        return
    try:
        compile_expression(text, names)
    except ExprError as error:
        if error.code == "problem.expr_name":  # another macro
            return
        at = error.values.get("at", 1)
        within = at - 1 if isinstance(at, int) else 0
        yield Flaw(("macros", name), error.code, error.values, error.suggestion, within=within)
