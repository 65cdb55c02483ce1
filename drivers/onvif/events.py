"""PullPoint: subscribe, pull, renew at 80 %, end.

A lost subscription ends with its DriverError; whoever iterates begins again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from drivers.contract import Signal
from drivers.errors import DriverError, Malformed, Refused, Unsupported
from drivers.onvif.session import CALL_SECONDS
from drivers.onvif.soap import Service, Soap
from drivers.onvif.topics import signal_of

#: Seconds that a subscription is asked for: short, because cameras leak those of clients that died.
LIFETIME = 600.0
RENEW_AT = 0.8
#: Seconds that a pull waits for something to say, and messages that it may bring.
PULL_SECONDS = 10.0
PULL_LIMIT = 100
#: Seconds: an empty answer before this came too early.
HASTE = 0.5
#: Seconds for the farewell.
FAREWELL_SECONDS = 3.0


class Subscription:
    """One pull point on a device.

    Args:
        ahead: Device clock minus ours, for absolute times.
    """

    def __init__(self, soap: Soap, ahead: timedelta) -> None:
        self._soap, self._ahead = soap, ahead
        self._headers: list[Any] = []
        self._pull: Service | None = None
        self._manager: Service | None = None
        self._farewell: Service | None = None
        self._renew_at = 0.0
        self._relative = True
        self.ended = False

    async def begin(self, events_url: str) -> None:
        """Subscribe, and ask for the present state of everything.

        Raises:
            DriverError: As everywhere.
        """
        events = await self._soap.service("events", events_url)
        granted = await events.call("CreatePullPointSubscription", InitialTerminationTime=self._until())
        reference = getattr(granted, "SubscriptionReference", None)
        url = self._soap.session.reached.rewrite(self._address(reference))
        self._headers = list(getattr(getattr(reference, "ReferenceParameters", None), "_value_1", None) or ())
        self._pull = await self._soap.service("pullpoint", url, PULL_SECONDS + CALL_SECONDS)
        self._manager = await self._soap.service("subscription", url)
        self._farewell = await self._soap.service("subscription", url, FAREWELL_SECONDS)
        lifetime = self._plan(granted)
        if lifetime < LIFETIME / 2:  # perhaps it cannot count from now: name the moment instead
            self._relative = False
            await self._renew()
        with suppress(Unsupported, Malformed):
            await self._call(self._pull, "SetSynchronizationPoint")

    async def messages(self) -> AsyncIterator[Any]:
        """Yield notifications as they come, renewing in between; ends with a DriverError."""
        while True:
            if time.monotonic() >= self._renew_at:
                await self._renew()
            began = time.monotonic()
            wait = timedelta(seconds=max(1, int(min(PULL_SECONDS, self._renew_at - began))))
            answer = await self._call(self._pull, "PullMessages", Timeout=wait, MessageLimit=PULL_LIMIT)
            notes = getattr(answer, "NotificationMessage", None) or ()
            for note in notes:
                yield note
            if not notes and time.monotonic() - began < HASTE:
                await asyncio.sleep(HASTE)  # a device that does not wait must not be asked in a circle

    async def end(self) -> None:
        """Unsubscribe, as far as the device lets us; never raises a DriverError."""
        self.ended = True
        farewell, self._farewell = self._farewell, None
        if farewell is not None:
            with suppress(DriverError):
                await self._call(farewell, "Unsubscribe")

    async def _renew(self) -> None:
        try:
            self._plan(await self._call(self._manager, "Renew", TerminationTime=self._until()))
        except Refused:
            raise
        except (Unsupported, Malformed):
            # Some devices prolong with each pull and know no Renew; a dead subscription shows there.
            self._renew_at = time.monotonic() + LIFETIME * RENEW_AT

    async def _call(self, service: Service | None, operation: str, **arguments: Any) -> Any:
        if service is None:
            raise Unsupported("driver.no_signals", host=self._soap.host)
        if self._headers:
            arguments["_soapheaders"] = self._headers
        return await service.call(operation, **arguments)

    def _plan(self, granted: Any) -> float:
        """Note when to renew what was granted; return its seconds."""
        now, until = getattr(granted, "CurrentTime", None), getattr(granted, "TerminationTime", None)
        try:
            seconds = (until - now).total_seconds()  # type: ignore[operator]  # None and mixed zones: below
        except TypeError:
            seconds = LIFETIME
        seconds = seconds if seconds > 0 else LIFETIME
        self._renew_at = time.monotonic() + seconds * RENEW_AT
        return seconds

    def _until(self) -> str:
        if self._relative:
            return f"PT{int(LIFETIME)}S"
        moment = datetime.now(UTC) + self._ahead + timedelta(seconds=LIFETIME)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _address(self, reference: Any) -> str:
        address = getattr(getattr(reference, "Address", None), "_value_1", None)
        if not isinstance(address, str):
            raise Malformed(host=self._soap.host, detail="no subscription address")
        return address


async def signals(
    subscription: Subscription, events_url: str, sources: Mapping[str, str]
) -> AsyncGenerator[Signal, None]:
    """Subscribe and yield what the device says; unsubscribes when it ends, however it ends.

    Args:
        sources: Video-source token by the token of its configuration.

    Raises:
        DriverError: The subscription is lost.
    """
    try:
        await subscription.begin(events_url)
        async for note in subscription.messages():
            yield signal_of(note, sources, datetime.now(UTC))
    finally:
        await subscription.end()
