"""A store, and who lets people in over it, opened again as often as a test likes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC
from pathlib import Path
from random import Random

import pytest

from engine.identity.entry.passwords import Passwords
from engine.identity.entry.porter import Porter
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from tests.engine.storing import clock
from tests.fakes.engine import FakeAuditor
from tests.fakes.people import CHEAP, FakePeople, porter

__all__ = ["clock"]

Life = Callable[[], AbstractAsyncContextManager[Porter]]


@pytest.fixture
def auditor() -> FakeAuditor:
    return FakeAuditor()


@pytest.fixture
def kept() -> FakePeople:
    return FakePeople()


@pytest.fixture
def door(auditor: FakeAuditor, kept: FakePeople, clock: ManualClock) -> Porter:
    """Who lets people in at a site where nobody is registered; what is kept lies in lists."""
    return porter(auditor, kept=kept, clock=clock)


@pytest.fixture
def life(tmp_path: Path, clock: ManualClock, auditor: FakeAuditor) -> Life:
    """Opens the real store and who lets people in over it; each time as after a kill: nothing is closed in order."""
    random = Random(5).randbytes

    @asynccontextmanager
    async def open_again() -> AsyncIterator[Porter]:
        async with open_store(tmp_path / "state" / "matthan.db", quota_mb=64, clock=clock) as store:
            opened = Porter.of(
                store, clock, random, auditor, zone=UTC,
                groups=lambda _: (), passwords=Passwords(random, CHEAP),
            )  # fmt: skip
            await opened.recall()
            yield opened

    return open_again
