"""The pull point: what is granted, renewed and given back, and the addresses in between."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from drivers.contract import Login, Target
from drivers.onvif import driver, xml
from drivers.onvif.events import pull_point, subscription

LOGIN = Login("operator", "Chim-7f3a")


async def test_subscribes_pulls_and_leaves(pullpoint: Any, events: Any) -> None:
    (signal,) = await events.hear(pullpoint)
    assert (signal.topic, signal.source, signal.state) == ("VideoSource/MotionAlarm", "s0", True)
    assert signal.at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    mine = [asked for asked in pullpoint.asked if asked.path == "/sub"]
    assert [asked.operation for asked in mine] == ["SetSynchronizationPoint", "PullMessages", "Unsubscribe"]
    assert all("PasswordDigest" in asked.body for asked in mine)
    assert ">PT10S<" in mine[1].body


async def test_reference_parameters_are_sent_back(pullpoint: Any, onvif: Any, events: Any) -> None:
    """Axis tells subscriptions apart by them."""
    more = '<wsa:ReferenceParameters><x:SubscriptionId xmlns:x="urn:x">7</x:SubscriptionId></wsa:ReferenceParameters>'
    pullpoint.answers["CreatePullPointSubscription"] = events.granted(
        onvif, f"{pullpoint.root}/sub", 600, more
    )
    await events.hear(pullpoint)
    pull = next(asked for asked in pullpoint.asked if asked.operation == "PullMessages")
    assert "SubscriptionId" in pull.body.partition("Body")[0]


async def test_renews_before_the_end(pullpoint: Any, monkeypatch: pytest.MonkeyPatch, events: Any) -> None:
    monkeypatch.setattr(subscription, "RENEW_AT", 0.0)  # at once
    monkeypatch.setattr(subscription, "RENEWAL", 0.0)
    await events.hear(pullpoint, 2)
    mine = [operation for operation in pullpoint.operations() if operation in ("Renew", "PullMessages")]
    assert mine == ["Renew", "PullMessages", "Renew", "PullMessages"]


async def test_a_device_that_cannot_count_from_now_is_told_the_moment(
    pullpoint: Any, onvif: Any, events: Any
) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = events.granted(onvif, f"{pullpoint.root}/sub", 5)
    await events.hear(pullpoint)
    renew = next(asked for asked in pullpoint.asked if asked.operation == "Renew")
    assert "PT600S" not in renew.body
    assert f"{datetime.now(UTC):%Y-%m-}" in renew.body.partition("TerminationTime")[2]


@pytest.mark.parametrize("operation", ["Renew", "SetSynchronizationPoint", "Unsubscribe"])
@pytest.mark.parametrize("fault", ["ter:ActionNotSupported", "ter:NotAuthorized"])
async def test_optional_operations_may_lack(
    pullpoint: Any, onvif: Any, operation: str, fault: str, events: Any
) -> None:
    """Also for a user who has no right to them."""
    pullpoint.answers["CreatePullPointSubscription"] = events.granted(onvif, f"{pullpoint.root}/sub", 5)
    pullpoint.answers[operation] = onvif.fault(fault)
    known = pullpoint.default("GetDeviceInformation")
    pullpoint.answers["GetDeviceInformation"] = lambda asked: (
        known if "Security" in asked.body else onvif.fault("ter:NotAuthorized")
    )
    assert len(await events.hear(pullpoint, 2)) == 2


@pytest.mark.parametrize("takes", ["PT600S", "Z<"])
async def test_a_device_that_takes_but_one_way_to_tell_a_time(
    pullpoint: Any, onvif: Any, monkeypatch: pytest.MonkeyPatch, takes: str, events: Any
) -> None:
    """Whichever was wrong, the next is the other one, and in time: it holds only what it had granted."""
    monkeypatch.setattr(subscription, "RENEWAL", 0.0)
    pullpoint.answers["CreatePullPointSubscription"] = events.granted(onvif, f"{pullpoint.root}/sub", 1)
    good = pullpoint.answers["Renew"]
    pullpoint.answers["Renew"] = lambda asked: (
        good if takes in asked.body.partition("TerminationTime")[2] else onvif.fault("ter:InvalidArgVal")
    )
    monkeypatch.setattr(subscription, "RENEW_AT", 0.0)
    await events.hear(pullpoint, 3)
    renewed = [asked.body for asked in pullpoint.asked if asked.operation == "Renew"]
    assert any(takes in body.partition("TerminationTime")[2] for body in renewed[:2])


# -- where it is -----------------------------------------------------------------------------------


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
    pullpoint: Any, onvif: Any, address: str, events: Any
) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = events.granted(onvif, address, 600)
    await events.hear(pullpoint)
    (pull,) = [asked for asked in pullpoint.asked if asked.operation == "PullMessages"]
    assert pull.path == "/events"


@pytest.mark.parametrize("grants", [600.0, 5.0])
async def test_an_address_where_nothing_answers_is_looked_for_beside_the_event_service(
    pullpoint: Any, onvif: Any, dead_port: int, grants: float, events: Any
) -> None:
    """As behind a forwarded port: what the device calls 80 is another one here."""
    pullpoint.answers["CreatePullPointSubscription"] = events.granted(
        onvif, f"http://192.168.1.64:{dead_port}/sub?Idx=4", grants
    )
    await events.hear(pullpoint, 2)
    asked = [each.path for each in pullpoint.asked if each.operation in ("PullMessages", "Unsubscribe")]
    assert asked == ["/sub"] * 3


async def test_a_relative_address_is_joined(pullpoint: Any, onvif: Any, events: Any) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = events.granted(onvif, "sub/7", 600)
    await events.hear(pullpoint)
    (pull,) = [asked for asked in pullpoint.asked if asked.operation == "PullMessages"]
    assert pull.path == "/sub/7"


async def test_no_reference_at_all(pullpoint: Any, onvif: Any, events: Any) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = onvif.envelope(
        "<tev:CreatePullPointSubscriptionResponse/>"
    )
    assert len(await events.hear(pullpoint)) == 1


# -- what is given back ----------------------------------------------------------------------------


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


async def test_cancelled_while_subscribing_it_is_given_back_too(
    pullpoint: Any, onvif: Any, events: Any
) -> None:
    """The device has made it, and we do not know its address yet: such leaks fill a camera's few places."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def slowly(_: Any) -> web.Response:
        asked.set()
        await go.wait()
        return web.Response(
            text=events.granted(onvif, f"{pullpoint.root}/sub", 600), content_type="application/soap+xml"
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
    pullpoint: Any, monkeypatch: pytest.MonkeyPatch, events: Any
) -> None:
    async def hang(_: Any) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(subscription, "FAREWELL_SECONDS", 0.1)
    pullpoint.answers["Unsubscribe"] = hang
    assert len(await events.hear(pullpoint)) == 1


