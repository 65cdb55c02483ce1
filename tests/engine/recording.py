"""A record of a commissioning, with everything in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from engine.commission.record import (
    CameraRecord,
    Change,
    CheckResult,
    DeviceRecord,
    JobRecord,
    Outcome,
    PictureRecord,
    Step,
    StepRecord,
    StepState,
)
from engine.web.sentence import Sentence
from rules.model import Sentence as Told
from tests.engine.reporting import jpeg

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
PICTURE = jpeg()


def sentence(code: str = "check.no_clock", **values: Any) -> Sentence:
    return Sentence.of(Told(code, values))


def result(check: str, outcome: str = "pass", value: Any = None, **more: Any) -> CheckResult:
    return CheckResult(check=check, outcome=Outcome(outcome), value=value, reason=sentence(), **more)


def steps(**states: str) -> tuple[StepRecord, ...]:
    return tuple(StepRecord(step=each, state=StepState(states.get(each.value, "done"))) for each in Step)


RESULTS = (
    result("clock.offset", "pass", 0.02, unit="s", threshold="<= 0.5 s", source="ours"),
    result("stream.main.fps", "fail", 32.0, unit="%", threshold="90..115 %", source="ours"),
    result("names.scope", "warn", "IPC", source="BS 8418 list"),
    result("ptz.move", "not_tested"),
    result("picture.sharpness", "pass", 120.0, threshold=">= 15", pictures=("gate.jpg",)),
)


def camera(id_: str = "gate", results: tuple[CheckResult, ...] = RESULTS, **more: Any) -> CameraRecord:
    told: dict[str, Any] = {
        "name": "Cổng UBND",
        "driver": "onvif",
        "url": "http://192.0.2.1/onvif/device_service",
        "username": "admin",
        "device": DeviceRecord(
            manufacturer="Maker", model="M1", serial=f"S-{id_}", firmware="1.0", macs=("02:00:00:00:00:01",)
        ),
        "facts": {"Vị trí": "cột 3"},
        "steps": steps(),
        "changes": (
            Change(feature="time.ntp", before="", after="10.0.0.1", made=AT),
            Change(feature="scopes.name", before="IPC", after="Cổng", trouble=sentence()),
            Change(feature="osd.src0.name", before="a", after="b", made=AT, undone=AT),
            Change(feature="osd.src0.clock", before=False, after=True),
        ),
        "pictures": (
            PictureRecord(name=f"{id_}.jpg", sha256=sha256(PICTURE).hexdigest(), caption=sentence(), at=AT),
        ),
    }
    return CameraRecord(id=id_, results=results, **{**told, **more})


def missing(id_: str = "market") -> CameraRecord:
    return CameraRecord(id=id_, name="Chợ", url="http://192.0.2.9/", steps=steps(find="failed"))


def job(*cameras: CameraRecord, **more: Any) -> JobRecord:
    told: dict[str, Any] = {
        "id": "20260302T0130-abc",
        "site": "Xã Tân Lập",
        "title": "Gói thầu 14",
        "technician": "Nguyễn Văn An",
        "program": "0.7.0",
        "sheet": "ab" * 32,
        "began": AT,
        "ended": AT + timedelta(minutes=40),
        "unexpected": (sentence(),),
    }
    return JobRecord(cameras=cameras or (camera(), missing()), **{**told, **more})


def lay(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
