"""The graphs of a model file: one for each size of input that it was made for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.models import ModelFault
from engine.vision.crops import Size


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a graph from outside: shapes of its tensors, and what they are made of.

    Attributes:
        inputs: (shape, dtype) of each input.
        outputs: Likewise.
    """

    inputs: tuple[tuple[tuple[int, ...], Any], ...]
    outputs: tuple[tuple[tuple[int, ...], Any], ...]

    @property
    def channels_first(self) -> bool:
        """Whether the one input is (1, 3, height, width)."""
        return self.inputs[0][0][1] == 3

    @property
    def size(self) -> Size:
        """Width and height of the one input."""
        sides = self.inputs[0][0]
        return (sides[3], sides[2]) if self.channels_first else (sides[2], sides[1])

    @property
    def is_picture(self) -> bool:
        """Whether there is one input, and it is a picture."""
        return len(self.inputs) == 1 and len(self.inputs[0][0]) == 4 and 3 in self.inputs[0][0][1::2]


class Graph(Protocol):
    """One graph; used by one thread at a time."""

    seen: Seen

    def run(self, pixels: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Return the outputs, dequantised, for a picture of the input's shape and type."""
        ...


def _seen(details: Sequence[dict[str, Any]]) -> tuple[tuple[tuple[int, ...], Any], ...]:
    return tuple((tuple(int(side) for side in each["shape"]), each["dtype"]) for each in details)


def _widened(values: NDArray[Any], detail: dict[str, Any]) -> NDArray[np.float32]:
    scale, zero = detail["quantization"]
    if np.issubdtype(values.dtype, np.integer) and scale:
        return np.asarray((values.astype(np.float32) - zero) * scale, np.float32)
    return np.asarray(values, np.float32)


class _Only:
    """The one graph of a file without signatures, or with one."""

    def __init__(self, model: Any) -> None:
        self._model = model
        model.allocate_tensors()
        self._input, self._outputs = model.get_input_details(), model.get_output_details()
        self.seen = Seen(_seen(self._input), _seen(self._outputs))

    def run(self, pixels: NDArray[Any]) -> list[NDArray[np.float32]]:
        """As `Graph.run`."""
        self._model.set_tensor(self._input[0]["index"], pixels)
        self._model.invoke()
        return [_widened(self._model.get_tensor(each["index"]), each) for each in self._outputs]


class _Signed:
    """One graph of several; memory is taken when it runs for the first time."""

    def __init__(self, model: Any, name: str) -> None:
        self._runner = model.get_signature_runner(name)
        inputs, outputs = self._runner.get_input_details(), self._runner.get_output_details()
        self._input = next(iter(inputs))
        self._outputs = dict(sorted(outputs.items()))
        self.seen = Seen(_seen(list(inputs.values())), _seen(list(self._outputs.values())))

    def run(self, pixels: NDArray[Any]) -> list[NDArray[np.float32]]:
        """As `Graph.run`."""
        told = self._runner(**{self._input: pixels})
        return [_widened(told[name], detail) for name, detail in self._outputs.items()]


def _interpreter(path: str) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            from tflite_runtime.interpreter import Interpreter
        except ImportError:
            raise ModelFault("model.runtime") from None
    return Interpreter(model_path=path, num_threads=1)  # two threads in one interpreter spin


def graphs(path: str) -> list[Graph]:
    """Open a model file.

    Returns:
        Its graphs, in the file's order of signatures; where there is but one, that one.

    Raises:
        ModelFault: The runtime is missing.
        ValueError, RuntimeError, OSError: The file is no model.
    """
    model = _interpreter(path)
    names = list(model.get_signature_list())
    return [_Signed(model, name) for name in names] if len(names) > 1 else [_Only(model)]
