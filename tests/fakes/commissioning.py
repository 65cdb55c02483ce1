"""Commissionings without an engine or a camera: for tests of the terminal."""

from __future__ import annotations

import base64
from hashlib import sha256

from engine.api.resources.commissioning.jobs import (
    Agreed,
    CameraAct,
    CameraRecord,
    Change,
    CheckResult,
    DeviceRecord,
    Job,
    JobRecord,
    Listed,
    Outcome,
    Request,
    Risk,
    Step,
    StepRecord,
    StepState,
)
from engine.api.sentence import Sentence
from engine.errors import Because, EngineError, Refusal
from tests.fakes.village import ago

NAME = "20251122-140300-kmpt"
OLD = "20251121-090000-abcd"
#: What stands behind steps that did not simply end well.
ABSENT = Sentence(
    code="commission.absent",
    vi="Không có gì trả lời tại 192.0.2.14 (connection refused).",
    en="Nobody answers at 192.0.2.14 (connection refused).",
)
ASKS = Sentence(
    code="commission.needs_yes",
    values={"risk": "restarts", "features": "encoder.sub.fps, encoder.sub.gop"},
    vi="Đợi bạn đồng ý (`--yes restarts`): encoder.sub.fps, encoder.sub.gop.",
    en="Waits for your yes (`--yes restarts`): encoder.sub.fps, encoder.sub.gop.",
)
SLOW = Sentence(code="x", vi="6,62 giây mới có hình.", en="The first picture takes 6.62 seconds.")
GOOD = Sentence(code="x", vi="Đồng hồ lệch 0,1 giây.", en="The clock is 0.1 seconds off.")
BARE = Sentence(code="x", vi="HTTPS đang tắt.", en="HTTPS is off.")
CHANGES = (
    Change(feature="time.ntp", before="", after="192.0.2.1", made=ago(minutes=4)),
    Change(feature="osd.source0.clock", before=False, after=True, made=ago(minutes=4)),
    Change(feature="encoder.sub.fps", before=10, after=8, risk=Risk.RESTARTS, made=ago(minutes=3)),
)
RESULTS = (
    CheckResult(
        check="clock.offset", outcome=Outcome.PASS, value=0.1, unit="s", threshold="<= 0.5 s", source="ours",
        reason=GOOD,
    ),
    CheckResult(
        check="stream.main.open", outcome=Outcome.FAIL, value=6.62, unit="s", threshold="<= 3 s", source="ours",
        reason=SLOW,
    ),
    CheckResult(check="network.https", outcome=Outcome.WARN, value=False, reason=BARE),
)  # fmt: skip


def steps(*states: StepState, **reasons: Sentence) -> tuple[StepRecord, ...]:
    """Every step, those that are not told of waiting."""
    told = (*states, *(StepState.WAITING,) * (len(Step) - len(states)))
    return tuple(
        StepRecord(step=step, state=state, reason=reasons.get(step.value))
        for step, state in zip(Step, told, strict=True)
    )


DONE = (StepState.DONE,) * 8
GATE = CameraRecord(
    id="gate", name="Cổng UBND xã", driver="onvif", url="http://192.0.2.11/onvif/device_service", username="admin",
    device=DeviceRecord(
        manufacturer="North Optics", model="NB-2043", serial="8B9DB308CCB4", firmware="V5.7.15",
        macs=("02:c5:24:56:26:df",),
    ),
    facts={"Cột": "7"}, steps=steps(*DONE), changes=CHANGES, results=RESULTS[:1],
)  # fmt: skip
MARKET = GATE.model_copy(
    update={
        "id": "market", "name": "Chợ Gia Đông", "url": "http://192.0.2.12:8000/onvif/device_service",
        "results": RESULTS,
        "steps": steps(*DONE[:4], StepState.NEEDS_YES, *DONE[:3], streams=ASKS),
    }
)  # fmt: skip
SCHOOL = GATE.model_copy(
    update={
        "id": "school", "name": "Trường mầm non Đồng Bông cơ sở hai phía sau chợ", "results": (),
        "url": "http://192.0.2.13/onvif/device_service", "changes": CHANGES[:2],
        "steps": steps(*DONE[:7], StepState.RUNNING),
    }
)  # fmt: skip
BRIDGE = CameraRecord(
    id="bridge", name="Cầu Hữu Nghị", url="",
    steps=steps(StepState.FAILED, *(StepState.SKIPPED,) * 7, find=ABSENT),
)  # fmt: skip
CAMERAS = (GATE, MARKET, SCHOOL, BRIDGE)


