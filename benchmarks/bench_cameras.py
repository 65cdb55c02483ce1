"""What cameras cost the running engine, and how soon it has them again: alive, dead, idle, lost, repeating themselves.

    python benchmarks/bench_cameras.py --json [PART ...] [--old FOLDER]

`matthan run` is measured with fake cameras from another process (fake_cameras.py). The parts:

* start: 50 ONVIF cameras, from the engine's start until the last one is online, and how many were lost on the way.
* dead: 50 that are not there, half of them ports that nobody listens on, half servers that never answer.
* idle: 20 ONVIF cameras against the same 20 over plain RTSP. Both engines have one ONVIF camera more, so that what
  is loaded once is in both.
* again: subscriptions lost in five ways, from the device's first sound answer until a client hears the next event.
* repeat: devices that repeat themselves a hundred times a second; what of it is kept.
* rtsp: our RTSP client against FFmpeg's, as it was used before, no picture being decoded.
* whole: the engine per camera-second of plain RTSP; with `--old` beside the engine of another tree.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from engine_runs import ROOT, Engine, Fake, engine, fake, ran, script, shares, spent

from engine.api import wire

KINDS = ("gone", "404", "500", "reboot", "full", "hang")
#: Seconds after the last camera is online until anything is counted: kernels compile, properties are told.
SETTLED = 15.0
#: Seconds between two losses of a device, the longest taking some 25.
APART = 15.0


# -- start -----------------------------------------------------------------------------------------------


async def start(many: int) -> dict[str, Any]:
    found = {}
    for name, detect, detector in (("detect: false", False, "none"), ("boxed detector", True, None)):
        async with fake(devices=many, fps=10) as cameras:
            wanted = [cameras.by_onvif(number, detect=detect) for number in range(many)]
            async with engine(wanted, detector=detector) as running:
                await running.until_online(many)
                used = spent(running.process)
                await asyncio.sleep(SETTLED)
                found[name] = {
                    "cameras": many,
                    "first_online_s": round(min(running.online.values()), 1),
                    "last_online_s": round(max(running.online.values()), 1),
                    "lost": running.lost,
                    "cpu_s": round(used, 1),
                }
    return {f"start, {name}": value for name, value in found.items()}


# -- dead ------------------------------------------------------------------------------------------------


def closed_ports(many: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(many)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


async def dead(many: int, seconds: float) -> dict[str, Any]:
    async with fake(hanging=many // 2) as cameras:
        ports = [*cameras.hanging, *closed_ports(many - many // 2)]
        wanted: list[dict[str, object]] = [
            {
                "id": f"c{number}",
                "url": f"{('http', 'rtsp')[number % 2]}://127.0.0.1:{port}/",
                "detect": False,
            }
            for number, port in enumerate(ports)
        ]
        async with engine(wanted) as running, engine([]) as empty:
            await asyncio.sleep(SETTLED)
            share = await shares({"dead": running.process, "none": empty.process}, seconds, 6)
            assert not running.online
    return {
        "dead": {
            "cameras": many,
            "core_percent": round(share["dead"] * 100, 2),
            "without_cameras": round(share["none"] * 100, 2),
        }
    }


# -- idle ------------------------------------------------------------------------------------------------


async def idle(many: int, rounds: int, seconds: float) -> dict[str, Any]:
    """Return what a silent ONVIF device costs more than its video alone."""
    more: dict[str, list[float]] = {"memory_mb": [], "core_percent": [], "of_it_in_the_loop": []}
    for _ in range(rounds):
        async with fake(devices=many + 1, fps=2, moves=0) as cameras, AsyncExitStack() as stack:
            ways: dict[str, Callable[[int], dict[str, object]]] = {
                "onvif": cameras.by_onvif,
                "rtsp": cameras.by_rtsp,
            }
            engines = {
                name: await stack.enter_async_context(
                    engine([*map(way, range(many)), cameras.by_onvif(many)], client=False)
                )
                for name, way in ways.items()
            }
            await asyncio.sleep(2 * SETTLED)
            before = {name: ran(each.process) for name, each in engines.items()}
            await asyncio.sleep(seconds)
            after = {name: ran(each.process) for name, each in engines.items()}
            memory = {name: each.memory() for name, each in engines.items()}
        more["memory_mb"].append((memory["onvif"] - memory["rtsp"]) / many)
        for place, name in enumerate(("core_percent", "of_it_in_the_loop")):
            onvif, plain = (after[way][place] - before[way][place] for way in ways)
            more[name].append((onvif - plain) / seconds / many * 100)
    told = {name: round(median(values), 4) for name, values in more.items()}
    return {
        "idle": {"cameras": many, "rounds": rounds, **told, "all_memory_mb": _rounded(more["memory_mb"])}
        | {"all_core_percent": _rounded(more["core_percent"])}
    }


def _rounded(values: list[float]) -> str:
    return " ".join(f"{value:.3f}" for value in values)


# -- again -----------------------------------------------------------------------------------------------


class Trial:
    """What became of the losses: the fake tells when, the engine's client when it heard the next event."""

    def __init__(self, devices: int) -> None:
        self.kind = [""] * devices
        self.lost, self.clean, self.sound = ([0.0] * devices for _ in range(3))
        self.waits: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
        self.ready = [asyncio.Event() for _ in range(devices)]

    def take(self, told: dict[str, Any]) -> None:
        """Take what the fake tells."""
        number = told["device"]
        if "lost" in told:
            self.kind[number], self.lost[number], self.clean[number] = told["kind"], told["lost"], 0.0
        elif "clean" in told:
            self.clean[number] = told["clean"]

    def hear(self, event: wire.Event) -> None:
        """Take an event: its count is when the device told it."""
        if event.kind != "signal" or "Count" not in event.facts or event.camera is None:
            return
        number = int(event.camera.removeprefix("c"))
        clean = self.clean[number]
        if self.kind[number] and clean and float(event.facts["Count"]) >= clean:
            now = monotonic()
            self.waits[self.kind[number]].append((now - clean, now - self.lost[number]))
            self.kind[number] = ""
            self.ready[number].set()


