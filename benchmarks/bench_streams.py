"""Many cameras over RTSP from another process: the whole engine against receiving and decoding everything.

    python benchmarks/bench_streams.py [--json] [--cameras 64] [--seconds 60] [--mix spread|bursts] [--gop 2]
                                       [--size 640x360] [--fps 5] [--kbit 300] [--analysed 5]
                                       [--ways receive decode all rest detector] [--streets 8] [--length 60]

The sender is GStreamer's RTSP server (C; Debian: gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good and -bad); its
processor time does not count. What it plays are drawn streets (scenes/day.py) in which somebody passes a fifth of the
time, each camera at another moment of one of eight. One after the other, each after a while of warming up:

receive     a process with a thread for each stream: FFmpeg's RTSP client through PyAV, nothing decoded
decode      the same, everything decoded
all         the engine (`matthan run`), motion alone, `rest: false`
rest        the engine, motion alone
detector    the engine with the detector in the box

ms          of a core per camera and second; `by_decode`: as a part of `decode`; `cores`: part of all cores that it took
uss, rss    MB
looks       of the detector each second, all cameras; `given_up` of them; `by_analysed`: looks by analysed picture
told        seconds from when a picture was received to when what it shows was an event: median, 95 %, worst, of motion
            and objects that begin (what a resting camera kept was received before it was looked at)
behind      cameras that said that they could not keep up, or were slowed
"""

from __future__ import annotations

import argparse
import asyncio
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from engine_runs import Engine, engine, ran, script
from scenes.day import Street, coded

from engine.api import wire

PYTHON = "/usr/bin/python3"  # Debian's: it has the bindings
SERVER = Path(__file__).parent / "stream_server.py"
#: Seconds of warming up.
WARM = 25.0
CLIENT = """
import sys, threading, av
def watch(url, decode):
    with av.open(url, options={"rtsp_transport": "tcp"}) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream):
            if decode:
                packet.decode()
for url in sys.argv[2:]:
    threading.Thread(target=watch, args=(url, sys.argv[1] == "decode"), daemon=True).start()
sys.stdin.read()
"""


def has_sender() -> bool:
    """Return whether GStreamer's server is here."""
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if not Path(PYTHON).exists():
        return False
    return not subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode


def films(folder: Path, given: argparse.Namespace) -> list[Path]:
    """Write what each camera shows: a street, from another of its keyframes on."""
    width, height = map(int, given.size.split("x"))
    made: list[Path] = []
    groups: list[list[list[bytes]]] = []
    for seed in range(given.streets):
        street = Street(seed, seconds=given.length, mix=given.mix, width=width, height=height)
        found: list[list[bytes]] = []
        for packet in coded(street, fps=given.fps, gop=given.gop, kbits=given.kbit)[1]:
            if packet.keyframe:
                found.append([])
            found[-1].append(packet.data)
        groups.append(found)
    for number in range(given.cameras):
        mine = groups[number % given.streets]
        first = (number // given.streets) * 7 % len(mine)
        turned = [data for group in mine[first:] + mine[:first] for data in group]
        made.append(folder / f"{number}.pictures")
        made[-1].write_bytes(b"".join(struct.pack(">I", len(data)) + data for data in turned))
    return made


@asynccontextmanager
async def sender(files: Sequence[Path], fps: int) -> AsyncIterator[int]:
    """Play them; yields the port."""
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        PYTHON, str(SERVER), str(fps), *map(str, files), stdout=pipe, stderr=nowhere
    )
    try:
        assert process.stdout is not None
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def weighed(process: psutil.Process, seconds: float, cameras: int) -> dict[str, float]:
    """Return what a process takes for so long."""
    before = ran(process)[0]
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    spent, passed = ran(process)[0] - before, asyncio.get_running_loop().time() - began
    held = process.memory_full_info()
    return {
        "ms": round(1000 * spent / passed / cameras, 2),
        "cores": round(spent / passed / (psutil.cpu_count() or 1), 3),
        "uss": round(held.uss / 2**20), "rss": round(held.rss / 2**20),
    }  # fmt: skip


async def client(how: str, port: int, given: argparse.Namespace) -> dict[str, float]:
    """Return what receiving takes, and decoding."""
    urls = [f"rtsp://127.0.0.1:{port}/{number}" for number in range(given.cameras)]
    async with script(CLIENT, how, *urls) as process:
        await asyncio.sleep(WARM)
        return await weighed(process, given.seconds, given.cameras)


