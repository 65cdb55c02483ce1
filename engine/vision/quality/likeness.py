"""How a picture lies to what is known of its place, block by block: alike, gone, or strange.

Slopes are compared, not brightness: a lamp that is switched changes how steep they are, not where they are. A block
is *alike* where its slopes correlate with the known ones (either way round: infrared light turns some over), *gone*
where there are none any more though its neighbours' light says that they would be seen, else *strange*.
The noise's share of the slopes is taken out (its deviation is known from picture to picture).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.vision.quality.grid import BLOCK, blocks, ranked
from engine.vision.quality.look import BURNT, Look
from engine.vision.quality.plane import Grey

#: Mean square of the slopes from which a block of the known place can be recognised at all.
LEAST_SLOPE = 16.0
#: Correlation from which a block is alike; unrelated ones reach it seldom.
ALIKE = 0.5
#: Part of the energy that its light would give it, below which a block is gone.
GONE = 0.06
#: Part of the energy below which it is not the light that changed: something is before all of it.
LEAST_LIGHT = 0.03
#: How many times the noise a block must stand out to be judged.
OVER_NOISE = 2.0
#: Brightness below which a block may be merely unlit.
UNLIT = 40.0
#: Part of its light that a place must have kept for a dark block to be more than unlit.
LIT = 0.45
#: Blocks that must be known for a judgement.
LEAST_BLOCKS = 20
_Blocks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Likeness:
    """What became of a known place, as shares (0..1) of the blocks that can be judged.

    Attributes:
        judged: Blocks that can be judged.
        kept: Share that is alike; `gone`: without slopes; `strange`: with other ones.
        coarse: Correlation of the slopes at a quarter of the size, -1..1.
        focus: How much of fine slopes is left, to how much of coarse ones: 1 as known, less when out of focus.
        light: How steep alike blocks are to what they were: 1 as known.
        sharp: How sharp the picture is as a whole, to how sharp the place was: 1 as known.
    """

    judged: int
    kept: float
    gone: float
    strange: float
    coarse: float
    focus: float
    light: float
    sharp: float


def compare(known: Look, now: Look) -> Likeness | None:
    """Return what became of a known place; None: there is too little of it to tell."""
    there, here, products = known.fine.power, now.fine.power, known.fine.times(now.fine)
    both = blocks(products)
    grain = BLOCK * BLOCK * 4 * now.noise**2
    clear = np.maximum(here - grain, 0.0)
    rho = np.abs(both) / np.sqrt(there * np.maximum(clear, 1e-3) + 1e-6)
    worth = there > LEAST_SLOPE * BLOCK * BLOCK
    akin = worth & (rho > ALIKE) & (clear > grain * 0.1)
    light = _light(clear[akin] / there[akin])
    left = clear >= GONE * light * there
    alike = akin & left
    visible = (there * min(light, 1.0) > OVER_NOISE * grain) & ~_unseen(now.cells, light)
    judged = worth & (alike | visible)
    count = int(judged.sum())
    if count < LEAST_BLOCKS:
        return None
    kept, gone = float(alike.sum() / count), float((judged & ~left).sum() / count)
    return Likeness(
        count,
        kept,
        gone,
        max(0.0, 1 - kept - gone),
        *_whole(known, now, float(products.sum())),
        light**0.5,
        now.sharp / (known.sharp + 1e-3),
    )


def _light(ratios: Grey) -> float:
    """Return the energy that the light leaves to slopes; 1 where hardly anything is left: that is no light."""
    if len(ratios) < LEAST_BLOCKS:
        return 1.0
    light = ranked(ratios, 0.75)
    return light if light > LEAST_LIGHT else 1.0


def _unseen(cells: Grey, light: float) -> _Blocks:
    """Return the blocks that are burnt out, or unlit while all is darker."""
    bright = blocks(cells[1:-1, 1:-1]) / (BLOCK * BLOCK)
    dark = (bright < UNLIT) if light < LIT * LIT else np.zeros(bright.shape, bool)
    unseen: _Blocks = dark | (bright > BURNT)
    return unseen


def _whole(known: Look, now: Look, fine: float) -> tuple[float, float]:
    """Return the correlation of coarse slopes, and the ratio of what is left of fine and of coarse ones."""
    there, here, both = known.coarse.energy, now.coarse.energy, float(known.coarse.times(now.coarse).sum())
    near, far = fine / (known.fine.energy + 1e-3), both / (there + 1e-3)
    return both / ((there * here) ** 0.5 + 1e-3), near / far if far > 0.02 else 1.0
