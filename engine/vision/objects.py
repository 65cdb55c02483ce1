"""What is in a picture: a TensorFlow Lite model behind one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.models import ModelFault, ModelFile, class_of, reported
from engine.vision import postprocess
from engine.vision.boxes import suppress
from engine.vision.crops import Size
from engine.vision.graph import Graph, graphs
from engine.vision.model import Detections
from engine.vision.native_stderr import without_info

#: Overlap (IoU) above which two detections of one kind are taken for the same object.
SAME = 0.5
#: Classes that are one another's mistake: the best of them wins.
_KIN = {"heavy": "car"}


@dataclass(frozen=True, slots=True)
class _Look:
    """A graph, and how its outputs are read."""

    graph: Graph
    shape: postprocess.OutputShape
    head: postprocess.Head


class Detector:
    """One interpreter; used by one thread at a time.

    Args:
        file: The model.
        least: Least score that is worth returning, 0..1.

    Attributes:
        sizes: Widths and heights of input that it takes, in pixels, as the file orders them; memory for one is
            taken at its first picture.
        size: The first of them.
        names: Our names of the classes.

    Raises:
        ModelFault: The runtime is missing, the file is no model, or its tensors are not understood.
    """

    def __init__(self, file: ModelFile, *, least: float = 0.1) -> None:
        self._least, self._file = least, file
        self._warm: set[Graph] = set()
        self._used: set[Graph] = set()
        self._looks = self._opened()
        self.sizes: tuple[Size, ...] = tuple(self._looks)
        self.size = self.sizes[0]
        self._swap = file.colours == "bgr"
        self.names, self._ours, self._groups = self._classes(file)

    def detect(self, picture: NDArray[np.uint8]) -> Detections:
        """Find objects.

        Args:
            picture: (height, width, 3) RGB of one of this detector's `sizes`.

        Returns:
            Boxes in 0..1 of the picture, best first.

        Raises:
            KeyError: It is of another size.
        """
        look = self._looks[picture.shape[1], picture.shape[0]]
        raw = look.head(look.shape, self._run(look.graph, picture), self._least)
        known = (raw.classes >= 0) & (raw.classes < len(self._ours))
        known &= self._ours[np.where(known, raw.classes, 0)] >= 0
        boxes, scores, labels = raw.boxes[known], raw.scores[known], self._ours[raw.classes[known]]
        kept = suppress(boxes, scores, self._groups[labels], SAME)
        return Detections(boxes[kept], scores[kept], labels[kept], self.names)

    def rest(self) -> bool:
        """Let go of the memory of sizes that nobody has used since the last call; return whether there was any.

        All are opened anew, for one cannot be closed alone: those that are used take theirs again at the next picture.
        """
        idle, self._used = self._warm - self._used, set()
        if not idle:
            return False
        self._warm = set()
        self._looks = self._opened()
        return True

    def _opened(self) -> dict[Size, _Look]:
        try:
            with without_info():
                opened = graphs(str(self._file.path))
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelFault("model.unloadable", name=self._file.name, reason=error) from error
        looks = (self._look(self._file, each) for each in opened)
        return {(look.shape.width, look.shape.height): look for look in looks}

    def _run(self, graph: Graph, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        pixels = self._prepared(graph, picture)
        self._used.add(graph)
        if graph in self._warm:
            return graph.run(pixels)
        with without_info():  # the first run of a graph makes its delegate
            self._warm.add(graph)
            return graph.run(pixels)

    def _prepared(self, graph: Graph, picture: NDArray[np.uint8]) -> NDArray[Any]:
        pixels = picture[:, :, ::-1] if self._swap else picture
        if graph.seen.channels_first:
            pixels = pixels.transpose(2, 0, 1)
        kind = graph.seen.inputs[0][1]
        if kind is np.int8:
            return (pixels.astype(np.int16) - 128).astype(np.int8)[None]
        return np.ascontiguousarray(pixels, kind)[None]

    def _look(self, file: ModelFile, graph: Graph) -> _Look:
        """Return a graph with the head that its tensors look like."""
        if not graph.seen.is_picture:
            raise self._not_understood(file, graph)
        width, height = graph.seen.size
        shape = postprocess.OutputShape(width, height, tuple(shape for shape, _ in graph.seen.outputs))
        guessed = postprocess.guess(shape)
        if guessed is None or file.head not in (None, guessed):
            raise self._not_understood(file, graph)
        self.head, self._shape = guessed, shape
        return _Look(graph, shape, postprocess.HEADS[guessed])

    @staticmethod
    def _not_understood(file: ModelFile, graph: Graph) -> ModelFault:
        def told(tensors: Sequence[tuple[tuple[int, ...], Any]]) -> str:
            return ", ".join(f"{kind.__name__}{list(shape)}" for shape, kind in tensors)

        return ModelFault(
            "model.not_understood",
            name=file.name,
            inputs=told(graph.seen.inputs),
            outputs=told(graph.seen.outputs),
            heads=", ".join(postprocess.HEADS),
        )

    def _classes(self, file: ModelFile) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.int32]]:
        """Return our names, the model's class -> our number (-1: unused), our number -> kin."""
        has = postprocess.class_count(self.head, self._shape)
        if not file.labels or has not in (None, len(file.labels)):
            raise ModelFault("model.labels", name=file.name, has=has or "?", given=len(file.labels))
        names = reported(file.labels)
        mapped = [class_of(label) for label in file.labels]
        numbers = np.array([names.index(name) if name else -1 for name in mapped], np.int32)
        kin = [
            names.index(other) if (other := _KIN.get(name, name)) in names else i
            for i, name in enumerate(names)
        ]
        return names, numbers, np.array(kin, np.int32)
