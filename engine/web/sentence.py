"""A sentence on the wire: what people read, for every client in its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from engine import text
from engine.web.payload import Fact, Wire

if TYPE_CHECKING:
    from rules.model import Sentence as Told


class Sentence(Wire):
    """A sentence in both languages."""

    code: str
    values: dict[str, Fact] = Field(default_factory=dict)
    vi: str = ""
    en: str = ""

    @classmethod
    def of(cls, told: Told) -> Sentence:
        """Return a sentence in both languages."""
        code, values = told.code, dict(told.values)
        both = (text.render(code, values, language) for language in ("vi", "en"))
        return cls(code=code, values=values, vi=next(both), en=next(both))
