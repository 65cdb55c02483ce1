"""A data folder of the trainer's form: ``images/``, ``labels/``, ``manifest.csv``; whole after every picture.

A picture and its labels are there before the manifest names them, so that a run which was cut leaves no half sample;
the next one goes on, and takes no picture twice. What is said of a picture later changes its labels, unless somebody
changed them by hand: who looked at the picture knows better.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from PIL import Image

from engine.dataset.likeness import Look, fingerprint, is_same
from engine.dataset.slip import Object, lines, of_lines
from engine.runtime.whole_file import put

MANIFEST = "manifest.csv"
COLUMNS = (
    "file", "source", "source_repo", "licence", "clip", "split", "boxes", "human", "bytes", "sha256", "label_sha256",
    "verdict", "alert", "near",
)  # fmt: skip
#: Of so many clips (a camera's day) one is kept for judging, and never learned from.
_KEPT = 10
#: Pictures of one clip that a new one is compared with: the newest.
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
        self._rows = {Path(row["file"]).stem: row for row in _rows(path / MANIFEST)}
        self._known: dict[str, list[Look]] = {}
        for name, row in self._rows.items():
            objects = of_lines(self._labels(name).decode())
            self._known.setdefault(row["clip"], []).append((int(row["near"], 16), objects))

    def __contains__(self, name: str) -> bool:
        return name in self._rows

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
        """Add a picture; False: nobody judged it, and one of the same clip shows the same things in the same places.

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
        data = buffer.getvalue()
        put(self.path / "images" / f"{name}.jpg", data)
        row = {
            "file": f"images/{name}.jpg", "source": "site", "source_repo": "-", "licence": LICENCE,
            "clip": clip, "split": split(clip), "bytes": str(len(data)), "sha256": sha256(data).hexdigest(),
            "alert": alert, "near": f"{look[0]:x}", **self._labelled(name, objects, verdict),
        }  # fmt: skip
        with (self.path / MANIFEST).open("a", encoding="utf-8", newline="") as file:
            file.write(_line(row))
        self._rows[name] = row
        known.append(look)
        return True

    def relabel(self, name: str, objects: Sequence[Object], verdict: str) -> bool:
        """Say of a picture that is there what was said since; False: nothing was, or its labels are a person's."""
        row = self._rows[name]
        if row["verdict"] == verdict or sha256(self._labels(name)).hexdigest() != row["label_sha256"]:
            return False
        self._rows[name] = row | self._labelled(name, objects, verdict)
        _write(self.path / MANIFEST, self._rows.values())
        return True

    def _labels(self, name: str) -> bytes:
        try:
            return (self.path / "labels" / f"{name}.txt").read_bytes()
        except FileNotFoundError:
            return b""

    def _labelled(self, name: str, objects: Sequence[Object], verdict: str) -> dict[str, str]:
        """Write labels; return what the manifest says of them."""
        labels = lines(objects).encode()
        put(self.path / "labels" / f"{name}.txt", labels)
        human = sum(each.score >= 1 for each in objects)
        return {
            "boxes": str(len(objects)), "human": str(human), "verdict": verdict,
            "label_sha256": sha256(labels).hexdigest(),
        }  # fmt: skip


def _rows(manifest: Path) -> list[dict[str, str]]:
    """Return what a manifest names; one that is not there is begun, a line that was cut is taken away."""
    if not manifest.exists():
        _write(manifest, ())
    written = manifest.read_bytes()
    if not written.endswith(b"\n"):  # the disk was full, or the power went, within a line
        written = written[: written.rfind(b"\n") + 1]
        put(manifest, written)
    reader = csv.DictReader(io.StringIO(written.decode(), newline=""))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(f"{manifest}: not written by this command")
    return list(reader)


def _write(manifest: Path, rows: Iterable[Mapping[str, str]]) -> None:
    put(manifest, (",".join(COLUMNS) + "\n" + "".join(map(_line, rows))).encode())


def _line(row: Mapping[str, str]) -> str:
    text = io.StringIO(newline="")
    csv.DictWriter(text, COLUMNS, lineterminator="\n").writerow(row)
    return text.getvalue()


def split(clip: str) -> str:
    """Return the part of a clip, a matter of its name alone."""
    return "val" if sha256(clip.encode()).digest()[0] % _KEPT == 0 else "train"
