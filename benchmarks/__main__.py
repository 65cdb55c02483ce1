"""Runs every ``bench_*.py`` of this folder and rewrites the figures in RESULTS.md.

Usage: python -m benchmarks [NAME ...]      (make bench ARGS="motion decode")
A section of RESULTS.md is what stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``; the text around is kept,
and so are the sections of benchmarks that were not run, or found nothing to run on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"


def names() -> list[str]:
    """Return what can be run."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def run(name: str) -> dict[str, Any]:
    """Run one benchmark; return its JSON object, the last line that it prints."""
    command = [sys.executable, str(HERE / f"bench_{name}.py"), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=HERE.parent)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def machine() -> str:
    """Say what the figures were taken on."""
    info = Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.+)", info.read_text()) if info.exists() else []
    model = models[0] if models else platform.processor()
    return f"{os.cpu_count()} x {model}, {platform.system()}, Python {platform.python_version()}"


def shown(found: dict[str, Any]) -> str:
    """Return figures as Markdown: parts with the same keys share a table, single values a line."""
    single = {key: value for key, value in found.items() if not isinstance(value, (dict, list))}
    lines = ["; ".join(f"{key} {value}" for key, value in single.items() if key != "bench"), ""]
    parts = {key: value for key, value in found.items() if isinstance(value, dict)}
    for name in [name for name, part in parts.items() if _nested(part)]:
        lines += [*_listed(name, parts.pop(name)), ""]
    while parts:
        first = next(iter(parts.values()))
        alike = {key: parts.pop(key) for key in list(parts) if parts[key].keys() == first.keys()}
        lines += [f"| | {' | '.join(alike)} |", "|---" * (len(alike) + 1) + "|"]
        lines += [f"| {key} | {' | '.join(str(each[key]) for each in alike.values())} |" for key in first]
        lines.append("")
    lists = {key: value for key, value in found.items() if isinstance(value, list)}
    lines += [f"{key}: {json.dumps(value)}" for key, value in lists.items()]
    return "\n".join(lines).strip()


def _nested(part: dict[str, Any]) -> bool:
    """Return whether a part is two names deep, each pair with figures of its own."""
    return all(
        isinstance(each, dict) and all(isinstance(x, dict) for x in each.values()) for each in part.values()
    )


def _listed(name: str, part: dict[str, Any]) -> list[str]:
    """Return such a part as a table with a line for each pair of names."""
    rows = [(outer, inner, found) for outer, each in part.items() for inner, found in each.items()]
    head = list(rows[0][2])
    lines = [f"| {name} | | {' | '.join(head)} |", "|---" * (len(head) + 2) + "|"]
    return lines + [
        f"| {outer} | {inner} | {' | '.join(str(found[key]) for key in head)} |"
        for outer, inner, found in rows
    ]


def replaced(text: str, name: str, section: str) -> str:
    """Return the document with one section's figures exchanged, or added at the end."""
    block = f"<!-- {name} -->\n{section}\n<!-- /{name} -->"
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    if pattern.search(text):
        return pattern.sub(lambda _: block, text)
    return f"{text.rstrip()}\n\n## {name}\n\n{block}\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help=f"which to run; default: all of {', '.join(names())}")
    options = parser.parse_args()
    failed = []
    for name in options.names or names():
        print(f"{name} ...", flush=True)
        try:
            found = run(name)
        except (subprocess.CalledProcessError, ValueError, IndexError) as error:
            failed.append(f"{name}: {error}")
            continue
        if "skipped" in found:  # what was measured where it could be stays
            print(found["skipped"], flush=True)
            continue
        taken = f"`python benchmarks/bench_{name}.py --json`, {datetime.now(UTC):%Y-%m-%d}, {machine()}"
        section = f"{taken}\n\n{shown(found)}"
        text = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Results\n"
        RESULTS.write_text(replaced(text, name, section), "utf-8")
        print(section, flush=True)
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
