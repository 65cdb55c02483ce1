"""Drawn films, real clips and models where this checkout has them, and a stand-in for the detector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.contract import Codec, CodecParameters, Packet
from engine.models import ModelFile
from engine.models.library import describe

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Film:
    """A coded film: what a stream would deliver."""

    codec: CodecParameters
    packets: list[Packet]


def coded(
    pictures: Iterable[Picture], fps: int = 10, bframes: int = 0, crf: int = 18, every: int = 0
) -> Film:
    """Encode grey pictures (h, w) as H.264, Annex B, one keyframe a second, or in `every` pictures."""
    context = av.CodecContext.create("libx264", "w")
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, fps), Fraction(fps)
    context.options = {"preset": "ultrafast", "crf": str(crf), "g": str(every or fps), "bf": str(bframes)}
    packets: list[Packet] = []

    def take(made: Sequence[Any]) -> None:
        for packet in made:
            pts, dts = packet.pts or 0, packet.dts if packet.dts is not None else 0
            packets.append(Packet(bytes(packet), pts, dts, packet.is_keyframe, pts / fps))

    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
        if number == 0:
            context.width, context.height = frame.width, frame.height
        frame.pts = number
        take(context.encode(frame))
    take(context.encode(None))
    size = (context.width, context.height)
    return Film(CodecParameters(Codec.H264, b"", Fraction(1, fps), *size), packets)


def demuxed(path: Path) -> Film:
    """Read a clip's packets (MP4: length-prefixed, with extradata)."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = stream.time_base or Fraction(1, 90_000)
        codec = CodecParameters(Codec.H264, bytes(stream.codec_context.extradata or b""), base)
        packets = [
            Packet(bytes(each), each.pts, each.pts if each.dts is None else each.dts, each.is_keyframe, 0.0)
            for each in container.demux(stream)
            if each.size and each.pts is not None
        ]
    return Film(codec, packets)


def street(
    count: int, *, size: tuple[int, int] = (320, 192), noise: float = 2.0, seed: int = 1
) -> list[Picture]:
    """Draw a textured wall with sensor noise and nothing else: (h, w) grey pictures."""
    rng = np.random.default_rng(seed)
    width, height = size
    wall = rng.integers(70, 130, (height // 8, width // 8)).repeat(8, axis=0).repeat(8, axis=1)
    drawn = [wall + rng.normal(0, noise, wall.shape) for _ in range(count)]
    return [np.clip(each, 0, 255).astype(np.uint8) for each in drawn]


def walker(pictures: list[Picture], *, begin: int, speed: int = 6, grey: int = 220) -> list[Picture]:
    """Let a bright 24x64 figure walk through the pictures from the left, from picture `begin` on."""
    for number, picture in enumerate(pictures[begin:]):
        x = number * speed
        picture[64:128, x : x + 24] = grey
    return pictures


@pytest.fixture(scope="session")
def film() -> Callable[..., Film]:
    return coded


@pytest.fixture(scope="session")
def scene() -> Callable[..., list[Picture]]:
    return street


@pytest.fixture(scope="session")
def walking() -> Callable[..., list[Picture]]:
    return walker


@pytest.fixture(scope="session")
def clip() -> Callable[[str], Film]:
    def load(name: str) -> Film:
        path = SHARED / "video" / name
        if not path.exists():
            pytest.skip(f"{name} is not beside this checkout")
        return demuxed(path)

    return load


@pytest.fixture(scope="session")
def model() -> Callable[[str], ModelFile]:
    def load(name: str) -> ModelFile:
        path = SHARED / "models" / name
        if not path.exists():
            pytest.skip(f"{name} is not beside this checkout")
        return describe(path)

    return load
