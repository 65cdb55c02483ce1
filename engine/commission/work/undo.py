"""Taking back what a job changed of a camera: the password first, then the last change first.

What somebody else has changed since is left as it is, and told; so is what nobody knows an old value of. A device is
never reset, and its addresses are never touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from drivers.contract import FeatureKind, Login
from engine.census.sighting import Expected
from engine.commission.keeping.entry import Entry, Stage
from engine.commission.keeping.journal import Journal
from engine.commission.login.approach import Visit, place_of, visited
from engine.commission.login.renewal import renewal_of
from engine.commission.login.secret_files import secret_in
from engine.commission.plan.wish import Offer, Wish, same
from engine.commission.record import CameraRecord, Change, Risk
from engine.commission.sheet.row import Row
from engine.commission.tools import Options, Tools
from engine.commission.work.device_job import key_in_file
from engine.commission.work.setting import Setter
from engine.commission.work.telling import told
from engine.errors import Because, Refusal
from engine.fleet.features import as_value
from rules.model import Sentence


@dataclass(slots=True)
class Undo:
    """Takes back what one job changed of one camera; whatever was taken back already stays so."""

    tools: Tools
    options: Options
    journal: Journal
    camera: str

    async def run(self) -> CameraRecord:
        """Take all back that can be; return the camera as it is recorded then.

        Raises:
            Refusal: Nobody is there, no login fits, it is another device, or its password cannot be said.
            DriverError: It does not answer.
        """
        row = row_of_record(self._record)
        url = await place_of(self.tools, row)
        async with visited(self.tools, row, url) as visit:
            self._check(visit)
            await self._password(visit)
            setter = Setter(self.tools, visit, self.journal, self.camera)
            ids = {each.feature for each in self._open}
            offer = await setter.offer(lambda each: each.id in ids)
            for group in _together(reversed(self._open)):
                await self._take_back(setter, offer, group)
        return self._record

    def _check(self, visit: Visit) -> None:
        """Refuse another device than the one that was changed."""
        before, now = self._record.device.serial, visit.device.info.serial
        if before and now and before != now:
            raise Refusal(Because.CONFLICT, "commission.another", found=now, wanted=before)

    # -- its password -------------------------------------------------------------------------------

    async def _password(self, visit: Visit) -> None:
        """Set the old password again, by the same steps that set the new one."""
        note = self.journal.ledger.secrets.get(self.camera)
        if note is None or visit.key is None:
            return
        renewal = renewal_of(self.tools, self.journal, self.camera, visit)
        if note.stage is Stage.ABOUT and visit.key.note is not None:
            await renewal.take_over(visit.key)
            visit.key = key_in_file(visit.key, renewal.files.reference)
            note = self.journal.ledger.secrets[self.camera]
        if (note.stage is Stage.DONE) is note.undo:  # nothing was set, or it was taken back
            return
        kept = renewal.files.kept
        old = await asyncio.to_thread(secret_in, kept)
        if old is None:
            raise Refusal(Because.CONFLICT, "commission.no_old_password", path=str(kept))
        await renewal.change(visit, Login(note.username, visit.key.login.password), old, undo=True)

    # -- its settings -------------------------------------------------------------------------------

    async def _take_back(self, setter: Setter, offer: Offer, changes: list[Change]) -> None:
        """Set features to what they were; note what became of it."""
        wishes: list[tuple[Change, Wish]] = []
        for change in changes:
            wish = self._wish(offer, change)
            if isinstance(wish, Wish):
                wishes.append((change, wish))
            else:
                await self._note(_ended(change, wish, self._now))
        if wishes:
            ended = await setter.try_all([wish for _, wish in wishes])
            await self._note(
                *(
                    _ended(change, trouble, self._now)
                    for (change, _), trouble in zip(wishes, ended, strict=True)
                )
            )

    def _wish(self, offer: Offer, change: Change) -> Wish | Sentence | None:
        """Return what is to be set; a sentence where it cannot be; None where it is as it was already."""
        feature, present = offer.find(change.feature), offer.values.get(change.feature)
        if feature is None or change.before is None or feature.kind is FeatureKind.MOMENT:
            return Sentence("commission.no_before", {"feature": change.feature})
        before = as_value(feature, change.before)
        if present is not None and same(present, before):
            return None
        if present is not None and change.after is not None and not same(present, change.after):
            return Sentence("commission.changed_since", {"feature": change.feature, "found": str(present)})
        if not self.options.allows(change.risk):
            return Sentence("commission.needs_yes", {"risk": change.risk.value, "features": change.feature})
        return Wish(feature, before, present, change.risk)

    async def _note(self, *changes: Change) -> None:
        await self.journal.note(*(Entry(at=self._now, camera=self.camera, change=each) for each in changes))

    @property
    def _record(self) -> CameraRecord:
        return self.journal.ledger.cameras[self.camera]

    @property
    def _open(self) -> list[Change]:
        """What was changed and not taken back, in the order in which it was."""
        made = [each for each in self._record.changes if each.made is not None and each.undone is None]
        return sorted(made, key=lambda each: each.made or self._now)

    @property
    def _now(self) -> datetime:
        return self.tools.clock.now().wall


def row_of_record(record: CameraRecord) -> Row:
    """Return the row that a record was made of, as far as it says."""
    expected = Expected(record.id, record.name, record.url, source=record.source)
    return Row(
        expected, record.driver, record.username, record.secret, record.profile, facts=dict(record.facts)
    )


def _ended(change: Change, trouble: Sentence | None, now: datetime) -> Change:
    """Return a change as it is after it was tried to take it back."""
    if trouble is None:
        return change.model_copy(update={"undone": now, "trouble": None})
    return change.model_copy(update={"trouble": told(trouble)})


def _together(changes: Iterable[Change]) -> list[list[Change]]:
    """Return changes in groups that go to a device together: what restarts does so once."""
    groups: list[list[Change]] = []
    for change in changes:
        if groups and change.risk is Risk.RESTARTS and groups[-1][0].risk is Risk.RESTARTS:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups
