"""A program of its own that gives one camera a new password, for whoever kills it: ``-m ... FOLDER URL``.

It says ``ready`` when it has read its modules, and ``done`` with the step's state when it has lived to its end.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from random import SystemRandom

from engine.census.sighting import Expected
from engine.commission.record import Step
from engine.commission.sheet.reading import Sheet
from engine.commission.sheet.row import Row
from engine.commission.tools import Options, Tools, driver_of
from engine.commission.work.batch import Batch, Head, begun
from engine.fleet.login_guard import LoginBooks
from engine.runtime.clock import SystemClock
from tests.engine.commission.commissioning import Village, states

STEPS = frozenset({Step.FIND, Step.IDENTIFY, Step.PASSWORD, Step.ADOPT})


def tools(folder: Path) -> Tools:
    """What a program has that commissions real devices from a folder."""
    clock = SystemClock()
    return replace(
        Village(folder, {}, []).tools(),
        clock=clock,
        books=LoginBooks(folder / "logins.json", lambda: clock.now().wall.timestamp()),
        driver=driver_of,
        random=SystemRandom(),
    )


async def renewed(folder: Path, url: str) -> str:
    """Run a job; return how its password step ended."""
    there = tools(folder)
    sheet = Sheet((Row(Expected("cong", "Cổng UBND", url)),), "digest")
    with begun(there) as journal:
        job = await Batch(there, sheet, Head("xa"), Options(steps=STEPS), journal).run()
    return str(states(job.cameras[0])[Step.PASSWORD])


def main() -> None:
    """Run."""
    import_module(
        "drivers.onvif.configuration.whole"
    )  # what takes long to read is read before the race begins
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ended = asyncio.run(renewed(Path(sys.argv[1]), sys.argv[2]))
    sys.stdout.write(f"done {ended}\n")


if __name__ == "__main__":
    main()
