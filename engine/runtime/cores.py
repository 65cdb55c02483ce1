"""How busy the cores are that this process may use, whoever uses them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

CGROUP = Path("/sys/fs/cgroup")


def quota(root: Path = CGROUP) -> float | None:
    """Return the cores that a container may use at most (cgroup, version 2 or 1); None: no such limit is known."""
    try:
        most, period = (root / "cpu.max").read_text().split()
        return None if most == "max" else int(most) / int(period)
    except (OSError, ValueError):
        pass
    try:
        most, period = ((root / "cpu" / f"cpu.cfs_{each}_us").read_text() for each in ("quota", "period"))
        return int(most) / int(period) if int(most) > 0 else None
    except (OSError, ValueError):
        return None


def _allowed() -> list[int]:
    return sorted(os.sched_getaffinity(0))


class Load(NamedTuple):
    """How busy the cores are, 0..1 each: by everybody, and by this process."""

    busy: float
    own: float


@dataclass(slots=True)
class Cores:
    """Watches the machine; one caller.

    Args:
        now: Monotonic seconds.

    Attributes:
        count: How many this process may use.
    """

    now: Callable[[], float]
    most: float | None = field(default_factory=quota)
    _allowed: list[int] = field(default_factory=_allowed)
    _last: tuple[float, float, float] | None = None

    @property
    def count(self) -> float:
        """How many this process may use."""
        return min(len(self._allowed), self.most or float("inf"))

    def load(self) -> Load:
        """Return the busy part of them since the last call; none at the first, and where nobody can tell."""
        try:
            at, used, idle = self.now(), sum(os.times()[:2]), self._idle()
        except (OSError, psutil.Error, IndexError):
            return Load(0.0, 0.0)
        last, self._last = self._last, (at, used, idle)
        if last is None or at <= last[0]:
            return Load(0.0, 0.0)
        passed = at - last[0]
        machine = 1 - (idle - last[2]) / (passed * len(self._allowed))
        own = min((used - last[1]) / (passed * self.count), 1.0)
        return Load(min(max(machine, own if self.most else 0.0, 0.0), 1.0), own)

    def _idle(self) -> float:
        """Return the seconds for which all of them were idle, or waited for a disk."""
        times = psutil.cpu_times(percpu=True)
        return float(sum(times[each].idle + getattr(times[each], "iowait", 0.0) for each in self._allowed))
