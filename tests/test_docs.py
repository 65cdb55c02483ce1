"""The documents tell the truth: links lead somewhere, examples pass, commands exist."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer

from engine.commands.installed import gather
from engine.models import vocabulary
from rules.compiler.compile import check_rules

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("rules/problems/*.md"),
    ROOT / "benchmarks" / "RESULTS.md",
]
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


@pytest.fixture(scope="module")
def root() -> Any:
    app = typer.Typer()
    assert gather(app) == []
    return typer.main.get_command(app)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_that_is_named_exists(page: Path, root: Any) -> None:
    wanted = set(COMMAND.findall(code_of(page.read_text("utf-8"))))
    assert wanted <= set(root.commands)


#: A command line as it is written: in a code span, or on a line of its own.
LINE = re.compile(
    r"`+(?:\$ )?(?:\.venv/bin/|/opt/matthan/bin/)?matthan ([^`\n]+)`"
    r"|^\s*(?:\$ |\w+=)?(?:\.venv/bin/|/opt/matthan/bin/)?matthan ([a-z].*)$",
    re.MULTILINE,
)
#: Whatever tells people what to type: documents, sentences, help texts, samples.
WRITTEN = [
    *PAGES,
    *(path for folder in ("engine", "drivers", "rules", "tui") for kind in ("toml", "py")
      for path in (ROOT / folder).rglob(f"*.{kind}")),
    *(path for path in (ROOT / "configs").rglob("*") if path.suffix in (".yaml", ".service")),
    *ROOT.glob("engine/models/boxed/*.md"),
]  # fmt: skip


def mistake(line: str, root: Any) -> str:
    """Return what is wrong with a command line after `matthan`: a command or an option that is not there."""
    words = re.findall(r"[^\s\[\]\"',;…]+", re.sub(r"\s+#.*$|\s{3,}.*$", "", line))
    at, rest = root, list[str]()
    for word in words:
        inside = getattr(at, "commands", {})
        otherwise = getattr(at, "otherwise", "")  # `commission SHEET` is `commission run SHEET`
        if otherwise and word.split("|")[0] not in inside:
            at = inside[otherwise]
            rest.append(word)
        elif not inside or word.startswith("-") or word.isupper():
            rest.append(word)
        elif unknown := [each for each in word.split("|") if each not in inside]:
            return f"no command {unknown[0]}"
        else:
            at = inside[word.split("|")[0]]
    known = {option for each in at.params for option in (*each.opts, *each.secondary_opts)}
    known |= {"--help", "--version", "--install-completion"}
    options = (re.match(r"--[a-z0-9-]+", word) for word in rest)
    return next((f"no option {found[0]}" for found in options if found and found[0] not in known), "")


def test_every_command_line_that_is_written_anywhere_can_be_typed(root: Any) -> None:
    lines = [
        (named(path), found[1] or found[2])
        for path in WRITTEN
        for found in LINE.finditer(path.read_text("utf-8"))
    ]
    assert len(lines) > 300
    assert [(where, line) for where, line in lines if mistake(line, root)] == []


@pytest.mark.parametrize(
    "line",
    [
        "statsu",
        "rules chekc FILE",
        "status --jsno",
        "rules test|relpay",
        "sim --camera 3",
        "config",
        "models card x",
    ],
)
def test_what_cannot_be_typed_is_seen(line: str, root: Any) -> None:
    assert bool(mistake(line, root)) == (line not in ("config", "models card x"))


TARGET = re.compile(r"`make ([a-z-]+)|^make ([a-z-]+)", re.MULTILINE)


def test_every_target_that_is_named_is_in_the_makefile() -> None:
    told = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {found[1] or found[2] for page in PAGES for found in TARGET.finditer(page.read_text("utf-8"))}
    assert {"demo", "test", "bundle"} <= named <= told


def test_every_command_is_in_the_readme(root: Any) -> None:
    told = (ROOT / "README.md").read_text("utf-8")
    missing = [name for name in root.commands if f"`{name}`" not in told and f"matthan {name}" not in told]
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
