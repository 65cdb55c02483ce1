"""What a newcomer sees without any download: the demo's rules fire on people and vehicles by name."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest

Programs = Any  # the class is in conftest.py: test files import nothing from each other

#: Decisions of the demo that need a class.
WANTED = ("firing: A person stays in the street zone", "firing: A vehicle is in the street zone")


@pytest.mark.timeout(900)
async def test_its_rules_fire_on_classes(programs: Programs, tmp_path: Path) -> None:
    log, shown = tmp_path / "demo.log", ""
    with tempfile.TemporaryDirectory(prefix="mt-") as short:
        words = ("demo", "--headless", "--for", "300s", "--lang", "en")
        async with programs.matthan(*words, log=log, TMPDIR=short, MATTHAN_MODELS=f"{short}/none") as process:
            assert process.stdout is not None
            async with asyncio.timeout(400):
                while not all(each in shown for each in WANTED) and (line := await process.stdout.readline()):
                    shown += line.decode()
            process.send_signal(signal.SIGINT)
            shown += (await process.stdout.read()).decode()
            assert await programs.ended(process) == 0, log.read_text()
    assert all(each in shown for each in WANTED), shown
    assert "because person in zone street for 2 s" in shown
    assert "matthan-nano" in shown[shown.rindex("decisions") :]
