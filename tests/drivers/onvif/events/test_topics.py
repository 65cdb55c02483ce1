"""What a device could tell: a tree of any depth and dress, as a list that ends."""

from __future__ import annotations

import pytest

from drivers import onvif
from drivers.contract import Restartable, Target, Topical
from drivers.errors import Malformed, Unsupported
from tests.drivers.onvif.conftest import Scripted, envelope

EVENTS = "http://www.onvif.org/ver10/events/wsdl"
TREE = (
    '<tns1:RuleEngine><tns1:CellMotionDetector><tns1:Motion wstop:topic="true">'
    '<tt:MessageDescription IsProperty="true">'
    "<tt:Source/></tt:MessageDescription></tns1:Motion></tns1:CellMotionDetector></tns1:RuleEngine>"
    '<tns1:VideoSource><hik:Own xmlns:hik="urn:hik" wstop:topic="1"><tns1:Deeper wstop:topic="true"/></hik:Own>'
    "<Unmarked/></tns1:VideoSource>"
)


def topic_set(tree: str) -> str:
    return envelope(
        '<tev:GetEventPropertiesResponse xmlns:wstop="http://docs.oasis-open.org/wsn/t-1">'
        f"<wstop:TopicSet>{tree}</wstop:TopicSet></tev:GetEventPropertiesResponse>"
    )


async def topics(scripted: Scripted, tree: str) -> tuple[str, ...]:
    scripted.answers["GetEventProperties"] = topic_set(tree)
    scripted.answers["GetServices"] = scripted.services(
        {"http://www.onvif.org/ver10/media/wsdl": f"{scripted.root}/media", EVENTS: f"{scripted.root}/events"}
    )
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, Topical)
        return await device.topics()


async def test_topics_are_named_as_signals_are(scripted: Scripted) -> None:
    assert await topics(scripted, TREE) == (
        "RuleEngine/CellMotionDetector/Motion", "VideoSource/Own", "VideoSource/Own/Deeper", "VideoSource/Unmarked",
    )  # fmt: skip


async def test_a_forest_and_a_shaft_end(scripted: Scripted) -> None:
    many = "".join(f"<tns1:T{number}/>" for number in range(5_000))
    assert len(await topics(scripted, many)) == 512
    deep = "<tns1:A>" * 200 + "</tns1:A>" * 200
    assert await topics(scripted, deep) == ()


async def test_no_topic_set_and_no_service(scripted: Scripted) -> None:
    scripted.answers["GetEventProperties"] = envelope("<tev:GetEventPropertiesResponse/>")
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, Topical)
        with pytest.raises(Unsupported):
            await device.topics()
    with pytest.raises(Malformed):
        await _nothing(scripted)


async def _nothing(scripted: Scripted) -> None:
    scripted.answers["GetServices"] = scripted.services(
        {"http://www.onvif.org/ver10/media/wsdl": f"{scripted.root}/media", EVENTS: f"{scripted.root}/events"}
    )
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, Topical)
        await device.topics()


@pytest.mark.parametrize(
    "answer",
    [b"", envelope("<tds:SystemRebootResponse><tds:Message>x</tds:Message></tds:SystemRebootResponse>")],
)
async def test_a_restart_is_asked_for_once(scripted: Scripted, answer: str | bytes) -> None:
    scripted.answers["SystemReboot"] = answer
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, Restartable)
        await device.reboot()
    assert scripted.operations().count("SystemReboot") == 1
