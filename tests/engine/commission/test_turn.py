"""Whose turn it is at a site's cameras: one at a time, free again with whoever had it, however that ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.commission.turn import FILE, Turn
from engine.errors import Refusal

HOLD = "import sys, time, pathlib; from engine.commission.turn import Turn; Turn(pathlib.Path(sys.argv[1])).claim(); "
HOLD += "print('mine', flush=True); time.sleep(600)"


def test_one_has_it_and_says_who(tmp_path: Path) -> None:
    ours, theirs = Turn(tmp_path), Turn(tmp_path)
    assert ours.take()
    assert ours.take(), "whoever has it may ask again"
    assert (ours.held, theirs.held) == (True, False)
    with pytest.raises(Refusal, match=str(os.getpid())):
        theirs.claim()
    ours.give()
    theirs.claim()
    assert theirs.held


async def test_it_is_free_with_a_process_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        turn, asked = Turn(tmp_path), 0
        assert turn.holder == str(other.pid)

        async def sleep(_: float) -> None:
            nonlocal asked
            asked += 1
            if asked == 2:
                other.send_signal(signal.SIGKILL)
                await asyncio.to_thread(other.wait)

        await turn.wait(sleep)
        assert (turn.held, asked) == (True, 2)


@pytest.mark.parametrize("content", [b"", b"\xff" * 99, b"no number\n"])
def test_a_file_that_says_nothing_names_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "commissioning.lock").write_bytes(content)
    assert Turn(tmp_path).holder == "?"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_has_taken_an_engine_of_another_user_can_take(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12346)
    Turn(tmp_path).claim()
    about = (tmp_path / FILE).stat()
    assert (about.st_uid, about.st_gid) == (12345, 12346)
