"""The bars that issue 16 set for the detector in the box, and whether figures meet them. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Name of a figure, whether it should be at least or at most so much, and how much.
BARS = (
    ("coco_cc: person AP50", ">=", 0.58),
    ("coco_cc: person precision at 0.45", ">=", 0.75),
    ("val: two_wheeler AP50", ">=", 0.54),
    ("val: car AP50", ">=", 0.50),
    ("val: heavy AP50", ">=", 0.21),
    ("left out whole: classes worse than yolox-nano", "<=", 0),
    ("left out whole: sources never left out", "<=", 0),
    ("drawn: mean AP50", ">=", 0.95),
    ("clips: events", ">=", 15),
    ("clips: others", "<=", 3),
    ("CPU of a look: at 416x256, of yolox-nano", "<=", 0.35),
    ("CPU of a look: at 320x192, of yolox-nano", "<=", 0.20),
)
#: A class of a source with fewer boxes says nothing.
LEAST = 5


def judged(figures: Mapping[str, float | None]) -> dict[str, dict[str, dict[str, str]]]:
    """Return each bar with what is asked, the figure, and met, missed by so much, or not measured."""
    told: dict[str, dict[str, dict[str, str]]] = {}
    for name, sign, limit in BARS:
        where, what = name.split(": ")
        told.setdefault(where, {})[what] = _row(sign, limit, figures.get(name))
    return told


def _row(sign: str, limit: float, value: float | None) -> dict[str, str]:
    asked = f"{sign} {limit:g}"
    if value is None:
        return {"asked": asked, "figure": "-", "so it is": "not measured"}
    short = limit - value if sign == ">=" else value - limit
    return {"asked": asked, "figure": _number(value), "so it is": _verdict(short)}


def _verdict(short: float) -> str:
    if short <= 0:
        return "met"
    return "missed by less than 0.0001" if short < 1e-4 else f"missed by {_number(short)}"


def _number(value: float) -> str:
    """Return a count as it is, a share to four places."""
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def left_out(told: Mapping[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
    """Return the folds of a leave-one-source-out run as rows: source, class, what was found there by whom."""
    return {
        source: {name: _fold(each) for name, each in classes.items()}
        for fold in told["folds"]
        for source, classes in fold["sources"].items()
    }


def _fold(each: Mapping[str, Any]) -> dict[str, str]:
    return {
        "boxes": str(each["boxes"]),
        "left out": f"{each['own']:.3f}",
        "yolox-nano": f"{each['published']:.3f}",
    }


def worse(told: Mapping[str, Any]) -> int | None:
    """Return in how many classes of sources the published net is better; None: none has `LEAST` boxes."""
    rows = [
        each
        for fold in told["folds"]
        for classes in fold["sources"].values()
        for each in classes.values()
        if each["boxes"] >= LEAST
    ]
    return sum(each["own"] < each["published"] for each in rows) if rows else None


def untried(told: Mapping[str, Any], sources: Iterable[str]) -> int:
    """Return how many sources no fold left out: of them nothing is known, which is not the same as no worse."""
    return len(set(sources) - {source for fold in told["folds"] for source in fold["sources"]})
