"""What is in a picture: a TensorFlow Lite model behind one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.models import ModelFault, ModelFile, class_of, reported
from engine.vision import postprocess
from engine.vision.boxes import suppress
from engine.vision.model import Detections
from engine.vision.native_stderr import without_info

#: Overlap (IoU) above which two detections of one kind are taken for the same object.
SAME = 0.5
#: Classes that are one another's mistake: the best of them wins.
_KIN = {"heavy": "car"}


def _interpreter(path: str) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            from tflite_runtime.interpreter import Interpreter
        except ImportError:
            raise ModelFault("model.runtime") from None
    return Interpreter(model_path=path, num_threads=1)  # two threads in one interpreter spin


class Detector:
    """One interpreter; used by one thread at a time.

    Args:
        file: The model.
        least: Least score that is worth returning, 0..1.

    Attributes:
        size: Width and height of the input in pixels.
        names: Our names of the classes.

    Raises:
        ModelFault: The runtime is missing, the file is no model, or its tensors are not understood.
    """

    def __init__(self, file: ModelFile, *, least: float = 0.1) -> None:
        self._least = least
        try:
            with without_info():
                self._model = _interpreter(str(file.path))
                self._model.allocate_tensors()
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelFault("model.unloadable", name=file.name, reason=error) from error
        self._inputs, self._outputs = self._model.get_input_details(), self._model.get_output_details()
        self._shape, self._channels_first = self._seen(file)
        self.size = (self._shape.width, self._shape.height)
        self._head = self._chosen_head(file)
        self._swap = file.colours == "bgr"
        self.names, self._ours, self._groups = self._classes(file)

    def detect(self, picture: NDArray[np.uint8]) -> Detections:
        """Find objects.

        Args:
            picture: (height, width, 3) RGB of this detector's `size`.

        Returns:
            Boxes in 0..1 of the picture, best first.
        """
        self._model.set_tensor(self._inputs[0]["index"], self._prepared(picture))
        self._model.invoke()
        raw = self._head(self._shape, [self._output(each) for each in self._outputs], self._least)
        known = (raw.classes >= 0) & (raw.classes < len(self._ours))
        known &= self._ours[np.where(known, raw.classes, 0)] >= 0
        boxes, scores, labels = raw.boxes[known], raw.scores[known], self._ours[raw.classes[known]]
        kept = suppress(boxes, scores, self._groups[labels], SAME)
        return Detections(boxes[kept], scores[kept], labels[kept], self.names)

    def _prepared(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        pixels = picture[:, :, ::-1] if self._swap else picture
        if self._channels_first:
            pixels = pixels.transpose(2, 0, 1)
        kind = self._inputs[0]["dtype"]
        if kind is np.int8:
            return (pixels.astype(np.int16) - 128).astype(np.int8)[None]
        return np.ascontiguousarray(pixels, kind)[None]

    def _output(self, detail: dict[str, Any]) -> NDArray[np.float32]:
        values = self._model.get_tensor(detail["index"])
        scale, zero = detail["quantization"]
        if np.issubdtype(values.dtype, np.integer) and scale:
            return np.asarray((values.astype(np.float32) - zero) * scale, np.float32)
        return np.asarray(values, np.float32)

    def _seen(self, file: ModelFile) -> tuple[postprocess.OutputShape, bool]:
        sides = [int(side) for side in self._inputs[0]["shape"]]
        outputs = tuple(tuple(int(side) for side in each["shape"]) for each in self._outputs)
        if len(self._inputs) != 1 or len(sides) != 4 or 3 not in (sides[1], sides[3]):
            raise self._not_understood(file)
        first = sides[1] == 3
        height, width = (sides[2], sides[3]) if first else (sides[1], sides[2])
        return postprocess.OutputShape(width, height, outputs), first

    def _chosen_head(self, file: ModelFile) -> postprocess.Head:
        guessed = postprocess.guess(self._shape)
        if guessed is None or file.head not in (None, guessed):
            raise self._not_understood(file)
        self.head = guessed
        return postprocess.HEADS[guessed]

    def _not_understood(self, file: ModelFile) -> ModelFault:
        def told(details: Sequence[dict[str, Any]]) -> str:
            return ", ".join(f"{each['dtype'].__name__}{each['shape'].tolist()}" for each in details)

        return ModelFault(
            "model.not_understood",
            name=file.name,
            inputs=told(self._inputs),
            outputs=told(self._outputs),
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
