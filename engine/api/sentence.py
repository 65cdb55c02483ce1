"""A sentence on the wire: what people read, for every client in its language."""

from __future__ import annotations

from pydantic import Field

from engine.web.payload import Fact, Wire


class Sentence(Wire):
    """A sentence in both languages."""

    code: str
    values: dict[str, Fact] = Field(default_factory=dict)
    vi: str = ""
    en: str = ""
