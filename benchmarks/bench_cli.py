"""What starting the command line costs: CPU of whole processes, as a ratio to bare Python and to Typer alone.

`status` asks an engine of 64 cameras, whose answer lies ready: what the engine itself spends on it is not counted.

Usage: python benchmarks/bench_cli.py [--json] [--rounds N]
CPU is user + system seconds of the child, the least of the rounds (noise only adds); the ratios are what can be
compared between machines. ``modules`` counts what had been imported at the end.
"""

from __future__ import annotations

import argparse
import json
import resource
import socketserver
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

CONFIG = """
cameras: [{id: gate, url: rtsp://192.0.2.1/live, zones: {all: [[0, 0], [1, 0], [1, 1]]}}]
rules: [rules.yaml]
"""
RULES = "rules: [{name: moves, when: {motion: started}, do: [log]}]\n"
COUNT = "import sys; sys.stderr.write(str(len(sys.modules)))"
RUN = f"""
from engine.cli import main
try:
    main()
finally:
    {COUNT}
"""


def cpu(script: str, words: tuple[str, ...]) -> tuple[float, int]:
    """Return CPU seconds of one run, and how many modules it had imported."""
    before = _children()
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return _children() - before, int(done.stderr.rpartition("\n")[2])


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def engine(door: Path, cameras: int = 64) -> Iterator[None]:
    """Answer at a socket as an engine does that is asked for its state, always the same."""
    at = "2026-11-01T12:00:00Z"
    told = {
        "revision": 1,
        "engine": {"version": "0", "site": "yard", "language": "vi", "started": at, "now": at},
        "cameras": [
            {"id": f"c{n}", "name": f"Cổng {n}", "state": "online", "since": at} for n in range(cameras)
        ],
    }
    body = json.dumps(told).encode()

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body)

    with socketserver.UnixStreamServer(str(door), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def measure(rounds: int) -> dict[str, object]:
    """Return every figure; the programs take turns, so that a busy moment hits all of them."""
    with tempfile.TemporaryDirectory() as temporary, engine(Path(temporary, "api.sock")):
        config = Path(temporary, "matthan.yaml")
        config.write_text(CONFIG)
        Path(temporary, "rules.yaml").write_text(RULES)
        programs = {
            "python": (COUNT, ()),
            "import_typer": (f"import typer\n{COUNT}", ()),
            "import_typer_pydantic": (f"import typer, pydantic\npydantic.TypeAdapter(str)\n{COUNT}", ()),
            "help": (RUN, ("--help",)),
            "status": (RUN, ("status", "--socket", str(Path(temporary, "api.sock")))),
            "config_check": (RUN, ("config", "check", str(config))),
        }
        runs = {name: [cpu(*program) for _ in range(1)] for name, program in programs.items()}
        for _ in range(rounds - 1):
            for name, program in programs.items():
                runs[name].append(cpu(*program))
    least = {name: min(spent for spent, _ in found) for name, found in runs.items()}
    return {
        name: {
            "cpu_s": round(seconds, 3),
            "times_python": round(seconds / least["python"], 1),
            "times_import_typer": round(seconds / least["import_typer"], 2),
            "modules": runs[name][0][1],
        }
        for name, seconds in least.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    found = measure(max(1, options.rounds))
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
