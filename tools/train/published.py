"""Weights out of a TFLite file: YOLOX-nano as it is published, or a net of ours as it was shipped.

Convolutions stand in such a file in the order in which they run, with their normalisation folded in; the published
one has its
three heads coarsest first, ours finest first. Constants of 16 bits are read from the flatbuffer itself: after
allocation the
interpreter's memory of them is another's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from torch import Tensor, nn

from tools.train.net import KEPT, Net
from tools.train.settings import CLASSES

#: A convolution's weight (out, in, height, width) and bias (out,).
Weights = tuple[Tensor, Tensor]
_KINDS = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16}
_CONV = schema.BuiltinOperator.CONV_2D
_DEPTHWISE = schema.BuiltinOperator.DEPTHWISE_CONV_2D
_WIDEN = schema.BuiltinOperator.DEQUANTIZE
_PUBLISHED = 80


class NotOurs(ValueError):
    """A file whose convolutions are not those of this net."""


class _File:
    """A TFLite flatbuffer's first graph."""

    def __init__(self, path: Path) -> None:
        self._bytes = path.read_bytes()
        self._model = schema.Model.GetRootAs(self._bytes, 0)
        self._graph = self._model.Subgraphs(0)
        self._narrow = {o.Outputs(0): o.Inputs(0) for kind, o in self._operators() if kind == _WIDEN}

    def _operators(self) -> list[tuple[int, schema.Operator]]:
        told = []
        for number in range(self._graph.OperatorsLength()):
            operator = self._graph.Operators(number)
            code = self._model.OperatorCodes(operator.OpcodeIndex())
            told.append((max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), operator))
        return told

    def _constant(self, number: int) -> NDArray[np.float32]:
        tensor = self._graph.Tensors(self._narrow.get(number, number))
        buffer = self._model.Buffers(tensor.Buffer())
        inside = buffer.DataAsNumpy().tobytes() if buffer.DataLength() else b""
        raw = inside or self._bytes[buffer.Offset() : buffer.Offset() + buffer.Size()]
        values = np.frombuffer(raw, _KINDS[tensor.Type()]).astype(np.float32)
        return values.reshape([int(side) for side in tensor.ShapeAsNumpy()])

    def convolutions(self) -> list[Weights]:
        """Return them in the order in which they run."""
        found = []
        for kind, operator in self._operators():
            if kind in (_CONV, _DEPTHWISE):
                axes = (0, 3, 1, 2) if kind == _CONV else (3, 0, 1, 2)
                weight = np.ascontiguousarray(self._constant(operator.Inputs(1)).transpose(axes))
                found.append(
                    (torch.from_numpy(weight), torch.from_numpy(self._constant(operator.Inputs(2)).copy()))
                )
        return found

    def shift(self) -> NDArray[np.float32] | None:
        """Return what was added to each class's logit when it was shipped; None: nothing was."""
        rows = [
            self._constant(number).reshape(-1)
            for number in range(self._graph.TensorsLength())
            if self._is_row(number)
        ]
        for odds in rows:  # p * odds / (1 + p * (odds - 1)), as `net.Shipped` has it
            if (
                any(np.allclose(odds - 1, other, atol=2e-3 * odds.max()) for other in rows)
                and (odds > 0).all()
            ):
                return np.log(odds)
        return None

    def _is_row(self, number: int) -> bool:
        """Tell whether a tensor is a constant with a number for each of our classes."""
        tensor = self._graph.Tensors(number)
        buffer = self._model.Buffers(tensor.Buffer())
        size = int(np.prod(tensor.ShapeAsNumpy())) if tensor.ShapeLength() else 0
        return size == len(CLASSES) and tensor.Type() in _KINDS and bool(buffer.DataLength() or buffer.Size())

    def hard(self) -> bool:
        """Tell whether some of its activations are hard-swish."""
        return any(kind == schema.BuiltinOperator.HARD_SWISH for kind, _ in self._operators())


def convolutions(net: Net) -> list[nn.Conv2d]:
    """Return a net's convolutions in the order in which they run, its heads finest first."""
    order: list[nn.Conv2d] = []
    found = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    hooks = [each.register_forward_hook(lambda *told: order.append(told[0])) for each in found]
    with torch.no_grad():
        net.raw(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return order


def focus(weight: Tensor) -> Tensor:
    """Return the 6x6 convolution of stride 2 on RGB that ``Focus`` and a 3x3 one on BGR are.

    Args:
        weight: (out, 12, 3, 3): channels of the pixels at the upper left, lower left, upper right, lower right.
    """
    wide = torch.zeros(len(weight), 3, 6, 6)
    for number, (row, column) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
        wide[:, :, row::2, column::2] = weight[:, 3 * number : 3 * number + 3].flip(1)
    return wide


def load(net: Net, path: Path) -> Net:
    """Fill a net from a file, the published one (all eighty classes or those of ours) or one that was shipped.

    Raises:
        NotOurs: The file holds another net.
        OSError: It cannot be read.
    """
    file = _File(path)
    order, weights = convolutions(net), file.convolutions()
    if len(weights) != len(order):
        raise NotOurs(f"{path}: {len(weights)} convolutions, {len(order)} in YOLOX-nano")
    if weights[0][0].shape[1] == 12:
        head = sum(isinstance(module, nn.Conv2d) for module in net.heads[0].modules())
        trunk = len(order) - 3 * head
        heads = [order[trunk + head * i : trunk + head * (i + 1)] for i in range(3)]
        order = [*order[:trunk], *heads[2], *heads[1], *heads[0]]
        weights[0] = focus(weights[0][0]), weights[0][1]
    shift = file.shift()
    net.shift.copy_(torch.zeros(len(CLASSES)) if shift is None else torch.from_numpy(shift.copy()))
    for number, (module, (weight, bias)) in enumerate(zip(order, weights, strict=True)):
        _fill(module, *_kept(module, weight, bias), where=f"{path}: convolution {number}")
    return net


def hard(path: Path) -> bool:
    """Tell whether some of a file's activations are hard-swish: it is ours."""
    return _File(path).hard()


def _kept(module: nn.Conv2d, weight: Tensor, bias: Tensor) -> Weights:
    """Return of eighty classes' weights those that the net has."""
    if len(weight) == _PUBLISHED and module.out_channels == len(KEPT):
        return weight[list(KEPT)], bias[list(KEPT)]
    return weight, bias


@torch.no_grad()
def _fill(module: nn.Conv2d, weight: Tensor, bias: Tensor, where: str) -> None:
    if module.weight.shape != weight.shape or module.bias is None:
        raise NotOurs(f"{where} is {tuple(weight.shape)}, not {tuple(module.weight.shape)}")
    module.weight.copy_(weight)
    module.bias.copy_(bias)
