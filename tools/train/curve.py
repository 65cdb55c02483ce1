"""The run as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tools.train.loop import log


def smoothed(values: Sequence[float], keep: float = 0.9) -> list[float]:
    """Return the running mean of values."""
    told: list[float] = []
    for value in values:
        told.append(keep * told[-1] + (1 - keep) * value if told else value)
    return told


def draw(run: Path, target: Path) -> None:
    """Draw the loss, the mean AP50 of every view that was watched, and people in photographs, over the samples."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "matthan"  # the same run gives the same file
    from matplotlib import pyplot as plt

    rows = log(run)
    losses = [row for row in rows if "loss" in row]
    judged = [row for row in rows if "views" in row]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    values = smoothed([row["loss"]["classes"] + 2 * row["loss"]["box"] for row in losses])
    left.plot([row["samples"] / 1000 for row in losses], values, color="black", linewidth=1)
    left.set(xlabel="thousand samples", ylabel="loss (running mean)")
    names = dict.fromkeys(view for row in judged for view in row["views"])
    for view, kind in (("photographs", "person"), *((name, "mean") for name in names)):
        points = [row for row in judged if kind in row["views"].get(view, {})]
        right.plot(
            [row["samples"] / 1000 for row in points],
            [row["views"][view][kind] for row in points],
            label=f"{view}: {kind}",
            linewidth=2 if kind == "person" else 1,
        )
    right.set(xlabel="thousand samples", ylabel="AP50", ylim=(0, None))
    right.legend(frameon=False)
    figure.savefig(target, metadata={"Date": None})
