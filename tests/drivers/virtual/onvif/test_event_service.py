"""Pull points of the virtual camera: what they hold, how they end, how many there may be."""

import asyncio
from collections.abc import Awaitable

import pytest
from lxml import etree

from drivers.virtual.onvif.event_broker import MOST_SUBSCRIPTIONS, MOST_WAITING
from drivers.virtual.onvif.event_service import DEFAULT_LIFE
from drivers.virtual.onvif.soap import NS, Element, SoapFault
from tests.drivers.virtual.onvif.rig import INPUT, MOTION, NOW, Rig, arguments, el

ALARM = "tns1:VideoSource/MotionAlarm"
TRIGGER = "tns1:Device/Trigger/DigitalInput"


async def test_a_new_pull_point_holds_the_present_states_then_the_changes(rig: Rig) -> None:
    rig.broker.tell(MOTION, True, NOW)
    key = rig.subscribe()
    assert await rig.pull(key) == [(ALARM, "true", "Initialized"), (TRIGGER, "false", "Initialized")]
    assert rig.broker.tell(MOTION, False, NOW)
    assert not rig.broker.tell(MOTION, False, NOW), "no change, no message"
    assert await rig.pull(key) == [(ALARM, "false", "Changed")]
    rig.ask("tev:SetSynchronizationPoint", subscription=key)
    assert [operation for _, _, operation in await rig.pull(key)] == ["Initialized", "Initialized"]


async def test_a_pull_waits_for_a_change(rig: Rig) -> None:
    key = rig.subscribe()
    await rig.pull(key)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(rig.pull(key, "PT50S"), name="pull")
        while not rig.broker.subscriptions[key].waiters:
            await asyncio.sleep(0)
        rig.broker.tell(INPUT, True, NOW)
    assert waiting.result() == [(TRIGGER, "true", "Changed")]


async def test_a_pull_is_let_go_when_its_subscription_ends(rig: Rig) -> None:
    key = rig.subscribe()
    await rig.pull(key)
    async with asyncio.TaskGroup() as group:
        pulling = group.create_task(refused(rig.pull(key, "PT50S")), name="pull")
        while not rig.broker.subscriptions[key].waiters:
            await asyncio.sleep(0)
        rig.ask("wsnt:Unsubscribe", subscription=key)
    assert pulling.result()


async def refused(pull: Awaitable[object]) -> bool:
    """Return whether a pull ended with a fault."""
    try:
        await pull
    except SoapFault:
        return True
    return False


async def test_a_pull_gives_no_more_than_asked_for(rig: Rig) -> None:
    key = rig.subscribe()
    assert len(await rig.pull(key, most=1)) == 1
    assert len(await rig.pull(key, most=1)) == 1
    assert await rig.pull(key, most=1) == []


async def test_a_full_queue_loses_the_oldest_and_counts_it(rig: Rig) -> None:
    key = rig.subscribe()
    for number in range(MOST_WAITING):
        rig.broker.tell(MOTION, number % 2 == 0, NOW)
    assert rig.broker.subscriptions[key].dropped == 2
    assert {operation for _, _, operation in await rig.pull(key)} == {"Changed"}


async def test_a_subscription_expires_unless_it_is_renewed(rig: Rig) -> None:
    key, renewed = rig.subscribe(), rig.subscribe()
    rig.seconds += DEFAULT_LIFE - 1
    rig.ask("wsnt:Renew", *arguments("wsnt", TerminationTime="PT1M"), subscription=renewed)
    rig.seconds += 2
    assert len(await rig.pull(renewed)) == 2
    with pytest.raises(SoapFault, match="no such subscription"):
        await rig.pull(key)
    assert rig.broker.expired == 1


def test_subscriptions_are_bounded_and_expired_ones_make_room(rig: Rig) -> None:
    for _ in range(MOST_SUBSCRIPTIONS):
        rig.subscribe()
    with pytest.raises(SoapFault, match="too many pull points"):
        rig.subscribe()
    rig.seconds += DEFAULT_LIFE
    rig.subscribe()


@pytest.mark.parametrize(
    ("expression", "topics"),
    [
        ("tns1:VideoSource/MotionAlarm", [ALARM]),
        ("tns1:Device//.", [TRIGGER]),
        ("tns1:VideoSource//.|tns1:Device/tns1:Trigger/DigitalInput", [ALARM, TRIGGER]),
    ],
)
async def test_topics_can_be_filtered(rig: Rig, expression: str, topics: list[str]) -> None:
    key = rig.subscribe(el("tev:Filter", el("wsnt:TopicExpression", expression)))
    assert [topic for topic, _, _ in await rig.pull(key)] == topics


@pytest.mark.parametrize(
    "content",
    [
        el("tev:Filter", el("wsnt:TopicExpression", "tns1:RuleEngine//.")),
        el("tev:Filter", el("wsnt:MessageContent", "boolean(//x)")),
        el("tev:InitialTerminationTime", "-PT1S"),
        el("tev:InitialTerminationTime", "2001-01-01T00:00:00Z"),
    ],
)
def test_an_impossible_subscription_is_refused(rig: Rig, content: Element) -> None:
    with pytest.raises(SoapFault):
        rig.subscribe(content)
    assert not rig.broker.subscriptions


async def test_who_names_an_address_is_told_there(rig: Rig) -> None:
    consumer = el("wsnt:ConsumerReference", el("wsa:Address", "http://192.0.2.2:8581/hook/x"))
    answer = rig.ask("wsnt:Subscribe", consumer)
    assert "/onvif/subscription/" in answer.findtext("wsnt:SubscriptionReference/wsa:Address", "", NS)
    assert rig.called.urls == ["http://192.0.2.2:8581/hook/x"]
    told = etree.fromstring(rig.called.told[0]).findall("s:Body/wsnt:Notify/wsnt:NotificationMessage", NS)
    assert len(told) == 2
    assert len(rig.broker.subscriptions) == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://192.0.2.2/", ""])
async def test_what_is_no_address_is_refused(rig: Rig, url: str) -> None:
    with pytest.raises(SoapFault):
        rig.ask("wsnt:Subscribe", el("wsnt:ConsumerReference", el("wsa:Address", url)))
    assert not rig.broker.subscriptions
