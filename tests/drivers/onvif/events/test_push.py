"""Events that come by calls: from a virtual camera over a real receiver, and from devices that lie or are cut off."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web

from drivers import onvif as onvif_driver
from drivers.contract import Signal, Target, Webhook, WebhookRequest
from drivers.errors import Unreachable, Unsupported
from drivers.kit.nursery import nursery
from drivers.onvif.device import OnvifDevice
from drivers.onvif.events import push, subscription
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraSpec
from tests.drivers.onvif.conftest import Asked, Scripted, envelope, fault

PATIENCE = 60.0
MEDIA, EVENTS = "http://www.onvif.org/ver10/media/wsdl", "http://www.onvif.org/ver10/events/wsdl"
CREATED = "CreatePullPointSubscription"


class Hook:
    """A lent address: an aiohttp server of its own."""

    def __init__(self, url: str) -> None:
        self.url, self.dropped = url, 0
        self.came: asyncio.Queue[WebhookRequest] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[WebhookRequest]:
        while True:
            yield await self.came.get()


@dataclass
class Lender:
    """Lends addresses that really listen, and says how many are held."""

    held: list[Hook] = field(default_factory=list)

    @asynccontextmanager
    async def receive(self) -> AsyncIterator[Webhook]:
        hook = Hook("")

        async def take(request: web.Request) -> web.Response:
            body = await request.read()
            await hook.came.put(WebhookRequest(request.method, "", request.content_type, body, ""))
            return web.Response()

        app = web.Application()
        app.router.add_route("*", "/hook/secret", take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook/secret"
        self.held.append(hook)
        try:
            yield hook
        finally:
            self.held.remove(hook)
            await runner.cleanup()


@pytest.fixture
def lender() -> Lender:
    return Lender()


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with VirtualCamera(CameraSpec(name="push", password="p", discoverable=False)) as camera:
        yield camera


@asynccontextmanager
async def listening(
    url: str, lender: Lender | None, login: Any = None, events: str = "push"
) -> AsyncIterator[AsyncIterator[Signal | None]]:
    target = Target(url, {"events": events}, webhooks=lender)
    async with (
        asyncio.timeout(PATIENCE),
        onvif_driver.driver.open(target, login) as device,
        aclosing(device.signals()) as signals,
    ):
        yield signals


async def test_states_first_then_changes(camera: VirtualCamera, lender: Lender) -> None:
    async with listening(camera.onvif_url, lender, camera.spec.login) as signals:
        inputs = (each async for each in signals if each and each.topic == "Device/Trigger/DigitalInput")
        first = await anext(inputs)
        assert (first.state, first.initial, first.about) == (False, True, (("InputToken", "input0"),))
        camera.set_input(True)
        changed = await anext(each async for each in inputs if not each.initial)
        assert changed.state is True
        assert len(camera.broker.subscriptions) == len(lender.held) == 1
    assert len(camera.broker.subscriptions) == len(lender.held) == 0


async def test_a_device_that_tells_nothing_ends_in_a_sentence(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "UNHEARD", 0.2)
    spec = CameraSpec(name="deaf", password="p", discoverable=False, quirks=frozenset({Quirk.DEAF_EVENTS}))
    async with VirtualCamera(spec) as camera, listening(camera.onvif_url, lender, spec.login) as signals:
        with pytest.raises(Unreachable) as caught:
            await anext(signals)
    assert caught.value.code == "driver.push_silent"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", str(caught.value.values["to"]))
    assert "secret" not in str(caught.value)
    assert lender.held == []


@dataclass
class Caller:
    """A scripted device that calls; it notes what it was asked to call."""

    scripted: Scripted
    url: str = ""

    def __post_init__(self) -> None:
        self.scripted.answers |= {
            "GetServices": self.scripted.services(
                {MEDIA: f"{self.scripted.root}/media", EVENTS: f"{self.scripted.root}/events"}
            ),
            CREATED: fault("ter:ActionNotSupported"),
            "Subscribe": self.subscribed,
            "Renew": envelope(
                "<wsnt:RenewResponse><wsnt:TerminationTime>PT600S</wsnt:TerminationTime></wsnt:RenewResponse>"
            ),
            "SetSynchronizationPoint": envelope("<tev:SetSynchronizationPointResponse/>"),
            "Unsubscribe": envelope("<wsnt:UnsubscribeResponse/>"),
        }

    def subscribed(self, asked: Asked) -> str:
        found = re.search(r"ConsumerReference[^>]*><a:Address[^>]*>([^<]*)<", asked.body)
        assert found is not None
        self.url = found[1]
        return envelope(
            "<wsnt:SubscribeResponse><wsnt:SubscriptionReference><wsa:Address>"
            f"{self.scripted.root}/sub/1</wsa:Address></wsnt:SubscriptionReference>"
            "<wsnt:TerminationTime>PT600S</wsnt:TerminationTime></wsnt:SubscribeResponse>"
        )

    async def call(self, body: str | bytes, method: str = "POST") -> None:
        async with ClientSession() as session, session.request(method, self.url, data=body) as answer:
            assert answer.status == 200


def notify(state: str, operation: str = "Changed") -> str:
    return envelope(
        "<wsnt:Notify><wsnt:NotificationMessage><wsnt:Topic>tns1:VideoSource/MotionAlarm</wsnt:Topic><wsnt:Message>"
        f'<tt:Message UtcTime="2026-03-01T12:00:00Z" PropertyOperation="{operation}"><tt:Data>'
        f'<tt:SimpleItem Name="State" Value="{state}"/></tt:Data></tt:Message></wsnt:Message>'
        "</wsnt:NotificationMessage></wsnt:Notify>"
    )


@pytest.fixture
def caller(scripted: Scripted) -> Caller:
    return Caller(scripted)


async def until(true: Callable[[], bool]) -> None:
    while not true():  # the listening's time-out ends it
        await asyncio.sleep(0.01)


async def heard(
    signals: AsyncIterator[Signal | None], caller: Caller, *bodies: str | bytes, method: str = "POST"
) -> bool | None:
    """Call while somebody listens, and return the next state."""

    async def call() -> None:
        await until(lambda: caller.url != "")
        for body in bodies:
            await caller.call(body, method if body is bodies[0] else "POST")

    async with nursery() as tasks:
        tasks.start("calls", call())
        signal = await _next(signals)
        return signal.state


async def _next(signals: AsyncIterator[Signal | None]) -> Signal:
    return await anext(each async for each in signals if each is not None)


async def _all(signals: AsyncIterator[Signal | None], told: list[bool | None]) -> None:
    async for signal in signals:
        state = signal.state if signal is not None else None
        told.append(state)


async def test_garbage_and_other_methods_cost_nothing(
    scripted: Scripted, caller: Caller, lender: Lender
) -> None:
    async with listening(scripted.url, lender) as signals:
        bodies = (notify("false"), b"\x00\x01 no XML", envelope("<wsnt:Notify/>"), notify("true"))
        assert await heard(signals, caller, *bodies, method="PUT") is True


async def test_calls_that_are_all_garbage_are_told(
    scripted: Scripted, caller: Caller, lender: Lender
) -> None:
    async with listening(scripted.url, lender) as signals:
        with pytest.raises(Unreachable) as caught:
            await heard(signals, caller, *[b"garbage"] * subscription.GARBLED)
    assert caught.value.code == "driver.deaf"


async def test_auto_pulls_where_it_can_and_is_called_where_it_cannot(
    scripted: Scripted, caller: Caller, camera: VirtualCamera, lender: Lender
) -> None:
    async with listening(camera.onvif_url, lender, camera.spec.login, "auto") as signals:
        await _next(signals)
        assert lender.held == []
    async with listening(scripted.url, lender, events="auto") as signals:
        assert await heard(signals, caller, notify("true")) is True
    assert scripted.operations().count(CREATED) == 1
    assert scripted.operations()[-1] == "Unsubscribe"


async def test_auto_asks_for_pulls_again_where_calls_cannot_be_had(
    scripted: Scripted, caller: Caller, lender: Lender
) -> None:
    scripted.answers["Subscribe"] = fault("ter:ActionNotSupported")
    target = Target(scripted.url, webhooks=lender)
    async with asyncio.timeout(PATIENCE), onvif_driver.driver.open(target, None) as device:
        for _ in range(2):
            with pytest.raises(Unreachable) as caught:
                await anext(device.signals())
            assert caught.value.code == "driver.deaf"
    assert scripted.operations().count(CREATED) == 2
    assert scripted.operations().count("Subscribe") == 2


@pytest.mark.parametrize("events", ["auto", "push"])
async def test_who_lends_no_address(scripted: Scripted, caller: Caller, events: str) -> None:
    async with listening(scripted.url, None, events=events) as signals:
        with pytest.raises(Unreachable) as caught:
            await anext(signals)
    assert caught.value.code == {"auto": "driver.deaf", "push": "driver.no_webhooks"}[events]
    assert "Subscribe" not in scripted.operations()


async def test_a_device_that_fell_silent_is_told(
    scripted: Scripted, caller: Caller, lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answered with its states when it was asked; when it does not any more, it does not reach us."""
    monkeypatch.setattr(push, "WATCH", 0.05)
    told: list[bool | None] = []

    async def answers(asked: Asked) -> web.Response:
        if scripted.operations().count("SetSynchronizationPoint") in (1, 3):
            await caller.call(notify("false", "Initialized"))
        return web.Response(text=envelope("<tev:R/>"), content_type="application/soap+xml")

    scripted.answers["SetSynchronizationPoint"] = answers
    async with listening(scripted.url, lender) as signals:
        with pytest.raises(Unreachable) as caught:
            await _all(signals, told)
    assert caught.value.code == "driver.push_silent"
    assert told.count(False) == 2
    assert None in told


