"""A data folder of the trainer's form: ``images/``, ``labels/``, ``manifest.csv``; whole after every picture.

A picture and its labels are there before the manifest names them, so that a run which was cut leaves no half sample;
the next one goes
on, and takes no picture twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from PIL import Image

from engine.dataset.likeness import Look, fingerprint, is_same
from engine.dataset.slip import Object, lines, parsed
from engine.runtime.whole_file import put

MANIFEST = "manifest.csv"
COLUMNS = (
    "file", "source", "source_repo", "licence", "clip", "split", "boxes", "human", "bytes", "sha256", "label_sha256",
    "verdict", "alert", "near",
)  # fmt: skip
#: Of so many clips (a camera's day) one is kept for judging, and never learned from.
_KEPT = 10
#: Pictures of one clip that a new one is compared with, the newest.
_COMPARED = 200
LICENCE = "own: personal data, not to be passed on"
_QUALITY = 92


class DataFolder:
    """Adds pictures to a folder; one at a time.

    Raises:
        OSError: It cannot be read or written.
        ValueError: There is a manifest of another form.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "images").mkdir(parents=True, exist_ok=True)
        (path / "labels").mkdir(exist_ok=True)
        rows = self._rows()
        self.names = {Path(row["file"]).stem for row in rows}
        self._known: dict[str, list[Look]] = {}
        for row in rows:
            text = (path / "labels" / f"{Path(row['file']).stem}.txt").read_text("utf-8")
            self._known.setdefault(row["clip"], []).append((int(row["near"], 16), parsed(text)))

    def _rows(self) -> list[dict[str, str]]:
        manifest = self.path / MANIFEST
        if not manifest.exists():
            put(manifest, (",".join(COLUMNS) + "\n").encode())
            return []
        with manifest.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ValueError(f"{manifest}: not written by this command")
            return list(reader)

    def add(
        self,
        name: str,
        picture: Image.Image,
        objects: Sequence[Object],
        *,
        clip: str,
        verdict: str,
        alert: str,
    ) -> bool:
        """Add a picture.

        Returns:
            False: nobody said anything of it, and one of the same clip shows the same things in the same places.

        Args:
            name: Of the picture, without suffix; nothing else in the folder has it.
            clip: What it belongs to: a camera's day. All of it is learned from, or kept for judging.
            verdict: What people said, for the record; `alert`: of which.
        """
        look, known = (fingerprint(picture), tuple(objects)), self._known.setdefault(clip, [])
        if not verdict and any(is_same(look, each) for each in known[-_COMPARED:]):
            return False
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=_QUALITY)
        data, labels = buffer.getvalue(), lines(objects).encode()
        put(self.path / "images" / f"{name}.jpg", data)
        put(self.path / "labels" / f"{name}.txt", labels)
        human = sum(each.score >= 1 for each in objects)
        row = (
            f"images/{name}.jpg", "site", "-", LICENCE, clip, split(clip), len(objects), human, len(data),
            sha256(data).hexdigest(), sha256(labels).hexdigest(), verdict, alert, f"{look[0]:x}",
        )  # fmt: skip
        with (self.path / MANIFEST).open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
        known.append(look)
        self.names.add(name)
        return True


def split(clip: str) -> str:
    """Return the part of a clip, a matter of its name alone."""
    return "val" if sha256(clip.encode()).digest()[0] % _KEPT == 0 else "train"
