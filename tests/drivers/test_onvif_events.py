"""PullPoint against a scripted device: what is granted, renewed, refused, and the addresses in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from drivers.contract import Feature, Login, Signal, Target
from drivers.errors import Refused, Unreachable, Unsupported
from drivers.onvif import driver, xml
from drivers.onvif.events import pull_point

LOGIN = Login("operator", "Chim-7f3a")
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"


def zulu(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def granted(onvif: Any, address: str, seconds: float, more: str = "") -> str:
    now = datetime.now(UTC)
    told: str = onvif.envelope(
        "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>"
        f"<wsa:Address>{address}</wsa:Address>{more}</tev:SubscriptionReference>"
        f"<wsnt:CurrentTime>{zulu(now)}</wsnt:CurrentTime>"
        f"<wsnt:TerminationTime>{zulu(now + timedelta(seconds=seconds))}</wsnt:TerminationTime>"
        "</tev:CreatePullPointSubscriptionResponse>"
    )
    return told


def pulled(onvif: Any, *notes: str) -> str:
    now = zulu(datetime.now(UTC))
    told: str = onvif.envelope(
        f"<tev:PullMessagesResponse><tev:CurrentTime>{now}</tev:CurrentTime>"
        f"<tev:TerminationTime>{now}</tev:TerminationTime>{''.join(notes)}</tev:PullMessagesResponse>"
    )
    return told


def note(state: str, topic: str = "tns1:VideoSource/MotionAlarm", at: str = "2026-03-01T12:00:00Z") -> str:
    return (
        "<wsnt:NotificationMessage>"
        f'<wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">{topic}</wsnt:Topic>'
        f'<wsnt:Message><tt:Message UtcTime="{at}" PropertyOperation="Changed">'
        '<tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="vsc-s0"/></tt:Source>'
        f'<tt:Data><tt:SimpleItem Name="State" Value="{state}"/></tt:Data>'
        "</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )


@pytest.fixture
def pullpoint(scripted: Any, onvif: Any) -> Any:
    """A scripted device with an event service; every pull tells motion."""
    scripted.answers["GetServices"] = scripted.services(
        {MEDIA: f"{scripted.root}/media", EVENTS: f"{scripted.root}/events"}
    )
    address = f"http://192.168.1.64:{scripted.port}:{scripted.port}/sub?Idx=4"  # LAN host, port doubled
    scripted.answers["CreatePullPointSubscription"] = granted(onvif, address, 600)
    scripted.answers["PullMessages"] = pulled(onvif, note("true"))
    now = zulu(datetime.now(UTC) + timedelta(seconds=600))
    scripted.answers["Renew"] = onvif.envelope(
        f"<wsnt:RenewResponse><wsnt:TerminationTime>{now}</wsnt:TerminationTime></wsnt:RenewResponse>"
    )
    scripted.answers["SetSynchronizationPoint"] = onvif.envelope("<tev:SetSynchronizationPointResponse/>")
    scripted.answers["Unsubscribe"] = onvif.envelope("<wsnt:UnsubscribeResponse/>")
    return scripted


async def hear(device: Any, most: int = 1) -> list[Signal]:
    async with driver.open(Target(device.url), LOGIN) as opened:
        assert Feature.SIGNALS in opened.cameras[0].features
        heard: list[Signal] = []
        async for signal in opened.signals():
            heard += [signal] if signal is not None else []
            if len(heard) == most:
                break
        return heard


async def test_subscribes_pulls_and_leaves(pullpoint: Any) -> None:
    (signal,) = await hear(pullpoint)
    assert (signal.topic, signal.source, signal.state) == ("VideoSource/MotionAlarm", "s0", True)
    assert signal.at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    mine = [asked for asked in pullpoint.asked if asked.path == "/sub"]
    assert [asked.operation for asked in mine] == ["SetSynchronizationPoint", "PullMessages", "Unsubscribe"]
    assert all("PasswordDigest" in asked.body for asked in mine)
    assert ">PT10S<" in mine[1].body


async def test_reference_parameters_are_sent_back(pullpoint: Any, onvif: Any) -> None:
    """Axis tells subscriptions apart by them."""
    more = '<wsa:ReferenceParameters><x:SubscriptionId xmlns:x="urn:x">7</x:SubscriptionId></wsa:ReferenceParameters>'
    pullpoint.answers["CreatePullPointSubscription"] = granted(onvif, f"{pullpoint.root}/sub", 600, more)
    await hear(pullpoint)
    pull = next(asked for asked in pullpoint.asked if asked.operation == "PullMessages")
    assert "SubscriptionId" in pull.body.partition("Body")[0]


async def test_renews_before_the_end(pullpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_point, "RENEW_AT", 0.0)  # at once
    monkeypatch.setattr(pull_point, "RENEWAL", 0.0)
    await hear(pullpoint, 2)
    mine = [operation for operation in pullpoint.operations() if operation in ("Renew", "PullMessages")]
    assert mine == ["Renew", "PullMessages", "Renew", "PullMessages"]


async def test_a_device_that_cannot_count_from_now_is_told_the_moment(pullpoint: Any, onvif: Any) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = granted(onvif, f"{pullpoint.root}/sub", 5)
    await hear(pullpoint)
    renew = next(asked for asked in pullpoint.asked if asked.operation == "Renew")
    assert "PT600S" not in renew.body
    assert f"{datetime.now(UTC):%Y-%m-}" in renew.body.partition("TerminationTime")[2]


@pytest.mark.parametrize("operation", ["Renew", "SetSynchronizationPoint", "Unsubscribe"])
@pytest.mark.parametrize("fault", ["ter:ActionNotSupported", "ter:NotAuthorized"])
async def test_optional_operations_may_lack(pullpoint: Any, onvif: Any, operation: str, fault: str) -> None:
    """Also for a user who has no right to them."""
    pullpoint.answers["CreatePullPointSubscription"] = granted(onvif, f"{pullpoint.root}/sub", 5)
    pullpoint.answers[operation] = onvif.fault(fault)
    known = pullpoint.default("GetDeviceInformation")
    pullpoint.answers["GetDeviceInformation"] = lambda asked: (
        known if "Security" in asked.body else onvif.fault("ter:NotAuthorized")
    )
    assert len(await hear(pullpoint, 2)) == 2


@pytest.mark.parametrize("takes", ["PT600S", "Z<"])
async def test_a_device_that_takes_but_one_way_to_tell_a_time(
    pullpoint: Any, onvif: Any, monkeypatch: pytest.MonkeyPatch, takes: str
) -> None:
    """Whichever was wrong, the next is the other one, and in time: it holds only what it had granted."""
    monkeypatch.setattr(pull_point, "RENEWAL", 0.0)
    pullpoint.answers["CreatePullPointSubscription"] = granted(onvif, f"{pullpoint.root}/sub", 1)
    good = pullpoint.answers["Renew"]
    pullpoint.answers["Renew"] = lambda asked: (
        good if takes in asked.body.partition("TerminationTime")[2] else onvif.fault("ter:InvalidArgVal")
    )
    monkeypatch.setattr(pull_point, "RENEW_AT", 0.0)
    await hear(pullpoint, 3)
    renewed = [asked.body for asked in pullpoint.asked if asked.operation == "Renew"]
    assert any(takes in body.partition("TerminationTime")[2] for body in renewed[:2])


@pytest.mark.parametrize("at", ["2026-03-01T00:61:16Z", "garbage", ""])
async def test_bad_dates_do_not_end_the_subscription(pullpoint: Any, onvif: Any, at: str) -> None:
    pullpoint.answers["PullMessages"] = pulled(onvif, note("1", at=at), note("false"))
    first, second = await hear(pullpoint, 2)
    assert (first.state, second.state) == (True, False)
    assert first.at.utcoffset() == timedelta()


async def test_a_lost_subscription_ends_with_our_error(pullpoint: Any, onvif: Any) -> None:
    pullpoint.answers["PullMessages"] = onvif.fault("ter:InvalidArgVal")
    with pytest.raises(Unreachable) as caught:
        await hear(pullpoint)
    assert caught.value.code == "driver.deaf"
    assert pullpoint.operations()[-1] == "Unsubscribe"


async def test_a_password_changed_meanwhile_is_a_refusal(pullpoint: Any, onvif: Any) -> None:
    pullpoint.answers["PullMessages"] = onvif.fault("ter:NotAuthorized")
    with pytest.raises(Refused):
        await hear(pullpoint)


# -- events are never given up -----------------------------------------------------------------------

LOSSES: dict[str, Any] = {
    "a fault of the standard": lambda onvif: onvif.fault("wsrf-rw:ResourceUnknownFault"),
    "a fault of the maker": lambda onvif: onvif.fault("acme:Gone", "Receiver"),
    "a fault of SOAP 1.1": lambda onvif: onvif.envelope(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>no such subscription</faultstring></s:Fault>"
    ),
    "not supported": lambda onvif: onvif.fault("ter:ActionNotSupported"),
    "400": lambda _: web.Response(status=400),
    "404": lambda _: web.Response(status=404, text="<html>not here</html>"),
    "410": lambda _: web.Response(status=410),
    "500": lambda _: web.Response(status=500, text="<html>boot</html>"),
    "503": lambda _: web.Response(status=503),
    "moved": lambda _: web.Response(status=302, headers={"Location": "/login"}),
    "nonsense": lambda _: b"<html>Welcome</html>",
    "no XML": lambda _: b"Envelope \x00",
}


@pytest.mark.parametrize("operation", ["CreatePullPointSubscription", "PullMessages"])
@pytest.mark.parametrize("kind", LOSSES)
async def test_whatever_loses_a_subscription_may_be_better_later(
    pullpoint: Any, onvif: Any, operation: str, kind: str
) -> None:
    pullpoint.answers[operation] = lambda _: LOSSES[kind](onvif)
    with pytest.raises(Unreachable):
        await hear(pullpoint)


async def test_only_a_device_without_an_event_service_ends_it(scripted: Any) -> None:
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert Feature.SIGNALS not in device.cameras[0].features
        with pytest.raises(Unsupported) as caught:
            await anext(device.signals())
    assert caught.value.code == "driver.no_signals"


async def test_an_event_service_that_comes_up_later(pullpoint: Any) -> None:
    whole = pullpoint.answers.pop("GetServices")
    async with driver.open(Target(pullpoint.url), LOGIN) as device:
        assert Feature.SIGNALS not in device.cameras[0].features
        pullpoint.answers["GetServices"] = whole
        async with aclosing(device.signals()) as signals:
            assert await anext(signals)


@pytest.mark.parametrize("mended", [True, False])
async def test_half_a_list_of_services_is_no_missing_event_service(pullpoint: Any, mended: bool) -> None:
    whole = pullpoint.answers["GetServices"]
    half = whole[: whole.index(f"Namespace>{EVENTS}")]
    pullpoint.answers["GetServices"] = half
    async with driver.open(Target(pullpoint.url), LOGIN) as device:
        assert Feature.SIGNALS in device.cameras[0].features
        with pytest.raises(Unreachable) as caught:
            await anext(device.signals())
        assert caught.value.code == "driver.deaf"
        if mended:
            pullpoint.answers["GetServices"] = whole
            async with aclosing(device.signals()) as signals:
                signal = await anext(signals)
                assert signal is not None
                assert signal.state is True


@pytest.mark.parametrize(
    "told",
    [
        "<wsnt:SubscribeCreationFailedFault/>",
        "<tt:Reason>Maximum number of subscriptions reached</tt:Reason>",
    ],
)
async def test_no_place_for_a_subscription_is_told(pullpoint: Any, onvif: Any, told: str) -> None:
    reason = "Maximum number of subscriptions reached" if "Maximum" in told else "no"
    pullpoint.answers["CreatePullPointSubscription"] = onvif.envelope(
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason><s:Detail>{told}</s:Detail></s:Fault>'
    )
    with pytest.raises(Unreachable) as caught:
        await hear(pullpoint)
    assert caught.value.code == "driver.full"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "urn:uuid:7",
        "http://www.w3.org/2005/08/addressing/anonymous",
        "/events",
        "events",
        "?",
        "ftp://x/y",
        "http://",
        "http://x:port/",
    ],
)
async def test_an_address_that_leads_nowhere_is_the_event_services(
    pullpoint: Any, onvif: Any, address: str
) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = granted(onvif, address, 600)
    await hear(pullpoint)
    (pull,) = [asked for asked in pullpoint.asked if asked.operation == "PullMessages"]
    assert pull.path == "/events"


@pytest.mark.parametrize("grants", [600.0, 5.0])
async def test_an_address_where_nothing_answers_is_looked_for_beside_the_event_service(
    pullpoint: Any, onvif: Any, dead_port: int, grants: float
) -> None:
    """As behind a forwarded port: what the device calls 80 is another one here."""
    pullpoint.answers["CreatePullPointSubscription"] = granted(
        onvif, f"http://192.168.1.64:{dead_port}/sub?Idx=4", grants
    )
    await hear(pullpoint, 2)
    asked = [each.path for each in pullpoint.asked if each.operation in ("PullMessages", "Unsubscribe")]
    assert asked == ["/sub"] * 3


async def test_a_pull_that_brings_nothing_is_a_sign_of_life(pullpoint: Any, onvif: Any) -> None:
    answers = [pulled(onvif, note("true")), web.Response(), pullpoint.CLOSE, pulled(onvif), pulled(onvif)]
    pullpoint.answers["PullMessages"] = lambda _: answers.pop()
    async with driver.open(Target(pullpoint.url), LOGIN) as device, aclosing(device.signals()) as signals:
        heard = [await anext(signals) for _ in range(3)]
    assert [each and each.state for each in heard] == [None, None, True]
    assert answers == [], "no answer at all is no sign"


async def test_a_relative_address_is_joined(pullpoint: Any, onvif: Any) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = granted(onvif, "sub/7", 600)
    await hear(pullpoint)
    (pull,) = [asked for asked in pullpoint.asked if asked.operation == "PullMessages"]
    assert pull.path == "/sub/7"


async def test_no_reference_at_all(pullpoint: Any, onvif: Any) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = onvif.envelope(
        "<tev:CreatePullPointSubscriptionResponse/>"
    )
    assert len(await hear(pullpoint)) == 1


# -- pulls -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["closed", "empty", "204", "202"])
async def test_a_pull_without_an_answer_says_nothing(pullpoint: Any, onvif: Any, how: str) -> None:
    answers = [pulled(onvif, note("true"))]
    nothing: dict[str, Callable[[], Any]] = {
        "empty": lambda: b"",
        "204": lambda: web.Response(status=204),
        "202": lambda: web.Response(status=202),
        "closed": lambda: pullpoint.CLOSE,
    }
    count: list[int] = []

    def pull(_: Any) -> Any:
        count.append(1)
        return nothing[how]() if len(count) < 3 else answers[0]

    pullpoint.answers["PullMessages"] = pull
    assert len(await hear(pullpoint)) == 1
    assert pullpoint.operations().count("CreatePullPointSubscription") == 1


@pytest.mark.parametrize("how", ["told at once", "empty", "closed"])
async def test_pulls_have_a_least_distance(
    pullpoint: Any, onvif: Any, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that never waits, whether it says something or nothing, must not be asked in a circle."""
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    answers = {
        "told at once": pulled(onvif, note("true")),
        "empty": pulled(onvif),
        "closed": pullpoint.CLOSE,
    }
    count: list[int] = []

    def pull(_: Any) -> Any:
        count.append(1)
        return answers[how] if len(count) < 5 else pulled(onvif, note("false"))

    pullpoint.answers["PullMessages"] = pull
    monkeypatch.setattr(pull_point, "HASTE", 1000.0)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with driver.open(Target(pullpoint.url), LOGIN) as device, aclosing(device.signals()) as signals:
        async for signal in signals:
            if signal is not None and signal.state is False:
                break
    assert len([seconds for seconds in slept if seconds > 900]) >= len(count) - 2