async def again(losses: int, devices: int) -> dict[str, Any]:
    """Let each device suffer every kind of loss; they are all at different ones at a time."""
    async with fake(devices=devices, fps=5) as cameras, AsyncExitStack() as stack:
        running = await stack.enter_async_context(engine(list(map(cameras.by_onvif, range(devices)))))
        trial = Trial(devices)
        running.heard = trial.hear
        await running.until_online(devices)
        await asyncio.sleep(5)

        async def listen() -> None:
            while True:
                trial.take(await cameras.said())

        async def suffer(number: int) -> None:
            for turn in range(losses // devices):
                trial.ready[number].clear()
                cameras.order(lose=KINDS[(number + turn) % len(KINDS)], device=number)
                async with asyncio.timeout(120):
                    await trial.ready[number].wait()
                await asyncio.sleep(APART * (0.2 + 0.8 * (number % 5) / 5))

        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listen())
            async with asyncio.TaskGroup() as suffering:
                for number in range(devices):
                    suffering.create_task(suffer(number))
            listening.cancel()
    every = [wait for waits in trial.waits.values() for wait in waits]
    parts = {f"again, {kind}": _waits(waits) for kind, waits in trial.waits.items()}
    return {"again, all": _waits(every), **parts}


def _waits(waits: list[tuple[float, float]]) -> dict[str, Any]:
    """Return the distribution of waits since the first sound answer, and since the loss."""
    sound, lost = (sorted(each) for each in zip(*waits, strict=True))
    return {
        "losses": len(sound),
        "median_s": round(median(sound), 2),
        "p95_s": round(sound[int(0.95 * (len(sound) - 1))], 2),
        "max_s": round(sound[-1], 2),
        "median_since_loss_s": round(median(lost), 2),
        "max_since_loss_s": round(lost[-1], 2),
    }


# -- repeat ----------------------------------------------------------------------------------------------


def kept(database: Path) -> tuple[int, int]:
    """Return how many events of signals are in a store, and the bytes that it fills."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        (events,) = connection.execute("SELECT count(*) FROM event WHERE body->>'kind' = 'signal'").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
    finally:
        connection.close()
    return int(events), int(pages) * int(page)


async def repeat(minutes: float) -> dict[str, Any]:
    """Return what is kept of each sort of repetition, and what it costs more than a silent device."""
    sorts = ("", "unchanged", "note", "toggling")
    noisy: dict[str, bool] = dict.fromkeys(sorts, False)
    async with AsyncExitStack() as stack:
        engines: dict[str, Engine] = {}
        before = {}
        for sort in sorts:
            words = {"flood": sort} if sort else {}
            cameras: Fake = await stack.enter_async_context(fake(devices=1, fps=5, moves=0, **words))
            engines[sort] = await stack.enter_async_context(engine([cameras.by_onvif(0)]))
            await engines[sort].until_online(1)
        await asyncio.sleep(SETTLED)
        for sort, each in engines.items():
            before[sort] = kept(each.database)
        share = await shares({sort: each.process for sort, each in engines.items()}, minutes * 60, 6)
        found = {}
        for sort, each in engines.items():
            events, size = (after - b for after, b in zip(kept(each.database), before[sort], strict=True))
            noisy[sort] = any(trouble.label == "noisy" for trouble in each.cameras["c0"].troubles)
            found[f"repeat, {sort or 'silent'}"] = {
                "events_per_minute": round(events / minutes, 2),
                "mb_per_day": round(size / minutes * 1440 / 1e6, 1),
                "core_percent": round(share[sort] * 100, 2),
                "noisy": noisy[sort],
            }
    return found


# -- rtsp ------------------------------------------------------------------------------------------------

OURS = """
import sys, threading
from drivers.rtsp import RtspSource
from drivers.rtsp.stream import RtspStream
def watch(number):
    stream = RtspStream(RtspSource(f"{sys.argv[1]}{number}", None))
    stream.start()
    while True:
        stream.read()
