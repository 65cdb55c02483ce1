"""Events come again after whatever a camera does to its subscription: real ear, real driver, a camera by hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import pytest

from drivers.contract import Target
from drivers.logins import LoginBook
from drivers.onvif import driver
from drivers.onvif.events import pull_point
from engine.draft import Draft
from engine.fleet.events import subscription as ears
from engine.fleet.events.device_group import DeviceGroup, Listener
from engine.fleet.events.signals import Signals
from engine.fleet.health.conditions import Conditions
from engine.fleet.login_guard import Refusals
from engine.runtime.clock import SystemClock
from engine.runtime.supervisor import Backoff
from rules.model import CameraId, Kind

KINDS = ("gone", "404", "500", "reboot", "full", "hang")
NAMES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:rw="http://docs.oasis-open.org/wsrf/rw-2"'
)
PROFILE = (
    '<trt:Profiles token="main"><tt:VideoSourceConfiguration token="c"><tt:SourceToken>s0</tt:SourceToken>'
    "</tt:VideoSourceConfiguration></trt:Profiles>"
)
ASKED = re.compile(r"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")


def envelope(body: str) -> str:
    return f"<s:Envelope {NAMES}><s:Body>{body}</s:Body></s:Envelope>"


def fault(reason: str) -> tuple[int, str]:
    subcode = "<s:Subcode><s:Value>rw:ResourceUnknownFault</s:Value></s:Subcode>"
    code = f"<s:Code><s:Value>s:Sender</s:Value>{subcode}</s:Code>"
    said = f'<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason>'
    return 400, envelope(f"<s:Fault>{code}{said}</s:Fault>")


@dataclass
class Camera:
    """A camera that tells one numbered thing after each subscription, and loses it as it is told to.

    Attributes:
        away: Seconds that its port is closed when it starts again; then it answers some requests by 500.
        struck: How often a loss was met by a request.
    """

    away: float
    port: int = 0
    loss: str = ""
    subscription: int = 0
    refusals: int = 0
    failing: int = 0
    told: int = 0
    struck: int = 0
    fresh: bool = False
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        await self.listen()
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            await self.shut()

    async def listen(self) -> None:
        self.server = await asyncio.start_server(self.talk, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        assert self.server is not None
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()
        for talk in self.talks:
            talk.cancel()
        if self.talks:
            await asyncio.wait(self.talks)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.writers.add(writer)
        self.talks.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                size = int(re.findall(r"(?i)content-length: (\d+)", head)[0])
                body = (await reader.readexactly(size)).decode()
                status, told = await self.answer(ASKED.findall(body)[0], head, body)
                if not status:
                    await reader.read()
                    break
                content = told.encode()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/soap+xml\r\n" % status)
                writer.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self.talks.discard(task)
        self.writers.discard(writer)
        writer.close()

    async def answer(self, operation: str, head: str, body: str) -> tuple[int, str]:
        if self.failing:
            self.failing -= 1
            return 500, ""
        if operation == "PullMessages":
            return await self.pulled(int(re.findall(r"/sub/(\d+)", head)[0]), body)
        if operation == "CreatePullPointSubscription" and self.refusals:
            self.refusals -= 1
            return fault("Maximum number of subscriptions reached")
        return 200, envelope(self.said(operation))

    def said(self, operation: str) -> str:
        root, now = f"http://127.0.0.1:{self.port}", datetime.now(UTC)
        match operation:
            case "GetServices":
                return "".join(
                    f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace>"
                    f"<tds:XAddr>{root}/{name}</tds:XAddr></tds:Service>"
                    for name in ("media", "events")
                )
            case "GetProfiles":
                return PROFILE
            case "CreatePullPointSubscription":
                self.subscription += 1
                self.fresh, self.loss = True, ""
                address = f"<wsa:Address>{root}/sub/{self.subscription}</wsa:Address>"
                until = f"<wsnt:TerminationTime>{now:%Y-%m-%dT23:59:59Z}</wsnt:TerminationTime>"
                return f"<tev:SubscriptionReference>{address}</tev:SubscriptionReference>{until}"
        return ""

    async def pulled(self, subscription: int, body: str) -> tuple[int, str]:
        if not self.fresh:
            self.stirred.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stirred.wait(), float(re.findall(r"PT(\d+)S<", body)[0]))
        loss, known = self.loss, subscription == self.subscription
        self.struck += bool(loss)
        if loss == "hang":
            self.loss, self.fresh = "", True
            return 0, ""
        if loss in ("404", "500"):
            return int(loss), "<html>no</html>"
        if loss or not known:
            return fault("no such pull point")
        return 200, envelope(f"<tev:PullMessagesResponse>{self.note()}</tev:PullMessagesResponse>")

    def note(self) -> str:
        if not self.fresh:
            return ""
        self.fresh = False
        self.told += 1
        item = f'<tt:SimpleItem Name="Count" Value="{self.told}"/>'
        data = f"<tt:Source/><tt:Data>{item}</tt:Data>"
        message = f'<tt:Message UtcTime="{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}">{data}</tt:Message>'
        topic = "<wsnt:Topic>Device/Trial</wsnt:Topic>"
        return f"<wsnt:NotificationMessage>{topic}<wsnt:Message>{message}</wsnt:Message></wsnt:NotificationMessage>"

    async def lose(self, kind: str) -> None:
        if kind == "reboot":
            await self.shut()
            await asyncio.sleep(self.away)
            self.failing, self.subscription = 3, self.subscription + 1
            self.struck += 1
            await self.listen()
            return
        self.loss, self.refusals = kind, 2 * (kind == "full")
        self.stirred.set()


class Heard(list[Draft]):
    """What an ear told."""

    async def tell(self, drafts: Iterable[Draft]) -> None:
        self.extend(drafts)

    @property
    def latest(self) -> int:
        """The number of the last thing that was heard."""
        counts = [int(str(each.facts["Count"])) for each in self if each.kind is Kind.SIGNAL]
        return max(counts, default=0)


async def until(what: str, heard: Heard, number: int) -> None:
    try:
        async with asyncio.timeout(60):
            while heard.latest < number:
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"no events any more after: {what}")


def listening(heard: Heard) -> ears.EventSubscription:
    clock, camera = SystemClock(), CameraId("gate")
    group = DeviceGroup(clock.monotonic)
    listener = Listener(camera, "s0", Signals(camera, clock.monotonic), Conditions(camera))
    group.arrange([listener], clock.now().wall)
    return ears.EventSubscription(
        "gate",
        group,
        clock=clock,
        random=Random(1),
        tell=heard.tell,
        refusals=Refusals(camera, LoginBook(lambda: clock.now().wall.timestamp()), lambda: True, UTC),
    )


async def suffer(kinds: Iterable[str], away: float) -> int:
    """Let one camera suffer these losses one after the other; return how many it was met in."""
    camera, heard, met = Camera(away), Heard(), 0
    async with camera.served() as url, driver.open(Target(url), None) as device:
        hearing = asyncio.get_running_loop().create_task(listening(heard).run(device))
        await until("the start", heard, 1)
        for kind in kinds:
            before = camera.struck
            await camera.lose(kind)
            await until(kind, heard, heard.latest + 1)
            met += camera.struck > before
        hearing.cancel()
        await asyncio.wait([hearing])
    return met


@pytest.mark.parametrize("kind", KINDS)
async def test_events_come_again(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "RESUBSCRIBE", Backoff(first=0.01, most=0.02, later=0.02))
    monkeypatch.setattr(pull_point, "PULL_INTERVAL", 0.01)
    monkeypatch.setattr(pull_point, "PULL_SECONDS", 1.0)
    monkeypatch.setattr(pull_point, "CALL_SECONDS", 0.5)
    assert await suffer([kind, kind], away=0.1) == 2


@pytest.mark.soak
async def test_events_come_again_after_a_hundred_losses() -> None:
    """As the product is: a hung pull is given up after 20 s, a closed port is tried each few seconds."""
    async with asyncio.TaskGroup() as group:
        turns = [KINDS[turn % 6 :] + KINDS[: turn % 6] for turn in range(17)]
        suffering = [group.create_task(suffer(turn, away=3.0)) for turn in turns]
    assert sum(task.result() for task in suffering) == 102
