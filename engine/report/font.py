"""The letters of reports: Source Sans Pro, which has every Vietnamese one, as files of a package of its own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def regular() -> bytes:
    """Return the upright font, TrueType."""
    return _file("SourceSansPro-Regular.ttf")


@cache
def bold() -> bytes:
    """Return the bold font, TrueType."""
    return _file("SourceSansPro-Bold.ttf")


def _file(name: str) -> bytes:
    return (files("font_source_sans_pro") / "files" / name).read_bytes()
