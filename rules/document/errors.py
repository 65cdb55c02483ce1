"""What can go wrong with rules: the author's mistakes, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.document.source import Problem


class RuleError(Exception):
    """Rules were refused; `problems` lists every reason in every file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
