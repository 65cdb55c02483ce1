"""A desk over a fake engine, in a terminal of its own: run as a program by tests and by `benchmarks/bench_terminal.py`.

Usage: python -m tests.tui.line.desk_in_pty LINE RATE [SIGNS]

LINE is `ours`, `slow` or `textual`; RATE: events a second. What it used of the processor is printed to SIGNS.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta
from pathlib import Path

from tui.line.choice import make_frugal

if sys.argv[1:2] == ["slow"]:
    make_frugal()

from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.fakes.village import village
from tui.app import MatthanApp
from tui.graphics import Graphics
from tui.line.line import Line


async def _tell(engine: FakeEngine, rate: float) -> None:
    count, told = 0, time.monotonic()
    while True:
        await asyncio.sleep(1 / (rate or 1))
        if time.monotonic() - told >= 1.0:
            told = time.monotonic()
            engine.figures = engine.figures.model_copy(
                update={"now": engine.figures.now + timedelta(seconds=1)}
            )
            engine.hub.publish(engine.state())
        if not rate:
            continue
        count += 1
        engine.happen(10_000 + count, f"cam-{count % 3}")


async def main(kind: str, rate: float, signs: str) -> None:
    engine = village()
    line = None if kind == "textual" else Line(slow=kind == "slow")
    graphics = Graphics.NONE if kind == "slow" else Graphics.BLOCKS
    app = MatthanApp(FakeClient(engine), language="en", graphics=graphics, line=line)
    worst = [0.0]

    async def beat() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.02)
            worst[0] = max(worst[0], time.monotonic() - before - 0.02)

    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(beat()), tasks.create_task(_tell(engine, rate))]
        await app.run_async()
        for task in beside:
            task.cancel()
    if signs:
        Path(signs).write_text(f"{time.process_time():.3f} {worst[0]:.3f}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
