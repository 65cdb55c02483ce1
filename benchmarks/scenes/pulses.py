"""A still place as a coarse encoder shows it: between two keyframes hardly any noise, with each all of it anew."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray
from scenes.motion_pictures import HEIGHT, MARGIN, WIDTH, drawn

RATE, FPS = 25, 5  #: pictures coded and looked at per second
EVERY = 50  #: pictures from keyframe to keyframe
COUNT = 500


def pictures(*, seed: int, noise: float, factor: int) -> Iterator[tuple[NDArray[np.uint8], bool]]:
    """Yield `FPS` pictures a second, 640x360, and whether a keyframe came since the one before.

    Args:
        seed: Everything random follows from it.
        noise: Of the sensor, standard deviation in grey levels.
        factor: Rate factor of x264 (crf): 23 is its default, 51 the coarsest.
    """
    rng = np.random.default_rng(seed)
    ground = drawn(rng)[MARGIN : MARGIN + HEIGHT, MARGIN : MARGIN + WIDTH]
    coder, reader = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    coder.width, coder.height, coder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    coder.time_base, coder.framerate = Fraction(1, RATE), Fraction(RATE)
    coder.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "g": str(EVERY),
        "bf": "0",
        "crf": str(factor),
    }
    refreshed = False
    for number in range(COUNT):
        shown = np.clip(ground + rng.normal(0, noise, ground.shape), 0, 255).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(shown, "gray").reformat(format="yuv420p")
        frame.pts = number
        for packet in coder.encode(frame):
            for seen in reader.decode(packet):
                refreshed |= bool(seen.key_frame)
                if number % (RATE // FPS) == 0:
                    yield np.asarray(seen.reformat(format="gray").to_ndarray(), np.uint8), refreshed
                    refreshed = False
