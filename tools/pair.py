"""Pairs this checkout with another one: what commands cost in CPU time and in memory, as ratios of whole processes.

    git worktree add ../before COMMIT
    python tools/pair.py ../before                         # every command, 21 rounds
    python tools/pair.py ../before help demo --rounds 31   # some of them

Both are run by this environment, in turns and in changing order; the median over the pairs is what can be compared
between machines. CPU is user + system seconds of a process and its children, memory the most that one of them had.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parents[1]
#: Events of a commune's day that are judged again.
EVENTS = 40_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: CPU seconds, and MiB at its largest."""

    cpu: float
    memory: float


def commands(recording: Path) -> dict[str, tuple[str, ...]]:
    """Return what is paired, by name; both read this checkout's samples."""
    site, rules = str(HERE / "configs" / "matthan.yaml"), str(HERE / "configs" / "rules")
    return {
        "help": ("--help",),
        "config check": ("config", "check", site),
        "rules check": ("rules", "check", rules),
        "rules test": ("rules", "test", rules),
        "rules replay": ("rules", "replay", str(recording), "--config", site),
        "demo": ("demo", "--headless", "--for", "15s"),
    }


def record(recording: Path) -> None:
    """Write the beginning of a commune's day, as ``matthan events --json`` prints it.

    In a process of its own: a child's memory is never told as less than its parent's was.
    """
    script = (
        "import sys; from pathlib import Path; from random import Random; from rule_day import happened, lines; "
        f"Path(sys.argv[1]).write_text('\\n'.join(lines(happened(Random(1))[:{EVENTS}])), 'utf-8')"
    )
    environment = {**os.environ, "PYTHONPATH": f"{HERE}:{HERE / 'benchmarks'}"}
    subprocess.run([sys.executable, "-c", script, str(recording)], env=environment, check=True)


def cost(checkout: Path, words: Sequence[str]) -> Cost:
    """Run a command of a checkout to its end.

    Raises:
        SystemExit: It failed, otherwise than by what it found.
    """
    quiet = [(os.POSIX_SPAWN_OPEN, each, os.devnull, os.O_WRONLY, 0) for each in (1, 2)]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONSAFEPATH": "1"}
    child = os.posix_spawn(
        sys.executable, [sys.executable, "-m", "engine", *words], environment, file_actions=quiet
    )
    _, status, used = os.wait4(child, 0)
    if (code := os.waitstatus_to_exitcode(status)) not in (0, 1):
        raise SystemExit(f"{checkout}: {' '.join(words)} ended with {code}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def pairs(other: Path, words: Sequence[str], rounds: int) -> list[tuple[Cost, Cost]]:
    """Return the costs of both, the other checkout's first, after one run of each that does not count."""
    found = []
    for number in range(rounds + 1):
        order = (other, HERE) if number % 2 else (HERE, other)
        costs = {checkout: cost(checkout, words) for checkout in order}
        found.append((costs[other], costs[HERE]))
    return found[1:]


def row(name: str, found: Sequence[tuple[Cost, Cost]]) -> str:
    """Return medians of both, and the median ratio of CPU and of memory."""
    cpu, memory = (median(getattr(b, key) / getattr(a, key) for a, b in found) for key in ("cpu", "memory"))
    before, after = (median(each[side].cpu for each in found) for side in (0, 1))
    was, now = (median(each[side].memory for each in found) for side in (0, 1))
    return f"| {name} | {before:.3f} | {after:.3f} | {cpu:.3f} | {was:.1f} | {now:.1f} | {memory:.3f} |"


def main() -> None:
    """Print a table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("names", nargs="*", help="which commands; default: all")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "day.jsonl")
        known = commands(recording)
        if unknown := set(options.names) - known.keys():
            parser.error(f"no command {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
        record(recording)
        print(
            "| command | CPU s before | after | ratio | MiB before | after | ratio |\n|---|---|---|---|---|---|---|"
        )
        for name in options.names or known:
            print(row(name, pairs(options.other.resolve(), known[name], options.rounds)), flush=True)


if __name__ == "__main__":
    main()
