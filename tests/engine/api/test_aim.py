"""Aiming through the server and the client: the live picture is measured, the reference kept and compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from drivers.kit.upright import Upright
from engine.api.client import ApiError, Client
from engine.api.recording import Recorder
from engine.api.resources.commissioning import aim
from engine.api.resources.commissioning.aim import AIM, KEEP_REFERENCE, REFERENCE, Aim, AimQuery
from engine.api.routes import Api
from engine.api.server import serve
from engine.api.services.aim import AimService
from engine.commission.aim.shelf import Shelf
from engine.config.settings import ApiSettings
from engine.errors import Again
from engine.fleet.stills import Analysed, Stills
from engine.web.problems import Garbage
from tests.engine.commission.aim.scenes import blurred, street, taken, window
from tests.fakes.engine import NOON, FakeEngine

SCENE = blurred(street(3, 900, 520), 0.7)


def shown(grey: Any) -> Upright:
    """A decoded picture of some brightness."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(grey), format="gray")
    return Upright(frame, frame.width, frame.height)


@dataclass
class Lens:
    """A camera's runner, as far as aiming asks it. `stills` are the engine's own."""

    grey: Any = field(default_factory=lambda: taken(window(SCENE, 130, 80, 640, 360)))
    at: datetime = NOON
    seconds: float = 100.0
    status: Any = field(
        default_factory=lambda: SimpleNamespace(profile=SimpleNamespace(width=640, height=360))
    )
    features: frozenset[Any] = frozenset({"x"})
    own: bytes | None = None
    referred_to: int = 0
    home: Any = field(default_factory=lambda: SimpleNamespace(away_from=None))

    def referred(self) -> None:
        self.referred_to += 1

    @property
    def stills(self) -> Stills:
        return Stills(self, lambda: self.seconds, lambda: self.at)

    @property
    def camera(self) -> Any:
        if self.grey is None:
            raise Again("no picture")
        main = SimpleNamespace(token="main", width=1920, height=1080)
        return SimpleNamespace(profiles=(main,), features=frozenset())

    @property
    def profile(self) -> Any:
        return SimpleNamespace(token="main")

    def analysed(self) -> Analysed:
        if self.grey is None:
            raise Again("no picture")
        return Analysed(shown(self.grey), self.at)

    def sees(self, grey: Any) -> None:
        self.grey, self.at, self.seconds = grey, self.at + timedelta(seconds=2), self.seconds + 2


@pytest.fixture
def lens() -> Lens:
    return Lens()


@pytest.fixture
async def client(tmp_path: Path, lens: Lens) -> AsyncIterator[Client]:
    engine = FakeEngine()
    runners: Any = {"gate": lens}
    resources = [aim.resource(AimService(runners, Shelf(tmp_path / "references"), lambda: lens.seconds))]
    api = Api(resources, Garbage(), Recorder(engine.auditor), engine.callers, engine.porter)
    async with (
        serve(api, ApiSettings(), socket=tmp_path / "s") as doors,
        Client.connect(doors.socket) as client,
    ):
        yield client


async def refused(client: Client, question: Any) -> tuple[int, str]:
    with pytest.raises(ApiError) as told:
        await client.ask(question, "gate")
    return told.value.status, told.value.code


async def measured(client: Client, **query: object) -> Aim:
    return await client.ask(AIM, "gate", query=query)


async def test_a_blur_is_seen_and_the_best_picture_too(client: Client, lens: Lens) -> None:
    sharp = await measured(client)
    lens.sees(taken(blurred(window(SCENE, 130, 80, 640, 360), 4)))
    soft = await measured(client)
    assert sharp.focus is not None
    assert soft.focus is not None
    assert sharp.focus.score > 2 * soft.focus.score
    assert (sharp.width, sharp.full_width, sharp.full_height) == (640, 1920, 1080)
    assert (sharp.source, sharp.exposure.verdict, sharp.reference, sharp.lies) == (
        "analysis",
        "right",
        None,
        None,
    )
    assert "Right" in sharp.exposure.said.en
    best = await measured(client, of="best")
    assert best.focus is not None
    assert best.focus.score == pytest.approx(soft.focus.score, rel=0.3)


