"""The net: dense convolutions wherever a stage shrinks, depthwise-separable ones in between.

On a CPU a 3x3 convolution of few channels is cheap, and a depthwise one is bound by memory. Depthwise with
stride 2 or 5x5 would be as cheap to run, but costs PyTorch's CPU kernels 4 to 12 times the time to learn.
Only ReLU: XNNPACK folds it into the convolution before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tools.train.settings import CLASSES, STRIDES


@dataclass(frozen=True, slots=True)
class Shape:
    """Channels and blocks.

    Attributes:
        stem: Channels at stride 2; then of the stages at strides 4, 8, 16, 32.
        blocks: Residual blocks of those four stages.
        neck: Channels of the pyramid and the heads.
    """

    stem: int = 16
    stages: tuple[int, int, int, int] = (32, 64, 128, 224)
    blocks: tuple[int, int, int, int] = (1, 3, 5, 3)
    neck: int = 72


def conv(
    cin: int, cout: int, kernel: int = 3, stride: int = 1, groups: int = 1, *, act: bool = True
) -> nn.Sequential:
    """Return convolution, normalisation and, where wanted, ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(cout, momentum=0.03),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if act else []))


def light(cin: int, cout: int, *, act: bool = True) -> nn.Sequential:
    """Return a depthwise and a pointwise convolution."""
    return nn.Sequential(conv(cin, cin, groups=cin), conv(cin, cout, 1, act=act))


class Residual(nn.Module):
    """Depthwise, pointwise, and what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = light(channels, channels, act=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        return torch.relu(x + self.body(x))


class Body(nn.Module):
    """Features at strides 8, 16 and 32."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = (shape.stem, *shape.stages)
        self.stem = conv(3, shape.stem, 3, 2)
        stages = []
        for i, blocks in enumerate(shape.blocks):
            down = conv(channels[i], channels[i + 1], 3, 2)
            stages.append(nn.Sequential(down, *(Residual(channels[i + 1]) for _ in range(blocks))))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return three levels, finest first."""
        x = self.stem(x)
        told = []
        for stage in self.stages:
            x = stage(x)
            told.append(x)
        return told[1:]


class Neck(nn.Module):
    """Down the pyramid and up again (Liu et al., *Path Aggregation Network*, 2018), by sums."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.sides = nn.ModuleList(conv(channels, shape.neck, 1) for channels in shape.stages[1:])
        self.down = nn.ModuleList(light(shape.neck, shape.neck) for _ in range(2))
        self.shrink = nn.ModuleList(conv(shape.neck, shape.neck, 3, 2) for _ in range(2))
        self.up = nn.ModuleList(light(shape.neck, shape.neck) for _ in range(2))
        self.grow = nn.Upsample(scale_factor=2.0, mode="nearest")

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        """Return three levels of equal channels."""
        fine, middle, coarse = (side(level) for side, level in zip(self.sides, levels, strict=True))
        middle = self.down[0](middle + self.grow(coarse))
        fine = self.down[1](fine + self.grow(middle))
        middle = self.up[0](middle + self.shrink[0](fine))
        coarse = self.up[1](coarse + self.shrink[1](middle))
        return [fine, middle, coarse]


class Head(nn.Module):
    """What lies at each point of one level: class logits and the distances of the box's four sides."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.classes = nn.Sequential(light(channels, channels), light(channels, channels))
        self.sides = nn.Sequential(light(channels, channels), light(channels, channels))
        self.logit = nn.Conv2d(channels, len(CLASSES), 1)
        self.reach = nn.Conv2d(channels, 4, 1)
        nn.init.constant_(self.logit.bias, -math.log(99))  # at first nothing is there, with 99 %
        nn.init.normal_(self.logit.weight, std=0.01)
        nn.init.normal_(self.reach.weight, std=0.01)
        nn.init.constant_(self.reach.bias, math.log(2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return (b, points, 4) logits and (b, points, 4) logarithms of distances in strides."""
        logit, reach = self.logit(self.classes(x)), self.reach(self.sides(x))
        return logit.permute(0, 2, 3, 1).flatten(1, 2), reach.permute(0, 2, 3, 1).flatten(1, 2)


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
    """Return boxes (b, n, 4) in pixels from what the heads say."""
    far = torch.exp(reach.clamp(-6, 5)) * strides
    return torch.cat([places - far[..., :2], places + far[..., 2:]], dim=-1)


class Net(nn.Module):
    """Pictures (b, 3, h, w) 0..255 to logits and logarithms of distances at every point."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        self.body, self.neck = Body(self.shape), Neck(self.shape)
        self.heads = nn.ModuleList(Head(self.shape.neck) for _ in STRIDES)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return (b, points, 4) each."""
        levels = self.neck(self.body(pixels / 127.5 - 1))
        told = [head(level) for head, level in zip(self.heads, levels, strict=True)]
        return torch.cat([logit for logit, _ in told], 1), torch.cat([reach for _, reach in told], 1)


class Shipped(nn.Module):
    """The net as it is shipped: (1, h, w, 3) 0..255 in; boxes in 0..1 of the picture and scores out."""

    def __init__(self, net: Net, size: tuple[int, int]) -> None:
        super().__init__()
        self.net = net
        places, strides = grid(*size)
        scale = torch.tensor([size[0], size[1]], dtype=torch.float32)
        self.register_buffer("places", places / scale)
        self.register_buffer("strides", (strides / scale).repeat(1, 2))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes (1, points, 4) and scores (1, points, classes)."""
        logit, reach = self.net(pixels.permute(0, 3, 1, 2))
        far = torch.exp(reach.clamp(-6, 5)) * self.strides
        found = torch.cat([self.places - far[..., :2], self.places + far[..., 2:]], dim=-1)
        return found.clamp(0, 1), torch.sigmoid(logit)
