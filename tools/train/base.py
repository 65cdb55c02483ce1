"""Where a run begins: published weights, or a net of ours that was taught before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from engine.models import find
from engine.models.library import SUFFIX
from tools.train.net import Net
from tools.train.pack import Pack
from tools.train.published import hard, load
from tools.train.score import letterboxed

#: Pictures over which the features are compared, and the size they are looked at.
_PICTURES, _SIZE = 64, (320, 192)
#: No channel is made stronger or weaker by more: its figures were chance.
_GAIN = (0.5, 2.0)


def located(name: str, shared: Path) -> Path:
    """Return the file of a base: a path, or a model's name, installed, in the box, or in ``../shared``.

    Raises:
        ModelFault: There is no such model; ``matthan models pull yolox-nano`` fetches the published one.
    """
    if name == "yolox-nano" and shared.exists():
        return shared
    found = find(name)
    if found is None:
        raise SystemExit(
            f"--from {name}: no model; a name that `matthan models list` shows, or a {SUFFIX} file"
        )
    return found.path


def begin(net: Net, path: Path, pack: Pack) -> Net:
    """Fill a net from a file; where its activations differ it is given the features that the file has."""
    load(net, path)
    if net.shape.hard and not hard(path):
        match(net, load(Net(replace(net.shape, hard=())), path), _pixels(pack))
    return net


def _pixels(pack: Pack) -> Tensor:
    numbers = np.random.default_rng(5).choice(pack.part("train"), _PICTURES)
    told = [letterboxed(pack.picture(int(number)), _SIZE)[0] for number in numbers]
    return torch.from_numpy(np.stack(told)).permute(0, 3, 1, 2).float()


@contextmanager
def _hooked(net: Net, hook: Callable[[nn.Conv2d, Tensor], Tensor | None]) -> Iterator[None]:
    """Call `hook` with every convolution and its output, in the order in which they run."""
    taken = [
        module.register_forward_hook(lambda module, _, output: hook(module, output))
        for module in net.modules()
        if isinstance(module, nn.Conv2d)
    ]
    yield
    for each in taken:
        each.remove()


def _moments(output: Tensor) -> tuple[Tensor, Tensor]:
    return output.mean((0, 2, 3)), output.std((0, 2, 3))


@torch.no_grad()
def match(net: Net, model: Net, pixels: Tensor) -> None:
    """Give every channel of a net the mean and the spread that it has in its model, layer by layer.

    Each layer is mended behind mended ones. With hard-swish in place of SiLU the published weights see next to nothing
    (mean AP50 of our classes .52 -> .07); so mended they see .50 before they have learned anything. It is what
    re-estimating batch normalisation does (Li et al., *Adaptive Batch Normalization*, 2016), for a net whose
    normalisation is folded.

    Args:
        pixels: (b, 3, h, w) 0..255, what the means are taken over.
    """
    wanted: list[tuple[Tensor, Tensor]] = []
    with _hooked(model, lambda _, output: wanted.append(_moments(output))):
        model.raw(pixels)
    order = iter(wanted)

    def mend(module: nn.Conv2d, output: Tensor) -> Tensor:
        (mean, spread), (mine, own) = next(order), _moments(output)
        gain = (spread / own.clamp(min=1e-6)).clamp(*_GAIN)
        moved = mean - gain * mine
        bias = cast("Tensor", module.bias)  # all of ours have one
        module.weight *= gain[:, None, None, None]
        bias.copy_(gain * bias + moved)
        return gain[:, None, None] * output + moved[:, None, None]

    with _hooked(net, mend):
        net.raw(pixels)
