"""The net: YOLOX-nano as its authors draw it, with what a CPU pays for taken out.

Ge et al., *YOLOX: Exceeding YOLO Series in 2021*: CSPDarknet (Wang et al., *CSPNet*, 2019), a path aggregation
pyramid (Liu et
al., 2018), decoupled heads; `Focus` is one 6x6 convolution of stride 2, batch normalisation is folded into the
weights, and of the
eighty classes eleven are left, which are five of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tools.train.settings import CLASSES, STRIDES, THEIRS

#: The published classes that are kept, in the order of the heads' outputs.
KEPT = tuple(number for group in THEIRS for number in group)
#: Half sizes beyond e^6 strides are no boxes.
_REACH = 6.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Channels and blocks, as published for "nano".

    Attributes:
        base: Channels at stride 2; doubled with every stage.
        blocks: Bottlenecks at strides 4, 8 and 16.
        head: Channels of a head.
        hard: Parts whose activation is hard-swish (Howard et al., *MobileNetV3*, 2019) in place of SiLU: where the most
            features are, and the least is lost (docs/design/training.md).
    """

    base: int = 16
    blocks: tuple[int, int, int] = (1, 3, 3)
    head: int = 64
    hard: tuple[str, ...] = ("stem", "dark2", "dark3", "heads")

    def act(self, part: str) -> str:
        """Return the activation of a part: stem, dark2 to dark5, neck or heads."""
        return "hard" if part in self.hard else "silu"


def _act(name: str) -> nn.Module:
    return nn.Hardswish() if name == "hard" else nn.SiLU(inplace=True)


class Conv(nn.Sequential):
    """Convolution, normalisation folded in, and the activation: ``BaseConv`` of the published code."""

    def __init__(
        self, cin: int, cout: int, kernel: int = 1, stride: int = 1, groups: int = 1, *, act: str = "silu"
    ) -> None:
        pad = 2 if kernel == 6 else kernel // 2
        super().__init__(nn.Conv2d(cin, cout, kernel, stride, pad, groups=groups), _act(act))


def depthwise(cin: int, cout: int, stride: int = 1, *, act: str) -> nn.Sequential:
    """Return a depthwise 3x3 and a pointwise convolution: ``DWConv``."""
    return nn.Sequential(Conv(cin, cin, 3, stride, cin, act=act), Conv(cin, cout, act=act))


class Bottleneck(nn.Module):
    """Pointwise, depthwise, pointwise; with a shortcut where wanted."""

    def __init__(self, channels: int, *, shortcut: bool, act: str) -> None:
        super().__init__()
        self.body = nn.Sequential(Conv(channels, channels, act=act), depthwise(channels, channels, act=act))
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        y: Tensor = self.body(x)
        return x + y if self.shortcut else y


