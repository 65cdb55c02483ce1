"""What the engine's process holds: with one camera, with each further one, and after many reconnects.

    python benchmarks/bench_memory.py [--json] [--streams 1 17 33] [--reconnects 240] [--cameras 20]

Cameras of fake_cameras.py, 640x360 at 5 pictures a second, in which something always moves: none of them rests. MB are
resident ones (`rss`, which counts the pages of shared libraries that happen to be mapped) and those that ending the
process would give back (`uss`); `anonymous` is what we have taken ourselves. Beside it in the same run `bare`: a
process that imports numpy, numba and PyAV, and decodes as many streams, in a thread each.

base        one camera: without a detector, with the one in the box
stream      MB of each further camera, from the fewest to the most of `--streams`
growth      MB from after the first cut to after the last: all cameras are cut at once, and asked for again at once
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

import psutil
from engine_runs import Engine, Fake, engine, fake, script

#: Seconds until what is started has settled, and what a reconnect may take.
SETTLE, PATIENCE = 75.0, 120.0
BARE = """
import sys, threading, av, numba, numpy
def watch(url):
    with av.open(url, options={"rtsp_transport": "tcp"}) as container:
        for packet in container.demux(video=0):
            for frame in packet.decode():
                pass
for url in sys.argv[1:]:
    threading.Thread(target=watch, args=(url,), daemon=True).start()
sys.stdin.read()
"""


def megabytes(process: psutil.Process) -> dict[str, float]:
    """Return what a process holds."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    anonymous = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
    held = process.memory_full_info()
    return {
        "rss": round(held.rss / 2**20, 1),
        "uss": round(held.uss / 2**20, 1),
        "anonymous": round(anonymous / 1024, 1),
    }


async def held(count: int, detector: str | None) -> dict[str, float]:
    """Return what the engine holds with so many cameras."""
    async with fake(devices=count, fps=5, width=640, height=360) as cameras:
        settings = [{**cameras.by_rtsp(number), "detect": detector is None} for number in range(count)]
        async with engine(settings, detector=detector) as running:
            await running.until_online(count)
            await asyncio.sleep(SETTLE)
            return megabytes(running.process)


async def bare(count: int) -> dict[str, float]:
    """Return what a process holds that only decodes so many."""
    async with fake(devices=count, fps=5, width=640, height=360) as cameras:
        urls = [f"rtsp://127.0.0.1:{cameras.rtsp}/{number}" for number in range(count)]
        async with script(BARE, *urls) as process:
            await asyncio.sleep(SETTLE / 2)
            return megabytes(process)


async def _cut(cameras: Fake, running: Engine, count: int) -> None:
    """Cut everything, ask for it again, and wait until everybody is back."""
    assert running.client is not None
    cameras.order(cut=True)
    await cameras.said()
    async with asyncio.timeout(PATIENCE):
        playing = 0
        while playing < count:  # as the cameras see it: no event can be missed
            await asyncio.sleep(0.5)
            for name, camera in running.cameras.items():
                if camera.state == "lost":  # it would try by itself, within half a minute
                    await running.client.retry(name)
            cameras.order(playing=True)
            playing = (await cameras.said())["playing"]
    await asyncio.sleep(1.0)


async def reconnected(reconnects: int, count: int, settle: float = SETTLE) -> dict[str, float]:
    """Return by how much the engine grows over so many."""
    async with (
        fake(devices=count, fps=5, width=640, height=360) as cameras,
        engine([cameras.by_rtsp(number) for number in range(count)], detector="none") as running,
    ):
        await running.until_online(count)
        await _cut(cameras, running, count)
        await asyncio.sleep(settle)
        first = megabytes(running.process)
        for _ in range(max(1, reconnects // count)):
            await _cut(cameras, running, count)
        await asyncio.sleep(settle)
        last = megabytes(running.process)
    done = max(1, reconnects // count) * count
    return {"reconnects": done, **{name: round(last[name] - first[name], 1) for name in first}}


async def measure(streams: list[int], reconnects: int, cameras: int) -> dict[str, Any]:
    """Return all of it."""
    few, most = min(streams), max(streams)
    motion = {count: await held(count, "none") for count in streams}
    idle = {count: await bare(count) for count in (few, most)}

    def each(figures: dict[int, dict[str, float]]) -> dict[str, float]:
        return {
            name: round((figures[most][name] - figures[few][name]) / max(1, most - few), 2)
            for name in figures[few]
        }

    return {
        "bench": "memory", "base": {"motion": motion[few], "detector": await held(few, None)},
        "stream": each(motion), "bare": {"base": idle[few], "stream": each(idle)},
        "growth": await reconnected(reconnects, cameras) if reconnects else None,
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 17, 33])
    parser.add_argument("--reconnects", type=int, default=240)
    parser.add_argument("--cameras", type=int, default=20)
    given = parser.parse_args()
    found = asyncio.run(measure(given.streams, given.reconnects, given.cameras))
    print(json.dumps(found) if given.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
