"""How a job is shown: a row for each camera with its steps, what went wrong below it; JSON lines for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from engine.commands.output.report import Language, coloured, say_in
from engine.commands.output.terminal import data, flash, line, out, paint

if TYPE_CHECKING:
    from engine.commission.keeping.entry import Entry, Ledger
    from engine.commission.record import CameraRecord, Change, JobRecord, Risk, StepRecord

#: By how far a step is: its sign, and its colour as an ANSI code.
SIGNS: Final = {
    "done": ("✓", "32"), "skipped": ("–", "2"), "needs_yes": ("?", "33"), "failed": ("✗", "31"), "waiting": ("·", "2"),
    "running": ("…", "36"),
}  # fmt: skip
_OPEN = frozenset({"waiting", "running"})


class Show:
    """Tells of a job while it runs.

    Args:
        quiet: Whether only how far it is, is told.
    """

    def __init__(self, language: Language, *, as_json: bool, quiet: bool = False) -> None:
        self._language, self._as_json, self._quiet = language, as_json, quiet
        self._told: set[str] = set()
        self._flashing = sys.stderr.isatty() and not as_json

    def heard(self, ledger: Ledger, entry: Entry) -> None:
        """Take an entry of the journal: tell what is over, and how far the rest is."""
        if self._as_json:
            if entry.step is not None or entry.change is not None or entry.results is not None:
                data(entry.model_dump_json(exclude_defaults=True))
            return
        for camera in ledger.cameras.values():
            self._over(camera)
        self._progress(ledger, entry)

    def _over(self, camera: CameraRecord) -> None:
        """Tell of a camera once all its steps are over."""
        if camera.id not in self._told and not any(step.state in _OPEN for step in camera.steps):
            self._told.add(camera.id)
            self._flash("")
            show_camera(camera, self._language)

    def looked(self, record: JobRecord, checking: Mapping[str, str]) -> None:
        """Take a job as it is now, where its entries are not heard: tell what is over, and how far the rest is."""
        if self._as_json or self._quiet:
            return
        for camera in record.cameras:
            self._over(camera)
        if len(self._told) < len(record.cameras):
            under_way = next(iter(checking.items()), ("", ""))
            self._flash(f"{len(self._told)}/{len(record.cameras)}  {': '.join(under_way)}")

    def checking(self, camera: str, check: str) -> None:
        """Say which check is under way."""
        self._flash(f"{len(self._told)} ✓  {camera}: {check}")

    def _progress(self, ledger: Ledger, entry: Entry) -> None:
        if entry.step is not None and len(self._told) < len(ledger.cameras):
            step = say_in(self._language, f"commission_step.{entry.step.step}")
            self._flash(f"{len(self._told)}/{len(ledger.cameras)}  {entry.camera}: {step}")

    def _flash(self, text: str) -> None:
        if self._flashing:
            flash(text, sys.stderr)

    def over(self, job: JobRecord) -> None:
        """Tell the end."""
        self._flash("")
        if self._as_json:
            data(job.model_dump_json())
        else:
            show_sums(job, self._language)


def show_camera(camera: CameraRecord, language: Language) -> None:
    """Print a camera: its steps in one row, and below what a person has to know."""
    steps = "  ".join(_step(each, language) for each in camera.steps)
    out(f"{line(camera.id):<20} {steps}  {line(camera.name)}")
    for each in camera.steps:
        if each.reason is not None and each.state in ("failed", "needs_yes", "done"):
            sign, colour = SIGNS[each.state]
            words = each.reason.vi if language == "vi" else each.reason.en
            step = say_in(language, f"commission_step.{each.step}")
            out(f"    {paint(sign, colour, coloured())} {step}: {line(words)}")
    for result in camera.results:
        if result.outcome in ("fail", "warn"):
            words = result.reason.vi if language == "vi" else result.reason.en
            sign, colour = ("✗", "31") if result.outcome == "fail" else ("!", "33")
            out(f"    {paint(sign, colour, coloured())} {line(result.check)}: {line(words)}")


def _step(step: StepRecord, language: Language) -> str:
    sign, colour = SIGNS[step.state]
    return paint(f"{sign} {say_in(language, f'commission_step.{step.step}')}", colour, coloured())


def show_sums(job: JobRecord, language: Language) -> None:
    """Print how many are done, and how to hand it over."""
    bad = [each for each in job.cameras if any(step.state == "failed" for step in each.steps)]
    asked = [each for each in job.cameras if any(step.state == "needs_yes" for step in each.steps)]
    values = {"job": job.id, "cameras": len(job.cameras), "failed": len(bad), "asked": len(asked)}
    values["checks"] = sum(any(each.outcome == "fail" for each in camera.results) for camera in job.cameras)
    out(say_in(language, "commission.sums", **values))
    if asked:
        out(say_in(language, "commission.say_yes", job=job.id))


def show_staging(job: JobRecord, language: Language) -> None:
    """Print what would be done: a row for each camera, below it what would change."""
    for camera in job.cameras:
        show_planned(camera, language)
    values = {"cameras": len(job.cameras), "changes": sum(len(each.changes) for each in job.cameras)}
    out(say_in(language, "commission.staged", **values))


def show_planned(camera: CameraRecord, language: Language) -> None:
    """Print one camera of a staging table."""
    failed = next((each for each in camera.steps if each.state == "failed"), None)
    sign, colour = SIGNS["failed" if failed else "done"]
    device = " ".join(filter(None, (camera.device.manufacturer, camera.device.model, camera.device.serial)))
    found = line(f"{camera.id:<20} {camera.url or '-':<44} {device}")
    out(f"{paint(sign, colour, coloured())} {found}")
    for step in camera.steps:
        if step.reason is not None and step.state != "skipped":
            out(f"    {line(step.reason.vi if language == 'vi' else step.reason.en)}")
    for change in camera.changes:
        out(f"    {shown_change(change, language)}")


def shown_change(change: Change, language: Language) -> str:
    """Return a change as one line: what it was, what it is to be, what it does besides."""
    unknown = say_in(language, "commission.unknown")
    before, after = (unknown if each is None else str(each) or '""' for each in (change.before, change.after))
    risk = "" if change.risk == "safe" else f"  ({say_in(language, f'commission_risk.{change.risk}')})"
    mark = "" if change.undone is None else f"  ({say_in(language, 'commission.undone')})"
    trouble = change.trouble
    told = "" if trouble is None else f"  ✗ {trouble.vi if language == 'vi' else trouble.en}"
    return line(f"{change.feature}: {before} → {after}{risk}{mark}{told}")


def risks(job: JobRecord, allowed: Iterable[Risk]) -> dict[Risk, int]:
    """Return how many cameras what needs a yes is about, by risk."""
    found: dict[Risk, int] = {}
    for camera in job.cameras:
        for risk in {each.risk for each in camera.changes} - set(allowed):
            if risk in ("restarts", "moves"):
                found[risk] = found.get(risk, 0) + 1
    return found
