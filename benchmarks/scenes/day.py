"""A street on an ordinary day: most of the time nobody, and it is known who passes when. Drawn by our own code.

Somebody passes a fifth of the time, in 2 to 8 seconds each: one at a time and far apart (``spread``), or many in a row
and long nobody (``bursts``). A cloud goes over it all the time: the light changes by a tenth in half a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import pi, sin
from typing import Any, Literal

import av
import numpy as np
from numpy.typing import NDArray

from drivers.contract import Codec, CodecParameters, Packet
from drivers.virtual.street.drawing import _LANES, Scene, _look, _Mover
from drivers.virtual.street.figures import EXTENT, Kind

Mix = Literal["spread", "bursts"]
#: Seconds: a passage, and part of all time in which somebody passes.
PASSAGE, BUSY = (2.0, 8.0), 0.2
#: Passages in a row of ``bursts``, and seconds of calm before the first.
ROW, CALM = 6, 8.0
#: Seconds of a cloud, and by how much it darkens.
CLOUD, SHADE = 60.0, 0.05


@dataclass(frozen=True)
class Visit:
    """Somebody passes."""

    label: str
    start: float
    end: float


class Street(Scene):
    """A street in which somebody passes when it was decided.

    Args:
        seconds: How long it goes on.
        mix: How those who pass are spread over it.
    """

    def __init__(self, seed: int, *, seconds: float, mix: Mix, **more: Any) -> None:
        self._mix: Mix = mix
        super().__init__(seed, period=seconds, **more)

    @property
    def visits(self) -> list[Visit]:
        """Who passes, in order."""
        return [
            Visit(each.look.kind.value, each.start, each.start + each.seconds)
            for each in sorted(self._movers, key=lambda mover: mover.start)
        ]

    def where(self, visit: Visit, at: float) -> tuple[float, float, float, float] | None:
        """Return the box of somebody who passes, 0..1; None: he is not in the picture then."""
        mover = next(each for each in self._movers if each.start == visit.start)
        return self._box(mover, at) if visit.start <= at < visit.end else None

    def pictures(self, fps: float) -> Iterator[NDArray[np.uint8]]:
        """Yield (h, w, 3) RGB pictures."""
        for number in range(int(self.period * fps)):
            at = number / fps
            light = 1 - SHADE * (1 + sin(2 * pi * at / CLOUD + self.seed))
            yield (self.render(at) * np.float32(light)).astype(np.uint8)

    def _cast(self, rng: np.random.Generator) -> tuple[_Mover, ...]:
        mean = sum(PASSAGE) / 2
        count = max(1, round(BUSY * (self.period - CALM) / mean))
        if self._mix == "bursts":
            lengths = [float(rng.uniform(*PASSAGE)) for _ in range(count)]
            starts, at = list[float](), CALM
            gap = (self.period - CALM - sum(lengths)) / max(1, -(-count // ROW))
            for number, length in enumerate(lengths):
                at += float(rng.uniform(0.7, 1.0)) * gap if number % ROW == 0 else 0.0
                starts.append(at)
                at += length
        else:
            share = (self.period - CALM) / count
            lengths = [float(rng.uniform(*PASSAGE)) for _ in range(count)]
            starts = [
                CALM + number * share + float(rng.uniform(0, share - lengths[number]))
                for number in range(count)
            ]
        return tuple(self._passing(rng, *each) for each in zip(starts, lengths, strict=True))

    def _passing(self, rng: np.random.Generator, start: float, seconds: float) -> _Mover:
        fast = seconds < sum(PASSAGE) / 2
        lanes = [each for each in _LANES if (each.kind is not Kind.PERSON) == fast]
        lane = lanes[int(rng.integers(len(lanes)))]
        z = float(rng.uniform(*lane.depth))
        facing = lane.towards or (1 if rng.random() < 0.5 else -1)
        edge = self._lens.reach(z) + 0.5 * EXTENT[lane.kind][0]
        return _Mover(_look(rng, lane.kind), z, -facing * edge, facing * 2 * edge / seconds, start, seconds)


def coded(street: Street, *, fps: int, gop: float, kbits: int) -> tuple[CodecParameters, list[Packet]]:
    """Encode a street as cameras do; see `packets_of`."""
    shown = (
        av.VideoFrame.from_ndarray(each, "rgb24").reformat(format="yuv420p") for each in street.pictures(fps)
    )
    return packets_of(shown, (street.width, street.height), fps=fps, gop=gop, kbits=kbits)


def packets_of(
    frames: Iterable[av.VideoFrame], size: tuple[int, int], *, fps: int, gop: float, kbits: int
) -> tuple[CodecParameters, list[Packet]]:
    """Encode pictures as cameras do: a keyframe each `gop` seconds, no B-frames, about so many bits."""
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.bit_rate = kbits * 1000
    every = str(round(gop * fps))
    context.options = {
        "preset": "veryfast", "tune": "zerolatency", "g": every, "keyint_min": every, "sc_threshold": "0",
        "bf": "0", "maxrate": f"{kbits}k", "bufsize": f"{2 * kbits}k",
    }  # fmt: skip
    made: list[Any] = []
    for number, frame in enumerate(frames):
        frame.pts = number
        made += context.encode(frame)
    made += context.encode(None)
    packets = [Packet(bytes(each), each.pts, each.pts, each.is_keyframe, each.pts / fps) for each in made]
    return CodecParameters(Codec.H264, b"", Fraction(1, fps), *size), packets
