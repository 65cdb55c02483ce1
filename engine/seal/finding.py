"""What is found where a sealed past is looked at: a sentence, and whether it speaks against that past. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rules.model import Fact


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        code: Of its sentence; `values`: what it names.
        grave: Whether the past is not what it was, or cannot be vouched for; else it is told, and no more.
    """

    code: str
    values: Mapping[str, Fact] = field(default_factory=dict)
    grave: bool = True


class Findings:
    """Findings as they come: of the same kind and about the same thing only the first is kept, with how many.

    Nobody reads a line for each of a thousand heads, and the first place is where to look.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Finding]] = {}

    def add(self, code: str, values: Mapping[str, Fact], about: str = "", *, grave: bool = True) -> None:
        """Add a finding; those of one code that are `about` different things are told apart."""
        self._found.setdefault((code, about), []).append(Finding(code, values, grave))

    def told(self) -> list[Finding]:
        """Return them in the order in which they came, each with `times`."""
        return [
            Finding(each[0].code, {**each[0].values, "times": len(each)}, each[0].grave)
            for each in self._found.values()
        ]
