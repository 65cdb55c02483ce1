"""Another activation begins with the published features."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the trainer's environment: make train-test")

from tools.train.base import match  # noqa: E402
from tools.train.net import Net, Shape  # noqa: E402


def test_every_channel_gets_the_mean_and_the_spread_of_its_model() -> None:
    torch.manual_seed(1)
    small = Shape(base=4, head=8, blocks=(1, 1, 1))
    model, net = Net(replace(small, hard=())), Net(small)
    pixels = torch.rand(8, 3, 64, 64) * 255

    def apart() -> float:
        with torch.no_grad():
            pairs = zip(net.seen(pixels)[0], model.seen(pixels)[0], strict=True)
            return max(float((a.mean((0, 2, 3)) - b.mean((0, 2, 3))).abs().max() / b.std()) for a, b in pairs)

    net.load_state_dict(model.state_dict())
    before = apart()
    match(net, model, pixels)
    assert apart() < before / 3
