"""An API over a service of lists, with the audit log of a village."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.serving import served, service
from tests.engine.storing import clock, make_decision, make_event, make_verdict
from tests.fakes import audit

__all__ = ["clock", "make_decision", "make_event", "make_verdict", "service"]


@pytest.fixture
def records() -> audit.Records:
    return audit.Records()


@pytest.fixture
def engine(service: Any, records: audit.Records, tmp_path: Path) -> Iterator[Path]:
    """A server in a loop of its own: the commands run loops themselves."""
    with served(service.api(audit.resource(records)), tmp_path / "s") as doors:
        yield doors.socket
