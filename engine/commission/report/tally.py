"""How a commissioning ended: of each camera, of each group, of the site. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from engine.commission.record import (
    CameraRecord,
    CheckResult,
    JobRecord,
    Outcome,
    Step,
    StepRecord,
    StepState,
)

#: From the gravest on.
ORDER = (Outcome.FAIL, Outcome.WARN, Outcome.PASS, Outcome.NOT_TESTED)
#: Groups that have a column of their own in the site's table; those of people's own tests have none.
COLUMNS = ("reach", "identity", "login", "clock", "names", "stream", "picture", "network", "events")


def group_of(check: str) -> str:
    """Return a check's group."""
    return check.partition(".")[0]


def counted(results: Iterable[CheckResult]) -> Counter[Outcome]:
    """Return how many results there are of each outcome."""
    return Counter(each.outcome for each in results)


def worst(results: Iterable[CheckResult]) -> Outcome:
    """Return the gravest outcome; what was not tested counts for nothing where something was."""
    found = counted(results)
    return next((each for each in ORDER if found[each]), Outcome.NOT_TESTED)


def was_found(camera: CameraRecord) -> bool:
    """Return whether a camera was there at all."""
    found = next((each for each in camera.steps if each.step is Step.FIND), None)
    return bool(camera.results) or (found is not None and found.state is StepState.DONE)


def verdict(camera: CameraRecord) -> Outcome:
    """Return how a camera's commissioning ended: it fails too where it was not found, or a step failed."""
    if not was_found(camera) or any(each.state is StepState.FAILED for each in camera.steps):
        return Outcome.FAIL
    found = worst(camera.results)
    waits = any(each.state is StepState.NEEDS_YES for each in camera.steps)
    return Outcome.WARN if waits and found is Outcome.PASS else found


def missing(job: JobRecord) -> Iterator[CameraRecord]:
    """Yield the cameras of the sheet that were not found."""
    return (each for each in job.cameras if not was_found(each))


def of_group(camera: CameraRecord, group: str) -> list[CheckResult]:
    """Return a camera's results in a group, the gravest first."""
    found = [each for each in camera.results if group_of(each.check) == group]
    return sorted(found, key=lambda each: ORDER.index(each.outcome))


def unfinished(job: JobRecord) -> Iterator[tuple[CameraRecord, StepRecord]]:
    """Yield steps that failed or were cut short, then those that wait for a yes: they come before any check."""
    for states in ((StepState.FAILED, StepState.RUNNING), (StepState.NEEDS_YES,)):
        for camera in job.cameras:
            yield from ((camera, each) for each in camera.steps if each.state in states)


def to_do(job: JobRecord) -> Iterator[tuple[CameraRecord, CheckResult]]:
    """Yield what did not pass, failures first."""
    for outcome in (Outcome.FAIL, Outcome.WARN):
        for camera in job.cameras:
            yield from ((camera, each) for each in camera.results if each.outcome is outcome)
