"""A site with cameras in memory, and what is done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from drivers.contract import Value
from engine.census.sighting import Expected
from engine.commission.keeping.jobs import Jobs
from engine.commission.keeping.journal import Journal
from engine.commission.login.secret_files import secret_in
from engine.commission.record import CameraRecord, JobRecord, Risk, Step, StepState
from engine.commission.sheet.reading import Sheet
from engine.commission.sheet.row import Row
from engine.commission.standard import CredentialSettings, PasswordSettings, Standard, TimeSettings
from engine.commission.tools import Options, Tools
from engine.commission.work.batch import Batch, Head, begun
from engine.config.configuration import load
from engine.fleet.login_guard import LoginBooks
from engine.runtime.clock import ManualClock
from tests.fakes.devices import Box, FakeDriver

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
YES = Options(yes=frozenset({Risk.RESTARTS}))
WANTED = Standard(
    passwords=PasswordSettings(defaults=[CredentialSettings(username="admin", password="file:default")]),
    time=TimeSettings(ntp="192.0.2.1"),
)
CONFIG = "# ours\nsite: xa\ncameras: []\n"


async def at_once(_: float) -> None:
    """Sleep not at all."""


@dataclass
class Village:
    """A site's folder, its cameras by address, and its programs, which come and go.

    Attributes:
        tick: Called at every call of a device.
    """

    folder: Path
    boxes: dict[str, Box]
    rows: list[Row]
    tick: Callable[[str], None] = lambda _: None
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    random: Random = field(default_factory=lambda: Random(7))
    standard: Standard = field(default_factory=lambda: WANTED)

    def __post_init__(self) -> None:
        if not self.configuration.exists():
            self.configuration.write_text(CONFIG)
            self.secret("default", "admin")

    @property
    def configuration(self) -> Path:
        return self.folder / "matthan.yaml"

    def secret(self, name: str, password: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(password)
        path.chmod(0o600)

    def tools(self, **other: Any) -> Tools:
        """What a program that starts now has."""
        settings = load(self.configuration).settings
        driver = FakeDriver(self.boxes, lambda: self.clock.now().wall, self.tick)
        tools = Tools(
            configuration=self.configuration,
            configured={each.id: each for each in settings.cameras},
            standard=self.standard,
            wants=self.folder,
            jobs=Jobs.of(self.folder / "state"),
            books=LoginBooks(self.folder / "logins.json", lambda: self.clock.now().wall.timestamp()),
            clock=self.clock,
            random=self.random,
            driver=lambda _name, _url: driver,
            sleep=at_once,
        )
        return replace(tools, **other)

    async def commission(self, options: Options = YES, **other: Any) -> JobRecord:
        """Run a job from its beginning."""
        return await self._run(begun, options, other)

    async def resume(self, options: Options = YES, **other: Any) -> JobRecord:
        """Go on with the newest job; one that had not begun is begun anew, one that was ended is as it is."""
        newest = next((told.ledger.job for _, told in Jobs.of(self.folder / "state").each()), None)
        if newest is not None and newest.ended is not None:
            return newest

        def again(tools: Tools) -> Journal:
            known = tools.jobs.unfinished("digest")
            return tools.jobs.open(known.id) if known is not None else begun(tools)

        return await self._run(again, options, other)

    async def again(self, id: str, **other: Any) -> JobRecord:
        """Go on with a job that came to its end, with every yes."""
        return await self._run(lambda tools: tools.jobs.open(id), YES, other)

    async def _run(
        self, open_: Callable[[Tools], Journal], options: Options, other: Mapping[str, Any]
    ) -> JobRecord:
        tools = self.tools(**other)
        sheet = Sheet(tuple(self.rows), "digest")
        with open_(tools) as journal:
            return await Batch(tools, sheet, Head("xa"), options, journal).run()

    def password(self, id: str) -> str | None:
        """The password that the configuration leads to."""
        cameras = {each.id: each for each in load(self.configuration).settings.cameras}
        login = cameras[id].login
        return secret_in(self.folder / login.password.removeprefix("file:")) if login else None


def row(id: str, url: str, **expected: Any) -> Row:
    """A row of a sheet; its driver has to be named, as no installed one takes its address."""
    return Row(Expected(id, id.upper(), url, **expected), driver="onvif")


def village(folder: Path, *boxes: Box) -> Village:
    """A site with these cameras, one row each."""
    there = {f"fake:{n}": box for n, box in enumerate(boxes)}
    return Village(folder, there, [row(f"cam-{n}", url) for n, url in enumerate(there)])


def states(camera: CameraRecord) -> dict[Step, StepState]:
    """How far each step is."""
    return {each.step: each.state for each in camera.steps}


def reason(camera: CameraRecord, step: Step) -> str:
    """The code of what a step says."""
    said = next(each.reason for each in camera.steps if each.step is step)
    return said.code if said else ""


def made(camera: CameraRecord) -> dict[str, object]:
    """What was changed, and to what."""
    return {each.feature: each.after for each in camera.changes if each.made is not None}


def device(box: Box) -> dict[str, Value]:
    """What a device is set to."""
    return dict(box.values)


def only(cameras: Sequence[CameraRecord]) -> CameraRecord:
    """The one camera."""
    (camera,) = cameras
    return camera
