"""Records of a village: who logged in, looked, moved a head, tried what they may not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from engine.api.question import Resource
from engine.api.resources import audit
from engine.api.services.audit import AuditService
from engine.identity.audit_body import read, written
from engine.identity.record import AuditRecord, Deed, Outcome
from engine.store.hashchain.audited import AuditFilter
from engine.store.model import Audited
from tests.fakes.village import NOW

AN = AuditRecord(
    "", who="p1", name="Nguyễn Văn An", principal="session", means="s7", address="10.0.0.7", basis="g1"
)
BINH = AuditRecord("", who="p2", name="Bình", principal="local user", address="unix", basis="g2")
#: What happened, the oldest first.
HAPPENED = (
    replace(AN, deed=Deed.LOGIN, basis=""),
    replace(AN, deed=Deed.LIVE, camera="cam-0", why="báo cáo mất trộm", about={"seconds": 12}),
    replace(AN, deed=Deed.STILL, camera="cam-1", times=42),
    replace(BINH, deed=Deed.PTZ, camera="cam-0", about={"preset": "Cổng", "speed": 0.5}),
    replace(
        BINH,
        deed=Deed.CONFIGURE,
        outcome=Outcome.REFUSED,
        basis="",
        code="access.no_role",
        about={
            "asked": "PUT /v1/cameras",
            "because.who": "Bình",
            "because.person": "Bình",
            "because.permission": "configure",
            "because.roles": "technician, admin",
        },
    ),
    replace(AN, deed=Deed.PTZ, camera="cam-3", outcome=Outcome.FAILED, code="camera.timeout"),
    AuditRecord(
        Deed.CONFIGURE, principal="engine", basis="engine", about={"how": "start", "unwatched": True}
    ),
    replace(BINH, deed="a new deed", camera="nobody-knows", why="\x1b[31mđỏ"),
)


def stored(happened: Iterable[AuditRecord] = HAPPENED) -> list[Audited]:
    """Return records as the store has them; of the oldest nothing is told any more."""
    found = []
    for nth, each in enumerate(happened, 1):
        at = NOW - timedelta(minutes=100 - nth)
        body = None if nth == 1 else written(each)
        found.append(Audited(f"r{nth}", nth * 10, str(each.deed), at, 0.0, each.camera, body, nth))
    return found


class Records:
    """Implements `engine.store.ports.Recorded` from a list."""

    def __init__(self, kept: list[Audited] | None = None) -> None:
        self.kept = stored() if kept is None else kept

    async def records(self, which: AuditFilter) -> list[Audited]:
        found = [each for each in reversed(self.kept) if _wanted(each, which)]
        return found[: which.limit]


def _wanted(kept: Audited, which: AuditFilter) -> bool:
    told = read(kept.deed, kept.camera, kept.body)
    asked = (
        (which.who, (told.who, told.name)),
        (which.deed, (kept.deed,)),
        (which.camera, (kept.camera,)),
        (which.outcome, (told.outcome.value,)),
    )
    return all(one is None or one in among for one, among in asked) and (
        which.before is None or kept.nth < which.before
    )


def resource(kept: Records) -> Resource:
    """Return the question about them, answered as the engine does."""
    return audit.resource(AuditService(kept))
