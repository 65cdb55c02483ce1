"""Tables of what detectors found: a row for each class, a column for each detector. Pure arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from detector_bars import LEAST
from detector_footage import CLASSES, Shot

from engine.bench.labelled import case
from engine.bench.tally import Counts, average, counted, tally
from engine.vision.model import Detections


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture, and what each detector found in it; in photographs two-wheelers with their riders."""

    shot: Shot
    found: Mapping[str, Detections]


@dataclass(frozen=True, slots=True)
class Worth:
    """What a detector is worth for one class: average precision, and what is told at the engine's score."""

    ap: float
    told: Counts


#: Class -> detector -> worth; classes without an object are left out.
Table = dict[str, dict[str, Worth]]
Row = dict[str, str]


def table(
    seen: Sequence[Seen], score: float, *, small: bool | None = None, labels: Iterable[str] = CLASSES
) -> Table:
    """Return what each detector is worth over some pictures."""
    names = list(seen[0].found) if seen else []
    rows = {label: {name: _worth(seen, name, label, score, small) for name in names} for label in labels}
    return {
        label: told for label, row in rows.items() if len(told := {k: v for k, v in row.items() if v}) > 0
    }


def _worth(seen: Sequence[Seen], name: str, label: str, score: float, small: bool | None) -> Worth | None:
    cases = [case(each.found[name], each.shot.truth, label, small=small) for each in seen]
    sums = tally(cases, range(len(cases)), len(cases))
    ap = average(sums, np.ones(len(cases)))
    return None if ap is None else Worth(ap, counted(sums, score))


def objects(row: Mapping[str, Worth]) -> int:
    """Return how many objects a class has."""
    return next(iter(row.values())).told.objects


def mean(told: Table, name: str) -> float | None:
    """Return the mean AP50 of a detector over the classes."""
    values = [row[name].ap for row in told.values()]
    return sum(values) / len(values) if values else None


def shown(told: Table, *, least: int = 1, means: bool = True) -> dict[str, Row]:
    """Return AP50 as text, classes of so many boxes and more, then the mean of what is shown."""
    kept = {label: row for label, row in told.items() if objects(row) >= least}
    rows = {label: _row(row, lambda each: f"{each.ap:.3f}") for label, row in kept.items()}
    if means and len(kept) > 1:
        names = next(iter(kept.values()))
        rows["mean"] = {"boxes": ""} | {name: f"{mean(kept, name):.3f}" for name in names}
    return rows


def at_score(seen: Sequence[Seen], score: float) -> dict[str, Row]:
    """Return precision and recall as text: of each class over the sources that have `LEAST` boxes of it.

    Elsewhere nobody labelled it, and what is found there is not false for that.
    """
    rows: dict[str, Row] = {}
    for label in CLASSES:
        told = table(_labelled(seen, label), score, labels=(label,))
        rows |= {name: _row(row, _told) for name, row in told.items()}
    return rows


def _labelled(seen: Sequence[Seen], label: str) -> list[Seen]:
    boxes: Counter[str] = Counter()
    for each in seen:
        truth = each.shot.truth
        boxes[each.shot.source] += sum(
            sure and name == label for name, sure in zip(truth.labels, truth.sure, strict=True)
        )
    return [each for each in seen if boxes[each.shot.source] >= LEAST]


def _told(worth: Worth) -> str:
    right = worth.told.precision
    return f"{'-' if right is None else f'{right:.2f}'} / {worth.told.recall or 0:.2f}"


def _row(row: Mapping[str, Worth], text: Callable[[Worth], str]) -> Row:
    return {"boxes": str(objects(row))} | {name: text(each) for name, each in row.items()}


def grouped(seen: Iterable[Seen], key: Callable[[Shot], str]) -> dict[str, list[Seen]]:
    """Return pictures by what a key says of them, in the order of their first."""
    told: dict[str, list[Seen]] = {}
    for each in seen:
        told.setdefault(key(each.shot), []).append(each)
    return told


def parted(parts: Mapping[str, Sequence[Seen]], score: float) -> dict[str, dict[str, Row]]:
    """Return a table for each part that has classes of at least `LEAST` boxes."""
    told = {part: shown(table(seen, score), least=LEAST, means=False) for part, seen in parts.items()}
    return {part: rows for part, rows in told.items() if rows}
