"""Slips of a trial that its grammar takes: what would show nothing, or something that never is.

A time that runs backwards, what would happen after the end, an object that is told twice at once, a camera or a zone
that the trial's own site does not have: such a trial could not fail, or not for what it is meant to try.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rules.document.source import Flaw, Path
from rules.kinds.camera import Health
from rules.kinds.lookup import OF_KIND
from rules.kinds.object import Track
from rules.kinds.table import TABLE
from rules.language.names import ALWAYS, World, named, no_label
from rules.model import CONDITIONS, Kind
from rules.trials.cue import OF_SITE, Cue, Plain
from rules.trials.trial import CameraSpec, Trial, TrialFile
from rules.trials.trial_events import Calendar, span_of


def slips(file: TrialFile) -> Iterator[Flaw]:
    """Yield what makes no sense in the trials of a file, as errors."""
    for number, trial in enumerate(file.trials):
        calendar = Calendar(file, trial)
        for flaw in (*_events(file, trial, calendar), *_expectations(file, trial, calendar)):
            yield flaw.under("trials", number)


def _events(file: TrialFile, trial: Trial, calendar: Calendar) -> Iterator[Flaw]:
    for index, cue in enumerate(trial.events):
        here: Path = ("events", index, cue.key)
        found = (*_times(cue, trial, calendar), *_states(cue), *_places(cue, file, trial))
        yield from (flaw.under(*here) for flaw in found)
    yield from _twice(file, trial, calendar)


def _times(cue: Cue, trial: Trial, calendar: Calendar) -> Iterator[Flaw]:
    """Yield an end that does not come after the beginning, and what begins after the trial has ended."""
    first, end = calendar.seconds(span_of(cue)[0]), getattr(cue.body, "to", None)
    if end is not None and _backwards(span_of(cue)[0], end, calendar):
        yield Flaw(("to",), "trial.backwards")
    if trial.until is not None and first > calendar.end:
        yield Flaw((), "trial.after_end")


def _states(cue: Cue) -> Iterator[Flaw]:
    """Yield a camera's state that is said to be over: another one follows instead."""
    if isinstance(health := cue.body, Health) and health.over and health.state not in CONDITIONS:
        yield Flaw(("over",), "trial.no_end", {"state": health.state, "known": ", ".join(sorted(CONDITIONS))})


def _places(cue: Cue, file: TrialFile, trial: Trial) -> Iterator[Flaw]:
    """Yield the camera and the zones of an event that the trial's site does not have, where it says what it has."""
    body = cue.body
    if not file.cameras or (cue.key in OF_SITE and body.camera is None):
        return
    camera = body.camera or trial.camera or file.camera
    if camera not in file.cameras:
        yield named("camera", camera, file.cameras, *(("camera",) if body.camera else ()))
        return
    for key in ("zone", "zones"):
        yield from _zones(key, getattr(body, key, None), file.cameras[camera])


def _zones(key: str, written: object, camera: CameraSpec) -> Iterator[Flaw]:
    for index, zone in enumerate(written if isinstance(written, list) else [written] if written else ()):
        if zone not in camera.zones:
            yield named("zone", str(zone), camera.zones, key, index)


def _twice(file: TrialFile, trial: Trial, calendar: Calendar) -> Iterator[Flaw]:
    """Yield an object that is told by two entries at the same time."""
    seen: dict[tuple[str, str], list[tuple[float, float, int]]] = {}
    for index, cue in enumerate(trial.events):
        track = cue.body
        if isinstance(track, Track) and track.id is not None:
            camera = track.camera or trial.camera or file.camera
            start, end = (
                calendar.seconds(track.from_),
                calendar.end if track.to is None else calendar.seconds(track.to),
            )
            spans = [(start + shift, end + shift, index) for shift in track.shifts]
            seen.setdefault((camera, str(track.id)), []).extend(spans)
    for spans in seen.values():
        over = (index for (_, end, _), (start, _, index) in pairwise(sorted(spans)) if start < end)
        yield from (Flaw(("events", index, "track", "from"), "trial.twice") for index in dict.fromkeys(over))


def _expectations(file: TrialFile, trial: Trial, calendar: Calendar) -> Iterator[Flaw]:
    for index, expect in enumerate(trial.expect):
        here: Path = ("expect", index)
        if expect.camera is not None and file.cameras and expect.camera not in file.cameras:
            yield named("camera", expect.camera, file.cameras, *here, "camera")
        if trial.until is not None and expect.at is not None and calendar.seconds(expect.at) > calendar.end:
            yield Flaw((*here, "at"), "trial.after_end")
        if (
            expect.to is not None
            and expect.from_ is not None
            and _backwards(expect.from_, expect.to, calendar)
        ):
            yield Flaw((*here, "to"), "trial.backwards")


def _backwards(start: float, end: float, calendar: Calendar) -> bool:
    return calendar.seconds(end) <= calendar.seconds(start)


def unknown_labels(file: TrialFile, world: World) -> Iterator[Flaw]:
    """Yield the labels in a trial's events that the detector does not have: nothing like that ever happens."""
    for number, trial in enumerate(file.trials):
        for index, cue in enumerate(trial.events):
            label = getattr(cue.body, "label", None) if _detected(cue) else None
            if label is not None and label not in world.labels | ALWAYS:
                yield no_label(label, world, "trials", number, "events", index, cue.key, "label")


def _detected(cue: Cue) -> bool:
    """Return whether a detector gives the labels of a cue."""
    if isinstance(cue.body, Plain):
        return OF_KIND[Kind(cue.body.kind)].detected
    return any(each.detected and each.shorthand is cue.shorthand for each in TABLE)
