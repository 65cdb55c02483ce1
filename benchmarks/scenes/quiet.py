"""Places where nobody is and nothing is quiet: leaves, water, clouds, a lamp, a camera that sways."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from scenes.day import packets_of
from scenes.motion import FPS, SCENES, _picture
from scenes.motion_pictures import HEIGHT, WIDTH, drawn

from drivers.contract import CodecParameters, Packet

#: Disturbances with nobody before them.
NAMES = ("noise", "night", "exposure", "lamp", "shake", "leaves", "water")


def quiet(
    name: str, *, seed: int, seconds: float, gop: float, kbits: int
) -> tuple[CodecParameters, list[Packet]]:
    """Return a stream of 640x360 in which nobody is ever seen."""
    rng = np.random.default_rng(seed)
    stage = SCENES[name](rng, drawn(rng))

    def frames() -> Iterator[av.VideoFrame]:
        for number in range(int(seconds * FPS)):
            yield av.VideoFrame.from_ndarray(_picture(stage, [], number)[0], "gray").reformat(
                format="yuv420p"
            )

    made: tuple[CodecParameters, list[Packet]] = packets_of(
        frames(), (WIDTH, HEIGHT), fps=FPS, gop=gop, kbits=kbits
    )
    return made
