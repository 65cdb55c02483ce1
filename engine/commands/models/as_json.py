"""A comparison of two models as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.bench.difference import Difference
from engine.bench.duel import Contrast, Judged, Mark, ap50
from engine.bench.tally import Tally, counted
from engine.commands.models.comparing import Compared, Side


def spelled(found: Compared) -> str:
    """Return it, spelled for programs."""
    told = {
        "verdict": found.judged.verdict,
        "a": _side(found.a),
        "b": _side(found.b),
        "folder": str(found.asked.folder),
        "split": found.album.split,
        "score": found.asked.score,
        "pictures": found.pictures,
        "left_out": {
            "unreadable": len(found.bad),
            "unlabelled": found.album.unlabelled,
            "missing": found.album.missing,
            "other_splits": found.album.others,
            "boxes_without_a_name": found.unnamed,
            "objects_that_neither_tells": dict(found.unknown),
        },
        **_judged(found.judged, found.asked.score),
        "sources": {
            name: {"pictures": count, **_judged(each, found.asked.score)}
            for name, (count, each) in found.sources.items()
        },
        "differ": [_contrast(each) for each in found.contrasts],
        "page": str(found.asked.html) if found.asked.html else None,
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def _side(side: Side) -> dict[str, Any]:
    file = side.file
    return {
        "name": file.name,
        "path": str(file.path),
        "sha256": file.sha256,
        "ms": round(side.ms, 2),
        "labels": list(side.names),
    }


def _judged(judged: Judged, score: float) -> dict[str, Any]:
    classes = {
        label: {
            "objects": int(a.objects.sum()),
            "a": _tally(a, score),
            "b": _tally(b, score),
            "difference": _difference(judged.classes.get(label)),
        }
        for label, (a, b) in judged.pairs.items()
    }
    absent = {
        label: {"a": counted(a, score).false, "b": counted(b, score).false}
        for label, (a, b) in judged.absent.items()
    }
    a, b = (round(each, 4) for each in judged.means) if judged.pairs else (None, None)
    mean = {"a": a, "b": b, "of": list(judged.counted), "difference": _difference(judged.mean)}
    return {"units": judged.units, "classes": classes, "false_of_absent": absent, "mean": mean}


def _tally(sums: Tally, score: float) -> dict[str, Any]:
    at = counted(sums, score)
    return {
        "ap50": round(ap50(sums), 4),
        "found": at.found,
        "false": at.false,
        "precision": at.precision and round(at.precision, 4),
        "recall": at.recall and round(at.recall, 4),
    }


def _difference(each: Difference | None) -> Mapping[str, float] | None:
    if each is None:
        return None
    return {"value": round(each.value, 4), "low": round(each.low, 4), "high": round(each.high, 4)}


def _contrast(each: Contrast) -> dict[str, Any]:
    return {
        "picture": str(each.picture.picture),
        "found_by_a_alone": _boxes(each.found_a),
        "found_by_b_alone": _boxes(each.found_b),
        "false_by_a_alone": _boxes(each.false_a),
        "false_by_b_alone": _boxes(each.false_b),
    }


def _boxes(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    return [{"label": mark.label, "box": [round(side, 1) for side in mark.box]} for mark in marks]
