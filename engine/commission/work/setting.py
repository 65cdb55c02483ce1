"""Setting what was planned: noted before it is sent, read back after, believed only where both agree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.contract import Configurable, Device, Feature, FeatureKind, Together, Value
from drivers.errors import DriverError, Unreachable
from engine.commission.keeping.entry import Entry
from engine.commission.keeping.journal import Journal
from engine.commission.login.approach import Visit
from engine.commission.plan.times import OFF
from engine.commission.plan.wish import Offer, Wish, fact, same
from engine.commission.record import CameraRecord, Change, Risk
from engine.commission.tools import Tools
from engine.commission.work.telling import told, why
from rules.model import Sentence

#: Seconds between two looks at what a device made of it: it may be slow to take a value over, or start anew.
SOON: Sequence[float] = (0.0, 0.3, 0.7, 1.5)
LATER: Sequence[float] = (*SOON, 2.0, 3.0, 5.0, 5.0, 10.0, 10.0, 15.0)


@dataclass(frozen=True, slots=True)
class Setter:
    """Sets features of one open device in the name of one camera.

    Attributes:
        record: What the journal knows of the camera now.
    """

    tools: Tools
    visit: Visit
    journal: Journal
    camera: str

    @property
    def device(self) -> Device:
        """The open device."""
        return self.visit.device

    @property
    def record(self) -> CameraRecord:
        """What the journal knows of the camera."""
        return self.journal.ledger.cameras[self.camera]

    async def offer(self, wanted: Callable[[Feature], bool]) -> Offer:
        """Return what the device offers, with the present values of what is wanted; none where nothing can be set.

        Raises:
            DriverError: It does not answer.
        """
        if not isinstance(self.device, Configurable):
            return Offer((), {})
        chosen = [each for each in await self.visit.features() if wanted(each)]
        values = {id: value async for id, value in _values(self.device, chosen)}
        return Offer(tuple(chosen), values)

    async def recover(self, offer: Offer) -> bool:
        """Note what an earlier run set and could not note any more; return whether this job made any of these."""
        changes = [
            each for each in self.record.changes if each.feature in offer.values and each.undone is None
        ]
        lost = [
            each for each in changes if each.made is None and self._is_so(offer.values[each.feature], each)
        ]
        await self._note(each.model_copy(update={"made": self._now, "trouble": None}) for each in lost)
        return bool(lost) or any(each.made is not None for each in changes)

    def _is_so(self, found: Value, change: Change) -> bool:
        if isinstance(found, datetime):
            return abs(found - self._now) <= timedelta(seconds=OFF)
        return change.after is not None and same(found, change.after)

    async def apply(self, wishes: Sequence[Wish]) -> list[Sentence]:
        """Set them; return what went wrong. What is right already for another reason is noted as made too."""
        if not wishes or not isinstance(self.device, Configurable):
            return []
        await self._note(self._begun(wish) for wish in wishes)
        troubles: list[Sentence] = []
        for group in _groups(wishes, self.device):
            troubles += await self._set(self.device, group)
        return troubles

    async def try_all(self, wishes: Sequence[Wish]) -> list[Sentence | None]:
        """Set features without noting it; return of each why it was not, None where it was."""
        ended: list[Sentence | None] = []
        device = self.device
        assert isinstance(device, Configurable)  # noqa: S101 - it offered what is to be set
        for group in _groups(wishes, device):
            error = await _sent(device, group)
            for wish in group:
                found = await self._found(device, wish, error)
                said = why(error) if error is not None else _lie(wish, found)
                ended.append(None if _agrees(wish, found) else said)
        return ended

    async def _set(self, device: Configurable, wishes: Sequence[Wish]) -> list[Sentence]:
        error = await _sent(device, wishes)
        changes = [await self._judged(device, wish, error) for wish in wishes]
        await self._note(changes)
        return [Sentence(each.trouble.code, each.trouble.values) for each in changes if each.trouble]

    async def _judged(self, device: Configurable, wish: Wish, error: DriverError | None) -> Change:
        """Return a change as it is now: what counts is what the device says when it is asked."""
        change = self._begun(wish)
        found = await self._found(device, wish, error)
        if _agrees(wish, found):
            return change.model_copy(update={"made": self._now, "trouble": None})
        trouble = why(error) if error is not None else _lie(wish, found)
        return change.model_copy(update={"trouble": told(trouble)})

    async def _found(self, device: Configurable, wish: Wish, error: DriverError | None) -> Value | None:
        """Read a value back until it is the wanted one, or the device has had its time."""
        if not wish.feature.readable:
            return wish.value if error is None else None
        away = wish.risk is Risk.RESTARTS or isinstance(error, Unreachable)
        found: Value | None = None
        for wait in (0.0,) if error is not None and not away else LATER if away else SOON:
            await self.tools.sleep(wait)
            try:
                found = await self._read(device, wish)
            except DriverError as fault:
                if not isinstance(fault, Unreachable):
                    return None
                continue
            if _agrees(wish, found) or (wait >= SOON[-1] and found is not None):
                break
        return found

    async def _read(self, device: Configurable, wish: Wish) -> Value:
        return await device.read(wish.feature.id)

    def _begun(self, wish: Wish) -> Change:
        """Return a change that is about to be sent; an earlier try in this job knows what it was before."""
        before = next((each for each in self.record.changes if each.feature == wish.feature.id), None)
        if before is None or before.undone is not None:
            return wish.change
        return wish.change.model_copy(update={"before": before.before})

    async def _note(self, changes: Iterable[Change]) -> None:
        now = self._now
        await self.journal.note(*(Entry(at=now, camera=self.camera, change=each) for each in changes))

    @property
    def _now(self) -> datetime:
        return self.tools.clock.now().wall


def _groups(wishes: Sequence[Wish], device: Configurable) -> list[list[Wish]]:
    """Return wishes as they are sent: an encoder's together where the device can, all others one by one."""
    groups: list[list[Wish]] = []
    for wish in wishes:
        joint = isinstance(device, Together) and _encoder(wish)
        if joint and groups and _encoder(groups[-1][0]) == joint:
            groups[-1].append(wish)
        else:
            groups.append([wish])
    return groups


