"""One look at one camera: what every check gets, and how it says what it found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from drivers.contract import Feature, Profile
from drivers.errors import DriverError
from drivers.printable import clean
from engine.commission.acceptance import Acceptance, Limit, worst
from engine.commission.record import CheckResult, Outcome
from engine.commission.subject import Subject
from engine.errors import reason_of
from engine.web.payload import Fact
from engine.web.sentence import Sentence
from rules.model import Sentence as Told

if TYPE_CHECKING:
    from engine.commission.checks.round_trips import RoundTrips
    from engine.commission.checks.watch import Watched

#: Signs of a device's text in a result.
LONGEST = 120
#: What may go wrong with a device without anything being wrong with us.
FAULTS = (DriverError, OSError, TimeoutError)


@dataclass(slots=True)
class Look:
    """What is looked at, and what was measured so far for checks of several groups.

    Attributes:
        features: What the device's configuration has, by id; `mute`: why that is not known; None: it is.
        trips: Its answers, one by one; None: nobody has asked yet.
        watched: Its streams by profile.
        until: When, by the loop's clock, everything has to be over.
    """

    subject: Subject
    acceptance: Acceptance
    thorough: bool
    progress: Callable[[str], None]
    features: dict[str, Feature] = field(default_factory=dict)
    mute: BaseException | None = None
    trips: RoundTrips | None = None
    watched: dict[str, Watched] = field(default_factory=dict)
    until: float | None = None

    @property
    def host(self) -> str:
        """What the camera is called in a sentence."""
        return self.subject.expected.id

    def value(self, feature: str) -> Fact | None:
        """Return a present value of the configuration as it goes into a result; None: it is not known."""
        found = self.subject.values.get(feature)
        return found if found is None or isinstance(found, (bool, int, float)) else text(found)

    def good(self, check: str, code: str, value: Fact | None = None, **values: Fact) -> CheckResult:
        """Return that something is as it should be."""
        return self.said(check, Outcome.PASS, code, value, **values)

    def bad(self, check: str, code: str, value: Fact | None = None, **values: Fact) -> CheckResult:
        """Return that something is not as it should be: as grave as the site takes it."""
        rule = self.acceptance.rule(check)
        return self.said(check, Outcome.FAIL if rule is None else worst(rule), code, value, **values)

    def untested(self, check: str, code: str, value: Fact | None = None, **values: Fact) -> CheckResult:
        """Return that something was not tried, and why."""
        return self.said(check, Outcome.NOT_TESTED, code, value, **values)

    def broken(self, check: str, error: BaseException) -> CheckResult:
        """Return that something could not be tried, because of a fault."""
        return self._made(check, Outcome.NOT_TESTED, None, reason_of(error) or Told("check.off"))

    def measured(self, check: str, value: float, good: str, bad: str, **values: Fact) -> CheckResult:
        """Return what a figure is worth."""
        limit = self.acceptance.rule(check)
        assert isinstance(limit, Limit)  # noqa: S101 - by the check's id; told to the type checker
        outcome, shown = limit.judged(value), rounded(value)
        code = good if outcome is Outcome.PASS else bad
        return self.said(check, outcome, code, shown, value=shown, **values)

    def said(
        self, check: str, outcome: Outcome, code: str, value: Fact | None = None, /, **values: Fact
    ) -> CheckResult:
        """Return a result with its sentence; one that the site left out is not tested, whatever was found."""
        rule = self.acceptance.rule(check)
        if rule is not None and rule.is_off:
            return self._made(check, Outcome.NOT_TESTED, value, Told("check.off"))
        return self._made(check, outcome, value, Told(code, values))

    def _made(self, check: str, outcome: Outcome, value: Fact | None, told: Told) -> CheckResult:
        rule = self.acceptance.rule(check)
        limit = rule if isinstance(rule, Limit) else None
        return CheckResult(
            check=check,
            outcome=outcome,
            value=value,
            unit=limit.unit if limit and value is not None else "",
            threshold=limit.written if limit else "",
            source=rule.source if rule else "",
            reason=Sentence.of(told),
        )

    async def each(
        self, group: str, checks: Sequence[str], run: Callable[[Look], Awaitable[Sequence[CheckResult]]]
    ) -> list[CheckResult]:
        """Run a group's checks; what a fault keeps from being found is not tested, and says why.

        Args:
            checks: Every id that the group answers for.
        """
        self.progress(group)
        over = asyncio.timeout_at(self.until)
        try:
            async with over:
                return list(await run(self))
        except FAULTS as error:
            if over.expired():
                return [self.untested(check, "check.out_of_time") for check in checks]
            return [self.broken(check, error) for check in checks]

    async def one(self, check: str, run: Callable[[Look], Awaitable[CheckResult]]) -> CheckResult:
        """Run one check; a fault costs this one, and no other of its group."""
        try:
            return await run(self)
        except FAULTS as error:
            return self.broken(check, error)


def text(value: object) -> str:
    """Return what a device said, harmless and short."""
    return clean(str(value))[:LONGEST]


def step(token: str) -> str:
    """Return a device's token as a part of an id, as drivers write it in ids of features."""
    return quote(token, safe="").replace(".", "%2E")


def rounded(value: float) -> float:
    """Return a figure as people read it: three digits that count, all of those before the point."""
    return float(f"{value:.3g}") if abs(value) < 1000 else float(round(value))


def label(profile: Profile) -> str:
    """Return what a profile is called in ids of checks."""
    return step(text(profile.token))
