"""Installs the product under every Python that it promises, imports all of it, and runs the pure tests.

    python tools/pythons.py [3.12 ...]      # default: all that pyproject.toml promises

Each has an environment of its own in build/. A version without an interpreter on this machine is said to have none;
that is no failure. Ends with 1 where anything failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Imports every module; a warning of any is an error.
IMPORT_ALL = """
import importlib, pkgutil
names = [name for package in ("engine", "drivers", "rules", "tui")
         for _, name, _ in pkgutil.walk_packages(importlib.import_module(package).__path__, package + ".")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names), "modules imported")
"""


def promised() -> list[str]:
    """Return the versions that `requires-python` allows, e.g. ``["3.11", "3.12"]``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    first, end = map(int, re.findall(r"3\.(\d+)", project["requires-python"]))
    return [f"3.{minor}" for minor in range(first, end)]


def _candidates(version: str) -> Iterator[str]:
    """Yield where an interpreter may be: on the path, and what pyenv has installed."""
    yield f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True))


def interpreter(version: str) -> str | None:
    """Return an interpreter of a version that can make environments; a name alone is none (pyenv has shims)."""
    asked = f"import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
    for program in _candidates(version):
        try:
            done = subprocess.run([program, "-c", asked], capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return program
    return None


def tried(version: str, program: str) -> bool:
    """Install, import everything, run the pure tests; return whether all of it went well."""
    folder = ROOT / "build" / f"python{version}"
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    steps = (
        [program, "-m", "venv", str(folder)],
        [*pip, "install", "--quiet", "-c", "constraints.txt", "-e", ".[dev]"],
        [*pip, "check"],
        [python, "-W", "error", "-c", IMPORT_ALL],
        [python, "-m", "pytest", "-q", "-m", "not soak", "tests/rules"],
    )
    return all(subprocess.run(step, cwd=ROOT, check=False).returncode == 0 for step in steps)


def main() -> None:
    """Run the tool."""
    results: dict[str, str] = {}
    for version in sys.argv[1:] or promised():
        program = interpreter(version)
        if program is not None:
            print(f"== Python {version}: {program}", flush=True)
        verdict = (
            "no interpreter here" if program is None else "good" if tried(version, program) else "FAILED"
        )
        results[version] = verdict
    print("\n".join(f"Python {version}: {verdict}" for version, verdict in results.items()))
    sys.exit("FAILED" in results.values())


if __name__ == "__main__":
    main()