def _encoder(wish: Wish) -> str:
    """Return which encoder a wish is of; empty: of none."""
    kind, _, rest = wish.feature.id.partition(".")
    return rest.rpartition(".")[0] if kind == "encoder" else ""


async def _sent(device: Configurable, wishes: Sequence[Wish]) -> DriverError | None:
    """Send wishes; return what the device, or the way to it, said against it."""
    values: Mapping[str, Value] = {wish.feature.id: wish.value for wish in wishes}
    try:
        if len(wishes) > 1 and isinstance(device, Together):
            await device.write_together(values)
        else:
            for id, value in values.items():
                await device.write(id, value)
    except DriverError as error:
        return error
    return None


async def _values(device: Configurable, features: Iterable[Feature]) -> AsyncIterator[tuple[str, Value]]:
    """Yield what can be read; a value that cannot costs no other."""
    for feature in features:
        if feature.readable:
            try:
                yield feature.id, await device.read(feature.id)
            except Unreachable:
                raise
            except DriverError:
                continue


def _agrees(wish: Wish, found: Value | None) -> bool:
    """Return whether what a device says is what was wished for; a clock goes on meanwhile."""
    if found is None:
        return False
    if wish.feature.kind is FeatureKind.MOMENT:
        late = timedelta(seconds=OFF + 60)
        moments = isinstance(found, datetime) and isinstance(wish.value, datetime)
        return moments and timedelta(seconds=-OFF) <= found - wish.value <= late  # type: ignore[operator]
    return same(found, wish.value)


def _lie(wish: Wish, found: Value | None) -> Sentence:
    if found is None:
        return Sentence("commission.not_read_back", {"feature": wish.feature.id})
    if (
        isinstance(found, datetime)
        and isinstance(wish.value, datetime)
        and (hours := _zone(found - wish.value))
    ):
        return Sentence("commission.clock_zone", {"hours": f"{hours:+g}"})
    values = {"feature": wish.feature.id, "wanted": str(fact(wish.value)), "found": str(fact(found))}
    return Sentence("commission.lied", values)


def _zone(off: timedelta) -> float:
    """Return the hours of a time zone that a clock is off by, 0 where it is none."""
    quarters = round(off / timedelta(minutes=15))
    whole = abs(off - quarters * timedelta(minutes=15)) <= timedelta(minutes=1)
    return quarters / 4 if whole and 2 <= abs(quarters) <= 56 else 0.0
