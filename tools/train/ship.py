"""Into the box: the file, its card with the figures that were measured, its entry in the registry."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.models import ModelFile
from engine.vision.objects import Detector
from tools.train.export import load
from tools.train.loop import log
from tools.train.pack import Pack
from tools.train.settings import CLASSES, Settings

NAME = "matthan-nano"
_ROOT = Path(__file__).parents[2]
_MODELS = _ROOT / "engine" / "models"
_CURVE = _ROOT / "docs" / "pictures" / "training-curve.svg"
_ENTRY = """[{name}]
title = "Mắt Thần nano, float16: in the box; people, two-wheelers, cars, lorries, animals"
urls = []
sha256 = "{sha256}"
size = {size}
licence = "Apache-2.0"
input = {inputs}
head = "boxes"
labels = {labels}
colours = "rgb"

"""
#: Columns of the curve: the view that is watched, and the class in it.
_WATCHED = (
    ("photographs", "person"),
    ("stop", "person"),
    ("stop", "two_wheeler"),
    ("stop", "car"),
    ("stop", "heavy"),
)


def figures(found: Mapping[str, Any]) -> str:
    """Return the benchmark's figures as Markdown: a table for each part that is two names deep."""
    parts = {name: part for name, part in found.items() if isinstance(part, dict)}
    return "\n\n".join(_table(name, part) for name, part in parts.items())


def _table(name: str, part: Mapping[str, Mapping[str, Mapping[str, object]]]) -> str:
    rows = [(outer, inner, told) for outer, each in part.items() for inner, told in each.items()]
    head = list(rows[0][2]) if rows else []
    lines = [_line((name, "", *(_ours(each) for each in head))), "|---" * (len(head) + 2) + "|"]
    lines += [_line((_ours(outer), inner, *(told[key] for key in head))) for outer, inner, told in rows]
    return "\n".join(lines)


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _ours(name: str) -> str:
    return NAME if name == "own" else name


def curve(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return what was watched while the net learned, as Markdown: AP50 over the samples seen."""
    lines = [
        _line(("samples", *(f"{view}: {name}" for view, name in _WATCHED))),
        "|---" * (len(_WATCHED) + 1) + "|",
    ]
    for row in rows:
        if "views" in row:
            told = [row["views"].get(view, {}).get(name) for view, name in _WATCHED]
            shown = ("-" if value is None else f"{value:.2f}" for value in told)
            lines.append(_line((f"{row['samples']:,}", *shown)))
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


def sources(folders: Sequence[Path], learned: frozenset[str]) -> str:
    """Return where the pictures that were learned from come from, and under which licence, as rows of a table.

    Args:
        folders: Each with its ``manifest.csv``.
        learned: Names of the pictures, without suffix.
    """
    told: Counter[tuple[str, ...]] = Counter()
    for folder in folders:
        with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
            told.update(
                (folder.name, row["source"], row["source_repo"], row["licence"])
                for row in csv.DictReader(file)
                if Path(row["file"]).stem in learned
            )
    return "\n".join(
        _line((folder, name, count, repo, licence)) for (folder, name, repo, licence), count in told.items()
    )


def _file(target: Path) -> dict[str, object]:
    """Return what the file itself says."""
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    sizes = Detector(ModelFile(NAME, target, digest, None, "boxes", CLASSES, "rgb")).sizes
    return {
        "size": target.stat().st_size,
        "sha256": digest,
        "width": sizes[0][0],
        "height": sizes[0][1],
        "inputs": json.dumps([list(size) for size in sizes]),
        "sizes": ", ".join(f"{width}x{height}" for width, height in sizes),
    }


def ship(run: Path, data: Sequence[Path], file: Path, checkpoint: Path, measured: Path) -> None:
    """Copy the file beside its loader, the curve beside the documents; write its card and its entry."""
    net, step = load(checkpoint)
    pack = Pack(run / "pack")
    box = _MODELS / "boxed"
    box.mkdir(exist_ok=True)
    target = box / f"{NAME}.tflite"
    shutil.copyfile(file, target)
    if (run / "curve.svg").exists():
        shutil.copyfile(run / "curve.svg", _CURVE)
    learned = frozenset(pack.entries[number].name for number in pack.part("train"))
    told: dict[str, object] = {
        "name": NAME,
        **_file(target),
        "act": f"SiLU, hard-swish in {', '.join(net.shape.hard)}" if net.shape.hard else "SiLU",
        "parameters": f"{sum(value.numel() for value in net.parameters()):,}",
        "samples": f"{step * Settings().batch:,}",
        "seed": Settings().seed,
        "labels": json.dumps(CLASSES),
        "figures": figures(json.loads(measured.read_text("utf-8"))),
        "curve": curve(log(run)),
        "sources": sources(data, learned),
        **_counts(pack),
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
