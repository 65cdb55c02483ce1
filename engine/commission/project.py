"""One site's commissionings: begun, gone on with, tried dry, taken back. Over it stand the command and the API."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from drivers.contract import Login, Webhooks
from engine.census.subnet import hosts_of
from engine.commission.keeping.entry import Ledger
from engine.commission.keeping.jobs import Jobs
from engine.commission.keeping.journal import Journal, Scratch
from engine.commission.record import CameraRecord, CheckResult, JobRecord
from engine.commission.request import Request
from engine.commission.sheet.reading import Sheet, sheet_of
from engine.commission.standard import Standard
from engine.commission.subject import Subject
from engine.commission.tools import Options, Tools
from engine.commission.wanted_file import ACCEPTANCE, STANDARD, Wanted
from engine.commission.work.batch import Batch, Head, begun, finished
from engine.commission.work.one_camera import Act, OneCamera
from engine.commission.work.undo import Undo
from engine.config.configuration import check
from engine.config.credentials import CredentialError, Vault
from engine.config.settings import LoginSettings, Settings
from engine.errors import Because, Refusal
from engine.fleet.login_guard import LoginBooks
from engine.runtime.clock import Clock
from engine.runtime.whole_file import put
from rules.model import Sentence

if TYPE_CHECKING:
    from engine.commission.work.hardware import HardwareSearch

#: Beside a journal: what was asked for. The thresholds' file, beside the configuration.
REQUEST = "request.json"


@dataclass(slots=True)
class Project:
    """The commissionings of one site.

    Attributes:
        configuration: The site's configuration file; it need not be there yet.
        books: What devices have said to logins: there is one for all who knock.
    """

    configuration: Path
    settings: Settings
    state: Path
    books: LoginBooks
    clock: Clock
    program: str
    random: Random = field(default_factory=SystemRandom)
    webhooks: Webhooks | None = None

    @property
    def jobs(self) -> Jobs:
        """Every job."""
        return Jobs.of(self.state)

    def standard(self, request: Request) -> Wanted[Standard]:
        """Return what the site wants.

        Raises:
            ConfigError: With every problem of it.
        """
        if not request.standard:
            return STANDARD.find(None, self.configuration)
        folder = Path(request.folder) if request.folder else self.configuration.parent
        return Wanted(STANDARD.of(request.standard, STANDARD.name), folder, STANDARD.name)

    def tools(self, request: Request, sheet: Sheet | None = None) -> Tools:
        """Return what a job works with.

        Raises:
            ConfigError: The standard or the thresholds are wrong.
            Refusal: A network that was named is none.
        """
        read, thresholds = self.standard(request), ACCEPTANCE.find(None, self.configuration).value

        async def examine(
            subject: Subject, *, thorough: bool, progress: Callable[[str], None]
        ) -> tuple[CheckResult, ...]:
            from engine.commission.checks.examination import examine as looked

            return await looked(subject, thresholds, thorough, progress)

        tools = Tools(
            configuration=self.configuration,
            configured={each.id: each for each in self._settings().cameras},
            standard=read.value,
            wants=read.folder,
            jobs=self.jobs,
            books=self.books,
            clock=self.clock,
            random=self.random,
            examine=examine,
            webhooks=self.webhooks,
        )
        if not request.subnets:
            return tools
        search = _search(tools, request, sheet)
        return replace(tools, look=search, answers=search.answers)

    def _settings(self) -> Settings:
        """Return the configuration as it is in the file now; a wrong one costs what it knows of cameras."""
        return check(self.configuration).settings or self.settings

    # -- jobs ---------------------------------------------------------------------------------------

    def begin(self, request: Request) -> Batch:
        """Return a new job, its folder made; close its journal when it has run.

        Raises:
            ConfigError: The sheet, the standard or the thresholds are wrong.
            OSError: The folder cannot be made.
        """
        sheet = sheet_in(request)
        _known(sheet, request)
        tools = self.tools(request, sheet)
        journal = begun(tools)
        put(journal.folder / REQUEST, request.model_dump_json().encode())
        return self._batch(tools, sheet, request, journal)

    def unfinished(self, request: Request) -> JobRecord | None:
        """Return the job of this sheet that was not ended, None where there is none."""
        return self.jobs.unfinished(sheet_in(request).digest)

    def resume(self, name: str, change: Callable[[Request], Request] = lambda asked: asked) -> Batch:
        """Return a job to go on with.

        Args:
            name: Its name or the beginning of it; empty: the newest.
            change: What is wanted otherwise by now.

        Raises:
            Refusal: There is no such job, or somebody is at it.
            ConfigError: As `begin`.
        """
        job = self.jobs.read(name).ledger.job
        asked = change(self.request(job.id))
        sheet = sheet_in(asked)
        tools = self.tools(asked, sheet)
        return self._batch(tools, sheet, asked, self.jobs.open(job.id))

    def request(self, name: str) -> Request:
        """Return what was asked for.

        Raises:
            Refusal: ``commission.no_request``: it is not there any more.
        """
        try:
            return Request.model_validate_json((self.jobs.folder / name / REQUEST).read_bytes())
        except (OSError, ValueError):
            raise Refusal(Because.CONFLICT, "commission.no_request", job=name) from None

    def _asked(self, name: str) -> Request:
        """Return what was asked for; a job about one camera had no sheet."""
        path = self.jobs.folder / name / REQUEST
        return self.request(name) if path.exists() else Request(name="", content="")

    def dry(self, request: Request) -> Batch:
        """Return a job that logs in and looks, changes nothing and is kept nowhere.

        Raises:
            ConfigError: As `begin`.
        """
        sheet = sheet_in(request)
        _known(sheet, request)
        asked = request.model_copy(update={"dry": True})
        return self._batch(self.tools(request, sheet), sheet, asked, Scratch(Path("dry"), Ledger()))

    def _batch(self, tools: Tools, sheet: Sheet, request: Request, journal: Journal) -> Batch:
        head = Head(self.settings.site, self.settings.title, request.technician, self.program)
        return Batch(tools, sheet, head, options_of(request), journal)

    # -- one camera -------------------------------------------------------------------------------

    def one(self, camera: str, act: Act, password: str = "") -> OneCamera:
        """Return what does an act with a configured camera; close its journal when it has run.

        Raises:
            Refusal: The configuration has no such camera.
            OSError: The journal cannot be made.
        """
        tools = self.tools(Request(name="", content=""))
        if camera not in tools.configured:
            known = ", ".join(tools.configured)[:300]
            raise Refusal(Because.UNKNOWN, "camera_show.unknown", camera=camera, known=known or "-")
        journal = begun(tools) if act is Act.LOGIN else Scratch(Path(act.value), Ledger())
        return OneCamera(tools, journal, tools.configured[camera], act, password)

    # -- taking back --------------------------------------------------------------------------------

    def undo(self, camera: str, job: str, options: Options) -> tuple[Undo, Journal]:
        """Return what takes back the changes of a camera; close the journal when it has run.

        Args:
            job: Whose; empty: of the newest job that changed it.

        Raises:
            Refusal: There is none, or somebody is at it.
        """
        found = self.jobs.read(job).ledger.job if job else self.jobs.with_changes(camera)
        if found is None or camera not in (each.id for each in found.cameras):
            raise Refusal(Because.UNKNOWN, "commission.nothing_to_undo", camera=camera)
        tools = self.tools(self._asked(found.id))
        journal = self.jobs.open(found.id)
        return Undo(tools, options, journal, camera), journal


async def ran(batch: Batch) -> JobRecord:
    """Run a job to its end, and close its journal."""
    with batch.journal as journal:
        job = await batch.run()
        if not batch.options.dry:
            finished(journal, job)
        return job


async def undone(undo: Undo) -> CameraRecord:
    """Take back what can be, and close the journal."""
    with undo.journal as journal:
        camera = await undo.run()
        finished(journal, journal.ledger.job)
        return camera


async def acted(one: OneCamera) -> list[Sentence]:
    """Do an act with one camera, and close its journal."""
    with one.journal:
        return await one.run()


def _known(sheet: Sheet, request: Request) -> None:
    """Refuse cameras that the sheet does not have."""
    ids = [row.id for row in sheet.rows]
    for wanted in request.only:
        if wanted not in ids:
            raise Refusal(
                Because.UNKNOWN, "commission.not_in_sheet", camera=wanted, known=", ".join(ids)[:300]
            )


def _search(tools: Tools, request: Request, sheet: Sheet | None) -> HardwareSearch:
    """Return what looks on the named networks.

    Raises:
        Refusal: What was named is no network.
    """
    from engine.commission.work.hardware import HardwareSearch

    for trouble in hosts_of(request.subnets).troubles:
        raise Refusal(Because.INVALID, trouble.code, **trouble.values)
    logins: list[Login] = []
    own = (
        [LoginSettings(username=row.username, password=row.password) for row in sheet.rows if row.password]
        if sheet
        else []
    )
    for settings, base in (
        *((each, tools.configuration.parent) for each in own),
        *((each, tools.wants) for each in (*tools.standard.credentials, *tools.standard.passwords.defaults)),
    ):
        try:
            login = Vault(base).login(settings)
        except CredentialError:
            continue  # told where a camera's own logins are tried
        if login is not None:
            logins.append(login)
    return HardwareSearch(request.subnets, logins, tools.books)


def options_of(request: Request) -> Options:
    """Return what is wanted of a job."""
    return Options(
        frozenset(request.yes), frozenset(request.steps), frozenset(request.only), request.thorough, request.adopt,
        request.together, request.dry,
    )  # fmt: skip


def sheet_in(request: Request) -> Sheet:
    """Return the sheet of a request.

    Raises:
        ConfigError: With every mistake of it.
    """
    try:
        content = base64.b64decode(request.content, validate=True)
    except ValueError:  # no base64, or not even ASCII
        content = b""
    return sheet_of(content, request.name)