class Heard:
    """What an engine told, and how late."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.troubled: set[tuple[str, str]] = set()

    def hear(self, event: wire.Event) -> None:
        """Take in an event."""
        if event.kind in ("motion", "object") and event.change == "began" and event.received_at:
            self.delays.append((event.received_at - event.at).total_seconds())
        if event.kind == "camera" and event.label in ("behind", "slowed") and event.camera:
            self.troubled.add((event.camera, event.label))


async def whole(way: str, port: int, given: argparse.Namespace) -> dict[str, Any]:
    """Return what the engine takes, and what it told."""
    cameras = [
        {
            "id": f"c{number}", "url": f"rtsp://127.0.0.1:{port}/{number}", "fps": given.analysed,
            "detect": way == "detector", "rest": way != "all",
        }
        for number in range(given.cameras)
    ]  # fmt: skip
    heard = Heard()
    async with engine(cameras, detector=None if way == "detector" else "none") as running:
        await running.until_online(given.cameras)
        await asyncio.sleep(WARM)
        running.heard = heard.hear
        before = await _asked(running)
        found: dict[str, Any] = await weighed(running.process, given.seconds, given.cameras)
        found |= _looks(before, await _asked(running))
    late = sorted(heard.delays) or [0.0]
    found["told"] = {
        "events": len(heard.delays),
        "median": round(median(late), 2),
        "p95": round(late[int(0.95 * (len(late) - 1))], 2),
        "worst": round(late[-1], 2),
    }
    found["behind"] = sorted(f"{camera} {label}" for camera, label in heard.troubled)
    return found


async def _asked(running: Engine) -> Any:
    assert running.client is not None
    return await running.client.vision()


def _looks(before: Any, now: Any) -> dict[str, Any]:
    """Return what was looked at between two answers."""
    was = {each.camera: each.counters for each in before.cameras}
    passed = now.at - before.at

    def gone(name: str) -> int:
        return sum(each.counters.get(name, 0) - was[each.camera].get(name, 0) for each in now.cameras)

    return {
        "looks": round(gone("looked") / passed, 1), "given_up": round(gone("skipped") / passed, 1),
        "by_analysed": round(gone("looked") / max(1, gone("analysed")), 3),
        "spared": round(gone("spared") / max(1, gone("spared") + gone("decoded")), 2),
        "resting": sum(each.resting for each in now.cameras),
        "stages": {
            stage: round(
                1000 * sum(
                    each.seconds.get(stage, 0.0) - dict(old.seconds).get(stage, 0.0)
                    for each, old in zip(now.cameras, before.cameras, strict=True)
                ) / passed / len(now.cameras), 2,
            )
            for stage in ("decode", "motion", "detect", "track", "quality")
        },
    }  # fmt: skip


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return all of it."""
    found: dict[str, Any] = {
        "bench": "streams", "cameras": given.cameras, "size": given.size, "fps": given.fps, "gop": given.gop,
        "mix": given.mix, "seconds": given.seconds,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        files = films(Path(folder), given)
        for way in given.ways:
            async with sender(files, given.fps) as port:
                made = client(way, port, given) if way in ("receive", "decode") else whole(way, port, given)
                found[way] = await made
                print(way, found[way], file=sys.stderr, flush=True)
    for way in given.ways:
        if "decode" in found:
            found[way]["by_decode"] = round(found[way]["ms"] / found["decode"]["ms"], 2)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--mix", choices=("spread", "bursts"), default="spread")
    parser.add_argument("--gop", type=float, default=2.0)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=int, default=5)
    parser.add_argument("--kbit", type=int, default=300)
    parser.add_argument("--analysed", type=float, default=5.0, help="pictures analysed a second, at most")
    parser.add_argument("--streets", type=int, default=8, help="different ones that are drawn")
    parser.add_argument("--length", type=int, default=60, help="seconds of each")
    parser.add_argument("--ways", nargs="+", default=["receive", "decode", "all", "rest", "detector"])
    given = parser.parse_args()
    if not has_sender():
        print("GStreamer's RTSP server is not installed: apt install gir1.2-gst-rtsp-server-1.0 "
              "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad python3-gi", file=sys.stderr)  # fmt: skip
        raise SystemExit(3)
    found = asyncio.run(measure(given))
    print(json.dumps(found) if given.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
