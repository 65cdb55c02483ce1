"""Bytes to the terminal and processor time of the desk, with its own line and with Textual's own driver, side by side.

Usage: python benchmarks/bench_terminal.py [--json] [--seconds N]

The same desk over the same fake engine, twice at once, each in a pseudo-terminal of 80x24 with 256 colours
that takes everything at once. fleet, log: bytes a second on that page. help: bytes once.
CPU is that of the whole process, start and all, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.tui.line.relay import Relay

Figures = dict[str, float]
PROGRAM = ["-m", "tests.tui.line.desk_in_pty"]


def measured(kind: str, events: int, seconds: float, signs: Path) -> Figures:
    """Run one desk through its pages; return bytes a second, bytes once, and CPU."""
    relay = Relay([*PROGRAM, kind, str(events), str(signs)])
    try:
        relay.until("disabled")
        relay.carry(2)
        figures: Figures = {"fleet": relay.carry(seconds) / seconds}
        before = relay.bytes
        relay.press("?")
        relay.until("EVERYWHERE")
        relay.carry(1)
        figures["help"] = relay.bytes - before
        relay.press("\x1b")
        relay.carry(1)
        relay.press("e")
        relay.until("HAPPENED")
        relay.carry(1)
        figures["log"] = relay.carry(seconds) / seconds
        relay.press("q")
        relay.gone(10)
    finally:
        relay.close()
    cpu, beat = map(float, signs.read_text().split())
    return {
        **{key: round(value) for key, value in figures.items()},
        "cpu_ms": round(cpu * 1000),
        "heartbeat_ms": round(beat * 1000),
    }


def side_by_side(events: int, seconds: float) -> list[dict[str, object]]:
    """Run both desks at once."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        runs = {
            kind: pool.submit(measured, kind, events, seconds, Path(folder) / kind)
            for kind in ("ours", "textual")
        }
        return [{"line": kind, "events a second": events, **run.result()} for kind, run in runs.items()]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    rows = [row for events in (0, 5) for row in side_by_side(events, options.seconds)]
    print(json.dumps({"bench": "terminal", "desks": rows}, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
