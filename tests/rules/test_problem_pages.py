"""Every code that an author may meet has its page, up to date, and its example makes just that problem."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from engine.census import expected
from engine.config import configuration
from rules.document.problem import Problem
from rules.document.source import Gravity
from rules.problems import codes, page_text, read_page
from rules.trials import runner

ROOT = Path(__file__).parents[2]
_EXAMPLE = re.compile(r"^```yaml ([a-z-]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: Problems that one short file cannot show: of its bytes, of its size, of two files, of a detector.
WITHOUT = frozenset(
    {
        "character",
        "table_head",
        "duplicate_name",
        "less_than",
        "nodes",
        "not_utf8",
        "secret_content",
        "secret_open",
        "short_secret",
        "size",
        "topic_long",
        "unknown_label",
        "unreadable",
    }
)
SITE = """
cameras:
  - id: c1
    url: rtsp://10.0.0.1/s
    zones: {cong: [[0, 0], [1, 0], [1, 1]]}
    lines: {vach-cong: [[0, 0.5], [1, 0.5]]}
"""


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("problem_pages_tool", ROOT / "tools" / "problems.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool()


def checked(kind: str, text: str, folder: Path) -> Iterable[Problem]:
    """Return what the command that the page names would say."""
    path = folder / "example.yaml"
    path.write_text(text)
    if kind == "trial":
        return runner.read(text, "example").problems
    if kind == "site":
        return configuration.check(path, here=True).problems
    if kind == "expected":
        return expected.read_list(text, "example").problems
    site = None
    if kind == "rules-at-site":
        (folder / "site.yaml").write_text(SITE)
        site = configuration.load(folder / "site.yaml").settings
    from rules.linter.lint import lint

    report = configuration.check_rules_alone([path], configuration.world(site) if site else None)
    return [*report.problems, *lint(report.checked, report.texts)]


def test_there_is_a_page_for_every_code_and_no_other() -> None:
    pages = {path.name for path in TOOL.FOLDER.iterdir() if path.name != "__pycache__"}
    assert pages == {TOOL.page(code).name for code in codes()} | {"__init__.py"}
    assert TOOL.INDEX.read_text("utf-8") == TOOL.index(), "run tools/problems.py"


@pytest.mark.parametrize("code", codes())
def test_a_page_has_its_sentences_cause_cure_and_an_example_that_is_true(code: str, tmp_path: Path) -> None:
    text = TOOL.page(code).read_text("utf-8")
    assert text == TOOL.written(code), "run tools/problems.py"
    cause, cure = (text.partition(f"**{word}.** ")[2].partition("\n")[0] for word in ("Cause", "Cure"))
    assert len(cause) > 20
    assert len(cure) > 10
    assert "TO BE WRITTEN" not in text
    examples = _EXAMPLE.findall(text)
    assert bool(examples) is (code.startswith("problem.") and TOOL.page(code).stem not in WITHOUT)
    for kind, example in examples:
        found = {problem.code for problem in checked(kind, example, tmp_path)}
        assert code in found
        errors = [each for each in checked(kind, example, tmp_path) if each.severity is Gravity.ERROR]
        assert len(errors) <= 2, [str(each) for each in errors]


@pytest.mark.parametrize("code", codes())
def test_a_page_taken_apart_loses_nothing(code: str) -> None:
    text, page = page_text(code), read_page(code)
    assert text == TOOL.page(code).read_text("utf-8")
    rest = f"\n**Cause.** {page.cause}\n\n**Cure.** {page.cure}\n"
    if page.example:
        kind = _EXAMPLE.findall(text)[0][0]
        rest += f"\n**Example.** {page.source}\n\n```yaml {kind}\n{page.example}```\n"
    assert text == TOOL.head(code) + rest
