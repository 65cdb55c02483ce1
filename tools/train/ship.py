"""Into the box: the file, its card with the figures that were measured, its entry in the registry."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.train.export import load
from tools.train.pack import Pack
from tools.train.settings import CLASSES, FINAL, Settings

NAME = "matthan-nano"
_MODELS = Path(__file__).parents[2] / "engine" / "models"
_ENTRY = """[{name}]
title = "Mắt Thần nano {width}x{height}, float16: in the box; people, two-wheelers, cars, lorries"
urls = []
sha256 = "{sha256}"
size = {size}
licence = "Apache-2.0"
input = [{width}, {height}]
head = "boxes"
labels = {labels}
colours = "rgb"

"""
_PARTS = ("val", "report", "val_small", "coco", "drawn", "clips")


def figures(found: Mapping[str, Any]) -> str:
    """Return the benchmark's figures as Markdown: a table per part, a column per detector."""
    names = [name for name in found if isinstance(found[name], dict) and "(" not in name]
    rows = {"CPU ms": [found[name]["ms"] for name in names]}
    rows["of yolox-nano's"] = [found[name]["ms/yolox-nano"] for name in names]
    for part in _PARTS:
        keys = list(found[f"{names[0]} ({part})"])
        for key in keys[:1] if len(keys) == 2 else keys:  # the mean of one class is that class
            rows[f"{part}: {key}"] = [found[f"{name} ({part})"][key] for name in names]
    lines = [
        f"| | {' | '.join(NAME if name == 'own' else name for name in names)} |",
        "|---" * (len(names) + 1) + "|",
    ]
    lines += [f"| {key} | {' | '.join(values)} |" for key, values in rows.items()]
    return "\n".join(lines)


def _counts(pack: Pack) -> dict[str, int]:
    scores = [box[5] for number in pack.part("train") for box in pack.boxes(number)]
    human = sum(score >= 1 for score in scores)
    return {
        "pictures": len(pack.part("train")),
        "human": human,
        "machine": len(scores) - human,
        "free": len(pack.part("free")),
        "drawn": len(pack.part("drawn")),
    }


def _sources(data: Path) -> str:
    """Return the sources that were learned from, as rows of a table."""
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        told = Counter(
            (row["source"], row["source_repo"], row["licence"])
            for row in csv.DictReader(file)
            if row["split"] == "train"
        )
    return "\n".join(
        f"| {name} | {count} | {repo} | {licence} |" for (name, repo, licence), count in told.items()
    )


def ship(run: Path, data: Path, file: Path, checkpoint: Path, measured: Path) -> None:
    """Copy the file beside its loader; write its card and its entry."""
    net, step = load(checkpoint)
    box = _MODELS / "boxed"
    box.mkdir(exist_ok=True)
    target = box / f"{NAME}.tflite"
    shutil.copyfile(file, target)
    told: dict[str, object] = {
        "name": NAME,
        "width": FINAL[0],
        "height": FINAL[1],
        "size": target.stat().st_size,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "parameters": f"{sum(value.numel() for value in net.parameters()):,}",
        "samples": f"{step * Settings().batch:,}",
        "seed": Settings().seed,
        "labels": json.dumps(CLASSES),
        "figures": figures(json.loads(measured.read_text("utf-8"))),
        "sources": _sources(data),
        **_counts(Pack(run / "pack")),
    }
    card = Path(__file__).with_name("card.md").read_text("utf-8")
    (box / f"{NAME}.md").write_text(card.format_map(told), "utf-8")
    _enter(_MODELS / "registry.toml", _ENTRY.format_map(told))


def _enter(registry: Path, entry: str) -> None:
    """Put the entry in place of the old one, or before the second model."""
    text = registry.read_text("utf-8")
    old = re.compile(rf"^\[{NAME}\]\n.*?\n\n", re.DOTALL | re.MULTILINE)
    if old.search(text):
        registry.write_text(old.sub(lambda _: entry, text), "utf-8")
        return
    place = text.index("[coco-ssd-v1]")
    registry.write_text(text[:place] + entry + text[place:], "utf-8")
