"""Base notification: the device calls an address that is lent to us, whenever it has something to say.

Some devices tell more so than by pulls, some know no pulls. Silence is not believed: a device that cannot reach us
takes the subscription all the same, so that it is asked for its states from time to time, which must arrive.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, suppress
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from drivers.contract import Signal
from drivers.errors import DriverError, Malformed, Unreachable
from drivers.onvif.events.subscription import ADDRESSING, LACKING, NOTIFY, Subscription
from drivers.webhooks import Webhook, WebhookRequest, lent

#: Seconds without a call after which the device is asked for its states.
WATCH = 60.0
#: Seconds in which nothing came of a new subscription, after which it is held for one that does not reach us.
UNHEARD = 90.0
#: Times that states were asked for and nothing came: of a device that has answered so before, and of one that has not.
UNANSWERED, UNHEARD_OF = 2, 10
#: Calls that wait to be read; further ones wait with whoever lends the address, who drops and counts.
WAITING = 16


class Push(Subscription):
    """One subscription by which the device calls."""

    _hook: Webhook | None = None
    _dropped = 0
    _asked = 0
    """Times that states were asked for since something came; `_answers`: whether something ever came of it."""
    _answers = False
    _heard = False

    async def begin(self, events_url: str) -> None:
        """Hold an address, and subscribe with it."""
        self._stack = AsyncExitStack()
        self._came: asyncio.Queue[WebhookRequest] = asyncio.Queue(WAITING)
        self._hook = await self._stack.enter_async_context(lent(self.webhooks).receive())
        taking = self.tasks.start(f"onvif[{self.soap.host}].called", self._take(self._hook))
        self._stack.callback(taking.cancel)
        await super().begin(events_url)

    async def end(self) -> None:
        """Unsubscribe, and give the address back."""
        await super().end()
        if self._hook is not None:
            self._hook = None
            await self._stack.aclose()

    async def ask_for_one(self, events_url: str) -> etree._Element:
        """Subscribe, and return the answer."""
        assert self._hook is not None  # noqa: S101 - begun
        address = f'<a:Address xmlns:a="{ADDRESSING}">{escape(self._hook.url)}</a:Address>'
        consumer = f'<w:ConsumerReference xmlns:w="{NOTIFY}">{address}</w:ConsumerReference>'
        return await self.ask(events_url, "Subscribe", first=consumer, InitialTerminationTime=self.until())

    async def signals(self) -> AsyncGenerator[Signal | None, None]:
        """Yield what the device says, None where it proves to be there; ends with a DriverError."""
        began = time.monotonic()
        watch_at = began + WATCH
        while True:
            came = await self._next(min(self.renew_at, watch_at, *self._deadline(began)))
            now = time.monotonic()
            if came is not None:
                async with aclosing(self._said(came)) as said:
                    async for signal in said:
                        yield signal
                watch_at = now + WATCH
            elif self._is_unheard(now - began):
                raise self._silent()
            elif now >= self.renew_at:
                await self.renew()
            elif now >= watch_at:
                await self._ask_for_states()
                watch_at = now + WATCH
                if self._heard:
                    yield None
            if self._hook is not None and self._hook.dropped != self._dropped:
                self._dropped = self._hook.dropped  # what was lost is made up for by the present states
                await self._ask_for_states()

    async def renew(self) -> None:
        """Prolong it, by a time from now or until a moment; one that cannot be is lost."""
        for last in (False, True):
            try:
                self.plan(await self.call("Renew", TerminationTime=self.until()))
            except LACKING:
                self.relative = not self.relative
                if last:
                    raise
            else:
                return

    async def _said(self, came: WebhookRequest) -> AsyncGenerator[Signal, None]:
        """Yield what a call says; one that says nothing that can be read counts as lost."""
        if came.method != "POST":
            return
        try:
            told = await self.read(came.body)
        except Malformed:
            self.lose()
            return
        states = any(each is not None and each.initial for each in told)
        self._answers = self._answers or (states and self._asked > 0)
        self._heard, self._asked = True, 0
        async with aclosing(self.news(told)) as news:
            async for signal in news:
                yield signal

    async def _ask_for_states(self) -> None:
        """Ask for all states; whoever answers so must do so, and whoever does not cannot be silent for ever."""
        if self._asked >= (UNANSWERED if self._answers else UNHEARD_OF):
            raise self._silent()
        self._asked += 1
        with suppress(*LACKING):
            await self.call("SetSynchronizationPoint")

    def _deadline(self, began: float) -> tuple[float, ...]:
        return (began + UNHEARD,) if not self._heard else ()

    def _is_unheard(self, seconds: float) -> bool:
        return not self._heard and seconds >= UNHEARD

    def _silent(self) -> DriverError:
        """Return the error that names our address without its secret path."""
        parts = urlsplit(self._hook.url if self._hook is not None else "")
        return Unreachable("driver.push_silent", host=self.soap.host, to=f"{parts.scheme}://{parts.netloc}")

    async def _take(self, hook: Webhook) -> None:
        async for came in hook:
            await self._came.put(came)

    async def _next(self, until: float) -> WebhookRequest | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                return await self._came.get()
        return None
