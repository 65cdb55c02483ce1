"""Reading rules and cameras again while the engine runs: good ones are adopted, bad ones change nothing and are told.

All or nothing: rules are held against the cameras, groups and days of the same reading. What else is written in
``matthan.yaml`` takes effect at a restart, and whoever asks is told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from engine.config.configuration import Report, check, world
from engine.config.settings import CameraSettings, Settings
from engine.fleet.fleet import NO_CHANGES, FleetChanges
from engine.judging.rulebook import Rulebook, bound
from engine.runtime import log
from rules.compiler.ruleset import RuleSet
from rules.document.source import Gravity, Problem
from rules.evaluator.adoption import Comparison, RuleChanges
from rules.model import RuleName, Sentence

_log = log.get(__name__)

#: Keys of the configuration that take effect without a restart.
LIVE = ("rules", "cameras", "groups", "holidays", "location")
#: Problems of one bad reload that are logged at most; the rest are counted.
LOGGED = 20


class Adopter(Protocol):
    """What a reload asks of the judge."""

    rules: RuleSet

    async def adopt(self, book: Rulebook, compared: Comparison | None = None) -> RuleChanges:
        """Judge by other rules from now on; return when that is durable."""
        ...

    def remembered(self, names: Iterable[RuleName]) -> int:
        """Return how many rows some rules have."""
        ...


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """What came of a reload.

    Attributes:
        changes: What became of each rule; None: the rules are bad, and the old ones go on.
        adopted: Whether other rules than before are judged by.
        problems: Every one of every file, warnings too.
        rules: How many are judged by now.
        remembered: Rows of the rules that go on with what they remember.
        restart: Keys of the configuration that have changed too: they take effect at a restart.
        cameras: What became of the cameras.
    """

    changes: RuleChanges | None
    adopted: bool
    problems: tuple[Problem, ...]
    rules: int = 0
    remembered: int = 0
    restart: tuple[str, ...] = ()
    cameras: FleetChanges = NO_CHANGES


async def _no_cameras(_: Sequence[CameraSettings]) -> FleetChanges:
    return NO_CHANGES


@dataclass
class Reloader:
    """Reloads when asked, one at a time; `run` is its one task.

    Attributes:
        settings: Those that the engine runs with.
        book: What was adopted last.
        live: Told of rules that are judged by, so that what hangs on them follows.
        asked: Set it to ask without waiting (SIGHUP).
        watch: Lets other cameras watch from now on.
    """

    path: Path
    settings: Settings
    book: Rulebook
    judge: Adopter
    live: Callable[[RuleSet], Awaitable[None]]
    asked: asyncio.Event
    watch: Callable[[Sequence[CameraSettings]], Awaitable[FleetChanges]] = _no_cameras
    _ticket: asyncio.Future[ReloadOutcome] | None = None
    _trouble: Sentence | None = None
    _restart: tuple[str, ...] = ()

    def problems(self) -> Iterator[Sentence]:
        """Yield what a person should know about the files now."""
        if self._trouble is not None:
            yield self._trouble
        if self._restart:
            yield Sentence("rules.restart_needed", {"keys": ", ".join(self._restart)})

    async def reload(self) -> ReloadOutcome:
        """Read rules and cameras again. All who ask while one reload is under way share the next."""
        if self._ticket is None:
            self._ticket = asyncio.get_running_loop().create_future()
            self.asked.set()
        return await asyncio.shield(self._ticket)

    async def run(self) -> None:
        """Serve whoever asks, for ever."""
        while True:
            await self.asked.wait()
            self.asked.clear()
            ticket, self._ticket = self._ticket, None
            try:
                outcome = await self._once()
            except (
                Exception
            ) as error:  # a bug in reading must not end the judging; it is told, and to who asked
                _log.exception("rules not reloaded")
                self._trouble = Sentence("rules.reload_failed", {"detail": repr(error)})
                if ticket is not None:
                    ticket.set_exception(error)
            else:
                if ticket is not None:
                    ticket.set_result(outcome)

    async def _once(self) -> ReloadOutcome:
        read = await asyncio.to_thread(_read, self.path, self.settings, self.judge.rules)
        self._restart = read.restart
        if read.book is None:
            return self._refuse(read)
        self._trouble = None
        same = read.book.digest == self.book.digest
        found = read.compared.changes if same else await self.judge.adopt(read.book, read.compared)
        if not same:
            gone, self.book = [self.book], read.book
            await self.live(read.book.rules)
            await asyncio.to_thread(_retire, gone)
        cameras = await self.watch(read.settings.cameras)
        self.settings = read.settings
        _log.info(
            "rules reloaded",
            added=len(found.added),
            removed=len(found.removed),
            changed=len(found.changed),
            kept=len(found.kept),
        )
        return ReloadOutcome(
            found,
            not same,
            read.problems,
            rules=len(self.judge.rules.rules),
            remembered=self.judge.remembered(found.kept),
            restart=read.restart,
            cameras=cameras,
        )

    def _refuse(self, read: _Reading) -> ReloadOutcome:
        errors = [each for each in read.problems if each.severity is Gravity.ERROR]
        first = errors[0]
        place = f"{first.source}:{first.line}:{first.column}"
        self._trouble = Sentence("rules.refused", {"count": len(errors), "place": place})
        _log.error("rules refused; the old ones go on", problems=len(errors))
        for problem in errors[:LOGGED]:
            _log.error("rule problem", problem=str(problem))
        return ReloadOutcome(None, False, read.problems)


@dataclass(frozen=True, slots=True)
class _Reading:
    book: Rulebook | None
    compared: Comparison
    problems: tuple[Problem, ...]
    restart: tuple[str, ...]
    settings: Settings


def _read(path: Path, running: Settings, before: RuleSet) -> _Reading:
    """Read, compile and compare; blocking, and seconds of work where there are thousands of rules."""
    report = check(path, running=running)
    reading, written = _reading(report, running, before), list(report.checked.written)
    del report
    _let_go(written)
    return reading


def _reading(report: Report, running: Settings, before: RuleSet) -> _Reading:
    restart = () if report.settings is None else _changed(report.settings, running)
    if report.configuration is None:
        return _Reading(None, Comparison.of(before, before), report.problems, restart, running)
    there, files, rules = (
        report.configuration.settings,
        report.configuration.rules_files,
        report.configuration.rules,
    )
    settings = running.model_copy(update={name: getattr(there, name) for name in LIVE})
    rules.prepare()
    book, found = bound(files, world(settings), rules), Comparison.of(before, rules)
    return _Reading(book, found, report.problems, restart, settings)


def _retire(books: list[Rulebook]) -> None:
    """Free rules that nobody judges by any more."""
    _let_go(list(books.pop().rules.rules))


def _let_go(things: list[Any]) -> None:
    """Free thousands of things one by one: all at once would hold up every other thread."""
    while things:
        things.pop()


def _changed(there: Settings, running: Settings) -> tuple[str, ...]:
    """Return the keys whose values take effect at a restart only."""
    names = (name for name in Settings.model_fields if name not in LIVE)
    return tuple(name for name in names if getattr(there, name) != getattr(running, name))
