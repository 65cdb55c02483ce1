"""Coverage-guided fuzzing of rule files with atheris; no test, run it by hand.

Usage: pip install atheris; python tests/rules/fuzz_atheris.py tests/rules/corpus [-max_total_time=600]
What it finds goes into ``corpus/`` as a file of its own, so that `test_fuzz_rules.py` reads it for ever.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def main() -> None:
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["rules"]):
        compiling = import_module("rules.compiler.compile")
    world = compiling.World()

    def check(data: bytes) -> None:
        _, problems = compiling.check_rules([("fuzz.yaml", data.decode("utf-8", "replace"))], world)
        for problem in problems:
            problem.sentence("vi")

    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
