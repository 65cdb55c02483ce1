"""The tutorial is true: its files are written, its commands carried out, their output compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.commands.rules import app

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "author.md"
_BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    kind: str
    about: str
    text: str


def blocks() -> Iterator[Block]:
    for found in _BLOCK.finditer(GUIDE.read_text("utf-8")):
        yield Block(found[1], found[2].strip(), found[3])


def test_the_whole_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    env = {"LANG": "C.UTF-8", "LC_ALL": None, "MATTHAN_LANG": "en", "MATTHAN_CONFIG": None}
    printed, ran = "", []
    for block in blocks():
        if block.kind in ("yaml", "json"):
            assert block.about, f"a file without a name:\n{block.text}"
            Path(block.about).parent.mkdir(exist_ok=True)
            Path(block.about).write_text(block.text, "utf-8")
        elif block.kind == "sh":
            for line in block.text.splitlines():
                matthan, rules, *arguments = shlex.split(line)
                assert (matthan, rules) == ("matthan", "rules")
                done = CliRunner().invoke(app, arguments, env=env)
                printed, wanted = done.output, int(block.about.removeprefix("exit") or 0)
                assert done.exit_code == wanted, f"{line}\n{done.output}"
                ran.append(arguments[0])
        else:
            assert block.kind == "text"
            for line in block.text.splitlines():
                assert line in printed, f"{line}\nis not in\n{printed}"
    assert set(ran) == {"check", "test", "clean", "replay", "explain", "top", "fmt"}


def test_the_files_of_the_guide_have_the_one_layout() -> None:
    from rules.fmt import fmt

    for block in blocks():
        if block.kind == "yaml":
            assert fmt(block.text) == block.text, block.about
