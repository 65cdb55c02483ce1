"""Records of the audit log as clients ask for them."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.api import present
from engine.api.recording import BECAUSE
from engine.api.resources.audit import Record, RecordQuery
from engine.api.sentence import Sentence as WireSentence
from engine.identity.audit_body import read
from engine.identity.record import AuditRecord
from engine.store.hashchain.audited import AuditFilter
from engine.store.model import Audited
from engine.store.ports import Recorded
from rules.model import Sentence


class AuditService:
    """Implements `engine.api.resources.audit.AuditPort`."""

    def __init__(self, store: Recorded) -> None:
        self._store = store

    async def records(self, which: RecordQuery) -> list[Record]:
        """Return records, newest first."""
        found = await self._store.records(
            AuditFilter(
                before=which.before,
                limit=which.limit,
                who=which.who,
                deed=which.what,
                camera=which.camera,
                outcome=which.outcome,
                since=_aware(which.since),
                until=_aware(which.until),
            )
        )
        return [presented(each) for each in found]


def presented(kept: Audited) -> Record:
    """Return a record as clients see it."""
    told = read(kept.deed, kept.camera, kept.body)
    return Record(
        nth=kept.nth,
        seq=kept.seq,
        id=kept.id,
        deed=kept.deed,
        said=_said(kept.deed),
        at=kept.at,
        camera=kept.camera,
        told=kept.body is not None,
        outcome=told.outcome,
        who=told.who,
        name=told.name,
        principal=told.principal,
        means=told.means,
        address=told.address,
        basis=told.basis,
        because=_because(told),
        why=told.why,
        about={name: value for name, value in told.about.items() if not name.startswith(BECAUSE)},
        times=told.times,
    )


def _said(deed: str) -> WireSentence:
    """Return a deed in words; one that has none is called what it is called."""
    code = f"deed.{deed}"
    told = present.sentence(Sentence(code))
    return told if told.en != code else told.model_copy(update={"vi": deed, "en": deed})


def _because(told: AuditRecord) -> WireSentence | None:
    if not told.code:
        return None
    named = {
        name.removeprefix(BECAUSE): value for name, value in told.about.items() if name.startswith(BECAUSE)
    }
    return present.sentence(Sentence(told.code, named))


def _aware(at: datetime | None) -> datetime | None:
    """Return a time with its zone; without one it is UTC's."""
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
