"""The run as a picture."""

from __future__ import annotations

from pathlib import Path

from tools.train.loop import log
from tools.train.settings import CLASSES


def draw(run: Path, target: Path) -> None:
    """Draw loss and AP50 over the samples seen."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "matthan"  # the same run gives the same file
    from matplotlib import pyplot as plt

    rows = list(log(run))
    losses = [
        (row["samples"], row["loss"]["classes"] + 2 * row["loss"]["box"]) for row in rows if "loss" in row
    ]
    scores = [(row["samples"], row["stop"], row["polish"]) for row in rows if "stop" in row]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    smooth, kept = [], 0.0
    for i, (_, value) in enumerate(losses):
        kept = value if i == 0 else 0.9 * kept + 0.1 * value
        smooth.append(kept)
    left.plot([samples / 1000 for samples, _ in losses], smooth, color="black", linewidth=1)
    left.set(xlabel="thousand samples", ylabel="loss (running mean)")
    for name in (*CLASSES, "mean"):
        points = [(samples / 1000, told[name]) for samples, told, _ in scores if name in told]
        right.plot(
            *zip(*points, strict=True), label=name, linewidth=2 if name == "mean" else 1
        ) if points else None
    right.set(xlabel="thousand samples", ylabel="AP50, early-stopping half of val", ylim=(0, None))
    right.legend(frameon=False)
    figure.savefig(target, metadata={"Date": None})
