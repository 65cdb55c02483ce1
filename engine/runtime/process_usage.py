"""What the engine's process takes of the machine. Reporting it must never cost more than the report."""

from __future__ import annotations

from dataclasses import dataclass, field

import psutil


@dataclass(slots=True)
class ProcessUsage:
    """The last figures that could be had: the system gives none where it has no descriptor left.

    Attributes:
        cpu: Share of one core since `look` was last asked; 1.0: one core busy.
        rss: Resident bytes.
    """

    cpu: float = 0.0
    rss: int = 0
    _process: psutil.Process = field(default_factory=psutil.Process)

    def look(self) -> None:
        """Look at the processor time used since the last look, and at memory."""
        try:
            self.cpu = self._process.cpu_percent() / 100
            self.rss = self._process.memory_info().rss
        except (OSError, psutil.Error):
            return  # what was known stays; whoever lacks descriptors is told elsewhere
