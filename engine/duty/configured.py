"""By which configuration and rules the engine runs, recorded: also where a file was changed while nobody was watching.

Whoever changes them by a command or through the API is on record by name. An editor leaves no name; that the files are
not those of the last record, and since when, is recorded all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from engine.identity.audit_body import read
from engine.identity.record import AuditRecord, Deed
from engine.store.hashchain.audited import AuditFilter
from engine.store.ports import Recorded
from rules.model import Fact

#: Under which names a record has the digests.
CONFIGURATION, RULES = "configuration", "rules"
#: Records that are looked through for the last digests.
FAR: Final = 500


class Entering(Protocol):
    """Who keeps records."""

    async def enter(self, record: AuditRecord) -> bool:
        """Keep a record of now; return whether it is durable."""
        ...

    async def look(self) -> None:
        """Hand in what commands left."""
        ...

    async def settle(self) -> None:
        """Wait until what waits now is durable, but not for ever."""
        ...


class Configured:
    """Holds the digests of what the engine runs by against those of the last record.

    Args:
        digests: Returns them, by `CONFIGURATION` and `RULES`.
    """

    def __init__(self, audit: Entering, store: Recorded, digests: Callable[[], Mapping[str, str]]) -> None:
        self._audit, self._store, self._digests = audit, store, digests
        self._begun = asyncio.Event()

    async def begin(self) -> None:
        """Look at the start, once it is known what commands changed before."""
        await self._audit.look()
        await self._audit.settle()
        await self.look("start")
        self._begun.set()

    async def begun(self) -> None:
        """Wait until what is run by at this start is on record."""
        await self._begun.wait()

    async def look(self, how: str) -> None:
        """Record what changed, at a ``start`` or a ``reload``."""
        now = self._digests()
        before = _last(await self._store.records(AuditFilter(deed=Deed.CONFIGURE, limit=FAR)), now)
        changed = {name: digest for name, digest in now.items() if before.get(name) != digest}
        if not changed:
            return
        about: dict[str, Fact] = {"how": how, **changed}
        about |= {f"{name}_before": before[name] for name in changed if name in before}
        if how == "start" and before:
            about["unwatched"] = True
        await self._audit.enter(AuditRecord(Deed.CONFIGURE, principal="engine", basis="engine", about=about))


class _Row(Protocol):
    @property
    def camera(self) -> str | None: ...
    @property
    def body(self) -> str | None: ...


def _last(records: Iterable[_Row], names: Iterable[str]) -> dict[str, str]:
    """Return the last digest of each that a record names; records come newest first."""
    found = dict[str, str]()
    for each in records:
        about = read(Deed.CONFIGURE, each.camera, each.body).about
        for name in names:
            if name in about:
                found.setdefault(name, str(about[name]))
    return found
