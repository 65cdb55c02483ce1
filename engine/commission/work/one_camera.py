"""What is done with one configured camera by itself: looked at, its clock set, started anew, given another password."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drivers.contract import Login, Restartable
from drivers.errors import DriverError
from engine.census.sighting import Expected
from engine.commission.keeping.entry import Entry, SecretNote, Stage
from engine.commission.keeping.journal import Journal
from engine.commission.login.approach import Visit, place_of, read_identity, visited
from engine.commission.login.renewal import renewal_of
from engine.commission.login.secret_files import new_password
from engine.commission.plan.times import plan_time
from engine.commission.record import CameraRecord, JobRecord
from engine.commission.sheet.row import Row
from engine.commission.tools import Tools
from engine.commission.work.adoption import Adoptee, Adoption
from engine.commission.work.setting import Setter
from engine.config.settings import CameraSettings
from engine.errors import Because, Refusal
from engine.fleet.device import camera_of
from rules.model import Sentence


class Act(StrEnum):
    """What can be done with one camera."""

    SHOW = "show"
    CLOCK = "clock"
    SET_CLOCK = "set-clock"
    REBOOT = "reboot"
    LOGIN = "login"

    @property
    def changes(self) -> bool:
        """Whether the camera is otherwise afterwards, so that nobody may watch it meanwhile."""
        return self in (Act.SET_CLOCK, Act.REBOOT, Act.LOGIN)


@dataclass(slots=True)
class OneCamera:
    """Does one act; what came of it is told in sentences.

    Attributes:
        password: For `Act.LOGIN`: one that was set elsewhere and is to be taken over; empty: a new one is made.
    """

    tools: Tools
    journal: Journal
    camera: CameraSettings
    act: Act
    password: str = ""

    async def run(self) -> list[Sentence]:
        """Do it.

        Raises:
            Refusal: It cannot be done; the sentence says why.
            DriverError: The camera does not answer, or refuses.
        """
        await self._begin()
        row = row_of(self.camera)
        if self.act is Act.LOGIN and self.password:
            return await self._take_over(row)
        url = await place_of(self.tools, row)
        async with visited(self.tools, row, url) as visit:
            said = await self._acts[self.act](visit)
        if self.act is Act.LOGIN:
            await self._refer(visit)
        now = self.tools.clock.now().wall
        await self.journal.note(Entry(at=now, ended=now))
        return said

    @property
    def _acts(self) -> Mapping[Act, Callable[[Visit], Awaitable[list[Sentence]]]]:
        return {
            Act.SHOW: self._show, Act.CLOCK: self._clock, Act.SET_CLOCK: self._set_clock, Act.REBOOT: self._reboot,
            Act.LOGIN: self._renew,
        }  # fmt: skip

    async def _begin(self) -> None:
        if not self.journal.ledger.begun:
            now = self.tools.clock.now().wall
            camera, row = self.camera, row_of(self.camera)
            record = CameraRecord(
                id=camera.id, name=camera.name, driver=row.driver, url=camera.url, source=row.expected.source,
                username=row.username, secret=row.password,
            )  # fmt: skip
            job = JobRecord(id=self.journal.folder.name, site="-", began=now, cameras=(record,))
            await self.journal.note(Entry(at=now, job=job))

    # -- looking ------------------------------------------------------------------------------------

    async def _show(self, visit: Visit) -> list[Sentence]:
        identity = await read_identity(visit)
        device = {
            "maker": identity.manufacturer or "-", "model": identity.model or "-", "serial": identity.serial or "-",
            "firmware": identity.firmware or "-", "macs": ", ".join(identity.macs) or "-",
        }  # fmt: skip
        user = visit.login.username if visit.login else "-"
        said = [Sentence("camera_show.device", device)]
        said.append(Sentence("camera_show.place", {"url": visit.target.url, "user": user}))
        said += [_profile(each) for each in camera_of(visit.device, self.camera.source).profiles]
        return [*said, *await self._clock(visit), *await _offered(visit)]

    async def _clock(self, visit: Visit) -> list[Sentence]:
        offset = await visit.device.read_clock()
        if offset is None:
            return [Sentence("camera_show.no_clock")]
        seconds = round(offset.total_seconds(), 1)
        code = "camera_show.clock" if seconds >= 0 else "camera_show.clock_behind"
        return [Sentence(code, {"seconds": abs(seconds)})]

    # -- changing -----------------------------------------------------------------------------------

    async def _set_clock(self, visit: Visit) -> list[Sentence]:
        """Set zone, clock and server as the site's standard wants them."""
        setter = Setter(self.tools, visit, self.journal, self.camera.id)
        offer = await setter.offer(lambda each: each.id.startswith("time."))
        offset = await visit.device.read_clock()
        seconds = None if offset is None else offset.total_seconds()
        plan = plan_time(offer, self.tools.standard.time, self.tools.clock.now().wall, seconds)
        troubles = await setter.apply(plan.wishes)
        if troubles:
            raise Refusal(Because.CONFLICT, troubles[0].code, **troubles[0].values)
        return [*await self._clock(visit), *plan.told]

    async def _reboot(self, visit: Visit) -> list[Sentence]:
        if not isinstance(visit.device, Restartable):
            raise Refusal(Because.CONFLICT, "camera_show.no_reboot")
        await visit.device.reboot()
        return [Sentence("camera_show.rebooting")]

    async def _renew(self, visit: Visit) -> list[Sentence]:
        """Give the account a new random password."""
        if visit.key is None:
            raise Refusal(Because.CONFLICT, "commission.no_login")
        renewal = renewal_of(self.tools, self.journal, self.camera.id, visit)
        if visit.key.note is not None and visit.key.note.stage is Stage.ABOUT:
            await renewal.take_over(visit.key)
        password = new_password(self.tools.standard.passwords.length, self.tools.random)
        await renewal.change(visit, visit.key.login, password)
        return [Sentence("commission.password_done", {"file": renewal.files.reference})]

    async def _take_over(self, row: Row) -> list[Sentence]:
        """Keep a password that was set elsewhere, once the camera has let it in."""
        if self.camera.login is None:
            raise Refusal(Because.CONFLICT, "commission.no_login")
        url = await place_of(self.tools, row)
        driver, target = self.tools.driver(row.driver, url), self.tools.target(url, row)
        login = Login(self.camera.login.username, self.password)
        async with driver.open(target, login) as device:
            visit = Visit(driver, target, device, None)
            files = renewal_of(self.tools, self.journal, self.camera.id, visit).files
        await asyncio.to_thread(files.keep, files.file, self.password)
        names = {"file": files.file.name, "pending": files.pending.name, "kept": files.kept.name}
        note = SecretNote(
            stage=Stage.DONE, username=login.username, **{key: f"{files.folder}/{name}" for key, name in names.items()}
        )  # fmt: skip
        now = self.tools.clock.now().wall
        await self.journal.note(Entry(at=now, camera=self.camera.id, secret=note), Entry(at=now, ended=now))
        await self._adopt(login.username, files.reference)
        return [Sentence("camera_show.taken_over", {"file": files.reference})]

    async def _refer(self, visit: Visit) -> None:
        """Let the configuration refer to where the new password is."""
        renewal = renewal_of(self.tools, self.journal, self.camera.id, visit)
        assert visit.key is not None  # noqa: S101 - its password was set
        await self._adopt(visit.key.login.username, renewal.files.reference)

    async def _adopt(self, username: str, reference: str) -> None:
        adoptee = Adoptee(self.camera.id, self.camera.url, username=username, reference=reference)
        await Adoption(self.tools.configuration).adopt(adoptee)


def row_of(camera: CameraSettings) -> Row:
    """Return the row of a configured camera."""
    expected = Expected(camera.id, camera.name, camera.url, source=camera.source or "")
    username, password = (camera.login.username, camera.login.password) if camera.login else ("", "")
    return Row(expected, camera.driver or "", username, password, camera.profile or "")


def _profile(profile: object) -> Sentence:
    told = {name: getattr(profile, name) for name in ("token", "width", "height")}
    more = {"codec": str(getattr(profile, "codec", None) or "-"), "fps": f"{getattr(profile, 'fps', 0):g}"}
    return Sentence("camera_show.profile", {**told, **more})


async def _offered(visit: Visit) -> Sequence[Sentence]:
    """Return how many things of each kind can be set."""
    try:
        offered = await visit.features()
    except DriverError:
        return ()
    counts = Counter(each.category.value for each in offered if each.writable)
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    return [Sentence("camera_show.settable", {"told": told})]
