"""What moves, and what only looks as if it did.

A picture is compared with its background cell by cell; a cell without neighbours is noise; connected blocks of
foreground are motion if something in them changed. Where much changes at once, the picture as a whole is asked first:
has its light changed, has the camera swayed, does it look elsewhere?
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vision.model import Boxes, Disturbance, Luma, Motion
from engine.vision.motion.background import LOOK, REPLACE, Background, rates
from engine.vision.motion.ignore import inside
from engine.vision.motion.tuning import STANDARD, Tuning

GRID = 320  #: wanted grid width in cells
FLOOR = 7.0  #: least difference of a foreground cell, grey levels
SPREAD = 2.5  #: times the mean absolute deviation (about 2 sigma of Gaussian noise)
STEEP = 2.5  #: sensitivity 0 multiplies both with it, 100 divides
LEAST = 16  #: foreground cells that make connected blocks a region
MUCH = 0.08  #: active part of all blocks from which the picture as a whole is asked
CUT = 0.7  #: the same from which it is said to have changed as a whole
BETTER = 0.6  #: part of the active blocks that may be left where swaying is to explain them
SWAYS_SECONDS = 10.0  #: how long after it swayed a camera is taken for one that sways
HUNTS_SECONDS = (
    30.0  #: after another light in which the next one is no cut: an exposure that hunts shows nobody new
)
CALM_SECONDS = 2.0  #: time constant of the background
DRIFT_SECONDS = 0.8  #: the same of what all cells of a block have in common: slow light
HELD_SECONDS = 6.0  #: the same under an object; clipped, a contrast of 40 grey levels takes about 20 s
LEARN_PICTURES = 8  #: pictures after the start that only teach

_NOWHERE: Boxes = np.empty((0, 4), np.float32)
_NOTHING = Motion(0.0, _NOWHERE)


class MotionDetector:
    """Finds moving regions in pictures of one size; owned by one thread.

    Args:
        width: Pixels of the luma plane; likewise `height`. At least 8 each.
        fps: Pictures per second that will be fed; sets the learning rates.
        grid: Wanted grid width in cells.
        tuning: What a person set for this camera.

    Attributes:
        cut: The last picture changed as a whole; the background was learned anew.
        doubtful: Something in it may have moved: the next picture has to say.
    """

    def __init__(
        self, width: int, height: int, *, fps: float = 5.0, grid: int = GRID, tuning: Tuning = STANDARD
    ) -> None:
        self.size = (width, height)
        self.cut = self.doubtful = False
        factor = STEEP ** ((50 - tuning.sensitivity) / 50)
        self._cells = cells = Background(width, height, grid, FLOOR / SPREAD)
        if tuning.ignore:
            cells.ignore(inside(tuning.ignore, cells.rows, cells.cols))
        self._least = max(LEAST, round(tuning.least * cells.rows * cells.cols))
        self._limits = FLOOR * factor, SPREAD * factor
        self._swaying = self._relit = self._hunting = 0
        self.pace(fps)
        self._pictures = 0
        self._refreshed, self._before = False, _NOWHERE

    @property
    def foreground(self) -> NDArray[np.bool_]:
        """(rows, cols) of the grid: where the last picture differs from the background; a view that changes."""
        return self._cells.foreground

    def pace(self, fps: float) -> None:
        """Expect so many pictures a second from now on; what is known of the background stays."""
        calm, held = min(1.0, 1 / (fps * CALM_SECONDS)), min(1.0, 1 / (fps * HELD_SECONDS))
        drift = min(1.0, 1 / (fps * DRIFT_SECONDS))
        self._steady = rates(*self._limits, calm, held, calm / 2, held / 10, calm / 40, drift)
        self._hunt = round(fps * HUNTS_SECONDS)
        self._sway, self._relight = round(fps * SWAYS_SECONDS), round(fps * CALM_SECONDS)

    @property
    def learning(self) -> bool:
        """Whether the background is not known yet."""
        return self._pictures <= LEARN_PICTURES

    def forget(self) -> None:
        """Learn the background anew from the next picture on: the camera looks elsewhere."""
        self._pictures = self._swaying = 0

    def feed(self, luma: Luma, *, refreshed: bool = False) -> Motion:
        """Compare a picture with the background, learn from it, and return what moves.

        Args:
            luma: (height, width) of this detector's size; any row stride, contiguous rows.
            refreshed: A keyframe came since the picture before. All noise changes with it, and none between two of a
                coarse encoder: where nothing moved before, the next picture has to say whether something does. Not
                so where one keyframe follows the other.
        """
        motion = self._fed(luma)
        self.doubtful = False
        if refreshed and not self._refreshed and len(motion.boxes):
            told, motion = motion, _lasting(motion, self._before)
            self.doubtful = len(motion.boxes) < len(told.boxes)
        self._refreshed, self._before = refreshed, motion.boxes
        return motion

    def _fed(self, luma: Luma) -> Motion:
        self._pictures += 1
        self._relit -= self._relit > 0
        self._hunting -= self._hunting > 0
        self.cut = False
        if self._pictures <= LEARN_PICTURES:
            return self._learn(luma)
        share = self._swayed(luma) if self._swaying else self._compared(luma)
        return self._asked(luma, share) if share > MUCH else self._told(share)

    def _learn(self, luma: Luma) -> Motion:
        """Take the first picture as it is, then the plain average of all so far; judge nothing."""
        calm = 1 / self._pictures
        self._cells.scan(luma, REPLACE if self._pictures == 1 else rates(255, 0, *[calm] * 5, 0))
        return _NOTHING

    def _compared(self, luma: Luma, *, again: bool = False) -> float:
        self._cells.scan(luma, self._steady, again=again)
        return self._cells.judge() / self._cells.blocks

    def _swayed(self, luma: Luma) -> float:
        """Compare a picture of a camera that sways: first find out by how much."""
        self._swaying -= 1
        self._cells.scan(luma, LOOK)
        still = self._cells.stilled(luma)
        if still is not None:
            self._swaying = self._sway
        return self._compared(luma if still is None else still, again=True)

    def _told(self, share: float) -> Motion:
        if not share:
            return _NOTHING
        if not self._cells.forgive():
            return _NOTHING
        return Motion(*self._cells.regions(self._least, relit=self._relit > 0))

    def _asked(self, luma: Luma, share: float) -> Motion:
        """Return what moves in a picture of which much changed."""
        self.cut = share > CUT
        self._cells.forgive()
        if self._cells.lit():
            self.cut = self.cut and not self._hunting
            self._hunting = self._hunt if self.cut else self._hunting
            self._cells.relevel()
            self._relit = self._relight
            self._compared(luma, again=True)
            self._cells.forgive()
            return Motion(share, _NOWHERE, Disturbance.LIGHT)
        if not self._swaying and (still := self._cells.stilled(luma)) is not None:
            left = self._compared(still, again=True)
            if left < BETTER * share:
                self.cut, self._swaying = False, self._sway
                return self._told(left) if left <= MUCH else Motion(share, _NOWHERE, Disturbance.SHAKE)
            self._compared(luma, again=True)
        if self.cut:
            self._cells.scan(luma, REPLACE, again=True)
            return Motion(share, _NOWHERE, Disturbance.VIEW)
        return self._told(share)


def _lasting(motion: Motion, before: Boxes) -> Motion:
    """Return the regions that touch one of the picture before."""
    low, high = motion.boxes[:, None, :2], motion.boxes[:, None, 2:]
    touches = np.any(np.all((low <= before[:, 2:]) & (high >= before[:, :2]), axis=2), axis=1)
    return Motion(motion.share, motion.boxes[touches]) if np.any(touches) else _NOTHING
