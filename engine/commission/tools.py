"""What a commissioning works with: everything from outside comes in here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

from drivers import registry
from drivers.contract import Driver, Target, Webhooks
from engine.census.sighting import Sighting
from engine.commission.keeping.jobs import Jobs
from engine.commission.login.experience import Experience
from engine.commission.record import CheckResult, Risk, Step
from engine.commission.request import TOGETHER
from engine.commission.sheet.row import Row
from engine.commission.standard import Standard
from engine.commission.subject import Subject
from engine.config.credentials import Vault
from engine.config.settings import CameraSettings
from engine.fleet.login_guard import LoginBooks
from engine.runtime.clock import Clock

#: Seconds that a step may take at most, and more where its device may start anew.
SECONDS: Mapping[Step, float] = {
    Step.FIND: 30.0, Step.IDENTIFY: 60.0, Step.TIME: 60.0, Step.NAMES: 60.0, Step.STREAMS: 180.0,
    Step.PASSWORD: 180.0, Step.ADOPT: 60.0, Step.CHECK: 240.0,
}  # fmt: skip
#: Seconds that the long set of checks may take.
THOROUGH = 3600.0


class Examine(Protocol):
    """Looks at an open camera; see `engine.commission.checks`."""

    async def __call__(
        self, subject: Subject, *, thorough: bool, progress: Callable[[str], None]
    ) -> tuple[CheckResult, ...]:
        """Return a result for every check."""
        ...


#: Looks for cameras whose address nobody knows: who answers on the networks that a person named.
Look = Callable[[], Awaitable[Sequence[Sighting]]]


def driver_of(name: str, url: str) -> Driver:
    """Return a driver by its name, else by an address.

    Raises:
        DriverError: There is none.
    """
    return registry.load(name) if name else registry.for_url(url)


@dataclass(frozen=True, slots=True)
class Options:
    """What whoever began a job wants of it.

    Attributes:
        yes: Risks that were said yes to.
        steps: Those that are done; finding and logging in always are.
        only: Cameras that are done; empty: all.
        dry: Whether nothing is changed: what would be is noted as changes that were not made.
    """

    yes: frozenset[Risk] = frozenset()
    steps: frozenset[Step] = frozenset(Step)
    only: frozenset[str] = frozenset()
    thorough: bool = False
    adopt: bool = True
    together: int = TOGETHER
    dry: bool = False

    def wants(self, step: Step) -> bool:
        """Return whether a step is done."""
        return step in self.steps and (step is not Step.ADOPT or self.adopt)

    def allows(self, risk: Risk) -> bool:
        """Return whether a change may be made: what is safe may be, and what the standard itself asks for."""
        return risk in (Risk.SAFE, Risk.LOCKS) or risk in self.yes


@dataclass(frozen=True, slots=True)
class Tools:
    """What a commissioning works with.

    Attributes:
        configuration: The site's configuration file; references of the sheet start from its folder.
        configured: Cameras that it has, by id.
        standard: What the site wants; `wants`: from where its references start.
        random: One that nobody can guess: passwords come of it.
        examine: The acceptance checks; None: there are none here.
        look: Looks for cameras by their hardware; None: no network was named.
        answers: Looks who answers on the named networks, without a login; None likewise.
        experience: What devices of one kind took and refused.
    """

    configuration: Path
    configured: Mapping[str, CameraSettings]
    standard: Standard
    wants: Path
    jobs: Jobs
    books: LoginBooks
    clock: Clock
    random: Random
    driver: Callable[[str, str], Driver] = driver_of
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    examine: Examine | None = None
    look: Look | None = None
    answers: Look | None = None
    webhooks: Webhooks | None = None
    experience: Experience = field(default_factory=Experience)
    seconds: Mapping[Step, float] = field(default_factory=lambda: SECONDS)

    @property
    def vault(self) -> Vault:
        """Secrets that the sheet and the configuration refer to."""
        return Vault(self.configuration.parent)

    def target(self, url: str, row: Row) -> Target:
        """Return where a camera is, with the book of its device."""
        configured = self.configured.get(row.id)
        options = configured.options if configured is not None and configured.url == url else {}
        return Target(url, options, self.books.of(url), self.webhooks)
