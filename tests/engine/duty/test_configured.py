"""By what the engine runs is on record: at its first start, after a command, and where nobody was watching."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from engine.duty.configured import Configured
from engine.identity.audit_body import written
from engine.identity.record import AuditRecord, Deed
from engine.store.hashchain.audited import AuditFilter
from engine.store.model import Audited
from tests.engine.storing import DAWN


@dataclass
class Log:
    """Implements what keeps records, and reads them."""

    kept: list[AuditRecord] = field(default_factory=list)
    left: list[AuditRecord] = field(default_factory=list)

    async def enter(self, record: AuditRecord) -> bool:
        self.kept.append(record)
        return True

    async def look(self) -> None:
        self.kept += self.left
        self.left.clear()

    async def settle(self) -> None:
        await asyncio.sleep(0)

    async def records(self, which: AuditFilter) -> list[Audited]:
        assert which.deed == Deed.CONFIGURE
        return [
            Audited(f"r{nth}", nth, each.deed, DAWN, 0.0, None, written(each), nth)
            for nth, each in reversed([*enumerate(self.kept, 1)])
        ]


def configured(log: Log, **digests: str) -> Configured:
    return Configured(log, log, lambda: digests)


async def test_the_first_start_is_no_change() -> None:
    log = Log()
    subject = configured(log, configuration="a", rules="b")
    await subject.begin()
    await subject.begun()
    (record,) = log.kept
    assert record.deed == Deed.CONFIGURE
    assert record.about == {"how": "start", "configuration": "a", "rules": "b"}
    await configured(log, configuration="a", rules="b").begin()
    assert len(log.kept) == 1


async def test_what_changed_while_nobody_was_watching() -> None:
    log = Log()
    await configured(log, configuration="a", rules="b").begin()
    await configured(log, configuration="a", rules="c").begin()
    assert log.kept[-1].about == {"how": "start", "rules": "c", "rules_before": "b", "unwatched": True}


async def test_what_a_command_left_is_watched() -> None:
    log = Log()
    await configured(log, configuration="a", rules="b").begin()
    log.left.append(AuditRecord(Deed.CONFIGURE, who="root", about={"configuration": "z"}))
    await configured(log, configuration="z", rules="b").begin()
    assert [each.who for each in log.kept] == ["", "root"]


async def test_a_reload_tells_what_is_other_by_now() -> None:
    log, digests = Log(), {"configuration": "a", "rules": "b"}
    subject = Configured(log, log, lambda: digests)
    await subject.begin()
    await subject.look("reload")
    assert len(log.kept) == 1
    digests["rules"] = "c"
    await subject.look("reload")
    assert log.kept[-1].about == {"how": "reload", "rules": "c", "rules_before": "b"}
