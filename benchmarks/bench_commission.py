"""A hundred cameras of five makes, commissioned with the quick set of checks: how long, and at what cost.

    python benchmarks/bench_commission.py --json

`matthan sim` plays the cameras from a process of its own on the same cores; `matthan commission SHEET` finds them,
logs in, sets time, names, streams and a new password, takes them into a configuration, and checks them. The limit is
what cannot be done without: FFmpeg (PyAV) reads both streams of some of the same cameras for as long as the checks do,
which is repeated for the ratio. No camera's login stands in the sheet: five defaults are, in the standard.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from typing import Any
from urllib.parse import quote

import av

MAKES = ("north", "lotus", "bamboo", "harbour", "kite")
MATTHAN = str(Path(sys.executable).parent / "matthan")
#: Seconds that the quick set reads a stream, and cameras that are read for the limit.
SECONDS, READ = 5.0, 10


def simulated(folder: Path, count: int) -> tuple[subprocess.Popen[str], list[dict[str, Any]]]:
    """Start the cameras, each at an address of its own; return their process and what they say of themselves."""
    makes = [word for make in MAKES for word in ("--make", make)]
    command = [MATTHAN, "sim", "--cameras", str(count), *makes, "--default-password", "--own-addresses"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.4.1", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["cameras"]


def prepare(folder: Path, cameras: list[dict[str, Any]]) -> None:
    """Write what a technician brings: a sheet, the site's standard with the makers' defaults, their passwords."""
    (folder / "secrets").mkdir()
    logins = sorted({(each["username"], each["password"]) for each in cameras})
    defaults = []
    for number, (username, password) in enumerate(logins):
        secret = folder / "secrets" / f"default-{number}"
        secret.write_text(password)
        secret.chmod(0o600)
        defaults.append(f"    - {{username: {username}, password: file:secrets/default-{number}}}\n")
    rows = ["id,name,host"]
    rows += [
        f"cam-{number},Cổng {number},{each['onvif'].split('/')[2].split(':')[0]}"
        for number, each in enumerate(cameras)
    ]
    (folder / "sheet.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "matthan.yaml").write_text("site: bench\nstate: state\ncameras: []\n")
    (folder / "commissioning.yaml").write_text(
        f"passwords:\n  defaults:\n{''.join(defaults)}time: {{ntp: 127.0.0.1}}\n"
        "main: {width: 1280, height: 720, fps: 15, bitrate: 2048}\n"
    )


def commissioned(folder: Path) -> tuple[float, float, dict[str, Any]]:
    """Run the command; return the seconds it took, its CPU seconds, and the record that it left."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), monotonic()
    command = [MATTHAN, "commission", "sheet.csv", "--yes", "restarts", "--config", "matthan.yaml", "--json"]
    subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL)
    took, after = monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (record,) = folder.glob("state/commissioning/*/record.json")
    return took, cpu, json.loads(record.read_text("utf-8"))


def read(url: str) -> float:
    """Read a stream for a while without decoding it; return for how many seconds it did."""
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=30) as stream:
        began = monotonic()
        for _ in stream.demux(video=0):
            if monotonic() - began > SECONDS:
                break
    return SECONDS


def limit(folder: Path, cameras: list[dict[str, Any]]) -> float:
    """Return the CPU seconds for which FFmpeg reads both streams of a camera."""
    urls = []
    for number, each in enumerate(cameras[:READ]):
        login = (
            f"{each['username']}:{quote((folder / 'secrets' / f'cam-{number}').read_text().strip(), safe='')}"
        )
        main = each["rtsp"].replace("rtsp://", f"rtsp://{login}@")
        urls += [main, main.replace("/main", "/sub")]
    before = process_time()
    with ThreadPoolExecutor(len(urls)) as pool:
        list(pool.map(read, urls))
    return (process_time() - before) / READ


def figures(count: int) -> dict[str, Any]:
    """Return what commissioning so many cameras took."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        process, cameras = simulated(folder, count)
        try:
            prepare(folder, cameras)
            took, cpu, record = commissioned(folder)
            least = median(limit(folder, cameras) for _ in range(3))
            books = json.loads((folder / "state" / "logins.json").read_text("utf-8"))["devices"].values()
        finally:
            process.terminate()
            process.wait()
    steps = [step["state"] for camera in record["cameras"] for step in camera["steps"]]
    results = [result["outcome"] for camera in record["cameras"] for result in camera["results"]]
    return {
        "cameras": count,
        "wall_s": round(took, 1),
        "cpu_s": round(cpu, 1),
        "cpu_ms_per_camera": round(1000 * cpu / count),
        "ratio_to_reading_both_streams": round(cpu / count / least, 1),
        "steps_failed": steps.count("failed"),
        "wrong_logins_at_most": max(len(each["wrong"]) for each in books),
        "new_passwords": sum(camera["secret"].endswith(camera["id"]) for camera in record["cameras"]),
        **{f"checks_{outcome}": results.count(outcome) for outcome in ("pass", "warn", "fail", "not_tested")},
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cameras", type=int, default=100)
    given = parser.parse_args()
    found = {"bench": "commission", **figures(given.cameras)}
    print(json.dumps(found) if given.json else json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