# -- times that are granted ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "until", "seconds"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z", 60.0),
        ("2026-03-01T12:00:00", "2026-03-01T12:01:00Z", 60.0),
        ("2026-03-01T19:00:00+07:00", "2026-03-01T12:01:00Z", 60.0),
        ("2026-03-01T12:00:00Z", "PT60S", 60.0),
        ("2026-03-01T12:00:00Z", "PT1M", 60.0),
        ("2026-03-01T12:00:00Z", "PT0S", subscription.LIFETIME),
        ("2026-03-01T12:00:00Z", "1970-01-01T00:00:00Z", subscription.LIFETIME),  # over before it began
        ("2026-03-01T12:00:00Z", "9999-12-31T23:59:59Z", subscription.LIFETIME),
        ("garbage", "garbage", subscription.LIFETIME),
        ("", "", subscription.LIFETIME),
    ],
)
async def test_what_is_granted(onvif: Any, now: str, until: str, seconds: float) -> None:
    told = onvif.envelope(
        f"<wsnt:TerminationTime>{until}</wsnt:TerminationTime><wsnt:CurrentTime>{now}</wsnt:CurrentTime>"
    )
    made = pull_point.PullPoint(None, None, timedelta(), {})  # type: ignore[arg-type]  # it asks nobody
    made.plan(xml.parse(told.encode()))
    assert made._granted == seconds


async def test_a_device_that_takes_no_time_from_now(pullpoint: Any, onvif: Any, events: Any) -> None:
    good = pullpoint.answers["CreatePullPointSubscription"]
    pullpoint.answers["CreatePullPointSubscription"] = lambda asked: (
        onvif.fault("wsnt:UnacceptableInitialTerminationTimeFault") if "PT600S" in asked.body else good
    )
    assert len(await events.hear(pullpoint)) == 1
