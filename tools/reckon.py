"""What machines carry, reckoned from what was measured here and how fast their cores are against this one's.

    python benchmarks/bench_streams.py --json > streams.json
    python tools/reckon.py streams.json [--core 1.0]

Prints a table for docs/guide/cost.md. Nothing in it was measured on those machines: a figure of this one is divided by
how much slower a core of theirs is. These ratios are of rounded single-core results of Geekbench 6 as they are commonly
published (no network where this was written, so they are from memory): 320 for a Raspberry Pi 4, 760 for a Pi 5, 1,230
for an Intel N100, 1,500 for a core of the servers that these benchmarks run on. ARM's vectors are half as wide as AVX2,
which such a result hardly shows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Machine: cores, single-core result.
MACHINES = {
    "Raspberry Pi 4": (4, 320), "Raspberry Pi 5": (4, 760), "Intel N100": (4, 1230), "two cores of a server": (2, 1500),
}  # fmt: skip
HERE = 1500
#: Part of the cores that may be used all the time.
USABLE = 0.7


def rows(measured: dict[str, Any], core: float) -> Iterator[str]:
    """Yield the table's lines.

    Args:
        measured: What `bench_streams.py --json` printed.
        core: How fast a core of the measuring machine is, as a part of `HERE`.
    """
    ways = {"motion alone": measured["rest"], "with the detector": measured["detector"]}
    yield (
        "| machine | cores | one core against ours | "
        + " | ".join(f"cameras, {name}" for name in ways)
        + " |"
    )
    yield "|---|---|---|" + "---|" * len(ways)
    for name, (cores, speed) in MACHINES.items():
        ratio = speed / (HERE * core)
        carried = (round(cores * 1000 * USABLE * ratio / way["ms"] / 5) * 5 for way in ways.values())
        yield f"| {name} | {cores} | {ratio:.2f} | " + " | ".join(map(str, carried)) + " |"


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measured", type=Path)
    parser.add_argument(
        "--core", type=float, default=1.0, help="how fast a core here is, as a part of 1,500 points"
    )
    given = parser.parse_args()
    print("\n".join(rows(json.loads(given.measured.read_text()), given.core)))


if __name__ == "__main__":
    main()
