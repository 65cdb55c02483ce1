"""What the teacher thinks of every picture: its raw grid, reduced to our five classes.

YOLOX-nano (Apache-2.0) looks at each picture and at its mirror once; per grid point objectness times class
probability is kept for each of our classes (the larger one where two of the teacher's are one of ours).
These maps are bent with the picture when it is augmented, so that nothing is looked at twice.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.train.pack import Floats, Pack, Pixels
from tools.train.settings import CLASSES, GREY, STRIDES, THEIRS

SIZE = 416
POINTS = sum((SIZE // stride) ** 2 for stride in STRIDES)


class Teacher:
    """One interpreter of the teacher."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._model = Interpreter(model_path=str(path), num_threads=1)
        self._model.allocate_tensors()
        self._input = self._model.get_input_details()[0]["index"]
        self._output = self._model.get_output_details()[0]["index"]

    def look(self, picture: Pixels) -> Floats:
        """Return (POINTS, 5) scores: the mean of the picture's and its mirror's."""
        canvas = np.full((SIZE, SIZE, 3), GREY, np.uint8)
        scale = SIZE / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        canvas[: small.shape[0], : small.shape[1]] = small
        straight = self._run(canvas)
        mirrored = self._run(canvas[:, ::-1])
        return np.concatenate(
            [(a + b[:, ::-1]).reshape(-1, len(CLASSES)) / 2 for a, b in zip(straight, mirrored, strict=True)]
        )

    def _run(self, canvas: Pixels) -> list[Floats]:
        self._model.set_tensor(
            self._input, np.ascontiguousarray(canvas[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)
        )
        self._model.invoke()
        rows = self._model.get_tensor(self._output)[0]
        ours = [rows[:, [5 + number for number in numbers]].max(axis=1) for numbers in THEIRS]
        return split(np.stack(ours, axis=1) * rows[:, 4:5])


def split(points: NDArray[np.floating]) -> list[Floats]:
    """Return the levels' maps, (side, side, 5) each."""
    maps, start = [], 0
    for stride in STRIDES:
        side = SIZE // stride
        maps.append(
            np.asarray(points[start : start + side * side], np.float32).reshape(side, side, len(CLASSES))
        )
        start += side * side
    return maps


def write(folder: Path, pack: Pack, model: Path) -> None:
    """Let the teacher look at every real picture; a cut run goes on where it was."""
    path, marks = folder / "teacher.f16", folder / "teacher.seen"
    seen = int(marks.read_text()) if marks.exists() else 0
    shape = (len(pack), POINTS, len(CLASSES))
    maps = np.memmap(path, np.float16, "r+" if seen else "w+", shape=shape)
    teacher = Teacher(model)
    for number in range(seen, len(pack)):
        if not pack.entries[number].part.startswith("drawn"):  # it does not know drawn figures
            maps[number] = teacher.look(pack.picture(number))
        if number % 100 == 99 or number == len(pack) - 1:
            maps.flush()
            marks.write_text(str(number + 1))


class Maps:
    """The teacher's maps of a pack, as `write` left them."""

    def __init__(self, folder: Path, pack: Pack) -> None:
        self._maps = np.memmap(
            folder / "teacher.f16", np.float16, "r", shape=(len(pack), POINTS, len(CLASSES))
        )

    def levels(self, number: int) -> list[Floats]:
        """Return one picture's maps, finest first."""
        return split(self._maps[number])
