"""Reading the rules again while the engine runs: good ones are adopted, bad ones leave all as it is and are told.

Only rules are reloaded, and the named values in their files. They are held against the site as it runs: a camera
that was written into ``matthan.yaml`` since is not there before a restart, and whoever asks is told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine import log
from engine.api import wire
from engine.api.problems import refusal
from engine.configuration import check, world
from engine.rulebook import Rulebook, bound
from engine.settings import Settings
from rules.compiler.ruleset import RuleSet
from rules.document.source import Gravity, Problem
from rules.evaluator.adoption import RuleChanges, compare
from rules.model import RuleName, Sentence

_log = log.get(__name__)

#: Problems of one bad reload that are logged at most; the rest are counted.
LOGGED = 20


class Adopter(Protocol):
    """What a reload asks of the judge."""

    rules: RuleSet

    async def adopt(self, book: Rulebook) -> RuleChanges:
        """Judge by other rules from now on; return when that is durable."""
        ...

    def remembered(self, names: Iterable[RuleName]) -> int:
        """Return how many rows some rules have."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a reload.

    Attributes:
        found: What became of each rule; None: the rules are bad, and the old ones go on.
        adopted: Whether other rules than before are judged by.
        problems: Every one of every file, warnings too.
    """

    found: RuleChanges | None
    adopted: bool
    problems: tuple[Problem, ...]


@dataclass
class Reloader:
    """Reloads when asked, one at a time; `run` is its one task.

    Attributes:
        settings: Those that the engine runs with.
        book: What was adopted last.
        live: Told of rules that are judged by, so that what hangs on them follows.
        asked: Set it to ask without waiting (SIGHUP).
    """

    path: Path
    settings: Settings
    book: Rulebook
    judge: Adopter
    live: Callable[[RuleSet], Awaitable[None]]
    asked: asyncio.Event
    _ticket: asyncio.Future[Outcome] | None = None
    _trouble: Sentence | None = None
    _restart: tuple[str, ...] = ()

    def problems(self) -> Iterator[Sentence]:
        """Yield what a person should know about the rule files now."""
        if self._trouble is not None:
            yield self._trouble
        if self._restart:
            yield Sentence("rules.restart_needed", {"keys": ", ".join(self._restart)})

    async def reload(self) -> Outcome:
        """Read the rules again. All who ask while one reload is under way share the next."""
        if self._ticket is None:
            self._ticket = asyncio.get_running_loop().create_future()
            self.asked.set()
        return await asyncio.shield(self._ticket)

    async def tell(self) -> wire.RulesReloaded:
        """Read the rules again, for a client.

        Raises:
            Refusal: The rules are bad; with every problem.
        """
        outcome = await self.reload()
        problems = tuple(map(_on_the_wire, outcome.problems))
        if (found := outcome.found) is None:
            errors = sum(each.severity == "error" for each in problems)
            raise refusal(422, "rules.not_adopted", problems, count=errors)
        return wire.RulesReloaded(
            adopted=outcome.adopted,
            rules=len(self.judge.rules.rules),
            added=found.added,
            removed=found.removed,
            changed=found.changed,
            edited=found.edited,
            kept=len(found.kept),
            remembered=self.judge.remembered(found.kept),
            warnings=problems,
            restart=self._restart,
        )

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

    async def _once(self) -> Outcome:
        read = await asyncio.to_thread(_read, self.path, self.settings)
        self._restart = read.restart
        if read.book is None:
            return self._refuse(read)
        self._trouble = None
        before, same = self.judge.rules, read.book.digest == self.book.digest
        found = compare(before, before) if same else await self.judge.adopt(read.book)
        if not same:
            self.book = read.book
            await self.live(read.book.rules)
        _log.info(
            "rules reloaded",
            added=len(found.added),
            removed=len(found.removed),
            changed=len(found.changed),
            kept=len(found.kept),
        )
        return Outcome(found, not same, read.problems)

    def _refuse(self, read: _Reading) -> Outcome:
        errors = [each for each in read.problems if each.severity is Gravity.ERROR]
        first = errors[0]
        place = f"{first.source}:{first.line}:{first.column}"
        self._trouble = Sentence("rules.refused", {"count": len(errors), "place": place})
        _log.error("rules refused; the old ones go on", problems=len(errors))
        for problem in errors[:LOGGED]:
            _log.error("rule problem", problem=str(problem))
        return Outcome(None, False, read.problems)


@dataclass(frozen=True, slots=True)
class _Reading:
    book: Rulebook | None
    problems: tuple[Problem, ...]
    restart: tuple[str, ...]


def _read(path: Path, running: Settings) -> _Reading:
    """Read and compile; blocking, and seconds of work where there are thousands of rules."""
    report = check(path, running=running)
    restart = () if report.settings is None else _changed(report.settings, running)
    if report.configuration is None:
        return _Reading(None, report.problems, restart)
    files, rules = report.configuration.rules_files, report.configuration.rules
    rules.prepare()
    return _Reading(bound(files, world(running), rules), report.problems, restart)


def _changed(there: Settings, running: Settings) -> tuple[str, ...]:
    """Return the keys whose values take effect at a restart only; which files hold rules is read again."""
    names = (name for name in Settings.model_fields if name != "rules")
    return tuple(name for name in names if getattr(there, name) != getattr(running, name))


def _on_the_wire(found: Problem) -> wire.FileProblem:
    return wire.FileProblem(
        source=found.source,
        line=found.line,
        column=found.column,
        key=found.key,
        severity=found.severity.value,
        code=found.code,
        values=dict(found.values),
        suggestion=found.suggestion,
        vi=found.sentence("vi"),
        en=found.sentence("en"),
    )