async def test_a_subscription_that_closes_every_pull_is_lost_in_the_end(
    pullpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_point, "SILENCE", 0.0)
    pullpoint.answers["PullMessages"] = pullpoint.CLOSE
    with pytest.raises(Unreachable) as caught:
        await hear(pullpoint)
    assert caught.value.code == "driver.dropped"


# -- what notifications cost each other -----------------------------------------------------------------

BROKEN = {
    "an undeclared prefix": (note("true").replace("<tt:Data>", "<acme:Extra>1</acme:Extra><tt:Data>"), 3),
    "an undeclared prefix everywhere": (note("true").replace("tt:", "tx:"), 3),
    "a bare ampersand": (note("true").replace("<tt:Data>", "<tt:Name>a&b</tt:Name><tt:Data>"), 3),
    "an element that is not closed": (note("true").replace("<tt:Data>", "<tt:Data><tt:Data>"), 2),
    "a message closed twice": (note("true").replace("<tt:Data>", "</tt:Message><tt:Data>"), 2),
    "an answer closed in between": (
        note("true").replace("<tt:Data>", "</tev:PullMessagesResponse><tt:Data>"),
        2,
    ),
    "a comment without an end": (note("true").replace("<tt:Data>", "<!-- <tt:Data>"), 2),
    "CDATA without an end": (note("true").replace("<tt:Data>", "<![CDATA[ <tt:Data>"), 2),
    "an attribute without an end": (note("true").replace('Value="true"', 'Value="true'), 2),
    "a note cut off": (note("true")[:200], 2),
    "no topic": (note("true").replace("tns1:VideoSource/MotionAlarm", ""), 2),
    "control characters": (note("true").replace("<tt:Data>", "<a>\x01\x02</a><tt:Data>"), 3),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_notification_costs_itself_alone(pullpoint: Any, onvif: Any, kind: str) -> None:
    odd, count = BROKEN[kind]
    pullpoint.answers["PullMessages"] = pulled(onvif, note("true"), odd, note("true"))
    heard = await hear(pullpoint, count)
    assert [(signal.topic, signal.source, signal.state) for signal in heard] == [
        ("VideoSource/MotionAlarm", "s0", True)
    ] * count


async def test_a_device_of_which_nothing_can_be_read_is_not_heard(
    pullpoint: Any, onvif: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it count as hearing that it has nothing to say in between."""
    monkeypatch.setattr(pull_point, "HASTE", 0.0)
    odd, good, idle = note("true")[:200], pulled(onvif, note("false")), pulled(onvif)
    pulls = iter([pulled(onvif, odd), idle, good, *[pulled(onvif, odd), idle] * pull_point.GARBLED, good])
    pullpoint.answers["PullMessages"] = lambda _: next(pulls)
    async with driver.open(Target(pullpoint.url), LOGIN) as device:
        async with aclosing(device.signals()) as signals:
            signal = await anext(signals)
            assert signal is not None
            assert signal.state is False
            with pytest.raises(Unreachable) as caught:
                await anext(signals)
        assert (caught.value.code, caught.value.values["detail"]) == (
            "driver.deaf",
            "unreadable notifications",
        )
        for expected in (False, None):  # the last of the pulls above
            async with aclosing(device.signals()) as signals:
                signal = await anext(signals)
                assert (signal and signal.state) is expected
            pullpoint.answers["PullMessages"] = idle


async def test_an_answer_cut_off_tells_what_came_before(pullpoint: Any, onvif: Any) -> None:
    told = pulled(onvif, note("true"), note("false"), note("true"))
    pullpoint.answers["PullMessages"] = told[: told.rindex("<tt:Data>")]
    heard = await hear(pullpoint, 2)
    assert [signal.state for signal in heard] == [True, False]


# -- what is given back ----------------------------------------------------------------------------------


async def test_a_listener_that_is_cancelled_gives_its_subscription_back(pullpoint: Any) -> None:
    pulling = asyncio.Event()

    async def hang(_: Any) -> Any:
        pulling.set()
        await asyncio.sleep(60)

    pullpoint.answers["PullMessages"] = hang
    async with driver.open(Target(pullpoint.url), LOGIN) as device, asyncio.TaskGroup() as group:
        listening = group.create_task(_listen(device))
        await pulling.wait()
        listening.cancel()
    assert pullpoint.operations()[-1] == "Unsubscribe"


async def test_cancelled_while_subscribing_it_is_given_back_too(pullpoint: Any, onvif: Any) -> None:
    """The device has made it, and we do not know its address yet: such leaks fill a camera's few places."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def slowly(_: Any) -> web.Response:
        asked.set()
        await go.wait()
        return web.Response(
            text=granted(onvif, f"{pullpoint.root}/sub", 600), content_type="application/soap+xml"
        )

    pullpoint.answers["CreatePullPointSubscription"] = slowly
    async with driver.open(Target(pullpoint.url), LOGIN) as device, asyncio.TaskGroup() as group:
        listening = group.create_task(_listen(device))
        await asked.wait()
        listening.cancel()
        go.set()
    assert pullpoint.operations()[-1] == "Unsubscribe"


async def _listen(device: Any) -> None:
    async with aclosing(device.signals()) as signals:
        async for _ in signals:
            pass


async def test_a_device_that_keeps_silent_at_the_farewell(
    pullpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: Any) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(pull_point, "FAREWELL_SECONDS", 0.1)
    pullpoint.answers["Unsubscribe"] = hang
    assert len(await hear(pullpoint)) == 1


# -- times that are granted --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "until", "seconds"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z", 60.0),
        ("2026-03-01T12:00:00", "2026-03-01T12:01:00Z", 60.0),
        ("2026-03-01T19:00:00+07:00", "2026-03-01T12:01:00Z", 60.0),
        ("2026-03-01T12:00:00Z", "PT60S", 60.0),
        ("2026-03-01T12:00:00Z", "PT1M", 60.0),
        ("2026-03-01T12:00:00Z", "PT0S", pull_point.LIFETIME),
        ("2026-03-01T12:00:00Z", "1970-01-01T00:00:00Z", pull_point.LIFETIME),  # over before it began
        ("2026-03-01T12:00:00Z", "9999-12-31T23:59:59Z", pull_point.LIFETIME),
        ("garbage", "garbage", pull_point.LIFETIME),
        ("", "", pull_point.LIFETIME),
    ],
)
async def test_what_is_granted(onvif: Any, now: str, until: str, seconds: float) -> None:
    told = onvif.envelope(
        f"<wsnt:TerminationTime>{until}</wsnt:TerminationTime><wsnt:CurrentTime>{now}</wsnt:CurrentTime>"
    )
    subscription = pull_point.Subscription(None, None, timedelta(), {})  # type: ignore[arg-type]  # it asks nobody
    subscription._plan(xml.parse(told.encode()))
    assert subscription._granted == seconds


async def test_a_device_that_takes_no_time_from_now(pullpoint: Any, onvif: Any) -> None:
    good = pullpoint.answers["CreatePullPointSubscription"]
    pullpoint.answers["CreatePullPointSubscription"] = lambda asked: (
        onvif.fault("wsnt:UnacceptableInitialTerminationTimeFault") if "PT600S" in asked.body else good
    )
    assert len(await hear(pullpoint)) == 1
