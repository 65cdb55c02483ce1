"""What keeps a site from sealing: a sentence for the person who must act."""

from __future__ import annotations

from engine.errors import EngineError
from engine.text import render
from rules.model import Fact


class SealFault(EngineError):
    """A key, its history or the file of heads is not as it must be; nothing was changed.

    Attributes:
        code: Of the sentence; `values`: what it names.
    """

    def __init__(self, code: str, /, **values: Fact) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values

    def __str__(self) -> str:
        return render(self.code, self.values, "en")
