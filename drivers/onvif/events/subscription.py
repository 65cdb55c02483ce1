"""A subscription on a device: made, renewed at 80 %, given back. How news come by it is each kind's own.

A lost subscription ends with an `Unreachable`, whatever words the device had for it: whoever iterates begins
again. What is asked, and what it costs a device, is bounded here.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urljoin, urlsplit, urlunsplit
from uuid import uuid4
from xml.sax.saxutils import escape

from lxml import etree

from drivers.contract import Signal, Webhooks
from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from drivers.kit.nursery import Nursery
from drivers.onvif import xml
from drivers.onvif.events.pull_response import signals_of
from drivers.onvif.soap.client import LARGE, SoapClient, request
from drivers.onvif.soap.http import Dropped, HttpResponse
from drivers.onvif.soap.http_session import CALL_SECONDS

log = logging.getLogger(__name__)
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
NOTIFY = "http://docs.oasis-open.org/wsn/b-2"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
#: By operation: its namespace, and the action that it is named by.
_OPERATIONS = {
    "CreatePullPointSubscription": (EVENTS, f"{EVENTS}/EventPortType/CreatePullPointSubscriptionRequest"),
    "Subscribe": (NOTIFY, "http://docs.oasis-open.org/wsn/bw-2/NotificationProducer/SubscribeRequest"),
    "PullMessages": (EVENTS, f"{EVENTS}/PullPointSubscription/PullMessagesRequest"),
    "SetSynchronizationPoint": (EVENTS, f"{EVENTS}/PullPointSubscription/SetSynchronizationPointRequest"),
    "Renew": (NOTIFY, "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest"),
    "Unsubscribe": (NOTIFY, "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest"),
}
#: Seconds that a subscription is asked for: short, because cameras leak those of clients that died.
LIFETIME = 600.0
RENEW_AT = 0.8
#: Seconds between two renewals at least.
RENEWAL = 5.0
#: Notifications in a row that cannot be read, after which nothing is heard.
GARBLED = 20
#: Seconds for the farewell.
FAREWELL_SECONDS = 3.0
#: Characters of reference parameters that are sent back at most.
_REFERENCE = 8192
#: Notifications that are read before others get a turn.
_TURN = 20
#: What says that an operation cannot be had, while the subscription may be well.
LACKING = (Unsupported, Malformed, Forbidden, Dropped)
#: Words of faults that say: no place for another subscription.
_FULL = re.compile(
    r"CreationFailed|max\w*.{0,24}(subscri|pull|notif)|too ?many|no (free|more)", re.IGNORECASE
)
_DURATION = re.compile(
    r"P(?:(?P<days>\d{1,6})D)?(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d+)?)S)?)?"
)


class Subscription(ABC):
    """One subscription on a device.

    Args:
        ahead: Device clock minus ours, for absolute times.
        sources: Video-source token by itself and by the token of its configuration.

    Attributes:
        ended: It was given back, or there is nothing to give back.
        lacking: The device does not know how to make one of this kind.
        lost: Notifications that could not be read.
        garbled: How many of them came since the last one that could; a later subscription goes on counting.
        renew_at: When it is to be renewed, monotonic seconds.
        relative: Whether it is asked for by a time from now.
        webhooks: Lends an address to those that are called.
    """

    def __init__(
        self,
        soap: SoapClient,
        tasks: Nursery,
        ahead: timedelta,
        sources: Mapping[str, str],
        garbled: int = 0,
    ) -> None:
        self.soap, self.tasks, self._ahead, self._sources = soap, tasks, ahead, sources
        self.url, self._reference = "", ""
        self._creating: asyncio.Task[None] | None = None
        self._failure: DriverError | None = None
        self.renew_at = 0.0
        self._granted = LIFETIME
        self.relative = True
        self.ended, self.lacking = False, False
        self.lost, self.garbled = 0, garbled
        self.webhooks: Webhooks | None = None

    @property
    def subscribed(self) -> bool:
        """Whether the device gave us one."""
        return bool(self.url)

    async def begin(self, events_url: str) -> None:
        """Subscribe, and ask for the present state of everything.

        Raises:
            DriverError: As everywhere.
        """
        # A task of its own: cancelled in between we would not learn what to give back.
        self._creating = self.tasks.start(f"onvif[{self.soap.host}].subscribe", self._create(events_url))
        await asyncio.shield(self._creating)
        if self._failure is not None:
            raise self._failure
        beside = self._beside(events_url)
        try:
            await self._take_up()
        except Unreachable:
            if beside == self.url:
                raise
            self.url = beside  # its address leads nowhere, as behind a forwarded port
            await self._take_up()

    @abstractmethod
    def signals(self) -> AsyncGenerator[Signal | None, None]:
        """Yield what the device says, None where it says nothing, renewing in between; ends with a DriverError."""

    @abstractmethod
    async def ask_for_one(self, events_url: str) -> etree._Element:
        """Subscribe until `until`, and return the answer."""

    async def _ask_for_one(self, events_url: str) -> etree._Element:
        """Subscribe for a time from now; where a device takes none, until a moment."""
        try:
            return await self.ask_for_one(events_url)
        except Unsupported as error:
            if "TerminationTime" not in str(error.values.get("detail", "")):
                raise
        self.relative = False
        return await self.ask_for_one(events_url)

    async def _take_up(self) -> None:
        """Make it last, and ask for the present state of everything."""
        if self._granted < LIFETIME / 2 and self.relative:  # perhaps it cannot count from now
            self.relative = False
            await self.renew()
        with suppress(*LACKING):
            await self.call("SetSynchronizationPoint")

    def _beside(self, events_url: str) -> str:
        """Return where the subscription is if it is where the event service is, under the path of its own."""
        return urlunsplit(urlsplit(events_url)[:2] + urlsplit(self.url)[2:])

    async def end(self) -> None:
        """Unsubscribe, as far as the device lets us within `FAREWELL_SECONDS`; never raises a DriverError."""
        if self.ended:
            return
        with suppress(DriverError, TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                if self._creating is not None:
                    await asyncio.shield(self._creating)
                if self.url:
                    await self.call("Unsubscribe", seconds=FAREWELL_SECONDS)
        self.ended = True

    async def _create(self, events_url: str) -> None:
        """Subscribe, and note how to reach the subscription or why there is none."""
        try:
            granted = await self._ask_for_one(events_url)
        except DriverError as error:
            self._failure = error
            full = _FULL.search(str(error.values.get("detail", "")))
            self.lacking = isinstance(error, Unsupported) and not full
            return
        reference = xml.find(granted, "SubscriptionReference")
        self.url = self._way(xml.text(reference, "Address"), events_url)
        self._reference = _copied(xml.find(reference, "ReferenceParameters"))
        self.plan(granted)

    def _way(self, told: str, events_url: str) -> str:
        """Return where the subscription is: at the event service, where its address leads nowhere."""
        try:
            if not told or told.startswith(("urn:", "uuid:", ADDRESSING)):
                return events_url
            joined = told if "://" in told else urljoin(events_url, told)
            led = self.soap.session.reached.rewrite(joined)
        except (DriverError, ValueError):
            return events_url
        return led if led.startswith(("http://", "https://")) else events_url

    async def news(self, told: Iterable[Signal | None]) -> AsyncGenerator[Signal, None]:
        """Yield what could be read, and count what could not; others get a turn in between."""
        for number, signal in enumerate(told, 1):
            if signal is not None:
                self.garbled = 0
                yield signal
            else:
                self.lose()
            if number % _TURN == 0:
                await asyncio.sleep(0)

    async def read(self, content: bytes) -> list[Signal | None]:
        """Return what an answer says; a large one is read in a thread."""
        read = partial(signals_of, content, self._sources, datetime.now(UTC))
        try:
            return list(read()) if len(content) < LARGE else await asyncio.to_thread(lambda: list(read()))
        except ValueError as error:
            raise Malformed(host=self.soap.host, detail=error, raw=content) from None

    def lose(self) -> None:
        """Count a notification that cannot be read; where none can, nothing is heard, and that is told."""
        self.lost += 1
        self.garbled += 1
        if self.lost == 1:
            log.warning("%s sends notifications that cannot be read", self.soap.host)
        if self.garbled >= GARBLED:
            raise Malformed(host=self.soap.host, detail="unreadable notifications")

    async def renew(self) -> None:
        """Prolong it; a device that cannot may prolong it by itself."""
        try:
            self.plan(await self.call("Renew", TerminationTime=self.until()))
        except LACKING:
            # Some devices prolong with each pull and know no Renew; a dead subscription shows there. Others take
            # but one way to tell a time: the next one is told in the other.
            self.relative = not self.relative
            self._renew_in(self._granted)

    async def call(self, operation: str, seconds: float = CALL_SECONDS, **texts: str) -> etree._Element:
        """Call an operation of the subscription's."""
        return await self.ask(self.url, operation, seconds, **texts)

    async def ask(
        self, url: str, operation: str, seconds: float = CALL_SECONDS, first: str = "", **texts: str
    ) -> etree._Element:
        """Make a call and return what could be read of its answer.

        Args:
            first: XML that stands before the texts.
        """
        answer = await self.send(url, operation, seconds, first, **texts)
        try:
            return xml.parse(answer.content)
        except ValueError as error:
            raise Malformed(host=self.soap.host, detail=error, raw=answer.content) from None

    async def send(
        self, url: str, operation: str, seconds: float, first: str = "", **texts: str
    ) -> HttpResponse:
        """Make a call with the addressing headers that subscriptions go by."""
        namespace, action = _OPERATIONS[operation]
        headers = (
            f'<a:Action xmlns:a="{ADDRESSING}">{action}</a:Action>'
            f'<a:MessageID xmlns:a="{ADDRESSING}">urn:uuid:{uuid4()}</a:MessageID>'
            f'<a:To xmlns:a="{ADDRESSING}">{escape(url)}</a:To>{self._reference}'
        )
        begun, end, rest = request(namespace, operation, **texts).partition(">")
        asked = f"{begun}{end}{first}{rest}"
        return await self.soap.send(url, asked, headers=headers, action=action, seconds=seconds)

    def plan(self, granted: etree._Element) -> None:
        """Note how long the subscription holds, and when to renew it."""
        until = xml.text(granted, "TerminationTime")
        seconds = _duration(until)
        if seconds is None:
            now = _moment(xml.text(granted, "CurrentTime")) or datetime.now(UTC) + self._ahead
            end = _moment(until)
            seconds = (end - now).total_seconds() if end is not None else LIFETIME
        self._granted = seconds if 0 < seconds < 2 * LIFETIME else LIFETIME
        self._renew_in(self._granted)

    def _renew_in(self, seconds: float) -> None:
        """Note when to renew what holds so many seconds."""
        self.renew_at = time.monotonic() + max(RENEWAL, seconds * RENEW_AT)

    def until(self) -> str:
        """Return until when it is asked for: a time from now, or a moment by the device's clock."""
        if self.relative:
            return f"PT{int(LIFETIME)}S"
        moment = datetime.now(UTC) + self._ahead + timedelta(seconds=LIFETIME)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _copied(parameters: etree._Element | None) -> str:
    """Return reference parameters as headers: Axis tells subscriptions apart by them."""
    if parameters is None:
        return ""
    told = "".join(etree.tostring(each, encoding="unicode", with_tail=False) for each in parameters)
    return told if len(told) <= _REFERENCE else ""


