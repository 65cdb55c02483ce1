"""What looking costs beyond decoding: the whole eye without a detector, against ways to get pixels out.

Usage: python benchmarks/bench_decode.py [--json] [--rounds N] [--video FILE]
Every path decodes the same packets (H.264, 25 fps, no B-frames; drawn, or of --video) in interleaved rounds;
times are CPU microseconds of this thread per source picture, medians of the rounds.

decode      decode every packet, drop the picture
no_filter   the same without the deblocking filter
look        engine.vision.analyzer: decode all, luma in place and motion and tracks for 5 pictures per second
look_all    the same for all 25 pictures per second
gray        decode and to_ndarray("gray") of every picture
bgr         decode and to_ndarray("bgr24") of every picture: what most programs do
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np

from drivers.contract import Codec, CodecParameters, Packet
from engine.vision.analyzer import Analyzer
from engine.vision.decode import Decoder

FPS, SECONDS = 25, 6
#: Width, height, kbit/s.
STREAMS = ((640, 360, 500), (1280, 720, 2000), (1920, 1080, 4000))
Way = Callable[[CodecParameters, Sequence[Packet]], object]


def drawn(width: int, height: int, kbits: int) -> tuple[CodecParameters, list[Packet]]:
    """Encode a textured wall with sensor noise and three moving things."""
    coder = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = width, height, "yuv420p"
    coder.time_base, coder.framerate, coder.bit_rate = Fraction(1, FPS), Fraction(FPS), kbits * 1000
    coder.options = {"preset": "veryfast", "bf": "0", "g": str(2 * FPS), "refs": "1"}
    rng = np.random.default_rng(7)
    wall = rng.integers(60, 180, (height // 8, width // 8)).repeat(8, axis=0).repeat(8, axis=1)
    packets: list[Packet] = []
    for number in range(FPS * SECONDS):
        picture = np.clip(wall + rng.normal(0, 3, wall.shape), 0, 255).astype(np.uint8)
        for thing in range(3):
            x, y = (number * 5 + thing * 197) % (width - width // 8), height * (thing + 1) // 5
            picture[y : y + height // 6, x : x + width // 10] = 40 + 80 * thing
        frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
        frame.pts = number
        packets += [_packet(each) for each in coder.encode(frame)]
    packets += [_packet(each) for each in coder.encode(None)]
    return CodecParameters(Codec.H264, b"", Fraction(1, FPS), width, height), packets


def filmed(path: Path) -> tuple[CodecParameters, list[Packet]]:
    """Read a clip."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context
        base = stream.time_base or Fraction(1, 90_000)
        parameters = CodecParameters(
            Codec(codec.name), bytes(codec.extradata or b""), base, codec.width, codec.height
        )
        return parameters, [_packet(each) for each in container.demux(stream) if each.size]


def _packet(coded: Any) -> Packet:
    pts = coded.pts or 0
    return Packet(bytes(coded), pts, pts if coded.dts is None else coded.dts, coded.is_keyframe, 0.0)


def decode(codec: CodecParameters, packets: Sequence[Packet], *, skip: bool = False) -> None:
    decoder = Decoder(codec, skip_loop_filter=skip)
    for packet in packets:
        decoder.feed(packet)


def look(codec: CodecParameters, packets: Sequence[Packet], *, fps: float = 5) -> None:
    eye = Analyzer(codec, fps=fps, pool=None, score=0.45)
    for packet in packets:
        eye.feed(packet)


def converted(codec: CodecParameters, packets: Sequence[Packet], *, to: str) -> None:
    decoder = Decoder(codec, skip_loop_filter=False)
    for packet in packets:
        for frame in decoder.feed(packet):
            frame.to_ndarray(format=to)


PATHS: dict[str, Way] = {
    "decode": decode,
    "no_filter": lambda codec, packets: decode(codec, packets, skip=True),
    "look": look,
    "look_all": lambda codec, packets: look(codec, packets, fps=FPS),
    "gray": lambda codec, packets: converted(codec, packets, to="gray"),
    "bgr": lambda codec, packets: converted(codec, packets, to="bgr24"),
}


def measure(codec: CodecParameters, packets: Sequence[Packet], rounds: int) -> dict[str, float]:
    """Return each path's CPU microseconds per source picture, and its ratio to decoding alone."""
    times: dict[str, list[float]] = {name: [] for name in PATHS}
    for number in range(rounds + 1):
        for name, path in PATHS.items():
            began = time.thread_time_ns()
            path(codec, packets)
            if number:  # the first round compiles and warms up
                times[name].append((time.thread_time_ns() - began) / 1000 / len(packets))
    spent = {name: median(each) for name, each in times.items()}
    ratios = {f"{name}/decode": round(spent[name] / spent["decode"], 3) for name in PATHS if name != "decode"}
    return {name: round(each, 1) for name, each in spent.items()} | ratios


def run(rounds: int, video: Path | None) -> dict[str, Any]:
    """Measure every stream."""
    found: dict[str, Any] = {
        "bench": "decode", "unit": "CPU us per source picture", "python": platform.python_version(),
        "av": av.__version__, "rounds": rounds,
    }  # fmt: skip
    streams = (
        {video.name: filmed(video)}
        if video
        else {f"{width}x{height}": drawn(width, height, kbits) for width, height, kbits in STREAMS}
    )
    for name, (codec, packets) in streams.items():
        found[name] = measure(codec, packets, rounds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--video", type=Path, help="measure on this clip instead of drawn streams")
    options = parser.parse_args()
    found = run(options.rounds, options.video)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
