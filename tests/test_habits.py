"""What CONTRIBUTING promises of commits, versions, decisions and interpreters is so."""

from __future__ import annotations

import os
import re
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tools.pythons import interpreter, promised

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs" / "design" / "adr"
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
HOOKS: list[dict[str, Any]] = [
    {**hook, "repo": repo["repo"]}
    for repo in YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    for hook in repo["hooks"]
]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_is_a_tool_of_the_environment(hook: dict[str, Any]) -> None:
    assert (hook["repo"], hook["language"]) == ("local", "system")
    folder, _, program = hook["entry"].split()[0].rpartition("/")
    assert folder == ".venv/bin"
    assert os.access(Path(sysconfig.get_path("scripts"), program), os.X_OK)


def test_the_hooks_are_what_make_check_runs() -> None:
    """Whatever its options: which files are looked at, and whether they are mended at once."""

    def bare(command: str) -> str:
        return re.sub(r" (--\S+|\$\(\w+\))", "", command)

    target = r"^(?:lint|types|contracts):.*\n((?:\t.*\n)+)"
    lines = "".join(re.findall(target, MAKEFILE, re.MULTILINE)).split("\n")
    wanted = {bare(line.removeprefix("\t$(BIN)/")) for line in lines if line}
    assert {bare(hook["entry"].removeprefix(".venv/bin/")) for hook in HOOKS} == wanted
    assert len(wanted) == len(HOOKS) == 5


def test_the_version_has_its_entry_in_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    told = re.findall(r"^## ([0-9.]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert told[0] == version
    assert told == sorted(told, key=lambda each: [*map(int, each.split("."))], reverse=True)


def test_every_decision_is_numbered_listed_and_whole() -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \|", (DECISIONS / "README.md").read_text(), re.MULTILINE)
    assert listed == [(page.name[:4], page.name) for page in pages]
    for page in pages:
        text = page.read_text("utf-8")
        assert text.startswith(f"# {page.name[:4]}: ")
        parts = ("\nStatus: ", "\n## Context\n", "\n## Decision\n", "\n## Consequences\n")
        assert [part for part in parts if part not in text] == []


def test_the_page_for_agents_is_one_page() -> None:
    assert len((ROOT / "AGENTS.md").read_text("utf-8").splitlines()) <= 60


def test_the_pythons_that_are_promised_are_told_of() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert promised() == ["3.11", "3.12", "3.13"]
    assert [version for version in promised() if f"\n| {version}" not in told] == []


def test_an_interpreter_is_one_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert interpreter("3.11") is None
    shim = tmp_path / "python3.11"
    shim.write_text("#!/bin/sh\nexit 127\n")  # as pyenv's, of a version that is not chosen
    shim.chmod(0o755)
    assert interpreter("3.11") is None
    real = tmp_path / "pyenv" / "versions" / "3.11.7" / "bin" / "python"
    real.parent.mkdir(parents=True)
    real.write_text("#!/bin/sh\nexit 0\n")
    real.chmod(0o755)
    assert interpreter("3.11") == str(real)
