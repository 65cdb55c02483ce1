"""All pictures of a run in one memory-mapped file, so that a sample costs no decoding."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.train import halves
from tools.train.settings import CLASSES

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
#: Columns of a box: class, x0, y0, x1, y1 in pixels, score (1: a human drew it).
BOX = 6
#: Most pixels of a picture's long side.
LONGEST = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """One packed picture.

    Attributes:
        part: One of those of `halves`, or drawn, drawn-report or free.
        boxes: Rows as `BOX` says.
    """

    name: str
    source: str
    clip: str
    part: str
    offset: int
    width: int
    height: int
    boxes: list[list[float]]


Source = tuple[str, str, str, str, Pixels, Floats]


def read_labels(path: Path, width: int, height: int) -> Floats:
    """Return the boxes of a label file in pixels, (n, `BOX`); classes that we do not train are left out."""
    rows = []
    for line in path.read_text("utf-8").splitlines():
        label, cx, cy, wide, high, *score = (float(part) for part in line.split())
        if label < len(CLASSES):
            left, top = (cx - wide / 2) * width, (cy - high / 2) * height
            rows.append([label, left, top, left + wide * width, top + high * height, *(score or [1.0])])
    return np.array(rows, np.float32).reshape(-1, BOX)


def labelled(data: Path) -> Iterator[Source]:
    """Yield the pictures of a folder in the form of ``../shared/train``, which `matthan vision collect` writes."""
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        path = data / row["file"]
        pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = pixels.shape[:2]
        boxes = read_labels(data / "labels" / f"{path.stem}.txt", width, height)
        part = halves.part(row["source"], row["clip"], path.stem, row["split"], empty=not len(boxes))
        yield path.stem, row["source"], row["clip"], part, pixels, boxes


def unlabelled(paths: list[Path], seconds: float = 0.8, most: int = 60) -> Iterator[Source]:
    """Yield pictures that nobody labelled: every file of a folder, or frames of clips."""
    none = np.empty((0, BOX), np.float32)
    for path in paths:
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            yield path.stem, "free", path.stem, "free", _shrunk(pixels), none
            continue
        for number, pixels in enumerate(_frames(path, seconds, most)):
            yield f"{path.stem}-{number}", "free", path.stem, "free", _shrunk(pixels), none


def _frames(path: Path, seconds: float, most: int) -> Iterator[Pixels]:
    import av

    with av.open(str(path)) as container:
        due, told = 0.0, 0
        for frame in container.decode(video=0):
            if told < most and frame.time is not None and frame.time >= due:
                due, told = frame.time + seconds, told + 1
                yield frame.to_ndarray(format="rgb24")


def _shrunk(pixels: Pixels) -> Pixels:
    scale = LONGEST / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def write(folder: Path, sources: Iterator[Source]) -> None:
    """Pack pictures into a folder; the index is written last, so that a cut leaves no half pack."""
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[Entry] = []
    offset = 0
    with (folder / "pixels.bin").open("wb") as file:
        for name, source, clip, part, pixels, boxes in sources:
            height, width = pixels.shape[:2]
            told = np.round(boxes, 2).tolist()
            entries.append(Entry(name, source, clip, part, offset, width, height, told))
            offset += file.write(np.ascontiguousarray(pixels).tobytes())
    part_file = folder / "index.part"
    part_file.write_text(json.dumps([asdict(entry) for entry in entries]), "utf-8")
    part_file.replace(folder / "index.json")


class Pack:
    """The packed pictures of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries = [Entry(**row) for row in json.loads((folder / "index.json").read_text("utf-8"))]
        self._pixels = np.memmap(folder / "pixels.bin", np.uint8, "r")
        self._boxes = [np.array(entry.boxes, np.float32).reshape(-1, BOX) for entry in self.entries]

    def __len__(self) -> int:
        return len(self.entries)

    def picture(self, number: int) -> Pixels:
        """Return a picture, RGB (h, w, 3), read-only."""
        entry = self.entries[number]
        size = entry.width * entry.height * 3
        flat = self._pixels[entry.offset : entry.offset + size]
        return flat.reshape(entry.height, entry.width, 3)

    def boxes(self, number: int) -> Floats:
        """Return a picture's boxes, (n, `BOX`), read-only."""
        return self._boxes[number]

    def part(self, *names: str) -> list[int]:
        """Return the numbers of the pictures of these parts."""
        return [number for number, entry in enumerate(self.entries) if entry.part in names]
