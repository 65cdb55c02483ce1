"""What a device could tell, as its topic set has it: a tree in which those are marked that are topics."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from drivers.errors import Malformed
from drivers.onvif import xml
from drivers.onvif.events.notification import normal
from drivers.onvif.events.subscription import EVENTS
from drivers.onvif.soap.client import SoapClient, request
from drivers.printable import clean

#: Topics and signs of one that are taken, and how deep they lie at most.
MOST, LONGEST, DEEPEST = 512, 256, 12
#: What stands in a topic and is none.
_DESCRIPTIONS = frozenset({"MessageDescription", "Documentation", "documentation"})


async def read_topics(soap: SoapClient, url: str) -> tuple[str, ...]:
    """Ask an event service for its topics, normalised as those of notifications; sorted.

    Raises:
        DriverError: As everywhere.
    """
    operation = "GetEventProperties"
    action = f"{EVENTS}/EventPortType/{operation}Request"
    told = xml.find(await soap.ask(url, request(EVENTS, operation), action=action), "TopicSet")
    if told is None:
        raise Malformed(host=soap.host, detail="no TopicSet")
    return topics_of(told)


def topics_of(told: etree._Element) -> tuple[str, ...]:
    """Return the topics of a topic set; those without a mark count where nothing lies below them."""
    found: set[str] = set()
    for topic in _below(told, (), DEEPEST):
        found.add(topic)
        if len(found) >= MOST:
            break
    return tuple(sorted(found))


def _below(node: etree._Element, path: tuple[str, ...], depth: int) -> Iterator[str]:
    for child in node.iterchildren(etree.Element):
        name = xml.local(child)
        if name in _DESCRIPTIONS or not depth:
            continue
        here = (*path, name)
        topic = clean(normal("/".join(here)))[:LONGEST]
        parts = [each for each in child.iterchildren(etree.Element) if xml.local(each) not in _DESCRIPTIONS]
        if topic and (not parts or xml.attribute(child, "topic").lower() in ("true", "1")):
            yield topic
        yield from _below(child, here, depth - 1)