"""
THEIRS = """
import sys, threading, av
OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "500000", "probesize": "500000", "fpsprobesize": "0",
           "timeout": "5000000", "allowed_media_types": "video"}
def watch(number):
    with av.open(f"{sys.argv[1]}{number}", options=OPTIONS, timeout=20) as box:
        for packet in box.demux(video=0):
            bytes(packet)
"""
MANY = """
for number in range(int(sys.argv[2])):
    threading.Thread(target=watch, args=(number,), daemon=True).start()
sys.stdin.readline()
"""


async def rtsp(rounds: int, seconds: float, many: int) -> dict[str, Any]:
    """Return CPU milliseconds per camera-second of both clients, side by side on the same streams."""
    found = {}
    for kbit, fps, width, height in ((500, 15, 320, 240), (4000, 25, 640, 360)):
        async with fake(devices=0, fps=fps, kbit=kbit, width=width, height=height) as cameras:
            costs = await _compared(cameras, rounds, seconds, many)
        found[f"rtsp, {kbit / 1000:g} Mbit/s"] = {
            "kbit_per_s": cameras.kbit,
            "pictures_per_s": fps,
            **{f"{name}_ms": round(median(values), 2) for name, values in costs.items()},
            "ratio": round(median(o / f for o, f in zip(costs["ours"], costs["ffmpeg"], strict=True)), 2),
        }
    return found


async def _compared(cameras: Fake, rounds: int, seconds: float, many: int) -> dict[str, list[float]]:
    costs: dict[str, list[float]] = {"ours": [], "ffmpeg": []}
    async with AsyncExitStack() as stack:
        watched = {
            name: await stack.enter_async_context(
                script(code + MANY, f"rtsp://127.0.0.1:{cameras.rtsp}/", str(many))
            )
            for name, code in (("ours", OURS), ("ffmpeg", THEIRS))
        }
        await asyncio.sleep(4)
        for _ in range(rounds):
            before = {name: ran(process)[0] for name, process in watched.items()}
            await asyncio.sleep(seconds)
            for name, process in watched.items():
                costs[name].append((ran(process)[0] - before[name]) / seconds / many * 1000)
    return costs


# -- whole -----------------------------------------------------------------------------------------------


async def whole(many: int, seconds: float, old: Path | None) -> dict[str, Any]:
    """Return what the engine costs per camera-second of plain RTSP, and another tree's on the same streams."""
    trees = {"now": ROOT} | ({"old": old} if old else {})
    async with fake(fps=15, kbit=500) as cameras, AsyncExitStack() as stack:
        wanted = list(map(cameras.by_rtsp, range(many)))
        engines = {
            name: await stack.enter_async_context(engine(wanted, tree, client=False))
            for name, tree in trees.items()
        }
        await asyncio.sleep(2 * SETTLED)
        share = await shares({name: each.process for name, each in engines.items()}, seconds, 8)
        told = {
            name: {
                "ms_per_camera_second": round(share[name] / many * 1000, 2),
                "uss_mb": round(each.memory(), 1),
            }
            for name, each in engines.items()
        }
    ratio = {"whole_times_old": round(share["now"] / share["old"], 3)} if old else {}
    return ratio | {f"whole, {name}": value for name, value in told.items()}


# -- all -------------------------------------------------------------------------------------------------


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    parts: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {
        "start": lambda: start(50),
        "dead": lambda: dead(50, 60.0),
        "idle": lambda: idle(20, options.rounds, 60.0),
        "again": lambda: again(100, 20),
        "repeat": lambda: repeat(3.0),
        "rtsp": lambda: rtsp(2 * options.rounds, 10.0, 10),
        "whole": lambda: whole(20, 60.0, options.old),
    }
    found: dict[str, Any] = {"bench": "cameras"}
    for name in options.parts or parts:
        found |= await parts[name]()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help="which to measure; default: all")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--old", type=Path, help="another tree of this project, for `whole`")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    found = asyncio.run(measure(options))
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
