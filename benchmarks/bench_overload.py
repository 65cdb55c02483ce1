"""What happens when detectors cannot keep up: 64 cameras, five pictures a second, one detector.

Usage: python benchmarks/bench_overload.py [--json] [--cameras N] [--seconds S] [--look MS]
Every camera is a thread that wants a look at each picture while something moves before it, a fifth of the time, and
two more looks at whoever was there, to know that he left. A look takes `--look` milliseconds (it sleeps: this is about
turns, not about inference). Two ways, one after the other, the same cameras:

every_picture   as it was until 0.7: whoever wants a look asks at every picture, and who asked first goes first
now             `engine.vision.turns.FairTurns` and `engine.vision.attention.Restraint`

asked, looks, given_up   per second, all cameras together
longest                  seconds that a camera which wanted a look went without: median, and worst, of the cameras
unsure                   seconds for which somebody who had left was not known to have: median, and worst
least_share              looks of the camera that got the fewest, as a part of the mean, of those that wanted any
cpu                      milliseconds of CPU per camera and second
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from statistics import mean, median
from typing import Any

from engine.vision.attention import Restraint
from engine.vision.turns import FairTurns

FPS = 5.0
#: Seconds for which something moves, and from one beginning to the next.
BUSY, CYCLE = 4.0, 20.0
#: Looks that find nobody, after which it is known that somebody left.
OWED = 2


class FirstCome:
    """Turns in the order in which they were asked for."""

    def __init__(self, things: list[str]) -> None:
        self._things = threading.Semaphore(len(things))

    def take(self, taker: str, priority: int, wait: float) -> str | None:
        """Return the thing, or None when the time to wait is over."""
        return "it" if self._things.acquire(timeout=wait) else None

    def give_back(self, thing: str) -> None:
        """Let the next one have it."""
        self._things.release()


class Headlong:
    """Asks at every picture."""

    def holds(self, at: float) -> bool:
        """Return that it is never too early to ask."""
        return False

    def refused(self, at: float) -> None:
        """Do not mind."""

    def served(self) -> None:
        """Do not mind."""


@dataclass
class Camera:
    """What one camera wanted, and what became of it."""

    name: str
    offset: float
    restraint: Any
    asked: int = 0
    looks: int = 0
    longest: float = 0.0
    unsure: float = 0.0
    _owed: int = 0
    _without: float | None = None
    _left: float | None = None
    wanted: list[float] = field(default_factory=list)

    def live(self, turns: Any, look: float, begun: float, seconds: float) -> None:
        """Look at pictures until it is over; late ones are left out, as a stream that is read late is."""
        number = 0
        while (at := time.monotonic() - begun) < seconds:
            self._picture(turns, look, at)
            number = max(number + 1, int((time.monotonic() - begun) * FPS))
            time.sleep(max(0.0, begun + number / FPS - time.monotonic()))

    def _picture(self, turns: Any, look: float, at: float) -> None:
        busy = (at + self.offset) % CYCLE < BUSY
        if busy:
            self._owed, self._left = OWED, None
        elif self._owed and self._left is None:
            self._left = at
        if not (busy or self._owed):
            return
        self._without = at if self._without is None else self._without
        served = not self.restraint.holds(at) and self._ask(turns, look, at, urgent=busy)
        self.longest = max(self.longest, at - self._without)
        if served:
            self._without = None
            self._owed -= 0 if busy else 1
        if self._left is not None:
            self.unsure = max(self.unsure, at - self._left)

    def _ask(self, turns: Any, look: float, at: float, *, urgent: bool) -> bool:
        self.asked += 1
        thing = turns.take(self.name, int(urgent), 1 / FPS)
        if thing is None:
            self.restraint.refused(at)
            return False
        time.sleep(look)
        turns.give_back(thing)
        self.restraint.served()
        self.looks += 1
        return True


def measure(
    turns: Any, restraint: Callable[[], Any], count: int, seconds: float, look: float
) -> dict[str, float]:
    """Return what came of one way."""
    random = Random(15)
    cameras = [Camera(f"c{number}", random.uniform(0, CYCLE), restraint()) for number in range(count)]
    begun, cpu = time.monotonic(), time.process_time()
    threads = [threading.Thread(target=each.live, args=(turns, look, begun, seconds)) for each in cameras]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.process_time() - cpu
    asked, looks = sum(each.asked for each in cameras), sum(each.looks for each in cameras)
    keen = [each for each in cameras if each.asked]
    return {
        "asked": round(asked / seconds, 1),
        "looks": round(looks / seconds, 1),
        "given_up": round((asked - looks) / seconds, 1),
        "longest": round(median(each.longest for each in keen), 1),
        "longest_worst": round(max(each.longest for each in keen), 1),
        "unsure": round(median(each.unsure for each in keen), 1),
        "unsure_worst": round(max(each.unsure for each in keen), 1),
        "least_share": round(min(each.looks for each in keen) / mean(each.looks for each in keen), 2),
        "cpu": round(1000 * spent / count / seconds, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--look", type=float, default=80.0)
    given = parser.parse_args()
    how = given.cameras, given.seconds, given.look / 1000
    found: dict[str, Any] = {
        "bench": "overload", "cameras": given.cameras, "seconds": given.seconds, "look_ms": given.look,
        "every_picture": measure(FirstCome(["it"]), Headlong, *how),
        "now": measure(FairTurns(["it"]), lambda: Restraint(1 / FPS), *how),
    }  # fmt: skip
    print(json.dumps(found) if given.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
