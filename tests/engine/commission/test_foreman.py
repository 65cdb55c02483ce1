"""Jobs within an engine: one at a time, its cameras at rest meanwhile and back afterwards, whatever becomes of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from pydantic import SecretStr

from engine.api.resources.commissioning.jobs import Agreed, CameraAct, Job, Request
from engine.api.services.commissioning import CommissioningService
from engine.commission.foreman import Foreman
from engine.commission.project import Project
from engine.commission.record import Risk, Step, StepState
from engine.config.configuration import load
from engine.errors import Refusal
from engine.fleet.login_guard import LoginBooks
from engine.runtime.clock import SystemClock
from tests.engine.commission.commissioning import states
from tests.fakes.devices import Box, FakeDriver

SHEET = b"id,name,url,driver\ncam-0,C,fake:0,onvif\ncam-1,D,fake:1,onvif\n"
STEPS = (Step.TIME, Step.NAMES, Step.STREAMS, Step.PASSWORD, Step.ADOPT)


class Engine:
    """A site with two cameras, and what its foreman does with those that are watched."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.boxes = {"fake:0": Box(), "fake:1": Box(serial="S2", mac="02:1f:aa:00:00:02")}
        self.happened: list[str] = []
        (folder / "matthan.yaml").write_text("site: xa\n")
        (folder / "default").write_text("admin")
        (folder / "default").chmod(0o600)
        standard = "passwords: {defaults: [{username: admin, password: 'file:default'}]}\n"
        (folder / "commissioning.yaml").write_text(standard)
        monkeypatch.setattr("drivers.registry.load", lambda _: FakeDriver(self.boxes))
        clock = SystemClock()
        books = LoginBooks(folder / "logins.json", lambda: clock.now().wall.timestamp())
        path = folder / "matthan.yaml"
        self.project = Project(path, load(path).settings, folder / "state", books, clock, "0", Random(1))
        self.foreman = Foreman(self.project, self._rest, self._back)
        self.service = CommissioningService(self.foreman)

    async def _rest(self, cameras: Collection[str]) -> None:
        self.happened.append(f"rest {','.join(sorted(cameras))}")

    async def _back(self) -> None:
        self.happened.append("back")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[CommissioningService]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.foreman.run())
            yield self.service
            task.cancel()

    async def end_of(self, job: Job) -> Job:
        async with asyncio.timeout(30):
            while job.running:
                await asyncio.sleep(0.01)
                job = await self.service.job(job.name)
        return job


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(tmp_path, monkeypatch)


def request(**told: object) -> Request:
    asked = Request(name="x.csv", content=base64.b64encode(SHEET).decode(), steps=STEPS)
    return asked.model_copy(update=told)


async def test_a_job_from_its_staging_to_its_undo(engine: Engine) -> None:
    async with engine.running() as service:
        staged = await engine.end_of(await service.begin(request(dry=True)))
        assert (engine.happened, staged.record is not None) == ([], True)
        job = await engine.end_of(await service.begin(request()))
        assert engine.happened == ["rest cam-0,cam-1", "back"]
        assert job.record is not None
        assert states(job.record.cameras[0])[Step.STREAMS] is StepState.NEEDS_YES
        done = await engine.end_of(await service.resume(job.name, Agreed(yes=(Risk.RESTARTS,))))
        assert done.record is not None
        assert states(done.record.cameras[0])[Step.STREAMS] is StepState.DONE
        assert [each.id for each in await service.jobs()] == [job.name]
        back = await engine.end_of(await service.undo(job.name, "cam-1", Agreed(yes=(Risk.RESTARTS,))))
        assert back.trouble is None
        assert engine.boxes["fake:1"].password == "admin" != engine.boxes["fake:0"].password


async def test_one_job_at_a_time_and_what_is_stopped_goes_on(engine: Engine) -> None:
    gate = asyncio.Event()

    async def held(_: Collection[str]) -> None:
        await gate.wait()

    engine.foreman.rest = held
    async with engine.running() as service:
        job = await service.begin(request())
        assert job.running
        with pytest.raises(Refusal, match="is under way"):
            await service.begin(request())
        await asyncio.sleep(0.01)
        stopped = await service.stop(job.name)
        assert (stopped.running, engine.happened) == (False, ["back"])
        gate.set()
        again = await engine.end_of(await service.begin(request(yes=(Risk.RESTARTS,))))
        assert again.record is not None
        assert states(again.record.cameras[1])[Step.ADOPT] is StepState.DONE


@pytest.mark.parametrize("content", ["", "!!", "Cổng", base64.b64encode(b"id,host\nA B,x y\n").decode()])
async def test_a_sheet_that_is_wrong_is_refused_with_its_problems(engine: Engine, content: str) -> None:
    async with engine.running() as service:
        with pytest.raises(Refusal) as caught:
            await service.begin(request(content=content))
        assert caught.value.code == "commission.wrong_input"
        assert caught.value.problems
        assert engine.happened == []


async def test_an_act_with_one_camera_is_told_in_sentences(engine: Engine) -> None:
    async with engine.running() as service:
        await engine.end_of(await service.begin(request(yes=(Risk.RESTARTS,))))
        engine.happened.clear()
        shown = await engine.end_of(await service.act("cam-0", CameraAct(act="show")))
        assert shown.said[0].en.startswith("Fake Model, serial number S1")
        assert engine.happened == []
        before = engine.boxes["fake:0"].password
        renewed = await engine.end_of(await service.act("cam-0", CameraAct(act="login")))
        assert (renewed.trouble, engine.happened) == (None, ["rest cam-0", "back"])
        assert engine.boxes["fake:0"].password != before
        wrong = CameraAct(act="login", password=SecretStr("wrong one"))
        refused = await engine.end_of(await service.act("cam-0", wrong))
        assert refused.trouble is not None
        assert "wrong one" not in refused.model_dump_json()
        engine.boxes["fake:1"].away = True
        away = await engine.end_of(await service.act("cam-1", CameraAct(act="clock")))
        assert away.trouble is not None
        assert engine.foreman.last is not None


async def test_an_unknown_camera_and_an_unknown_job(engine: Engine) -> None:
    async with engine.running() as service:
        for asked in (
            service.act("x", CameraAct(act="show")),
            service.job("x"),
            service.resume("x", Agreed()),
        ):
            with pytest.raises(Refusal):
                await asked


@pytest.mark.parametrize("reference", ["file:/etc/shadow", "file:../other", "env:HOME", "credential:key"])
async def test_no_secret_from_elsewhere_is_sent_anywhere(engine: Engine, reference: str) -> None:
    sheet = f"id,url,driver,username,password\ncam-0,fake:0,onvif,admin,{reference}\n".encode()
    standard = f"credentials: [{{username: admin, password: '{reference}'}}]\n"
    async with engine.running() as service:
        for asked in (request(content=base64.b64encode(sheet).decode()), request(standard=standard)):
            with pytest.raises(Refusal) as caught:
                await service.begin(asked)
            assert caught.value.code == "commission.secret_outside"
    assert engine.boxes["fake:0"].calls == []
