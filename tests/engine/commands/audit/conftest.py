"""An API over a service of lists, with the audit log of a village."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.api.server import serve
from engine.config.settings import ApiSettings
from tests.engine.serving import service
from tests.engine.storing import clock, make_decision, make_event, make_verdict
from tests.fakes import audit

__all__ = ["clock", "make_decision", "make_event", "make_verdict", "service"]


@pytest.fixture
def records() -> audit.Records:
    return audit.Records()


@pytest.fixture
def engine(service: Any, records: audit.Records, tmp_path: Path) -> Iterator[Path]:
    """A server in a loop of its own: the commands run loops themselves."""
    loop = asyncio.new_event_loop()
    stop, ready = asyncio.Event(), threading.Event()

    async def run() -> None:
        async with serve(service.api(audit.resource(records)), ApiSettings(), socket=tmp_path / "s"):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(60)
    yield tmp_path / "s"
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()