def _moment(told: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(told)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _duration(told: str) -> float | None:
    """Return the seconds in a duration, None for what is none."""
    match = _DURATION.fullmatch(told)
    if match is None:
        return None
    units = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
    return sum(float(match[name] or 0) * size for name, size in units.items())


def deaf(error: DriverError, host: str, subscribed: bool) -> DriverError:
    """Return why events do not come now; no word of a device ends them for good.

    Args:
        error: What ended the subscription.
        subscribed: Whether there was one.
    """
    if isinstance(error, (Unreachable, Refused)):
        return error
    if error.code == "driver.no_webhooks":  # a setting is missing, or all places are taken now
        return Unreachable(error.code, **error.values)
    detail = str(error.values.get("detail", "")) or error.code.partition(".")[2]
    if not subscribed and _FULL.search(detail):
        return Unreachable("driver.full", host=host, detail=detail)
    return Unreachable("driver.deaf", host=host, detail=detail)


async def signals(
    subscription: Subscription, service: Callable[[], Awaitable[str]], host: str
) -> AsyncGenerator[Signal | None, None]:
    """Subscribe and yield what the device says, None where it says nothing; unsubscribes when it ends, however it ends.

    Args:
        service: Returns the event service's address, or raises where there is none.

    Raises:
        Unreachable: The subscription is lost, or there is none now.
        Refused: The login is.
    """
    try:
        url = await service()
    except DriverError:
        subscription.ended = True
        raise
    try:
        await subscription.begin(url)
        async with aclosing(subscription.signals()) as told:
            async for signal in told:
                yield signal
    except DriverError as error:
        raise deaf(error, host, subscription.subscribed) from None
    finally:
        await subscription.end()
