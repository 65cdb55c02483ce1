"""Records of what people do, as lines of the log."""

from __future__ import annotations

from engine.identity.record import AuditRecord
from engine.runtime import log

logger = log.get(__name__)


class LogAuditor:
    """Implements `engine.identity.record.Auditor`: one line for each record."""

    def check(self) -> None:
        """The log takes everything."""

    async def record(self, record: AuditRecord) -> None:
        """Write a line."""
        about = {f"of_{name}": value for name, value in record.about.items()}
        logger.info(
            "audit", deed=record.deed, outcome=record.outcome.value, who=record.who, camera=record.camera,
            basis=record.basis, code=record.code, address=record.address, **about,
        )  # fmt: skip
