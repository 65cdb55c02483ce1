"""The shelf of reference pictures: the last one of each camera."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from engine.commission.aim.shelf import Shelf


def test_a_shelf_keeps_the_last(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "references")
    assert shelf.get("gate") is None
    assert shelf.at("gate") is None
    shelf.put("gate", b"one")
    shelf.put("gate", b"two")
    found = shelf.get("gate")
    assert found is not None
    assert found[0] == b"two"
    assert found[1] == shelf.at("gate")
    assert found[1] <= datetime.now(UTC)
    assert [each.name for each in (tmp_path / "references").iterdir()] == ["gate.jpg"]
