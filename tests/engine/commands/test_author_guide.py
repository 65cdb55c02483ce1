"""The tutorial is true: its files are written, its commands carried out, their output compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from engine.commands.installed import gather

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "author.md"
_BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    kind: str
    about: str
    text: str


def blocks() -> Iterator[Block]:
    for found in _BLOCK.finditer(GUIDE.read_text("utf-8")):
        yield Block(found[1], found[2].strip(), found[3])


@contextmanager
def running(*arguments: str) -> Iterator[None]:
    """Run the service beside the other commands, as the guide says; it is there when its log says so."""
    command = [sys.executable, "-m", "engine", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr is not None
        try:
            assert any('"running"' in line for line in service.stderr), "it ended instead"
            yield
        finally:
            service.terminate()
            service.communicate(timeout=30)


def test_the_whole_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "MATTHAN_CONFIG", "MATTHAN_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "LANG": "C.UTF-8",
        "MATTHAN_LANG": "en",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }.items():
        monkeypatch.setenv(name, value)
    matthan = typer.Typer()
    assert gather(matthan) == []
    printed, ran = "", set()
    with ExitStack() as services:
        for block in blocks():
            if block.kind in ("yaml", "json", "csv"):
                assert block.about, f"a file without a name:\n{block.text}"
                Path(block.about).parent.mkdir(exist_ok=True)
                Path(block.about).write_text(block.text, "utf-8")
            elif block.kind == "sh":
                wanted = int(block.about.removeprefix("exit") or 0)
                for line in block.text.splitlines():
                    program, *arguments = shlex.split(line)
                    if program == "export":
                        monkeypatch.setenv(*arguments[0].split("=", 1))
                        continue
                    assert program == "matthan"
                    ran.add(" ".join(each for each in arguments[:2] if each.isalpha()))
                    if arguments[0] == "run":
                        services.enter_context(running(*arguments))
                        continue
                    done = CliRunner().invoke(matthan, arguments)
                    printed = done.output
                    assert done.exit_code == wanted, f"{line}\n{done.output}"
            else:
                assert block.kind == "text"
                for line in block.text.splitlines():
                    assert line in printed, f"{line}\nis not in\n{printed}"
    assert ran == {"run", "act", "decisions", "acknowledge", "status"} | {
        f"rules {name}"
        for name in (
            "check",
            "test",
            "clean",
            "record",
            "replay",
            "explain",
            "top",
            "fmt",
            "reload",
            "calendar",
            "route",
        )
    }


def test_the_files_of_the_guide_have_the_one_layout() -> None:
    from rules.document.fmt import fmt

    for block in blocks():
        if block.kind == "yaml":
            assert fmt(block.text) == block.text, block.about