async def test_what_the_receiver_dropped_is_made_up_for(
    scripted: Scripted, caller: Caller, lender: Lender
) -> None:
    async with listening(scripted.url, lender) as signals:
        assert await heard(signals, caller, notify("true")) is True
        before = scripted.operations().count("SetSynchronizationPoint")
        lender.held[0].dropped = 3
        assert await heard(signals, caller, notify("false")) is False
        assert await heard(signals, caller, notify("true")) is True
        assert scripted.operations().count("SetSynchronizationPoint") == before + 1


@pytest.mark.parametrize("refusal", [fault("wsnt:UnableToRenew"), b""], ids=["fault", "nothing"])
async def test_a_subscription_that_cannot_be_renewed_is_lost(
    scripted: Scripted, caller: Caller, lender: Lender, monkeypatch: pytest.MonkeyPatch, refusal: str | bytes
) -> None:
    monkeypatch.setattr(subscription, "RENEW_AT", 0.0)
    monkeypatch.setattr(subscription, "RENEWAL", 0.0)
    scripted.answers["Renew"] = refusal
    async with listening(scripted.url, lender) as signals:
        with pytest.raises(Unreachable):
            await heard(signals, caller)
    assert scripted.operations().count("Renew") == 2
    assert lender.held == []


async def test_an_unknown_way_is_refused(scripted: Scripted) -> None:
    with pytest.raises(Unsupported):
        async with onvif_driver.driver.open(Target(scripted.url, {"events": "smoke"}), None) as device:
            assert isinstance(device, OnvifDevice)
