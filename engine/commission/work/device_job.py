"""One device's part in a job: its cameras' steps, one after the other, each noted as it begins and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from drivers.contract import Camera, Device, Login, Target
from drivers.errors import DriverError, Unreachable
from drivers.printable import clean
from engine.census.sighting import Identity
from engine.commission.keeping.entry import Entry, Known, Stage
from engine.commission.keeping.journal import Journal
from engine.commission.login.approach import Visit, check_identity, moved, place_of, read_identity, visited
from engine.commission.login.keys import Key
from engine.commission.login.renewal import PASSWORD, renewal_of
from engine.commission.login.secret_files import new_password
from engine.commission.plan.names import plan_names
from engine.commission.plan.streams import choose, plan_streams
from engine.commission.plan.times import plan_time
from engine.commission.plan.wish import Offer, Plan
from engine.commission.record import CameraRecord, Change, DeviceRecord, Risk, Step, StepRecord, StepState
from engine.commission.sheet.row import Row
from engine.commission.subject import Pictures, Subject
from engine.commission.tools import THOROUGH, Options, Tools
from engine.commission.work.adoption import Adoptee, Adoption
from engine.commission.work.setting import LATER, SOON, Setter
from engine.commission.work.telling import lies, several, told, why
from engine.errors import EngineError
from engine.fleet.device import camera_of
from engine.runtime import log
from rules.model import Sentence

logger = log.get(__name__)
#: What a step ends with: how, and what is to be told of it.
Ending = tuple[StepState, Sentence | None]
#: Signs of a text that a device tells of itself.
LONGEST = 200
#: Seconds of the checks' step that are left for noting what they found.
REST = 10.0
#: Steps without which no other can be.
FIRST = (Step.FIND, Step.IDENTIFY)


class Stopped(Exception):
    """No further step of this device can be done; its cameras say why."""


@dataclass(slots=True)
class DeviceJob:
    """The cameras of one device on their way through the steps.

    Attributes:
        rows: Its cameras: one, or the channels of a recorder.
        others: Who the devices of the site are, by camera id; this one enters itself.
    """

    tools: Tools
    options: Options
    journal: Journal
    adoption: Adoption
    rows: Sequence[Row]
    others: dict[str, Identity]
    progress: Callable[[str, str], None] = lambda _id, _check: None
    _visit: Visit | None = None
    _absent: dict[str, DriverError] = field(default_factory=dict)

    @property
    def lead(self) -> Row:
        """The camera in whose name is noted what is the device's."""
        return self.rows[0]

    # -- its way ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Go through all steps; whatever fails is noted, and costs this device only."""
        try:
            url = await self._find()
            async with self._identified(url) as visit:
                self._visit = visit
                await self._set_all()
                await self._renew()
            if self.options.dry:
                return
            for row in self.rows:
                await self._step(row, Step.ADOPT, partial(self._adopt, row))
            if any(self._open(row, Step.CHECK) for row in self.rows):
                await self._check_all(url)
            for row in self.rows:
                await self._pass_over(row, Step.CHECK)
        except Stopped:
            return

    async def _find(self) -> str:
        url = ""

        async def find() -> Ending:
            nonlocal url
            url = await place_of(self.tools, self.lead)
            return StepState.DONE, None

        await self._shared(Step.FIND, find)
        for row in self.rows:
            await self._learn(row, url=url)
        return url

    @asynccontextmanager
    async def _identified(self, url: str) -> AsyncIterator[Visit]:
        """Log in and look who it is, for as long as the device is worked at."""
        self.rows = [moved(row, url) for row in self.rows]
        context = visited(self.tools, self.lead, url)
        visit: Visit | None = None

        async def identify() -> Ending:
            nonlocal visit
            visit = await context.__aenter__()
            return StepState.DONE, several([*await self._look(visit), *visit.told])

        try:
            await self._shared(Step.IDENTIFY, identify)
            await self._leave_absent()
            assert visit is not None  # noqa: S101 - the step was done
            yield visit
        finally:
            if visit is not None:
                await context.__aexit__(None, None, None)

    async def _look(self, visit: Visit) -> list[Sentence]:
        """Note who the device is; refuse to go on with another one than is meant."""
        identity = await read_identity(visit)
        for row in self.rows:
            check_identity(identity, row)
        twin = next(
            (id for id, each in self.others.items() if _twins(each, identity) and id not in self._ids), ""
        )
        self.others[self.lead.id] = identity
        if not self.options.dry:
            await self._settle_secret(visit)
        for row in self.rows:
            try:
                camera = camera_of(visit.device, row.expected.source or None)
            except DriverError as error:
                if row is self.lead:  # in whose name everything of the device is noted
                    raise
                self._absent[row.id] = error
                continue
            await self._learn(row, device=_record(identity), source=camera.source, **_login(visit))
        return [Sentence("commission.twin", {"camera": twin})] if twin else []

    async def _leave_absent(self) -> None:
        """Say of channels that the device does not have that they failed; the others go on without them."""
        for row in [each for each in self.rows if each.id in self._absent]:
            reason = told(why(self._absent[row.id]))
            failed = StepRecord(step=Step.IDENTIFY, state=StepState.FAILED, reason=reason)
            await self.journal.note(self._entry(row).model_copy(update={"step": failed}))
            await self._leave_rest(Step.IDENTIFY, [row])
        self.rows = [each for each in self.rows if each.id not in self._absent]

    async def _settle_secret(self, visit: Visit) -> None:
        """Finish the setting of a password that an earlier run began: the device has told which one it has."""
        if visit.key is not None and visit.key.note is not None and visit.key.note.stage is Stage.ABOUT:
            renewal = renewal_of(self.tools, self.journal, self.lead.id, visit)
            await renewal.take_over(visit.key)
            if visit.key.reference != f"file:{visit.key.note.kept}":
                visit.key = key_in_file(visit.key, renewal.files.reference)

    # -- its steps ----------------------------------------------------------------------------------

    async def _set_all(self) -> None:
        for row in self.rows:
            await self._step(row, Step.TIME, partial(self._set_time, row))
            await self._step(row, Step.NAMES, partial(self._set, row, self._names))
            await self._step(row, Step.STREAMS, partial(self._set, row, self._stream))

    async def _set_time(self, row: Row) -> Ending:
        if row is not self.lead:
            return StepState.SKIPPED, Sentence("commission.with_lead", {"camera": self.lead.id})
        return await self._set(row, self._times)

    async def _set(self, row: Row, plan: Callable[[Row, Setter], Awaitable[tuple[Offer, Plan]]]) -> Ending:
        """Plan, and set what may be set."""
        setter = Setter(self.tools, self.visit, self.journal, row.id)
        offer, planned = await plan(row, setter)
        if self.options.dry:
            return await self._foretold(row, planned)
        made = await setter.recover(offer)
        allowed = [wish for wish in planned.wishes if self.options.allows(wish.risk)]
        held_back = [wish for wish in planned.wishes if wish not in allowed]
        troubles = await setter.apply(allowed)
        if troubles:
            return StepState.FAILED, several([*lies(troubles), *planned.told])
        if held_back:
            features = ", ".join(wish.feature.id for wish in held_back)
            asked = Sentence("commission.needs_yes", {"risk": held_back[0].risk.value, "features": features})
            return StepState.NEEDS_YES, several([asked, *planned.told])
        if not (planned.wishes or planned.told or made):
            return StepState.SKIPPED, Sentence("commission.right_already")
        return StepState.DONE, several(planned.told)

    async def _foretold(self, row: Row, planned: Plan) -> Ending:
        """Note what would be set."""
        entries = [self._entry(row).model_copy(update={"change": wish.change}) for wish in planned.wishes]
        await self.journal.note(*entries)
        if not planned.wishes and not planned.told:
            return StepState.SKIPPED, Sentence("commission.right_already")
        return StepState.WAITING if planned.wishes else StepState.DONE, several(planned.told)

    async def _times(self, _: Row, setter: Setter) -> tuple[Offer, Plan]:
        offer = await setter.offer(lambda each: each.id.startswith("time."))
        offset = await self.visit.device.read_clock()
        seconds = None if offset is None else offset.total_seconds()
        return offer, plan_time(offer, self.tools.standard.time, self.tools.clock.now().wall, seconds)

    async def _names(self, row: Row, setter: Setter) -> tuple[Offer, Plan]:
        source = self._camera(row).source
        kinds = ("network.hostname", "scopes.name", "osd.")
        offer = await setter.offer(lambda each: each.id.startswith(kinds) and each.source in ("", source))
        alone = len(self.rows) == len(self.visit.device.cameras) == 1
        return offer, plan_names(offer, self.tools.standard.names, row, source, alone=alone)

    async def _stream(self, row: Row, setter: Setter) -> tuple[Offer, Plan]:
        camera, standard = self._camera(row), self.tools.standard
        offer = await setter.offer(
            lambda each: each.id.startswith("encoder.") and each.source in ("", camera.source)
        )
        chosen = choose(offer, camera.profiles, standard.main, standard.sub, row.profile)
        await self._learn(row, profile=chosen.sub)
        return offer, plan_streams(offer, camera.profiles, chosen, standard.main, standard.sub)

    async def _renew(self) -> None:
        await self._shared(Step.PASSWORD, self._password)
        for row in self.rows:
            await self._learn(row, **_login(self.visit))

    async def _password(self) -> Ending:
        """Give the account a new password where the maker's default is still set."""
        key = self.visit.key
        if key is None:
            return StepState.SKIPPED, Sentence("commission.no_login")
        note = self.journal.ledger.secrets.get(self.lead.id)
        if note is not None and note.stage is Stage.DONE and not note.undo:
            return StepState.DONE, Sentence("commission.password_done", {"file": note.file})
        if not key.default:
            return StepState.SKIPPED, Sentence("commission.no_default")
        if not self.tools.standard.passwords.renew:
            return StepState.SKIPPED, Sentence("commission.default_stays")
        if self.options.dry:
            change = Change(feature=PASSWORD, risk=Risk.LOCKS)
            await self.journal.note(self._entry(self.lead).model_copy(update={"change": change}))
            return StepState.WAITING, None
        renewal = renewal_of(self.tools, self.journal, self.lead.id, self.visit)
        password = new_password(self.tools.standard.passwords.length, self.tools.random)
        login = await renewal.change(self.visit, key.login, password)
        self.visit.key = key_in_file(key, renewal.files.reference, login.password)
        return StepState.DONE, Sentence(
            "commission.password_done", {"file": renewal.files.reference.removeprefix("file:")}
        )

    async def _adopt(self, row: Row) -> Ending:
        record = self._record(row)
        key = self.visit.key
        await self.adoption.adopt(
            Adoptee(
                row.id,
                record.url,
                name=row.expected.name,
                driver=row.driver,
                source=record.source if row.expected.source or self._channels else "",
                profile=row.profile or record.profile,
                username=key.login.username if key else "",
                reference=key.reference if key else "",
                group=row.group,
            )
        )
        return StepState.DONE, None

    async def _check_all(self, url: str) -> None:
        """Look at each camera as whoever comes after will find it: opened anew, with what it has by now."""
        tools, login = self.tools, self.visit.login
        target = tools.target(url, self.lead)

        opened: Visit | None = None

        async def check(row: Row) -> Ending:
            nonlocal opened
            if tools.examine is None:
                return StepState.SKIPPED, Sentence("commission.no_checks")
            over = asyncio.get_running_loop().time() + self._seconds(Step.CHECK) - REST
            if opened is None:
                device = await self._opened_anew(stack, target, login)
                opened = Visit(self.visit.driver, target, device, self.visit.key)
            await self._examine(row, opened, over)
            return StepState.DONE, None

        async with AsyncExitStack() as stack:
            for row in self.rows:
                await self._step(row, Step.CHECK, partial(check, row))

    async def _opened_anew(self, stack: AsyncExitStack, target: Target, login: Login | None) -> Device:
        """Open the device; one that was made to start anew gets the time for it.

        Raises:
            DriverError: It does not come back.
        """
        changes = (each for row in self.rows for each in self._record(row).changes)
        away = any(each.risk is Risk.RESTARTS and each.made is not None for each in changes)
        for wait in LATER if away else SOON:
            await self.tools.sleep(wait)
            with suppress(Unreachable):
                return await stack.enter_async_context(self.visit.driver.open(target, login))
        return await stack.enter_async_context(self.visit.driver.open(target, login))

    async def _examine(self, row: Row, visit: Visit, over: float) -> None:
        """Look at a camera, and note what is found until a moment of the loop's clock."""
        tools, pictures = self.tools, Pictures()
        assert tools.examine is not None  # noqa: S101 - whoever calls looked
        note = self.journal.ledger.secrets.get(self.lead.id)
        offer = await self._read_within(Setter(tools, visit, self.journal, row.id), over)
        subject = Subject(
            expected=row.expected, driver=visit.driver, target=visit.target, login=visit.login, device=visit.device,
            camera=camera_of(visit.device, row.expected.source or None), identity=self.others[self.lead.id],
            others={id: each for id, each in self.others.items() if id not in self._ids}, values=offer.values,
            features=tuple(offer.features) or None, standard=tools.standard, clock=tools.clock, pictures=pictures,
            default_login=bool(visit.key and visit.key.default),
            within=over - asyncio.get_running_loop().time(),
            renewed=tools.clock.now().wall if note and note.stage is Stage.DONE else None,
        )  # fmt: skip
        results = await tools.examine(
            subject, thorough=self.options.thorough, progress=lambda check: self.progress(row.id, check)
        )
        for picture, content in pictures.taken:
            await self.journal.keep_picture(row.id, picture, content, self._entry(row))
        await self.journal.note(self._entry(row).model_copy(update={"results": results}))

    async def _read_within(self, setter: Setter, over: float) -> Offer:
        """Return what a device has, nothing where that takes half of the time: the checks need the other half."""
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout((over - now) / 2):
                return await setter.offer(lambda each: True)
        except TimeoutError:
            return Offer((), {})

    # -- what all steps have in common --------------------------------------------------------------

    @property
    def visit(self) -> Visit:
        """The open device."""
        assert self._visit is not None  # noqa: S101 - steps that need it come after it was opened
        return self._visit

    @property
    def _ids(self) -> set[str]:
        return {row.id for row in self.rows}

    @property
    def _channels(self) -> bool:
        return len(self.visit.device.cameras) > 1

    def _camera(self, row: Row) -> Camera:
        return camera_of(self.visit.device, row.expected.source or None)

    def _record(self, row: Row) -> CameraRecord:
        return self.journal.ledger.cameras[row.id]

    def _open(self, row: Row, step: Step) -> bool:
        """Return whether a step is still to be done."""
        done = next(each for each in self._record(row).steps if each.step is step)
        fresh = done.state is StepState.DONE and not (
            step is Step.CHECK and self._changed_since(row, done.began)
        )
        return step in FIRST or (self.options.wants(step) and not fresh)

    def _changed_since(self, row: Row, moment: datetime | None) -> bool:
        """Return whether the camera was changed after it was checked: what was found then says nothing of it now."""
        return moment is not None and any(
            each.made is not None and each.made > moment for each in self._record(row).changes
        )

    async def _shared(self, step: Step, work: Callable[[], Awaitable[Ending]]) -> None:
        """Do a step of the device once, and note it for each of its cameras.

        Raises:
            Stopped: It failed, and nothing can be done without it.
        """
        if not any(self._open(row, step) for row in self.rows):
            for row in self.rows:
                await self._pass_over(row, step)
            return
        ending = await self._done(list(self.rows), step, work)
        if ending is StepState.FAILED and step in FIRST:
            await self._leave_rest(step)
            raise Stopped

    async def _step(self, row: Row, step: Step, work: Callable[[], Awaitable[Ending]]) -> None:
        if self._open(row, step):
            await self._done([row], step, work)
        else:
            await self._pass_over(row, step)

    async def _pass_over(self, row: Row, step: Step) -> None:
        """Say of a step that nobody asked for it."""
        present = next(each for each in self._record(row).steps if each.step is step)
        if present.state is StepState.WAITING and not self.options.wants(step):
            skipped = StepRecord(
                step=step, state=StepState.SKIPPED, reason=told(Sentence("commission.not_asked"))
            )
            await self.journal.note(self._entry(row).model_copy(update={"step": skipped}))

    async def _done(self, rows: list[Row], step: Step, work: Callable[[], Awaitable[Ending]]) -> StepState:
        began = self.tools.clock.now().wall
        running = StepRecord(step=step, state=StepState.RUNNING, began=began)
        await self.journal.note(*(self._entry(row).model_copy(update={"step": running}) for row in rows))
        state, reason = await self._ended(step, work)
        ended = running.model_copy(
            update={"state": state, "reason": told(reason), "ended": self.tools.clock.now().wall}
        )
        await self.journal.note(*(self._entry(row).model_copy(update={"step": ended}) for row in rows))
        return state

    async def _ended(self, step: Step, work: Callable[[], Awaitable[Ending]]) -> Ending:
        """Do a step within its time; whatever goes wrong is its ending."""
        seconds = self._seconds(step)
        try:
            async with asyncio.timeout(seconds):
                return await work()
        except TimeoutError:
            return StepState.FAILED, Sentence("commission.step_slow", {"seconds": round(seconds)})
        except (DriverError, EngineError, OSError) as error:
            return StepState.FAILED, why(error)
        except Exception as error:  # a driver's or a check's bug: this device's, nobody else's
            logger.exception("a step failed", step=step.value, camera=self.lead.id)
            return StepState.FAILED, why(error)

    def _seconds(self, step: Step) -> float:
        """Return how long a step may take."""
        return THOROUGH if step is Step.CHECK and self.options.thorough else self.tools.seconds[step]

    async def _leave_rest(self, failed: Step, rows: Sequence[Row] = ()) -> None:
        """Say of every later step that it was not come to."""
        later = list(Step)[list(Step).index(failed) + 1 :]
        reason = told(Sentence("commission.not_reached"))
        for row in rows or self.rows:
            waiting = {each.step for each in self._record(row).steps if each.state is StepState.WAITING}
            skipped = [
                StepRecord(step=step, state=StepState.SKIPPED, reason=reason)
                for step in later
                if step in waiting
            ]
            await self.journal.note(*(self._entry(row).model_copy(update={"step": each}) for each in skipped))

    async def _learn(self, row: Row, **known: object) -> None:
        """Note what is known of a camera now, where that is news."""
        record = self._record(row)
        before = Known(**{name: getattr(record, name) for name in Known.model_fields})
        after = before.model_copy(update=known)
        if after != before:
            await self.journal.note(self._entry(row).model_copy(update={"known": after}))

    def _entry(self, row: Row) -> Entry:
        return Entry(at=self.tools.clock.now().wall, camera=row.id)


def key_in_file(key: Key, reference: str, password: str = "") -> Key:
    """Return a key whose password is in a file of ours from now on; it counts as no default any more."""
    login = Login(key.login.username, password or key.login.password)
    return Key(login, reference)


def _record(identity: Identity) -> DeviceRecord:
    texts = ("manufacturer", "model", "serial", "firmware", "hardware")
    return DeviceRecord(
        **{name: clean(getattr(identity, name))[:LONGEST] for name in texts}, macs=identity.macs
    )


def _login(visit: Visit) -> Mapping[str, str]:
    if visit.key is None:
        return {}
    return {"username": visit.key.login.username, "secret": visit.key.reference}


def _twins(one: Identity, other: Identity) -> bool:
    """Return whether two devices say the same of what each has alone."""
    return bool(one.serial and one.serial == other.serial) or bool({*one.macs} & {*other.macs})
