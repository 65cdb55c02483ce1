"""A scripted device with an event service, and the words in which it speaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drivers.contract import Feature, Login, Signal, Target
from drivers.onvif import driver

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


class Events:
    """What tests need of the event service, handed over as one fixture (test files import no others)."""

    granted = staticmethod(granted)
    pulled = staticmethod(pulled)
    note = staticmethod(note)
    hear = staticmethod(hear)


@pytest.fixture
def events() -> type[Events]:
    """The vocabulary of the event service."""
    return Events
