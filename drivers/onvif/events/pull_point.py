"""PullPoint: the device keeps what it has to say until it is asked, and the asking waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from lxml import etree

from drivers.contract import Signal
from drivers.onvif.events.subscription import Subscription
from drivers.onvif.soap.faults import EmptyResponse
from drivers.onvif.soap.http import Dropped
from drivers.onvif.soap.http_session import CALL_SECONDS

#: Seconds that a pull waits for something to say, and messages that it may bring.
PULL_SECONDS = 10.0
PULL_LIMIT = 100
#: Seconds between two pulls at least: some devices do not wait, and must not be asked in a circle.
PULL_INTERVAL = 0.5
#: Seconds of pulls that are closed without an answer, after which the subscription is held for lost.
SILENCE = 180.0


class PullPoint(Subscription):
    """One pull point on a device."""

    async def signals(self) -> AsyncGenerator[Signal | None, None]:
        """Yield what the device says, None where it says nothing, renewing in between; ends with a DriverError."""
        answered = time.monotonic()
        while True:
            if time.monotonic() >= self.renew_at:
                await self.renew()
            began = time.monotonic()
            told: list[Signal | None] = []
            try:
                told = await self.read(await self._pull(began))
            except (Dropped, EmptyResponse):  # how some devices say that nothing happened
                if time.monotonic() - answered > SILENCE:
                    raise
            else:
                answered = time.monotonic()
                if not told and not self.garbled:
                    yield None
            async with aclosing(self.news(told)) as news:
                async for signal in news:
                    yield signal
            await asyncio.sleep(max(0.0, began + PULL_INTERVAL - time.monotonic()))

    async def ask_for_one(self, events_url: str) -> etree._Element:
        """Subscribe, and return the answer."""
        return await self.ask(events_url, "CreatePullPointSubscription", InitialTerminationTime=self.until())

    async def _pull(self, now: float) -> bytes:
        """Return the answer to a pull that waits for something to say."""
        wait = max(1, int(min(PULL_SECONDS, self.renew_at - now)))
        asked = {"Timeout": f"PT{wait}S", "MessageLimit": str(PULL_LIMIT)}
        return (await self.send(self.url, "PullMessages", PULL_SECONDS + CALL_SECONDS, **asked)).content
