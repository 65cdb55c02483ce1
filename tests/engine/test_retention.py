"""What is told of records goes with its age: recorded before it goes, told afterwards, and the log stays whole."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from engine.actions.album import Album
from engine.draft import Draft
from engine.identity.audit_body import written
from engine.identity.record import AuditRecord
from engine.retention import Retention
from engine.runtime.clock import ManualClock
from engine.store.db import Store, open_store
from engine.store.hashchain.audited import AuditFilter
from engine.store.hashchain.examination import examine
from engine.store.media import MediaFolder
from engine.store.model import Audited, Verdict
from rules.model import CameraId, Change, EventId, Kind
from tests.engine.storing import clock

__all__ = ["clock"]
DAY = timedelta(days=1)


class Site:
    """Retention over a real store, and somebody who commits what it hands in."""

    def __init__(self, store: Store, clock: ManualClock, folder: Path) -> None:
        self.store, self.clock, self.seq, self.durable = store, clock, 0, True
        album = Album(MediaFolder(folder / "snapshots"), store, clock)
        self.retention = Retention(
            store, album, clock, 30 * DAY, self.offer, keep_audit=400 * DAY, audit=self
        )  # fmt: skip

    async def offer(self, draft: Draft) -> None:
        self.seq += 1
        event = draft.issue(EventId(f"e{self.seq}"), "site", self.seq, self.clock.wall, self.clock.engine)
        await self.store.commit(Verdict((event,), (), (), (), self.clock.mark()))

    async def enter(self, record: AuditRecord) -> bool:
        if self.durable:
            self.seq += 1
            told = Audited(
                f"r{self.seq}", self.seq, str(record.deed), self.clock.wall, self.clock.engine, record.camera,
                written(record),
            )  # fmt: skip
            await self.store.commit(Verdict((), (), (), (), self.clock.mark(), audits=(told,)))
        return self.durable

    async def told(self) -> list[str]:
        """What is told of each, the oldest first."""
        return [each.body or "-" for each in reversed(await self.store.records(AuditFilter(limit=999)))]


async def test_it_is_recorded_first_and_told_afterwards(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        site = Site(store, clock, tmp_path)
        for day in range(5):
            await site.enter(AuditRecord("ptz", who="an", about={"day": day}))
            clock.advance(DAY.total_seconds())
        clock.advance(timedelta(days=397).total_seconds())
        await site.retention.prune()
        gone, *kept = (await site.told())[1:]
        assert gone == "-"
        assert [json.loads(each).get("about", {}).get("day") for each in kept] == [2, 3, 4, None]
        about = json.loads(kept[-1])["about"]
        assert about == {"what": "audit", "why": "age", "rows": 2, "last": 2, "before": about["before"]}
        (event,) = await store.events()
        assert (event.label, event.facts["what"], event.facts["rows"]) == ("engine.forgot", "audit", 2)
        assert await store.deletions() == []
        await site.retention.prune()
        assert len(await site.told()) == 6  # nothing more to do
    found = examine(path)
    assert found.whole, found.findings
    assert found.emptied == 2


async def test_what_cannot_be_recorded_stays(tmp_path: Path, clock: ManualClock) -> None:
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        await store.load()
        site = Site(store, clock, tmp_path)
        await site.enter(AuditRecord("ptz", who="an"))
        clock.advance(timedelta(days=500).total_seconds())
        site.durable = False
        await site.retention.prune()
        assert "-" not in await site.told()


async def test_more_than_their_share_goes_though_it_is_young(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        store._most = 10
        site = Site(store, clock, tmp_path)
        for _ in range(15):
            await site.enter(AuditRecord("ptz", who="an"))
            clock.advance(60)
        await site.retention.prune()
        told = await site.told()
        assert (told.count("-"), json.loads(told[-1])["about"]["why"]) == (4, "room")
    assert examine(path).whole


async def test_what_went_between_two_looks_is_told_soon(tmp_path: Path, clock: ManualClock) -> None:
    """Room is made by the store itself: until the log tells of it, it could have been anybody."""
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        site = Site(store, clock, tmp_path)
        await site.offer(_draft(clock))
        await site.enter(AuditRecord("ptz", who="an"))
        assert await store._make_room()
        assert not examine(path).whole
        await site.retention.tell()
        assert examine(path).whole


def _draft(clock: ManualClock) -> Draft:
    return Draft(Kind.MOTION, Change.BEGAN, CameraId("gate"), clock.wall)
