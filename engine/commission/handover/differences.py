"""What is otherwise in a later record than in an earlier one of the same site. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from engine.commission.record import CameraRecord, CheckResult, JobRecord, Outcome
from engine.web.payload import Fact

#: Figures that differ from one measuring to the next and say nothing: only their outcomes are compared.
RESTLESS = frozenset(
    {
        "reach.answer",
        "network.rtt",
        "open",
        "picture.dark",
        "picture.bright",
        "bitrate",
        "continuity",
        "events.initial",
    }
)
#: By how much a figure may differ, as a share of the earlier one; others by `USUAL`.
DRIFT = {"picture.sharpness": 0.3, "picture.brightness": 0.4, "picture.uniform": 0.5}
USUAL = 0.2
#: Seconds that a clock may drift.
CLOCK = 0.5


@dataclass(frozen=True, slots=True)
class End:
    """One side of a difference: a value, and of a check its outcome."""

    value: Fact | None = None
    unit: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """One thing of a camera that is otherwise.

    Attributes:
        what: A check's id, or ``device.NAME`` for who it is, ``camera.NAME`` for where.
        worse: Whether a check ended worse than before.
    """

    camera: str
    what: str
    before: End
    after: End

    @property
    def worse(self) -> bool:
        """Whether a check ended worse than before."""
        both = self.before.outcome, self.after.outcome
        return (
            both[0] in _GOOD_FIRST
            and both[1] in _GOOD_FIRST
            and _GOOD_FIRST.index(both[1]) > _GOOD_FIRST.index(both[0])
        )


_GOOD_FIRST: tuple[Outcome | None, ...] = (Outcome.PASS, Outcome.WARN, Outcome.FAIL)


@dataclass(frozen=True, slots=True)
class Differences:
    """Everything that is otherwise.

    Attributes:
        old: When the earlier record was begun.
        new: Cameras that are in the later record only; `gone`: in the earlier only.
    """

    old: datetime
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    shifts: tuple[Shift, ...] = field(default=())

    @property
    def none(self) -> bool:
        """Whether nothing is otherwise."""
        return not (self.new or self.gone or self.shifts)


def differences(old: JobRecord, new: JobRecord) -> Differences:
    """Compare two records; a camera is the same by its id, or by its serial number where it was renamed."""
    pairs = _pairs(old, new)
    before = {each.id for each, _ in pairs}
    after = {each.id for _, each in pairs}
    return Differences(
        old.began,
        tuple(each.id for each in new.cameras if each.id not in after),
        tuple(each.id for each in old.cameras if each.id not in before),
        tuple(shift for pair in pairs for shift in _shifts(*pair)),
    )


def _pairs(old: JobRecord, new: JobRecord) -> list[tuple[CameraRecord, CameraRecord]]:
    ids = {each.id: each for each in old.cameras}
    taken = {each.id for each in new.cameras if each.id in ids}
    serials = {
        (each.device.serial, each.source): each
        for each in old.cameras
        if each.id not in taken and each.device.serial
    }
    found = []
    for each in new.cameras:
        before = ids.get(each.id) or serials.pop((each.device.serial, each.source), None)
        if before is not None:
            found.append((before, each))
    return found


def _shifts(old: CameraRecord, new: CameraRecord) -> Iterator[Shift]:
    yield from _identity(old, new)
    before = {each.check: each for each in old.results}
    after = {each.check: each for each in new.results}
    for check in dict.fromkeys((*before, *after)):
        one, other = before.get(check), after.get(check)
        if one is None or other is None or _differ(one, other):
            yield Shift(new.id, check, _end(one), _end(other))


def _identity(old: CameraRecord, new: CameraRecord) -> Iterator[Shift]:
    for name in ("manufacturer", "model", "serial", "firmware", "hardware", "macs"):
        before, after = (_text(getattr(each.device, name)) for each in (old, new))
        if before != after:
            yield Shift(new.id, f"device.{name}", End(before), End(after))
    for name in ("id", "name", "url", "source", "username"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Shift(new.id, f"camera.{name}", End(before), End(after))


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _differ(old: CheckResult, new: CheckResult) -> bool:
    if old.outcome is not new.outcome:
        return True
    if old.outcome is Outcome.NOT_TESTED or old.check in RESTLESS or old.check.rpartition(".")[2] in RESTLESS:
        return False
    one, other = old.value, new.value
    if _is_figure(one) and _is_figure(other):
        return _drifted(old.check, float(one or 0), float(other or 0))
    return one != other


def _is_figure(value: Fact | None) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _drifted(check: str, old: float, new: float) -> bool:
    if check == "clock.offset":
        return abs(new - old) > CLOCK
    return abs(new - old) > DRIFT.get(check, USUAL) * abs(old)


def _end(result: CheckResult | None) -> End:
    return End() if result is None else End(result.value, result.unit, result.outcome)