def record(*cameras: CameraRecord, ended: bool = True, sheet: str = "", name: str = NAME) -> JobRecord:
    """A job of these cameras."""
    return JobRecord(
        id=name, site="ngo-12", technician="Nguyễn Văn An", sheet=sheet, began=ago(minutes=5),
        ended=ago(minutes=1) if ended else None, cameras=cameras,
    )  # fmt: skip


def foretold(camera: CameraRecord) -> CameraRecord:
    """A camera as a look has it: nothing is made yet."""
    changes = tuple(each.model_copy(update={"made": None}) for each in camera.changes)
    waits = tuple(
        each if each.state is StepState.FAILED or place < 2 else StepRecord(step=each.step)
        for place, each in enumerate(camera.steps)
    )
    return camera.model_copy(update={"changes": changes, "results": (), "steps": waits})


class FakeJobs:
    """Implements `engine.api.resources.commissioning.jobs.JobsPort`.

    Attributes:
        jobs_known: By name, the newest first.
        begun: What was asked for; `resumed`, `undone`, `stopped` likewise.
        failure: Raised when something is to begin, once.
    """

    def __init__(self) -> None:
        self.jobs_known: dict[str, Job] = {
            NAME: Job(name=NAME, running=False, record=record(*CAMERAS, ended=False)),
            OLD: Job(name=OLD, running=False, record=record(GATE, name=OLD)),
        }
        self.begun: list[Request] = []
        self.resumed: list[tuple[str, tuple[Risk, ...]]] = []
        self.undone: list[tuple[str, str, tuple[Risk, ...]]] = []
        self.stopped: list[str] = []
        self.failure: EngineError | None = None

    def run(self, **checking: str) -> None:
        """Let the newest job be under way."""
        job = self.jobs_known[NAME]
        self.jobs_known[NAME] = job.model_copy(update={"running": True, "checking": checking})

    async def jobs(self) -> list[Listed]:
        told = [
            job.record for name, job in self.jobs_known.items() if name != "dry" and job.record is not None
        ]
        return [
            Listed(
                id=each.id, began=each.began, ended=each.ended, technician=each.technician, cameras=len(each.cameras),
                running=self.jobs_known[each.id].running, failed=2 if each.ended is None else 0,
                asking=1 if each.ended is None else 0,
            )
            for each in told
        ]  # fmt: skip

    async def job(self, name: str) -> Job:
        if name not in self.jobs_known:
            raise Refusal(Because.UNKNOWN, "commission.no_job", job=name, known=NAME)
        return self.jobs_known[name]

    async def begin(self, request: Request) -> Job:
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        self.begun.append(request)
        if not request.dry:
            self.run()
            return self.jobs_known[NAME]
        digest = sha256(base64.b64decode(request.content)).hexdigest()
        looked = record(*map(foretold, CAMERAS), sheet=digest, name="dry")
        self.jobs_known["dry"] = Job(name="dry", running=False, record=looked)
        return Job(name="dry", running=True)

    async def resume(self, name: str, agreed: Agreed) -> Job:
        self.resumed.append((name, agreed.yes))
        self.run()
        return self.jobs_known[name]

    async def stop(self, name: str) -> Job:
        self.stopped.append(name)
        self.jobs_known[name] = self.jobs_known[name].model_copy(update={"running": False})
        return self.jobs_known[name]

    async def undo(self, name: str, camera: str, agreed: Agreed) -> Job:
        self.undone.append((name, camera, agreed.yes))
        return self.jobs_known[name]

    async def act(self, camera: str, asked: CameraAct) -> Job:
        raise AssertionError("the terminal does not ask for this")
