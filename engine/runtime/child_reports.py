"""What supervised children report, in the log: what changed, and no line more."""

from __future__ import annotations

from engine import text
from engine.errors import reason_of
from engine.runtime import log
from engine.runtime.supervisor import Health

logger = log.get(__name__)


class ChildReports:
    """The supervisor's report line: a child that keeps failing in the same way is one line, not one per try."""

    def __init__(self) -> None:
        self._logged: dict[str, tuple[Health, str | None]] = {}

    async def report(self, name: str, health: Health, error: BaseException | None) -> None:
        """Log how a child is, where that is news."""
        reason = reason_of(error)
        sentence = None if reason is None else text.render(reason.code, reason.values, "en")
        if self._logged.get(name) == (health, sentence):
            return
        self._logged[name] = (health, sentence)
        if health in (Health.FAILED, Health.DEGRADED):
            logger.error("failed", child=name, health=str(health), exc_info=error)
        elif health is not Health.ENDED:
            logger.warning("trouble", child=name, health=str(health), reason=sentence)

    def forget(self, name: str) -> None:
        """Note that a child had recovered: the same trouble is news again."""
        self._logged.pop(name, None)
