"""Post decisions to HTTP targets as CloudEvents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp
from pydantic import BaseModel

from engine.actions.base import params_of
from engine.actions.cloudevents import CONTENT_TYPE, cloud_event
from engine.actions.contract import Job
from engine.actions.resolver import Resolver
from engine.config.action_params import WebhookParams
from engine.errors import Again, Never
from engine.runtime.clock import Clock

#: Answers that may be different later; every other 4xx needs a person.
_LATER = {408, 425, 429}
#: Longest wait taken from ``Retry-After``, in seconds.
MOST = 3600.0


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """Where to post. The secret never shows in `repr`."""

    url: str = field(repr=False)
    timeout: float
    secret: str | None = field(default=None, repr=False)


class Webhook:
    """Posts to configured targets. One connection pool for all, open while `serve` runs.

    It sets no bound of its own: the outbox gives places, and a pool's would be shared by all targets.
    """

    name = "webhook"
    Params: type[BaseModel] = WebhookParams

    def __init__(self, site: str, targets: Mapping[str, HttpTarget], clock: Clock) -> None:
        self._site, self._targets, self._clock = site, targets, clock
        self._session: aiohttp.ClientSession | None = None

    async def serve(self, revive: Callable[[], None]) -> None:
        """Hold the connection pool open until cancelled."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, resolver=Resolver()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "matthan"},
        ) as session:
            self._session = session
            revive()
            try:
                await asyncio.Event().wait()
            finally:
                self._session = None

    async def run(self, job: Job) -> str:
        """Post; 2xx is done, redirects and most 4xx are for a person."""
        target = self._targets.get(params_of(WebhookParams, job).target)
        if target is None:
            raise Never("the target is not configured any more")
        if self._session is None:
            raise Again("not started")
        try:
            async with self._session.post(
                target.url,
                data=cloud_event(self._site, job.decision, job.event),
                headers=_headers(job, target),
                timeout=aiohttp.ClientTimeout(total=target.timeout),
                allow_redirects=False,
            ) as answer:
                return self._judge(answer)
        except aiohttp.InvalidURL:
            raise Never("the URL cannot be used") from None
        except aiohttp.ClientSSLError as error:
            raise Again(f"TLS: {type(error).__name__}") from None
        except TimeoutError:
            raise Again(f"no answer within {target.timeout:g} s") from None
        except (aiohttp.ClientError, OSError) as error:  # its text may hold the URL, and that a token
            raise Again(type(error).__name__) from None

    def _judge(self, answer: aiohttp.ClientResponse) -> str:
        if 200 <= answer.status < 300:
            return f"HTTP {answer.status}"
        if answer.status in _LATER or answer.status >= 500:
            after = retry_after(answer.headers.get("Retry-After", ""), self._clock.now().wall)
            raise Again(f"HTTP {answer.status}", after=after)
        raise Never(f"HTTP {answer.status}")


def _headers(job: Job, target: HttpTarget) -> dict[str, str]:
    headers = {"Content-Type": CONTENT_TYPE, "Idempotency-Key": job.key}
    if target.secret:
        headers["Authorization"] = f"Bearer {target.secret}"
    return headers


def retry_after(text: str, now: datetime) -> float:
    """Return the seconds of a ``Retry-After`` header (a number or a date), 0 when it says nothing usable."""
    if text.isascii() and text.isdigit():
        return min(MOST, float(text))
    try:
        at = parsedate_to_datetime(text)
        return min(MOST, max(0.0, (at - now).total_seconds()))
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
        return 0.0
