"""Files that a newer program is needed for: that alone is told of them."""

from __future__ import annotations

import re

from rules.document.source import Document, Flaw, Problem
from rules.language.schema import REQUIRES


def too_new(document: Document, version: str) -> bool:
    """Return whether a file requires a newer program than this one (empty: not known)."""
    wanted = _required(document)
    return bool(version and wanted) and _numbers(wanted) > _numbers(version)


def newer(document: Document, version: str) -> Problem:
    """Return what is told of such a file."""
    values = {"wanted": _required(document), "version": version}
    return document.locate(Flaw(("requires",), "problem.requires", values))


def _required(document: Document) -> str:
    written = document.data.get("requires") if isinstance(document.data, dict) else None
    right = isinstance(written, str) and re.fullmatch(REQUIRES, written) is not None
    return str(written).rpartition("=")[2].strip() if right else ""


def _numbers(version: str) -> list[int]:
    found = [int(each) for each in re.findall(r"[0-9]+", version)[:3]]
    return found + [0] * (3 - len(found))
