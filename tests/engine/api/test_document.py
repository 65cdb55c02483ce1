"""The requests that the API's page shows are answered as it says."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "api.md"
#: What stands for the socket and for a decision's id on the page.
GIVEN = {"~/.local/state/matthan/api.sock": "{door}", " S ": " {door} ", "/ID/": "/d1/"}


def lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


@pytest.mark.parametrize("line", lines())
async def test_a_request_of_the_page(service: Any, door: Path, line: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    service.decide(1)
    for shown, given in GIVEN.items():
        line = line.replace(shown, given.format(door=door))
    words = shlex.split(line)
    assert words[0] == "curl"
    asked = await asyncio.create_subprocess_exec(
        *words, "--silent", "--show-error", "--fail-with-body", stdout=asyncio.subprocess.PIPE
    )
    told, _ = await asked.communicate()
    assert asked.returncode == 0, told


def test_there_are_some() -> None:
    assert len(lines()) == 3
