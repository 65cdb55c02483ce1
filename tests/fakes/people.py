"""What the store keeps of people, in lists; and who lets people in over it, at the cost of a moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, tzinfo
from random import Random

from engine.errors import StoreFull
from engine.identity.callers import Callers
from engine.identity.entry.passwords import Cost, Passwords
from engine.identity.entry.porter import Porter
from engine.identity.record import Auditor
from engine.runtime.clock import ManualClock
from engine.store.codec import Columns
from engine.store.people import Change, Row, Table

#: A password that is taken, and the least that a hash costs.
GOOD = "chiếc xe đạp màu xanh"
CHEAP = Cost(memory=8, rounds=1)


class FakePeople:
    """Implements `engine.store.ports.People`; refuses while it is `full`."""

    def __init__(self) -> None:
        self.rows: dict[Table, dict[object, Row]] = {table: {} for table in Table}
        self.full = False
        self.writes = 0

    async def people(self, table: Table) -> list[Columns]:
        return list(self.rows[table].values())

    async def keep_people(self, changes: Sequence[Change]) -> None:
        if self.full:
            raise StoreFull("full")
        self.writes += 1
        for each in changes:
            if each.gone:
                self.rows[each.table].pop(each.row[0], None)
            else:
                self.rows[each.table][each.row[0]] = each.row


def no_groups(_: str) -> Collection[str]:
    """A site without groups."""
    return ()


def porter(
    auditor: Auditor,
    *,
    kept: FakePeople | None = None,
    clock: ManualClock | None = None,
    zone: tzinfo = UTC,
    groups: Callable[[str], Collection[str]] = no_groups,
) -> Porter:
    """Return who lets people in at a site where nobody is registered."""
    random = Random(7).randbytes
    return Porter.of(
        kept or FakePeople(),
        clock or ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC), engine=10_000.0),
        random,
        auditor,
        zone=zone,
        groups=groups,
        context=("ngo-12",),
        passwords=Passwords(random, CHEAP),
    )


def callers(porter: Porter) -> Callers:
    """Return who makes callers."""
    return Callers(porter.book, no_groups)
