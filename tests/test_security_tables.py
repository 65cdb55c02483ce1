"""The tables of standards name tests that exist, leave out no requirement, and give a reason where they name none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "security"
#: How far each section of the standard goes; of ASVS, what levels 1 and 2 ask.
ASVS = {
    "3.2": [1, 2], "3.3": [1, 2, 3, 4], "3.4": [1, 2, 3, 4, 5, 6], "3.5": [1, 2, 3, 4, 5], "3.7": [1, 2],
    "6.1": [1, 2, 3], "6.2": [*range(1, 12)], "6.3": [1, 2, 3, 4], "6.4": [1, 2, 3, 4], "6.5": [*range(1, 6)],
    "6.6": [1, 2, 3], "6.8": [1, 2, 3, 4],
    "7.1": [1, 2, 3], "7.2": [1, 2, 3, 4], "7.3": [1, 2], "7.4": [1, 2, 3, 4, 5], "7.5": [1, 2], "7.6": [1, 2],
    "8.1": [1, 2], "8.2": [1, 2, 3], "8.3": [1], "8.4": [1],
    "12.1": [1, 2, 3], "12.2": [1, 2], "12.3": [1, 2, 3, 4],
    "16.1": [1], "16.2": [1, 2, 3, 4, 5], "16.3": [1, 2, 3, 4], "16.4": [1, 2, 3], "16.5": [1, 2, 3],
}  # fmt: skip
ETSI = {
    "5.0": "1", "5.1": "1 2 2A 3 4 5", "5.2": "1 2 3",
    "5.3": "1 2 3 4A 4B 5 6A 6B 7 8 9 10 11 12 13 14 15A 15B 16", "5.4": "1 2 3 4", "5.5": "1 2 3 4 5 6 7 8",
    "5.6": "1 2 3 4A 4B 5 6 7 8 9", "5.7": "1 2", "5.8": "1 2 3", "5.9": "1 2 3", "5.10": "1", "5.11": "1 2 3 4",
    "5.12": "1 2 3", "5.13": "1A 1B", "6": "1 2 3A 3B 4 5 6 7 8",
}  # fmt: skip
WANTED = {
    "asvs.md": {f"{section}.{each}" for section, numbers in ASVS.items() for each in numbers},
    "etsi-303645.md": {f"{section}-{each}" for section, names in ETSI.items() for each in names.split()},
}
STATES = {"met", "n/a", "not met", "in part", "not judged"}
ROW = re.compile(r"^\| ([\d.]+(?:-\w+)?) \| ([^|]+) \| ([^|]*) \| ([^|]*)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One line of a table."""

    id: str
    state: str
    reason: str
    tests: tuple[str, ...]


def entries(page: str) -> Iterator[Entry]:
    """Yield the lines of a page's tables."""
    for id, state, reason, tests in ROW.findall((FOLDER / page).read_text("utf-8")):
        yield Entry(id, state.strip(), reason.strip(), tuple(re.findall(r"`([^`]+)`", tests)))


def names_in(file: Path) -> set[str]:
    """Return the names of a file's tests."""
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return {each.name for each in nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("page", WANTED)
def test_no_requirement_is_left_out_and_none_is_ours(page: str) -> None:
    ids = [each.id for each in entries(page)]
    assert set(ids) == WANTED[page]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("page", WANTED)
def test_every_test_that_is_named_exists(page: str) -> None:
    for each in entries(page):
        for test in each.tests:
            path, _, name = test.partition("::")
            assert (ROOT / path).is_file(), f"{each.id}: {path}"
            assert not name or name in names_in(ROOT / path), f"{each.id}: {test}"


@pytest.mark.parametrize("page", WANTED)
def test_what_has_no_test_has_a_reason(page: str) -> None:
    for each in entries(page):
        assert each.state in STATES, each
        if each.state == "met" and not each.tests:
            assert "](" in each.reason, f"{each.id}: a document shows it, or a test"
        assert each.tests or len(each.reason) >= 12, each


def test_the_test_notices_what_is_not_there() -> None:
    (row,) = ROW.findall("| 3.2.1 | met | x | `tests/none.py::test_x` |")
    assert row[0] == "3.2.1"
    assert "test_no_such" not in names_in(Path(__file__))
    assert "test_the_test_notices_what_is_not_there" in names_in(Path(__file__))
