"""The documents tell the truth: links lead somewhere, examples pass, commands exist."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer

from engine.cli import gather
from engine.models import vocabulary
from rules.compile import check_rules

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks" / "RESULTS.md"]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
FENCE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
#: What follows `matthan` in a code span or block.
COMMAND = re.compile(r"(?:`|^|\s)(?:\.venv/bin/)?matthan ([a-z]+)", re.MULTILINE)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.vi.md"], ids=named)
def test_the_rules_of_the_readme_pass_the_check(page: Path) -> None:
    blocks = FENCE.findall(page.read_text("utf-8"))
    assert blocks
    for block in blocks:
        assert check_rules([(page.name, block)], None)[1] == []


#: What a rule or a trial is about, where it names a label (or several); `$name` is a named list.
ABOUT = re.compile(r"(?:\b(?:object|crowd): |\b(?:track|crowd|event): \{[^{}]*?\blabel: )(\[[^]]*\]|[\w$-]+)")
#: Where a rule or a trial stands as an example.
EXAMPLES = [
    *PAGES,
    *ROOT.glob("configs/**/*.yaml"),
    *ROOT.glob("engine/commands/rules/scaffolds/*.yaml"),
    *ROOT.glob("tests/rules/*.yaml"),
]


@pytest.mark.parametrize("page", EXAMPLES, ids=named)
def test_every_label_of_an_example_is_one_that_a_detector_tells(page: Path) -> None:
    found = ABOUT.findall(page.read_text("utf-8"))
    told = {label for each in found for label in re.findall(r"[\w$-]+", each) if not label.startswith("$")}
    assert told - vocabulary() - {"any"} == set()


def test_examples_with_labels_are_found() -> None:
    told = "{object: [car, truck], zone: a}, crowd: {label: cat, count: 3}, track: {id: a, label: dog}, {crowd: bus}"
    assert ABOUT.findall(told) == ["[car, truck]", "cat", "dog", "bus"]
    pages = (
        ROOT / "README.md",
        ROOT / "docs" / "guide" / "author.md",
        ROOT / "docs" / "reference" / "rules.md",
    )
    assert all(ABOUT.search(page.read_text("utf-8")) for page in pages)


def code_of(text: str) -> str:
    """Return what stands in code spans and blocks: prose may say `matthan` and any word after it."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def commands() -> set[str]:
    app = typer.Typer()
    assert gather(app) == []
    group = typer.main.get_group(app)
    return set(group.commands)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_that_is_named_exists(page: Path) -> None:
    wanted = set(COMMAND.findall(code_of(page.read_text("utf-8"))))
    assert wanted <= commands()


def test_every_command_is_in_the_readme() -> None:
    told = (ROOT / "README.md").read_text("utf-8")
    missing = [name for name in commands() if f"`{name}`" not in told and f"matthan {name}" not in told]
    assert missing == []


def test_both_readmes_say_the_same() -> None:
    """Headings, commands, links and pictures, in order; what a person types may be in their language."""
    shape = re.compile(r"^#+ |^```\w*|`(?:matthan|make) [a-z]+|\]\((?!README)([^)]+)\)|^\| .*", re.MULTILINE)

    def shapes(name: str) -> list[str]:
        text = (ROOT / name).read_text("utf-8")
        found = [(match[1] or match[0]) for match in shape.finditer(text)]
        return [row(each) if each.startswith("| ") else each for each in found]

    def row(line: str) -> str:
        return f"| {line.split('|')[2].strip()} {re.findall(LINK, line)}"

    wanted, told = shapes("README.md"), shapes("README.vi.md")
    wanted[wanted.index("| command []")] = "| lệnh []"
    assert told == wanted


def test_every_driver_of_the_house_is_documented() -> None:
    told = (ROOT / "docs" / "guide" / "driver.md").read_text("utf-8")
    assert all(point.name in told for point in entry_points(group="matthan.drivers"))
