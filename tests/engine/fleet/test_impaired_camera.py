"""A camera whose picture cannot be relied upon, in the engine: told, standing, in reports, over; its reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from drivers.contract import Feature, Packet, Signal
from drivers.errors import Unreachable
from engine.availability import Availability
from engine.commission.aim.shelf import Shelf
from engine.fleet.health.availability_watch import observed
from engine.fleet.health.conditions import Conditions
from engine.fleet.health.reference import reference_of
from engine.fleet.health.troubles import troubled
from engine.fleet.state import CameraState
from engine.vision.analyzer import Analyzer
from engine.vision.model import Cause, Impairment, Luma, Sight
from rules.model import CameraId, Change

Stage = Any  # the class is in conftest.py
COVERED = Impairment(Cause.COVERED, 0.8, 0.0)
AT = datetime(2026, 3, 1, tzinfo=UTC)


class Eye:
    """What the quality of every picture is said to be; what was taken as reference."""

    def __init__(self) -> None:
        self.impairments: tuple[Impairment, ...] = ()
        self.references: list[Luma | None] = []


@pytest.fixture
def eye(monkeypatch: pytest.MonkeyPatch) -> Eye:
    told, feed, take = Eye(), Analyzer.feed, Analyzer.refer

    def seen(analyzer: Analyzer, packet: Packet) -> Sight | None:
        sight = feed(analyzer, packet)
        return sight and replace(sight, impairments=told.impairments)

    def refer(analyzer: Analyzer, reference: Luma | None) -> None:
        told.references.append(reference)
        take(analyzer, reference)

    monkeypatch.setattr(Analyzer, "feed", seen)
    monkeypatch.setattr(Analyzer, "refer", refer)
    return told


def told(stage: Stage) -> list[tuple[Change, object, object]]:
    return [
        (each.change, each.facts.get("cause"), each.facts.get("source"))
        for each in stage.drafts
        if each.subject == "camera:impaired"
    ]


async def test_it_is_told_stands_is_a_gap_and_is_over(stage: Stage, eye: Eye) -> None:
    said = Signal("RuleEngine/TamperDetector/Tamper", "src0", True, {}, AT)
    script = stage.script(leap=5.0, features=frozenset({Feature.SIGNALS}))
    eye.impairments = (COVERED,)
    runner = stage.play(script)
    await stage.until(lambda: told(stage) == [(Change.BEGAN, "covered", "picture")])
    runner.listener.signals.tell(said, stage.clock.now().wall)
    await stage.until(lambda: told(stage)[1:] == [(Change.GOES_ON, "covered", "both")])
    assert [each.code for each in troubled([runner])] == ["cameras.impaired"]
    since = runner.conditions.standing["impaired"].since
    found = observed(runner, stage.clock.now(), runner.seen.told)
    assert (found.state, found.since, found.reason) == (Availability.IMPAIRED, since, "picture.covered")

    eye.impairments = ()
    runner.listener.signals.leave(stage.clock.now().wall)
    await stage.until(lambda: told(stage)[-1] == (Change.ENDED, "covered", "both"))
    assert [change for change, _, _ in told(stage)] == [Change.BEGAN, Change.GOES_ON, Change.ENDED]
    assert "impaired" not in runner.conditions.standing


async def test_one_that_is_lost_meanwhile_is_not_told_anew_and_one_that_is_removed_ends(
    stage: Stage, eye: Eye
) -> None:
    script = stage.script()
    eye.impairments = (COVERED,)
    runner = stage.play(script)
    await stage.until(lambda: told(stage))
    script.on_read = Unreachable("driver.stalled", host="192.0.2.1", seconds=10.0)
    await stage.until(lambda: runner.status.state is CameraState.LOST)
    assert "impaired" in runner.conditions.standing, "nobody knows"
    assert observed(runner, stage.clock.now(), 0.0).state is Availability.LOST
    script.on_read = None
    await stage.until(lambda: stage.drafts.health("gate").count("online") == 2)
    assert len(told(stage)) == 1
    assert [each.change for each in runner.farewell() if each.label == "impaired"] == [Change.ENDED]


async def test_a_new_reference_picture_ends_turned_at_once(stage: Stage, eye: Eye) -> None:
    eye.impairments = (Impairment(Cause.TURNED, 0.9, 0.0),)
    runner = stage.play(stage.script())
    await stage.until(lambda: told(stage))
    assert eye.references == [None], "there was none when the stream began"
    eye.impairments = ()
    runner.referred()
    await stage.until(lambda: told(stage)[-1][0] is Change.ENDED)
    assert len(eye.references) == 2


def jpeg(grey: Luma) -> bytes:
    written = BytesIO()
    Image.fromarray(grey).save(written, "JPEG")
    return written.getvalue()


def test_a_reference_picture_is_read_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    shelf, conditions = Shelf(tmp_path), Conditions(CameraId("gate"))

    def read(get: Callable[[str], tuple[bytes, datetime] | None] = shelf.get) -> Luma | None:
        return reference_of(conditions, get, lambda: AT)

    assert read() is None
    assert not conditions.standing, "there need not be one"
    shelf.put("gate", jpeg(np.tile(np.arange(128, dtype=np.uint8) * 2, (72, 1))))
    luma = read()
    assert luma is not None
    assert luma.shape == (72, 128)
    assert float(luma[:, -16:].mean()) > 200 > float(luma[:, :16].mean())
    shelf.put("gate", b"\xff\xd8 no picture")
    assert read() is None
    assert conditions.standing["reference"].sentence.code == "camera.bad_reference"

    def broken(_: str) -> tuple[bytes, datetime]:
        raise OSError("no disk")

    shelf.put("gate", jpeg(np.full((72, 128), 90, np.uint8)))
    assert read() is not None
    assert not conditions.standing
    assert read(broken) is None
    assert conditions.standing["reference"].sentence.values["detail"] == "no disk"
