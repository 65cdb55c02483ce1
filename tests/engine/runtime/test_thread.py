from __future__ import annotations

import asyncio
import threading

import pytest

from engine.runtime.thread import in_thread


async def test_work_runs_in_a_thread_of_its_own_name_and_its_error_is_raised_here() -> None:
    names = []

    def work() -> None:
        names.append(threading.current_thread().name)
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        await in_thread("camera[x].video", work, lambda: None, 1.0)
    assert names == ["camera[x].video"]


async def test_cancelling_stops_the_work_and_waits_for_it() -> None:
    stop, ended = threading.Event(), threading.Event()

    def work() -> None:
        stop.wait()
        ended.set()
        raise OSError("closed while reading")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await in_thread("t", work, stop.set, 60.0)
    assert ended.is_set()


async def test_a_thread_that_hangs_is_named_and_left(capfd: pytest.CaptureFixture[str]) -> None:
    forever = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await in_thread("camera[stuck].video", forever.wait, lambda: None, 0.05)  # type: ignore[arg-type]  # returns bool
    forever.set()
    captured = capfd.readouterr()
    assert "camera[stuck].video" in captured.out + captured.err