async def test_one_picture_is_measured_once(
    client: Client, lens: Lens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten who look cost what one does; a region of one's own is measured."""
    from engine.api.services import aim as service

    count: list[object] = []
    figures = service._figures

    def counted(picture: Upright, query: AimQuery) -> Any:
        count.append(query)
        return figures(picture, query)

    monkeypatch.setattr(service, "_figures", counted)
    for _ in range(5):
        await measured(client)
    assert len(count) == 1
    await measured(client, left=0.0, right=0.2)
    assert len(count) == 2


async def test_a_camera_that_is_lost_while_it_is_aimed(client: Client, lens: Lens) -> None:
    await measured(client)
    grey, lens.grey = lens.grey, None
    assert await refused(client, AIM) == (409, "camera.offline")
    assert await refused(client, KEEP_REFERENCE) == (409, "camera.offline")
    with pytest.raises(ApiError, match="gate"):
        await client.ask(AIM, "none")
    lens.sees(grey)
    assert (await measured(client)).focus is not None


@pytest.mark.parametrize(("level", "verdict"), [(0, "black"), (255, "bright")])
async def test_a_cap_and_a_lamp(client: Client, lens: Lens, level: int, verdict: str) -> None:
    await client.ask(KEEP_REFERENCE, "gate")
    lens.sees(np.full((360, 640), level, np.uint8))
    found = await measured(client)
    assert (found.focus, found.exposure.verdict) == (None, verdict)
    assert found.lies is not None
    assert not found.lies.known
    assert "cannot be told" in found.lies.said.en
    assert await refused(client, KEEP_REFERENCE) == (409, "aim.featureless")
    assert (await measured(client)).reference is not None  # the old one is still there


async def test_a_camera_that_was_knocked_is_told(client: Client, lens: Lens) -> None:
    assert await refused(client, REFERENCE) == (404, "aim.no_reference")
    kept = await client.ask(KEEP_REFERENCE, "gate")
    assert (kept.width, kept.height) == (640, 360)
    assert lens.referred_to == 1, "who watches the picture takes it at once"
    assert (await client.ask(REFERENCE, "gate")).content.startswith(b"\xff\xd8")
    same = await measured(client)
    assert same.lies is not None
    assert (same.reference, same.lies.known, same.lies.moved) == (kept.at, True, False)
    lens.sees(taken(window(SCENE, 130 + 26, 80 - 18, 640, 360)))
    moved = (await measured(client)).lies
    assert moved is not None
    assert moved.moved
    assert moved.said.en == "Moved: 4 % to the right, 5 % upwards."
    assert moved.said.vi == "Đã xê dịch: lệch 4 % sang phải, lệch 5 % lên trên."
    lens.sees(taken(blurred(street(77), 0.7)))
    other = (await measured(client)).lies
    assert other is not None
    assert not other.known
    assert not other.moved


async def test_a_reference_that_is_damaged_is_told(client: Client, lens: Lens, tmp_path: Path) -> None:
    await client.ask(KEEP_REFERENCE, "gate")
    (tmp_path / "references" / "gate.jpg").write_bytes(b"\xff\xd8 no picture")
    found = (await measured(client)).lies
    assert found is not None
    assert "cannot be read" in found.said.en
    lens.sees(lens.grey)
    assert (await client.ask(KEEP_REFERENCE, "gate")).width == 640
    again = (await measured(client)).lies
    assert again is not None
    assert again.known


async def test_a_reference_counts_at_home_alone(client: Client, lens: Lens) -> None:
    lens.home.away_from = "cổng chính"
    with pytest.raises(ApiError) as refused_:
        await client.ask(KEEP_REFERENCE, "gate")
    assert (refused_.value.status, refused_.value.code) == (409, "aim.away")
    assert "matthan ptz gate goto cổng chính" in str(refused_.value)
    lens.home.away_from = None
    assert (await client.ask(KEEP_REFERENCE, "gate")).width == 640


async def test_a_disk_that_is_full_keeps_the_old_one(
    client: Client, lens: Lens, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.ask(KEEP_REFERENCE, "gate")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.runtime.whole_file.put", full)
    assert await refused(client, KEEP_REFERENCE) == (503, "aim.not_kept")
    assert (await client.ask(REFERENCE, "gate")).content.startswith(b"\xff\xd8")


def test_who_may_look_may_not_keep() -> None:
    assert (AIM.needs, AIM.deed, REFERENCE.needs, REFERENCE.deed) == ("state", None, "still", "still")
    assert (KEEP_REFERENCE.needs, KEEP_REFERENCE.deed) == ("configure", "configure")
