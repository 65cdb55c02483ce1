"""``matthan models bench``: the installed models side by side on this machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.commands.output.terminal import data, out
from engine.models import installed
from engine.models.known import named_labels

if TYPE_CHECKING:
    from engine.bench.compare import Result


def bench(folder: Path | None, names: str, *, as_json: bool) -> None:
    """Measure every installed model and say which to choose.

    Raises:
        ModelFault: A model cannot be opened, or the folder holds no labelled picture.
    """
    from engine.bench.compare import choice, compare, costs, labelled
    from engine.vision.objects import Detector

    detectors = {file.name: Detector(file, least=0.02) for file in installed()}
    results = compare(detectors, labelled(folder) if folder else [], named_labels(names))
    chosen = choice(results)
    if as_json:
        rows = [{**_row(each), "chosen": each is chosen} for each in results]
        data(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for line in _table(results):
        out(line)
    several = {name: (each, each.sizes) for name, each in detectors.items() if len(each.sizes) > 1}
    for name, times in costs(several).items():
        told = ", ".join(f"{wide}x{high} {ms:.1f}" for (wide, high), ms in times.items())
        out(f"{name}, CPU ms by size of input: {told}")
    if chosen is not None:
        out(f"choose: {chosen.name}  (detector: {{model: {chosen.name}}} in matthan.yaml)")
    elif results:
        out("to know which is right more often, give a folder of labelled pictures: --pictures DIR")
    else:
        out("no model is installed: matthan models pull")


def _row(result: Result) -> dict[str, object]:
    told = {name: mark.ap for name, mark in result.ap.items()}
    return {"model": result.name, "ms": round(result.ms, 2), "mean": result.mean, "ap50": told}


def _table(results: Sequence[Result]) -> list[str]:
    judged = list(dict.fromkeys(name for each in results for name in each.ap))
    heads = [f"{name} ({results[0].ap[name].objects})" for name in judged]
    lines = [["model", "CPU ms", *(["mean AP50", *heads] if judged else [])]]
    for each in results:
        marks = [each.ap[name].ap for name in judged]
        values = [f"{value or 0:.2f}" for value in [each.mean, *marks]] if judged else []
        lines.append([each.name, f"{each.ms:.1f}", *values])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    shown = ("  ".join(cell.ljust(wide) for cell, wide in zip(line, widths, strict=True)) for line in lines)
    return [line.rstrip() for line in shown]
