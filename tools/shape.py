"""Prints the shape of the code: lengths of functions, long files, modules per folder, names that exist twice, tests.

    python tools/shape.py            # a table
    python tools/shape.py --json     # the same for a program

What import-linter holds (layers, cycles between rooms) is not repeated here; cycles between modules are counted.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
PACKAGES = ("engine", "drivers", "rules", "tui")
#: A file past this has usually stopped being one thing; a folder past this, one room.
LONG, MANY = 500, 20


def sources() -> list[Path]:
    """Return every module of the product."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def lines(path: Path) -> int:
    """Return how many lines a file has."""
    return len(path.read_text("utf-8").splitlines())


def functions(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of each function, its docstring left out."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def name_of(path: Path) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST, known: frozenset[str]) -> set[str]:
    """Return the product's modules that one imports when it is loaded, those for types alone left out."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{each.name}" for each in node.names}
            found |= inside & known if inside <= known else (inside & known) | {node.module}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found & known


def cycles(graph: dict[str, set[str]]) -> int:
    """Return how many groups of modules import each other in a ring (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    rings = 0

    def visit(module: str) -> None:
        nonlocal rings
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in graph[module]:
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            rings += len(group) > 1

    for module in graph:
        if module not in index:
            visit(module)
    return rings


def shape() -> dict[str, object]:
    """Return the figures."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sources()}
    lengths = [each for tree in trees.values() for each in functions(tree)]
    known = frozenset(map(name_of, trees))
    graph = {name_of(path): imports(tree, known) - {name_of(path)} for path, tree in trees.items()}
    folders = Counter(str(path.parent.relative_to(ROOT)) for path in trees if path.name != "__init__.py")
    classes: defaultdict[str, set[str]] = defaultdict(set)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].add(name_of(path))
    return {
        "functions": len(lengths),
        "function_lines_median": median(lengths),
        "function_lines_p90": round(quantiles(lengths, n=10)[-1]),
        "function_lines_max": max(lengths),
        "files_over_500": sorted(str(path.relative_to(ROOT)) for path in trees if lines(path) > LONG),
        "folders_over_20": {name: count for name, count in sorted(folders.items()) if count > MANY},
        "cycles": cycles(graph),
        "class_names_twice": {
            name: sorted(where) for name, where in sorted(classes.items()) if len(where) > 1
        },
        "tests_to_source": {package: round(tests_to(package), 2) for package in PACKAGES},
    }


def tests_to(package: str) -> float:
    """Return the lines of a package's tests over its own."""
    own = sum(map(lines, (ROOT / package).rglob("*.py")))
    return sum(map(lines, (ROOT / "tests" / package).rglob("*.py"))) / own


def main() -> None:
    """Print the figures."""
    found = shape()
    if "--json" in sys.argv[1:]:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:24} {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, dict) and any(isinstance(each, (int, float)) for each in value.values()):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    if isinstance(value, (list, dict)):
        return f"{len(value)}: {', '.join(map(str, value))}" if value else "0"
    return str(value)


if __name__ == "__main__":
    main()
