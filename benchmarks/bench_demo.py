"""What the running engine costs: CPU and memory with virtual cameras, against merely decoding the same streams.

Usage: python benchmarks/bench_demo.py [--json] [--cameras N] [--seconds S] [--model PATH]
The engine (`matthan run`) and the bare peer (PyAV: receive and decode the same RTSP streams, nothing else)
watch the same virtual cameras at the same time, each in a process of its own, so that the machine's speed
cancels out. ``ratio`` is the engine's CPU over the peer's. Memory is RSS and USS (what ending it gives back).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import psutil

#: The peer: one thread per stream, as the engine has.
PEER = """
import sys, threading, av
def watch(url):
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=20) as box:
        for frame in box.decode(video=0):
            pass
sys.stdin.readline()
login = "//admin:" + open("camera.password").read().strip() + "@"
for url in sys.argv[1:]:
    threading.Thread(target=watch, args=(url.replace("//", login),), daemon=True).start()
sys.stdin.readline()
"""
#: Seconds for kernels to compile and streams to open before anything is counted.
WARM_UP = 20.0


def matthan(*words: str) -> list[str]:
    """Return the command line of a matthan command."""
    return [sys.executable, "-m", "engine", *words]


def config(folder: Path, cameras: list[dict[str, Any]], model: str) -> Path:
    """Write a configuration for the virtual cameras."""
    login = {"username": "admin", "password": f"file:{folder / 'camera.password'}"}
    document = {
        "site": "bench",
        "state": str(folder / "state"),
        "cameras": [
            {"id": f"c{index}", "url": camera["onvif"], "login": login}
            for index, camera in enumerate(cameras)
        ],
        "detector": {"model": model},
        "preview": {"enabled": False},
    }
    path = folder / "matthan.yaml"
    path.write_text(json.dumps(document))
    return path


def busy(process: psutil.Process) -> float:
    """Return the CPU seconds that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(cameras: int, seconds: float, model: str) -> dict[str, Any]:
    """Run engine and peer side by side and return what they cost."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        quiet = {"stderr": subprocess.DEVNULL, "cwd": folder, "text": True}
        words = ["sim", "--cameras", str(cameras), "--json", "--no-discovery"]
        words += ["--password-file", str(folder / "camera.password")]
        sim = stack.enter_context(started(matthan(*words), stdout=subprocess.PIPE, **quiet))
        assert sim.stdout is not None
        told = json.loads(sim.stdout.readline())["cameras"]
        engine = stack.enter_context(
            started(
                matthan("run", "--config", str(config(folder, told, model))),
                stdout=subprocess.DEVNULL,
                **quiet,
            )
        )
        urls = [camera["rtsp"] for camera in told]
        peer = stack.enter_context(
            started([sys.executable, "-c", PEER, *urls], stdin=subprocess.PIPE, **quiet)
        )
        assert peer.stdin is not None
        peer.stdin.write("go\n")
        peer.stdin.flush()
        time.sleep(WARM_UP)
        watched = {"engine": psutil.Process(engine.pid), "peer": psutil.Process(peer.pid)}
        shares = sample(watched, seconds)
        memory = watched["engine"].memory_full_info()
        threads = watched["engine"].num_threads()
    return {
        "cameras": cameras,
        "seconds": seconds,
        "detector": Path(model).name,
        "engine_cpu_share": round(shares["engine"], 4),
        "peer_cpu_share": round(shares["peer"], 4),
        "ratio": round(shares["engine"] / shares["peer"], 2),
        "engine_cpu_ms_per_camera_second": round(1000 * shares["engine"] / cameras, 1),
        "rss_mib": round(memory.rss / 2**20, 1),
        "uss_mib": round(memory.uss / 2**20, 1),
        "threads": threads,
    }


class started:
    """A child process for as long as the context lasts."""

    def __init__(self, words: list[str], **how: Any) -> None:
        self._process = subprocess.Popen(words, env={**os.environ, "MATTHAN_TIED": str(os.getpid())}, **how)

    def __enter__(self) -> subprocess.Popen[str]:
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)


def sample(watched: dict[str, psutil.Process], seconds: float) -> dict[str, float]:
    """Return the median CPU share of each process over slices of the same time."""
    slices: dict[str, list[float]] = {name: [] for name in watched}
    for _ in range(5):
        before = {name: busy(process) for name, process in watched.items()}
        began = time.perf_counter()
        time.sleep(seconds / 5)
        span = time.perf_counter() - began
        for name, process in watched.items():
            slices[name].append((busy(process) - before[name]) / span)
    return {name: median(shares) for name, shares in slices.items()}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--cameras", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument(
        "--model", default="none", help="name or file of a detector; default: none, motion only"
    )
    options = parser.parse_args()
    found = measure(options.cameras, options.seconds, options.model)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
