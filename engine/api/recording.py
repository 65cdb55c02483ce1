"""What is asked, as it stands in the audit log: who, where, by which grant, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from engine.api.question import Inquiry, Question
from engine.identity.caller import Caller
from engine.identity.record import Auditor, AuditRecord, Deed, Outcome
from engine.web.refusals import HttpProblem, refusal
from rules.model import Fact

#: Characters of a value that are recorded.
LONGEST = 200
#: What stands before the name of a value of the sentence that says why it was refused or failed.
BECAUSE = "because."
_Any = Question[Any, Any, Any]


class Recorder:
    """Records questions that are deeds, and everything that somebody may not.

    Args:
        auditor: Keeps the records.
        asks_why: Deeds of which it must be said why.
    """

    def __init__(self, auditor: Auditor, asks_why: frozenset[str] = frozenset()) -> None:
        self._auditor, self._asks_why = auditor, asks_why

    def before(self, question: _Any, caller: Caller) -> None:
        """Look whether a deed may be done.

        Raises:
            Refusal: ``audit.behind``: it could not be recorded.
            HttpProblem: 422 ``access.why``: it must be said why.
        """
        if question.deed is None:
            return
        self._auditor.check()
        if question.deed in self._asks_why and not caller.why:
            raise refusal(422, "access.why", deed=question.deed.value)

    async def after(
        self, question: _Any, caller: Caller, asked: Inquiry[Any, Any] | None, error: BaseException | None
    ) -> None:
        """Record how it ended; what was only malformed was no deed."""
        outcome, code = _ended(error)
        done = question.deed is not None and asked is not None and not question.told_by_answerer
        if outcome is Outcome.REFUSED or done:
            await self._auditor.record(_record(question, caller, asked, outcome, code, _values(error)))


def _ended(error: BaseException | None) -> tuple[Outcome, str]:
    if error is None:
        return Outcome.DONE, ""
    if isinstance(error, HttpProblem) and error.status == 403:
        return Outcome.REFUSED, error.code
    return Outcome.FAILED, str(getattr(error, "code", "")) or type(error).__name__


def _values(error: BaseException | None) -> dict[str, Fact]:
    """Return what the sentence names that says why."""
    found = getattr(error, "values", {})
    return {f"{BECAUSE}{name}": value for name, value in found.items()} if isinstance(found, Mapping) else {}


def _record(
    question: _Any,
    caller: Caller,
    asked: Inquiry[Any, Any] | None,
    outcome: Outcome,
    code: str,
    because: Mapping[str, Fact],
) -> AuditRecord:
    return caller.record(
        question.deed or Deed.ASK,
        outcome,
        camera=caller.trail.camera,
        code=code,
        about={
            "asked": f"{question.method} {question.path}",
            "permission": question.needs.value,
            **(_about(asked) if asked is not None else {}),
            **because,
        },
    )


def _about(asked: Inquiry[Any, Any]) -> dict[str, Fact]:
    """Return what was asked for, in plain values; what pydantic knows as secret is not told."""
    told: dict[str, Fact] = {name: value[:LONGEST] for name, value in asked.names.items()}
    for model in (asked.query, asked.body):
        if isinstance(model, BaseModel):
            told |= dict(_plain("", model.model_dump(mode="json", exclude_defaults=True)))
    return told


def _plain(above: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Fact]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _plain(f"{above}{name}.", value)
        elif isinstance(value, bool | int | float):
            yield f"{above}{name}", value
        elif value is not None:
            yield f"{above}{name}", str(value)[:LONGEST]
