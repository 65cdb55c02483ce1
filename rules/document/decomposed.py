"""Texts of a document that are not in the composed form: what looks the same is not found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unicodedata import is_normalized

from rules.document.source import Flaw, Gravity, Path
from rules.normalization import composed


def doubts(data: Any, path: Path = ()) -> Iterator[Flaw]:
    """Yield a warning for every text that is not in the composed form."""
    if isinstance(data, str):
        if not is_normalized("NFC", data):
            yield Flaw(path, "problem.decomposed", {}, composed(data), Gravity.WARNING)
        return
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in inside:
        yield from doubts(value, (*path, step))
