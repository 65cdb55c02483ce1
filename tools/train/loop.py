"""The loop: a constant rate that may be cut and continued at any sample, and a polish whenever wanted.

Warm-up, constant, then a short decay from any checkpoint (Hägele et al., *Scaling Laws and Compute-Optimal
Training Beyond Fixed Training Durations*, 2024): nobody must know beforehand how long the run will last.
"""

from __future__ import annotations

import copy
import json
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tools.train.batches import Batch, Batches
from tools.train.loss import loss
from tools.train.net import Net, grid
from tools.train.pack import Pack
from tools.train.score import score, views
from tools.train.settings import Settings
from tools.train.teacher import Maps

#: Seconds between two checkpoints.
_SAFE = 240.0


class Mean:
    """The running mean of the weights: what is judged and shipped."""

    def __init__(self, net: Net, most: float) -> None:
        self.net = copy.deepcopy(net).eval()
        self.most = most

    @torch.no_grad()
    def add(self, net: Net, step: int) -> None:
        """Take a step's weights in; early on the mean is short."""
        keep = min(self.most, (1 + step) / (10 + step))
        mine, theirs = self.net.state_dict(), net.state_dict()
        for name, value in mine.items():
            if value.dtype.is_floating_point:
                value.lerp_(theirs[name].to(value.dtype), 1 - keep)
            else:
                value.copy_(theirs[name])


def _groups(net: Net, settings: Settings) -> list[dict[str, Any]]:
    """Return the parameters of body, neck and heads, each with its part of the rate; what has none does not learn."""
    parts = ((net.body, settings.body), (net.neck, settings.neck), (net.heads, 1.0))
    for part, share in parts:
        part.requires_grad_(share > 0)
    return [{"params": list(part.parameters()), "share": share} for part, share in parts]


def narrow(device: torch.device) -> bool:
    """Tell whether sums of 16 bits (bfloat16) are done by the machine itself: emulated they take ten times as long."""
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


@dataclass(slots=True)
class Phase:
    """One stretch of training.

    Attributes:
        checkpoint: Where its state is kept.
        samples: Where it ends.
        polish: Samples over which the rate falls to nothing at the end; 0: it stays.
    """

    checkpoint: Path
    samples: int
    polish: int = 0

    @classmethod
    def of_polish(cls, run: Path, length: int, batch: int) -> Phase:
        """Return the polish of what the constant phase left."""
        begin = torch.load(run / "run.pt", map_location="cpu", weights_only=True)["step"] * batch
        return cls(run / "polished.pt", begin + length, length)

    def begun(self) -> bool:
        """Tell whether its checkpoint is of this very phase: it was cut, and goes on."""
        if not self.checkpoint.exists():
            return False
        state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        return bool(state.get("ends") == self.samples)


class Trainer:
    """A net, its optimiser and its mean, at some sample of a run."""

    def __init__(self, run: Path, settings: Settings, net: Net, pack: Pack, device: str) -> None:
        torch.manual_seed(settings.seed)
        run.mkdir(parents=True, exist_ok=True)
        self.settings, self.run, self.device = settings, run, torch.device(device)
        self.pack, self.maps = pack, Maps(pack.folder, pack)
        self.net = net.to(self.device, memory_format=torch.channels_last)
        self.mean = Mean(self.net, settings.ema)
        self.optimiser = torch.optim.AdamW(
            _groups(self.net, settings), lr=settings.rate, weight_decay=settings.decay
        )
        self.narrow = narrow(self.device)
        self.views = views(self.pack, settings.without)
        self.step = 0
        self.asked = False  # to end: what is there is saved first

    def end(self, *_: object) -> None:
        """Let `go` save and return after the step under way; fit for `signal.signal`."""
        self.asked = True

    def load(self, path: Path) -> None:
        """Go on where a checkpoint ends."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.mean.net.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]

    def state(self, phase: Phase) -> dict[str, Any]:
        """Return all that a later process needs."""
        return {
            "ends": phase.samples,
            "net": self.net.state_dict(),
            "mean": self.mean.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "shape": asdict(self.net.shape),
            "settings": asdict(self.settings),
        }

    def go(self, phase: Phase) -> None:
        """Train to the end of a phase, with checkpoints and evaluations on the way."""
        signal.signal(signal.SIGTERM, self.end)
        last = phase.samples // self.settings.batch
        source = Batches(self.pack, self.maps, self.settings, polish=bool(phase.polish))
        self.mean.most = self.settings.ema_polish if phase.polish else self.settings.ema
        saved = begun = time.monotonic()
        first, every = self.step, max(1, self.settings.every // self.settings.batch)
        for batch in source.stream(self.step, last - self.step):
            parts = self._learn(batch, self._rate(last, phase.polish))
            now = time.monotonic()
            if self.step % 50 == 0:
                self._log(
                    {
                        "loss": parts,
                        "speed": round((self.step - first) * self.settings.batch / (now - begun), 1),
                    }
                )
            if self.step % every == 0 or self.step == last:
                self._judge(bool(phase.polish))
            if now - saved > _SAFE or self.step == last or self.asked:
                save(phase.checkpoint, self.state(phase))
                saved = now
            if self.asked:
                return

    def _judge(self, polish: bool) -> None:
        net = self.mean.net.cpu()
        told = {name: score(net, self.pack, numbers) for name, numbers in self.views.items()}
        self._log({"polish": polish, "views": told})
        self.mean.net.to(self.device)

    def _rate(self, last: int, polish: int) -> float:
        seen = self.step * self.settings.batch
        warm = min(1.0, (seen + 1) / self.settings.warm)
        left = (last - self.step) / max(1, polish // self.settings.batch) if polish else 1.0
        fall = 1 - (1 - min(1.0, left)) ** 0.5  # "1-sqrt", the best of those that they compare
        return self.settings.rate * warm * max(0.002, fall)

    def _learn(self, batch: Batch, rate: float) -> dict[str, float]:
        batch = Batch(
            *(value.to(self.device) for value in (batch.pixels, batch.boxes, batch.unsure, batch.soft))
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        self.net.train()
        pixels = batch.pixels.float().contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.narrow):
            logits, reach = self.net(pixels)
        places, strides = (each.to(self.device) for each in grid(pixels.shape[3], pixels.shape[2]))
        total, parts = loss(batch, logits, reach, places, strides)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimiser.step()
        self.mean.add(self.net, self.step)
        self.step += 1
        return {name: round(value, 4) for name, value in parts.items()}

    def _log(self, told: dict[str, Any]) -> None:
        row = {"step": self.step, "samples": self.step * self.settings.batch, **told}
        with (self.run / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def log(run: Path) -> list[dict[str, Any]]:
    """Return what a run has written down; what was given up by going back to a checkpoint is left out."""
    kept: list[dict[str, Any]] = []
    for line in (run / "log.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if kept and row["samples"] < kept[-1]["samples"]:
            kept = [each for each in kept if each["samples"] < row["samples"]]
        kept.append(row)
    return kept
