"""How often `matthan models compare` is right about which of two models is better, in drawn worlds where that is known.

Usage: python benchmarks/bench_verdict.py [--json]

A world has units (clips, or pictures) with three objects in the mean, harder and easier ones; each model has luck of
its own with a clip, finds an object with a probability, and tells one thing in the mean that is not there.

equal_%    of two equal models one was called better: 5 is meant
better_%   the better one was called better; found: what part of the objects each finds in the mean
worse_%    the worse one was
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from engine.bench import difference
from engine.bench.difference import Verdict, differences
from engine.bench.tally import Floats, Tally

#: Worlds of each kind; rounds of each bootstrap (the product takes more).
WORLDS, ROUNDS = 150, 300
UNITS = (10, 15, 20, 40, 100)
#: How much a clip's hardness, and a model's luck with it, move the log-odds that an object is found.
HARD, LUCK = 1.0, 0.7
#: Log-odds of a model, of an equal one and of a better one.
LEVEL, BETTER = 0.4, 1.2
_FIRST_SEED = 1000


def model(rng: np.random.Generator, objects: Floats, hard: Floats, level: float) -> Tally:
    """Return what a model comes to: sure findings are mostly right."""
    odds = level + hard + rng.normal(0, LUCK, len(hard))
    units = np.repeat(np.arange(len(hard)), objects.astype(int))
    found = units[rng.random(len(units)) < 1 / (1 + np.exp(-odds[units]))]
    false = np.repeat(np.arange(len(hard)), rng.poisson(1.0, len(hard)))
    scores = np.concatenate([rng.beta(4, 2, len(found)), rng.beta(2, 4, len(false))])
    right = np.arange(len(scores)) < len(found)
    order = np.argsort(-scores)
    return Tally(scores[order], right[order], np.concatenate([found, false])[order], objects.astype(np.int64))


def verdict(units: int, level: float, seed: int) -> Verdict:
    """Return what is said of a world in which B has this level."""
    rng = np.random.default_rng((seed, units))
    objects, hard = rng.poisson(3, units).astype(np.float64), rng.normal(0, HARD, units)
    pair = model(rng, objects, hard, LEVEL), model(rng, objects, hard, level)
    mean = differences({"person": pair}, units, seed=seed)[1]
    return mean.verdict if mean else Verdict.FEW


def row(units: int) -> dict[str, float]:
    """Return the shares of one number of units, in per cent."""
    seeds = range(_FIRST_SEED, _FIRST_SEED + WORLDS)
    equal = [verdict(units, LEVEL, seed) for seed in seeds]
    better = [verdict(units, BETTER, seed) for seed in seeds]
    return {
        "equal_%": round(100 * sum(each is not Verdict.EVEN for each in equal) / WORLDS, 1),
        "better_%": round(100 * better.count(Verdict.B) / WORLDS, 1),
        "worse_%": round(100 * better.count(Verdict.A) / WORLDS, 1),
    }


def share(level: float) -> float:
    """Return which part of the objects a model of a level finds."""
    odds = level + np.random.default_rng(1).normal(0, np.hypot(HARD, LUCK), 100_000)
    return round(float((1 / (1 + np.exp(-odds))).mean()), 2)


def run() -> dict[str, Any]:
    """Measure everything."""
    difference.FEWEST, difference.ROUNDS = 0, ROUNDS  # what the product would not say is looked at here too
    found = f"{share(LEVEL)} and {share(BETTER)}"
    return {"bench": "verdict", "worlds": WORLDS, "found": found} | {f"{n} units": row(n) for n in UNITS}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    found = run()
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
