"""Few detectors, many cameras: a camera's thread borrows one, runs it itself, and gives it back.

There are no worker threads: inference releases the GIL and runs where the pixels already are, so
no picture is handed over. What is bounded is the number of runs at a time (one interpreter each) and
how long a camera waits for its turn (`engine.vision.turns`); a camera whose turn does not come looks at a later
picture instead, and what it gave up is counted by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.models import ModelFault, ModelFile
from engine.models.library import describe
from engine.vision.model import Detections
from engine.vision.objects import Detector
from engine.vision.turns import FairTurns


class DetectorPool:
    """Detectors of one model, shared by all cameras; every method may be called from any thread.

    Args:
        model: The model, or the path of its file.
        workers: How many may run at a time.
        least: Least score that is returned, 0..1.

    Attributes:
        sizes: Widths and heights that the model takes, in pixels.
        names: Our names of the classes.
        runs: Pictures or parts of pictures that were looked at (counter).

    Raises:
        ModelFault: The model cannot be loaded or is not understood.
    """

    def __init__(self, model: ModelFile | Path | str, workers: int = 1, *, least: float = 0.1) -> None:
        file = model if isinstance(model, ModelFile) else describe(Path(model))
        detectors = [Detector(file, least=least) for _ in range(workers)]
        self.model = file
        self.sizes, self.names = detectors[0].sizes, detectors[0].names
        self.runs = 0
        self._workers = workers
        self._turns = FairTurns(detectors)

    def detect(
        self, pictures: Sequence[NDArray[np.uint8]], *, owner: str = "", priority: int = 0, wait: float = 0.5
    ) -> list[Detections] | None:
        """Find objects in pictures of any of `sizes`; blocks for its turn and for the inference.

        Args:
            pictures: (height, width, 3) RGB each.
            owner: Who asks: turns are fair among them, and what was given up is counted by them.
            priority: 1: urgent, goes before 0; among equals who has been without for longest.
            wait: Most seconds to wait for a turn.

        Returns:
            One result per picture, or None when its turn did not come in time or the pool is closed.
        """
        detector = self._turns.take(owner, priority, wait)
        if detector is None:
            return None
        try:
            return [detector.detect(picture) for picture in pictures]
        finally:
            self.runs += len(pictures)
            self._turns.give_back(detector)

    def rest(self) -> None:
        """Let go of what detectors hold for sizes that have not been used since the last call; called now and then.

        A detector that is at work is asked another time. Blocks for some 20 ms for each.
        """
        for _ in range(self._workers):
            detector = self._turns.spare()
            if detector is None:
                return
            try:
                with suppress(ModelFault):  # its file went meanwhile: what is open goes on
                    detector.rest()
            finally:
                self._turns.give_back(detector)

    def given_up(self) -> dict[str, int]:
        """Return how often each owner's turn did not come, since the pool was made."""
        return dict(self._turns.refused)

    def close(self) -> None:
        """Turn everyone away, now and later; runs under way end as they would."""
        self._turns.close()
