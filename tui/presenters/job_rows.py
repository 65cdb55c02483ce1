"""Commissionings, and their cameras, as table rows. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Final
from urllib.parse import urlsplit

from engine.api.resources.commissioning.jobs import (
    CameraRecord,
    Listed,
    Outcome,
    Risk,
    Step,
    StepRecord,
    StepState,
)
from tui.model.model import Model
from tui.presenters import describe, job_sums
from tui.presenters.symbols import JOB_STATES, OUTCOMES, STEP_STATES, UNKNOWN
from tui.render.columns import Cell, Column, Row
from tui.texts import Texts, clean

JOBS: Final = (
    Column("state", 11, "column.state"),
    Column("began", 14, "column.began"),
    Column("cameras", 7, "column.cameras", right=True),
    Column("result", 22, "column.result", weight=2),
    Column("technician", 12, "column.technician", weight=1, most=30),
    Column("job", 20, "column.job", least=110),
)
STAGED: Final = (
    Column("mark", 1),
    Column("name", 12, "column.name", weight=3, most=30),
    Column("address", 14, "column.address", weight=1, most=24),
    Column("device", 13, "column.device", weight=3, most=44),
    Column("changes", 7, "column.changes", right=True),
    Column("risk", 20, "column.risk", weight=1, most=30),
)
JOB: Final = (
    Column("mark", 1),
    Column("name", 14, "column.name", weight=2, most=30),
    Column("find", 4, "column.step_find"),
    Column("identify", 5, "column.step_identify"),
    Column("time", 4, "column.step_time"),
    Column("names", 5, "column.step_names"),
    Column("streams", 6, "column.step_streams"),
    Column("password", 6, "column.step_password"),
    Column("adopt", 5, "column.step_adopt"),
    Column("check", 8, "column.step_check"),
    Column("note", 20, "column.note", weight=3, least=100),
)


def listed_row(job: Listed, model: Model, t: Texts) -> Row:
    """Return a commissioning as a row; of one that runs nobody knows anything once the engine is gone."""
    now = job_sums.listed_state(job)
    symbol, tone = JOB_STATES[now] if model.known or now != "running" else UNKNOWN
    words = t(f"job.{now}") if (symbol, tone) != UNKNOWN else t("state.unknown")
    result, worst = _result(job, t)
    return Row(
        {
            "state": Cell(f"{symbol} {words}", tone),
            "began": Cell(describe.clock(job.began, model, date=True), "text"),
            "cameras": Cell(t.number(job.cameras), "text"),
            "result": Cell(result, worst),
            "technician": Cell(clean(job.technician), "dim"),
            "job": Cell(clean(job.id), "dim"),
        }
    )


def _result(job: Listed, t: Texts) -> tuple[str, str]:
    told = [t("commissioning.failed", n=t.number(job.failed))] if job.failed else []
    told += [t("commissioning.asking", n=t.number(job.asking))] if job.asking else []
    if told:
        return ", ".join(told), "bad" if job.failed else "warn"
    return (t("commissioning.right"), "good") if job.ended is not None else ("", "dim")


def label(camera: CameraRecord) -> str:
    """Return what a camera is called."""
    return clean(camera.name) or clean(camera.id)


def address(url: str) -> str:
    """Return the host of an address, as it came where it is none."""
    try:
        return clean(urlsplit(url).netloc.rpartition("@")[2] or url)
    except ValueError:
        return clean(url)


def device(camera: CameraRecord) -> str:
    """Return who a device says it is: maker, model, serial."""
    who = camera.device
    return clean(" ".join(filter(None, (who.manufacturer, who.model, who.serial))))


def staged_row(camera: CameraRecord, t: Texts, *, live: bool = True) -> Row:
    """Return a camera of a staging table: where and who it is, and what would be done; or why it was not found."""
    symbol, tone = _sign(job_sums.found(camera), live=live)
    cells = {"mark": Cell(symbol, tone), "name": Cell(label(camera), "bright" if tone != "faint" else "text")}
    failed = next((each for each in camera.steps if each.state is StepState.FAILED), None)
    if failed is not None:
        why = describe.sentence(failed.reason, t) or t(f"step.{failed.step}")
        return Row(cells, ("address", "risk", Cell(why, "bad")))
    ahead = [each for each in camera.changes if each.made is None]
    told = [
        t(f"risk_short.{risk}")
        for risk in Risk
        if risk is not Risk.SAFE and any(each.risk is risk for each in ahead)
    ]
    cells |= {
        "address": Cell(address(camera.url) or "–", "dim"),
        "device": Cell(device(camera) or "–", "text"),
        "changes": Cell(t.number(len(ahead)), "text" if ahead else "faint"),
        "risk": Cell(", ".join(told) or "–", "warn" if told else "dim"),
    }
    return Row(cells)


def job_row(camera: CameraRecord, checking: str, t: Texts, *, live: bool = True) -> Row:
    """Return a camera of a job: a sign for each step, and what is the matter or under way."""
    symbol, tone = _sign(job_sums.worst(camera), live=live)
    cells = {"mark": Cell(symbol, tone), "name": Cell(label(camera), "bright")}
    cells |= {each.step.value: _step(each, live=live) for each in camera.steps}
    if camera.results:
        cells[Step.CHECK.value] = _checked(camera)
    note, worst = _note(camera, checking, t, live=live)
    return Row({**cells, "note": Cell(note, worst)})


def _sign(state: StepState, *, live: bool) -> tuple[str, str]:
    """Return a state's sign; what nobody is at any more is not under way."""
    return STEP_STATES[state] if live or state is not StepState.RUNNING else UNKNOWN


def _step(step: StepRecord, *, live: bool) -> Cell:
    return Cell(*_sign(step.state, live=live))


def _checked(camera: CameraRecord) -> Cell:
    """Return how the checks ended: what failed and what warns, counted; else how many passed."""
    counts = Counter(each.outcome for each in camera.results)
    bad = [each for each in (Outcome.FAIL, Outcome.WARN) if counts[each]]
    shown = bad or [Outcome.PASS if counts[Outcome.PASS] else Outcome.NOT_TESTED]
    told = " ".join(f"{OUTCOMES[each][0]}{counts[each]}" for each in shown)
    return Cell(told, OUTCOMES[shown[0]][1])


def _note(camera: CameraRecord, checking: str, t: Texts, *, live: bool) -> tuple[str, str]:
    """Return the first thing that a person must know of a camera; else what is under way."""
    for state in (StepState.FAILED, StepState.NEEDS_YES):
        for step in camera.steps:
            if step.state is state:
                why = describe.sentence(step.reason, t)
                return f"{t(f'step.{step.step}')}: {why}", STEP_STATES[state][1]
    for outcome in (Outcome.FAIL, Outcome.WARN):
        for result in camera.results:
            if result.outcome is outcome:
                return describe.sentence(result.reason, t), OUTCOMES[outcome][1]
    return (clean(checking), "blue") if checking and live and not camera.results else ("", "dim")


def text_of(camera: CameraRecord) -> str:
    """Return the words by which a camera is searched for."""
    return f"{camera.id} {camera.name} {camera.url} {device(camera)}"
