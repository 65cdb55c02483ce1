"""What a commissioning comes to: how far it is, what is in trouble, what a person is asked. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.api.resources.commissioning.jobs import (
    CameraRecord,
    Job,
    JobRecord,
    Listed,
    Outcome,
    Risk,
    StepRecord,
    StepState,
)
from tui.texts import Texts

#: What a person is asked for before it is done.
ASKED: Final = (Risk.RESTARTS, Risk.MOVES)
_OPEN: Final = frozenset({StepState.WAITING, StepState.RUNNING})
#: Cells of the bar.
BAR: Final = 20
#: The worst first: what a camera is as a whole.
_WORST: Final = (StepState.FAILED, StepState.NEEDS_YES, StepState.RUNNING)


def listed_state(job: Listed) -> str:
    """Return ``running``, ``cut`` or ``ended``."""
    return "running" if job.running else "cut" if job.ended is None else "ended"


def job_state(job: Job) -> str:
    """Return the same of a job as it is followed; what had not yet begun to be written down runs."""
    if job.running:
        return "running"
    return "ended" if job.record is not None and job.record.ended is not None else "cut"


def over(camera: CameraRecord) -> bool:
    """Return whether all its steps are over."""
    return not any(each.state in _OPEN for each in camera.steps)


def worst(camera: CameraRecord) -> StepState:
    """Return how a camera is as a whole; a check that failed is a failure."""
    states = {each.state for each in camera.steps}
    outcomes = {each.outcome for each in camera.results}
    if Outcome.FAIL in outcomes:
        states.add(StepState.FAILED)
    found = next((each for each in _WORST if each in states), None)
    if found is not None:
        return found
    if StepState.WAITING in states:
        return StepState.WAITING if StepState.DONE not in states else StepState.RUNNING
    return StepState.DONE


def found(camera: CameraRecord) -> StepState:
    """Return how a camera of a staging table is: found and looked at, still being looked at, or not."""
    if any(each.state is StepState.FAILED for each in camera.steps):
        return StepState.FAILED
    if any(each.state is StepState.RUNNING for each in camera.steps):
        return StepState.RUNNING
    return StepState.DONE if camera.url and camera.steps[0].state is StepState.DONE else StepState.WAITING


def troubled(camera: CameraRecord) -> bool:
    """Return whether a person must look at it."""
    warned = any(each.outcome is Outcome.WARN for each in camera.results)
    return warned or worst(camera) in (StepState.FAILED, StepState.NEEDS_YES)


def risks_ahead(record: JobRecord, allowed: Iterable[Risk] = ()) -> dict[Risk, list[str]]:
    """Return which cameras would be restarted or moved, by risk."""
    open_to = [each for each in ASKED if each not in set(allowed)]
    told = {risk: [each.id for each in record.cameras if _ahead(each, risk)] for risk in open_to}
    return {risk: cameras for risk, cameras in told.items() if cameras}


def _ahead(camera: CameraRecord, risk: Risk) -> bool:
    return any(each.risk is risk and each.made is None for each in camera.changes)


def risks_waiting(record: JobRecord) -> dict[Risk, list[str]]:
    """Return which cameras wait for a yes, by risk: their steps say for which."""
    told: dict[Risk, list[str]] = {}
    for camera in record.cameras:
        for risk in ASKED:
            if any(_waits(each, risk) for each in camera.steps if each.state is StepState.NEEDS_YES):
                told.setdefault(risk, []).append(camera.id)
    return told


def _waits(step: StepRecord, risk: Risk) -> bool:
    values = step.reason.values if step.reason is not None else {}
    return any(name.partition("@")[0] == "risk" and value == risk for name, value in values.items())


def risks_back(camera: CameraRecord) -> dict[Risk, list[str]]:
    """Return whether taking back what was changed of a camera restarts or moves it."""
    made = [each for each in camera.changes if each.made is not None and each.undone is None]
    return {risk: [camera.id] for risk in ASKED if any(each.risk is risk for each in made)}


def share(record: JobRecord) -> float:
    """Return the share of all steps that are over, 0..1."""
    steps = [each for camera in record.cameras for each in camera.steps]
    return sum(each.state not in _OPEN for each in steps) / len(steps) if steps else 1.0


def bar(part: float, cells: int = BAR) -> str:
    """Return a share as a bar; thick against thin, so that it reads without colour."""
    lit = max(0, min(cells, int(part * cells)))
    return "━" * lit + "┈" * (cells - lit)


def progress(record: JobRecord, t: Texts) -> str:
    """Return how far a job is: a bar, how many cameras, how many of them in trouble."""
    cameras = record.cameras
    states = [worst(each) for each in cameras]
    told = [
        bar(share(record)),
        t("commissioning.over", n=t.number(sum(map(over, cameras))), total=t.number(len(cameras))),
    ]
    for state, words in (
        (StepState.FAILED, "commissioning.failed"),
        (StepState.NEEDS_YES, "commissioning.asking"),
    ):
        if count := states.count(state):
            told.append(t(words, n=t.number(count)))
    return "   ".join(told)


def staged(record: JobRecord, t: Texts) -> str:
    """Return what a look came to: how many are found, how much would change."""
    states = [found(each) for each in record.cameras]
    counted = {"n": t.number(states.count(StepState.DONE)), "total": t.number(len(states))}
    changes = sum(len(each.changes) for each in record.cameras)
    told = [t("commissioning.found", **counted), t("commissioning.changes", n=t.number(changes))]
    return "   ".join(told)
