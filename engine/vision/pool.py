"""Few detectors, many cameras: a camera's thread borrows one, runs it itself, and gives it back.

There are no worker threads: inference releases the GIL and runs where the pixels already are, so
nothing is handed over. What is bounded is the number of runs at a time (one interpreter each) and
how long a camera waits for its turn; a camera whose turn does not come looks at its next picture
instead (the newest wins), and what it gave up is counted by name.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.models import ModelFile
from engine.models.library import describe
from engine.vision.model import Detections
from engine.vision.objects import Detector


class DetectorPool:
    """Detectors of one model, shared by all cameras; every method may be called from any thread.

    Args:
        model: The model, or the path of its file.
        workers: How many may run at a time.
        least: Least score that is returned, 0..1.

    Attributes:
        size: Width and height of the model's input in pixels.
        names: Our names of the classes.
        runs: Pictures or parts of pictures that were looked at (counter).

    Raises:
        ModelFault: The model cannot be loaded or is not understood.
    """

    def __init__(self, model: ModelFile | Path | str, workers: int = 1, *, least: float = 0.1) -> None:
        file = model if isinstance(model, ModelFile) else describe(Path(model))
        self._free = [Detector(file, least=least) for _ in range(workers)]
        self.model = file
        self.size, self.names = self._free[0].size, self._free[0].names
        self.runs = 0
        self._turn = threading.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._tickets = 0
        self._closed = False
        self._given_up: dict[str, int] = {}

    def detect(
        self, pictures: Sequence[NDArray[np.uint8]], *, owner: str = "", priority: int = 0, wait: float = 0.5
    ) -> list[Detections] | None:
        """Find objects in pictures of `size`; blocks for its turn and for the inference.

        Args:
            pictures: (height, width, 3) RGB each.
            owner: Who asks, for the count of what was given up.
            priority: The higher one goes first; among equals the one that came first.
            wait: Most seconds to wait for a turn.

        Returns:
            One result per picture, or None when its turn did not come in time or the pool is closed.
        """
        detector = self._borrow(priority, wait)
        if detector is None:
            with self._turn:
                self._given_up[owner] = self._given_up.get(owner, 0) + 1
            return None
        try:
            return [detector.detect(picture) for picture in pictures]
        finally:
            self._give_back(detector, len(pictures))

    def given_up(self) -> dict[str, int]:
        """Return how often each owner's turn did not come, since the pool was made."""
        with self._turn:
            return dict(self._given_up)

    def close(self) -> None:
        """Turn everyone away, now and later; runs under way end as they would."""
        with self._turn:
            self._closed = True
            self._free.clear()
            self._turn.notify_all()

    def _borrow(self, priority: int, wait: float) -> Detector | None:
        with self._turn:
            self._tickets += 1
            ticket = (-priority, self._tickets)
            insort(self._waiting, ticket)
            try:
                self._turn.wait_for(lambda: self._closed or self._is_next(ticket), wait)
                return self._free.pop() if self._is_next(ticket) else None
            finally:
                self._waiting.remove(ticket)
                self._turn.notify_all()

    def _is_next(self, ticket: tuple[int, int]) -> bool:
        return ticket in self._waiting[: len(self._free)]

    def _give_back(self, detector: Detector, runs: int) -> None:
        with self._turn:
            self.runs += runs
            if not self._closed:
                self._free.append(detector)
            self._turn.notify_all()
