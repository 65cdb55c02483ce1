"""The simplest action: a line in the log."""

from __future__ import annotations

from pydantic import BaseModel

from engine.actions.base import params_of
from engine.actions.contract import Job
from engine.config.action_params import LogParams
from engine.runtime import log
from engine.text import Language, render

_log = log.get("decision")


class Log:
    """Writes a decision with its reason."""

    name = "log"
    Params: type[BaseModel] = LogParams

    def __init__(self, language: Language) -> None:
        self._language = language

    async def run(self, job: Job) -> str:
        """Write the line."""
        params, made = params_of(LogParams, job), job.decision
        getattr(_log, params.level)(
            "decision",
            rule=made.rule,
            phase=str(made.phase),
            severity=str(made.severity),
            camera=made.camera,
            title=made.title.get(self._language, ""),
            message=made.message.get(self._language, ""),
            dedup=made.dedup_key,
            reason=render(made.reason.code, made.reason.values, self._language),
            id=made.id,
        )
        return params.level
