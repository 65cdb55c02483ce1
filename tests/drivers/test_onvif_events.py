"""PullPoint against a scripted device: what is granted, renewed, refused, and the addresses in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drivers.contract import Feature, Login, Signal, Target
from drivers.errors import DriverError, Refused
from drivers.onvif import driver, events

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
            heard.append(signal)
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
    monkeypatch.setattr(events, "RENEW_AT", 0.0)  # at once
    monkeypatch.setattr(events, "RENEWAL", 0.0)
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
async def test_optional_operations_may_lack(pullpoint: Any, onvif: Any, operation: str) -> None:
    pullpoint.answers["CreatePullPointSubscription"] = granted(onvif, f"{pullpoint.root}/sub", 5)
    pullpoint.answers[operation] = onvif.fault("ter:ActionNotSupported")
    assert len(await hear(pullpoint, 2)) == 2


@pytest.mark.parametrize("at", ["2026-03-01T00:61:16Z", "garbage", ""])
async def test_bad_dates_do_not_end_the_subscription(pullpoint: Any, onvif: Any, at: str) -> None:
    pullpoint.answers["PullMessages"] = pulled(onvif, note("1", at=at), note("false"))
    first, second = await hear(pullpoint, 2)
    assert (first.state, second.state) == (True, False)
    assert first.at.utcoffset() == timedelta()


async def test_a_lost_subscription_ends_with_our_error(pullpoint: Any, onvif: Any) -> None:
    pullpoint.answers["PullMessages"] = onvif.fault("ter:InvalidArgVal")
    with pytest.raises(DriverError):
        await hear(pullpoint)
    assert pullpoint.operations()[-1] == "Unsubscribe"


async def test_a_password_changed_meanwhile_is_a_refusal(pullpoint: Any, onvif: Any) -> None:
    pullpoint.answers["PullMessages"] = onvif.fault("ter:NotAuthorized")
    with pytest.raises(Refused):
        await hear(pullpoint)
