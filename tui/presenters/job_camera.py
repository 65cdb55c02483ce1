"""Everything that a commissioning knows of one camera, as paragraphs: what is to be done stands first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.api.resources.commissioning.jobs import (
    CameraRecord,
    Change,
    CheckResult,
    Job,
    Outcome,
    Risk,
    StepRecord,
    StepState,
)
from tui.model.model import Model
from tui.presenters import describe, job_rows
from tui.presenters.symbols import OUTCOMES, STEP_STATES, UNKNOWN
from tui.render.paragraphs import Paragraph
from tui.texts import Texts, clean

_WAITS = (StepState.FAILED, StepState.NEEDS_YES)


def whole(job: Job, t: Texts) -> Iterator[Paragraph]:
    """Yield what is to be said of a whole job: why it did not come to its end, and who answers unasked."""
    if job.trouble is not None:
        yield Paragraph(describe.sentence(job.trouble, t), "bad", mark="✗", mark_tone="bad")
    for each in job.record.unexpected if job.record is not None else ():
        yield Paragraph(describe.sentence(each, t), "warn", mark="!", mark_tone="warn")


def paragraphs(
    camera: CameraRecord, model: Model, t: Texts, *, checking: str = "", live: bool = True
) -> Iterator[Paragraph]:
    """Yield everything that is known of a camera.

    Args:
        checking: Which check of it is under way.
        live: Whether anything is: else what was, was cut short.
    """
    yield Paragraph(f"{job_rows.label(camera)} ({clean(camera.id)})", "bright")
    yield from _facts(camera, t)
    if checking and live:
        yield Paragraph(
            t("commissioning.checking", check=clean(checking)), "blue", mark="…", mark_tone="blue"
        )
    yield from _to_do(camera, t)
    yield from _changes(camera, model, t)
    yield from _steps([each for each in camera.steps if each.state not in _WAITS], t, live=live)
    rest = [each for each in camera.results if each.outcome in (Outcome.PASS, Outcome.NOT_TESTED)]
    yield from _results("commissioning.results", rest, t)


def _facts(camera: CameraRecord, t: Texts) -> Iterator[Paragraph]:
    who = camera.device
    known = (who.firmware, *who.macs[:2], camera.username)
    told = (job_rows.address(camera.url), job_rows.device(camera), *map(clean, known))
    yield Paragraph(" · ".join(filter(None, told)) or t("commissioning.nowhere"), "dim")
    for name, value in list(camera.facts.items())[:20]:
        yield Paragraph(f"{clean(name)}: {clean(value)}", "dim")


def _to_do(camera: CameraRecord, t: Texts) -> Iterator[Paragraph]:
    """Yield what a person must do: steps that failed or wait, then checks that did not pass."""
    steps = [each for each in camera.steps if each.state in _WAITS]
    results = [
        each for state in (Outcome.FAIL, Outcome.WARN) for each in camera.results if each.outcome is state
    ]
    if not steps and not results:
        return
    yield from _headed("commissioning.to_do", t)
    for step in steps:
        yield _step(step, t)
    for result in results:
        yield from _result(result, t)


def _changes(camera: CameraRecord, model: Model, t: Texts) -> Iterator[Paragraph]:
    if camera.changes:
        yield from _headed("commissioning.changed", t)
    for change in camera.changes:
        mark, tone = _made(change)
        yield Paragraph(_change(change, model, t), mark=mark, mark_tone=tone)
        if change.trouble is not None:
            yield Paragraph(describe.sentence(change.trouble, t), "bad", depth=1)


def _made(change: Change) -> tuple[str, str]:
    """Return the sign of a change: refused, taken back, made, or only planned."""
    if change.trouble is not None:
        return STEP_STATES[StepState.FAILED]
    if change.undone is not None:
        return "↶", "dim"
    return STEP_STATES[StepState.DONE if change.made is not None else StepState.WAITING]


def _change(change: Change, model: Model, t: Texts) -> str:
    """Return a change as a line: what it was, what it is to be, what it does besides."""
    secret = change.before is None and change.after is None
    words = "" if secret else f": {_value(change.before, t)} → {_value(change.after, t)}"
    words = clean(change.feature) + words
    if change.risk is not Risk.SAFE:
        words += f" ({t(f'risk.{change.risk}')})"
    if change.undone is not None:
        words += f" ({t('commissioning.undone', at=describe.clock(change.undone, model))})"
    return words


def _value(value: object, t: Texts) -> str:
    if value is None:
        return "?"
    if isinstance(value, bool):
        return t("answer.yes" if value else "answer.no")
    return clean(str(value)) or '""'


def _steps(steps: Sequence[StepRecord], t: Texts, *, live: bool) -> Iterator[Paragraph]:
    if steps:
        yield from _headed("commissioning.steps", t)
    for step in steps:
        yield _step(step, t, live=live)


def _step(step: StepRecord, t: Texts, *, live: bool = True) -> Paragraph:
    if step.state is StepState.RUNNING and not live:
        cut = f"{t(f'step.{step.step}')}: {t('commissioning.cut_short')}"
        return Paragraph(cut, mark=UNKNOWN[0], mark_tone=UNKNOWN[1])
    mark, tone = STEP_STATES[step.state]
    words = describe.sentence(step.reason, t) or t(f"step_state.{step.state}")
    return Paragraph(f"{t(f'step.{step.step}')}: {words}", mark=mark, mark_tone=tone)


def _results(heading: str, results: Sequence[CheckResult], t: Texts) -> Iterator[Paragraph]:
    if results:
        yield from _headed(heading, t)
    for result in results:
        yield from _result(result, t)


def _result(result: CheckResult, t: Texts) -> Iterator[Paragraph]:
    """Yield a check: what came of it, then its value against what it was held to."""
    mark, tone = OUTCOMES[result.outcome]
    yield Paragraph(
        f"{clean(result.check)}: {describe.sentence(result.reason, t)}", mark=mark, mark_tone=tone
    )
    told = [clean(f"{_value(result.value, t)} {result.unit}".rstrip())] if result.value is not None else []
    if result.threshold:
        source = f", {clean(result.source)}" if result.source else ""
        told.append(t("commissioning.limit", limit=clean(result.threshold), source=source))
    if told:
        yield Paragraph("   ".join(told), "dim", depth=1)


def _headed(key: str, t: Texts) -> Iterator[Paragraph]:
    yield Paragraph("")
    yield Paragraph(t(key), "dim")
