"""Which part of a run a picture belongs to: a matter of its names and its contents alone.

train    learned from
stop     half of the validation split, looked at while training; its cameras are those of the training pictures
report   the other half, only ever reported
foreign  learned from by nobody here: a third of COCO's photographs and all that are for judging, and a third of the
         empty scenes. They show what is forgotten, and what a score means where nothing is to be seen
"""

from __future__ import annotations

import hashlib

#: COCO's photographs. All were kept out at first; then animals, of which there are hardly any elsewhere, were forgotten
#: (AP50 .63 -> .12 in 32,000 samples).
FOREIGN = frozenset({"coco", "coco2"})
#: Of so many photographs, and empty scenes, one is kept out.
_KEPT = 3


def part(source: str, clip: str, name: str, split: str, *, empty: bool) -> str:
    """Return the part of a labelled picture."""
    photograph = source in FOREIGN
    if (photograph and split == "val") or ((photograph or empty) and _digit(name) % _KEPT == 0):
        return "foreign"
    return half(clip) if split == "val" else "train"


def half(clip: str) -> str:
    """Return which half a clip belongs to, stop or report: a matter of its name alone."""
    return ("stop", "report")[_digit(clip) & 1]


def _digit(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0]
