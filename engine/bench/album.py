"""A folder of labelled pictures with what its manifest says of them: where each is from, what it was kept for."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine.bench.compare import Labelled, labelled, pictures
from engine.models import ModelFault

#: The file that a data folder of the trainer's form has beside ``images`` and ``labels``.
MANIFEST = "manifest.csv"
#: The part of a folder that nothing is taught with, and the word for all parts.
KEPT_APART, ALL = "val", "all"


@dataclass(frozen=True, slots=True)
class Album:
    """Pictures to be judged on.

    Attributes:
        shots: They, by name.
        split: Which part of the folder they are; `ALL`: the whole.
        others: Labelled pictures of other parts, and those that the manifest does not name.
        unlabelled: Pictures without a label file.
        missing: Pictures that the manifest names and that are not there.
    """

    shots: tuple[Labelled, ...]
    split: str
    others: int
    unlabelled: int
    missing: int


def album(folder: Path, split: str | None = None) -> Album:
    """Return the pictures of a folder.

    Args:
        folder: As `labelled` takes it. A ``manifest.csv`` in it has a column file, and may have source, clip, split.
        split: Which part; None: the one that nothing is taught with, where there is one, else all.

    Raises:
        ModelFault: There is no such picture, or the manifest cannot be read.
    """
    found, rows = labelled(folder), _manifest(folder / MANIFEST)
    parts = {row.get("split", "") for row in rows.values()}
    chosen = split or (KEPT_APART if KEPT_APART in parts else ALL)
    shots = [_told(each, rows) for each in found if chosen == ALL or _split(each, rows) == chosen]
    if not shots:
        raise ModelFault(
            "model.no_split", folder=folder, split=chosen, there=", ".join(sorted(filter(None, parts))) or "-"
        )
    there = pictures(folder)
    missing = len(rows.keys() - {path.name for path in there})
    return Album(tuple(shots), chosen, len(found) - len(shots), len(there) - len(found), missing)


def _told(each: Labelled, rows: Mapping[str, Mapping[str, str]]) -> Labelled:
    row = rows.get(each.picture.name, {})
    return replace(each, source=row.get("source", ""), clip=row.get("clip", ""))


def _split(each: Labelled, rows: Mapping[str, Mapping[str, str]]) -> str:
    return rows.get(each.picture.name, {}).get("split", "")


def _manifest(path: Path) -> dict[str, dict[str, str]]:
    """Return the manifest's rows by file name; nothing where there is none."""
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restval="")
            if "file" not in (rows.fieldnames or ()):
                raise ModelFault("model.manifest", path=path, reason="file?")
            return {Path(row["file"]).name: row for row in rows}
    except (OSError, ValueError, csv.Error) as error:
        raise ModelFault("model.manifest", path=path, reason=error) from error