class CrossStage(nn.Module):
    """Cross-stage partial layer: ``CSPLayer``."""

    def __init__(self, cin: int, cout: int, blocks: int, *, shortcut: bool, act: str) -> None:
        super().__init__()
        half = cout // 2
        self.deep = Conv(cin, half, act=act)
        self.blocks = nn.Sequential(*(Bottleneck(half, shortcut=shortcut, act=act) for _ in range(blocks)))
        self.side = Conv(cin, half, act=act)
        self.join = Conv(2 * half, cout, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Return `cout` channels."""
        joined: Tensor = self.join(torch.cat([self.blocks(self.deep(x)), self.side(x)], 1))
        return joined


class SpatialPyramid(nn.Module):
    """Pooling over 5, 9 and 13 (``SPPBottleneck``), as three of 5 in a row, which see the same."""

    def __init__(self, channels: int, *, act: str) -> None:
        super().__init__()
        self.shrink = Conv(channels, channels // 2, act=act)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.join = Conv(channels * 2, channels, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        levels = [self.shrink(x)]
        for _ in range(3):
            levels.append(self.pool(levels[-1]))
        joined: Tensor = self.join(torch.cat(levels, 1))
        return joined


class Body(nn.Module):
    """``CSPDarknet``: features at strides 8, 16 and 32."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        c, blocks, act = shape.base, shape.blocks, shape.act("dark5")
        self.stem = Conv(3, c, 6, 2, act=shape.act("stem"))
        self.dark2 = _stage(c, blocks[0], shape.act("dark2"))
        self.dark3 = _stage(2 * c, blocks[1], shape.act("dark3"))
        self.dark4 = _stage(4 * c, blocks[2], shape.act("dark4"))
        self.dark5 = nn.Sequential(
            depthwise(8 * c, 16 * c, 2, act=act),
            SpatialPyramid(16 * c, act=act),
            CrossStage(16 * c, 16 * c, 1, shortcut=False, act=act),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return three levels, finest first."""
        fine = self.dark3(self.dark2(self.stem(x)))
        middle = self.dark4(fine)
        return fine, middle, self.dark5(middle)


def _stage(cin: int, blocks: int, act: str) -> nn.Sequential:
    down = depthwise(cin, 2 * cin, 2, act=act)
    return nn.Sequential(down, CrossStage(2 * cin, 2 * cin, blocks, shortcut=True, act=act))


class Neck(nn.Module):
    """``PAFPN``: down the pyramid and up again."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        c, act = shape.base, shape.act("neck")

        def cross(cin: int, cout: int) -> CrossStage:
            return CrossStage(cin, cout, 1, shortcut=False, act=act)

        self.lateral = Conv(16 * c, 8 * c, act=act)
        self.down4 = cross(16 * c, 8 * c)
        self.reduce = Conv(8 * c, 4 * c, act=act)
        self.down3 = cross(8 * c, 4 * c)
        self.stride3 = depthwise(4 * c, 4 * c, 2, act=act)
        self.up4 = cross(8 * c, 8 * c)
        self.stride4 = depthwise(8 * c, 8 * c, 2, act=act)
        self.up5 = cross(16 * c, 16 * c)
        self.grow = nn.Upsample(scale_factor=2.0, mode="nearest")

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return three levels, finest first."""
        five = self.lateral(coarse)
        four = self.reduce(self.down4(torch.cat([self.grow(five), middle], 1)))
        three = self.down3(torch.cat([self.grow(four), fine], 1))
        fourth = self.up4(torch.cat([self.stride3(three), four], 1))
        fifth = self.up5(torch.cat([self.stride4(fourth), five], 1))
        return three, fourth, fifth


class Head(nn.Module):
    """What lies at each point of one level: class logits, whether anything does, and where its box reaches."""

    def __init__(self, cin: int, shape: Shape, classes: int) -> None:
        super().__init__()
        c, act = shape.head, shape.act("heads")
        self.stem = Conv(cin, c, act=act)
        self.classes = nn.Sequential(depthwise(c, c, act=act), depthwise(c, c, act=act))
        self.logit = nn.Conv2d(c, classes, 1)
        self.sides = nn.Sequential(depthwise(c, c, act=act), depthwise(c, c, act=act))
        self.reach = nn.Conv2d(c, 4, 1)
        self.there = nn.Conv2d(c, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (b, points, classes) logits, (b, points, 1) objectness and (b, points, 4) reach."""
        x = self.stem(x)
        logit, sides = self.logit(self.classes(x)), self.sides(x)
        reach, there = self.reach(sides), self.there(sides)
        return _flat(logit), _flat(there), _flat(reach)


def _flat(level: Tensor) -> Tensor:
    return level.permute(0, 2, 3, 1).flatten(1, 2)


def grid(width: int, height: int) -> tuple[Tensor, Tensor]:
    """Return the points' places in pixels, (n, 2), and their strides, (n, 1)."""
    places, strides = [], []
    for stride in STRIDES:
        rows, columns = torch.meshgrid(
            torch.arange(height // stride), torch.arange(width // stride), indexing="ij"
        )
        place = (torch.stack([columns, rows], dim=-1).reshape(-1, 2) + 0.5) * stride
        places.append(place)
        strides.append(torch.full((len(place), 1), float(stride)))
    return torch.cat(places), torch.cat(strides)


def boxes(reach: Tensor, places: Tensor, strides: Tensor) -> Tensor:
    """Return boxes (b, n, 4) in the places' unit.

    Args:
        reach: (b, n, 4): the middle's offset from the cell's corner, and the logarithms of the sides, in strides.
    """
    middle = places + (reach[..., :2] - 0.5) * strides
    half = torch.exp(reach[..., 2:].clamp(-_REACH, _REACH)) * (strides / 2)
    return torch.cat([middle - half, middle + half], dim=-1)


def gathered(kinds: Tensor, groups: Sequence[Sequence[int]] = THEIRS) -> Tensor:
    """Return (b, n, classes): of each of our classes the likeliest of the published ones in it."""
    told, first = [], 0
    for group in groups:
        told.append(kinds[..., first : first + len(group)].amax(-1, keepdim=True))
        first += len(group)
    return torch.cat(told, -1)


class Net(nn.Module):
    """Pictures (b, 3, h, w), RGB, 0..255, to logits and reach at every point.

    Attributes:
        shift: What `calibrate` adds to each class's logit.
    """

    shift: Tensor

    def __init__(self, shape: Shape | None = None, classes: int = len(KEPT)) -> None:
        super().__init__()
        self.shape = shape or Shape()
        self.body, self.neck = Body(self.shape), Neck(self.shape)
        c = self.shape.base
        self.heads = nn.ModuleList(Head(cin, self.shape, classes) for cin in (4 * c, 8 * c, 16 * c))
        self.register_buffer("shift", torch.zeros(len(CLASSES)))

    def seen(self, pixels: Tensor) -> tuple[list[Tensor], tuple[Tensor, Tensor, Tensor]]:
        """Return the pyramid's features, finest first, and what `raw` returns."""
        levels = self.neck(*self.body(pixels))
        parts = zip(*(head(level) for head, level in zip(self.heads, levels, strict=True)), strict=True)
        logit, there, reach = (torch.cat(part, 1) for part in parts)
        return list(levels), (logit, there, reach)

    def raw(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of the published classes, of objectness, and reach, all (b, points, ...)."""
        return self.seen(pixels)[1]

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return our classes' logits, objectness multiplied in, (b, points, 5), and reach (b, points, 4)."""
        logit, there, reach = self.raw(pixels)
        kind, there = gathered(logit).float(), there.float()
        # the logit of a product of two sigmoids, without leaving logarithms
        both = -torch.logsumexp(torch.stack([-kind - there, -kind, (-there).expand_as(kind)], -1), -1)
        return both + self.shift, reach


class Shipped(nn.Module):
    """The net as it is shipped: (1, h, w, 3) 0..255 in; boxes in 0..1 of the picture and scores out."""

    def __init__(self, net: Net, size: tuple[int, int]) -> None:
        super().__init__()
        self.net = net
        places, strides = grid(*size)
        scale = torch.tensor(size, dtype=torch.float32)
        self.register_buffer("places", places / scale)
        self.register_buffer("strides", strides / scale)
        self.register_buffer("odds", net.shift.exp())

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes (1, points, 4) and scores (1, points, classes)."""
        logit, there, reach = self.net.raw(pixels.permute(0, 3, 1, 2))
        found = boxes(reach, self.places, self.strides)
        p = gathered(torch.sigmoid(logit)) * torch.sigmoid(there)
        return found.clamp(0, 1), p * self.odds / (1 + p * (self.odds - 1))
