"""What the engine lends to a driver whose devices call back: an address, and what comes there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from drivers.errors import Unsupported


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """What a device sent to a webhook.

    Attributes:
        method: ``POST``, ``PUT`` or ``GET``.
        query: What stood behind ``?``, as it came.
        content_type: As the device says; may be empty.
        peer: Network address that it came from.
    """

    method: str
    query: str
    content_type: str
    body: bytes
    peer: str


@runtime_checkable
class Webhook(Protocol):
    """One address that a device can call, for as long as it is held; iterating yields what came."""

    @property
    def url(self) -> str:
        """Address to give to the device; who knows it may call it."""
        ...

    @property
    def dropped(self) -> int:
        """How many requests were lost because nobody took them in time."""
        ...

    def __aiter__(self) -> AsyncIterator[WebhookRequest]:
        """Yield the requests, until it is given back."""
        ...


class Webhooks(Protocol):
    """A receiver that the engine lends; nothing listens before a driver asks."""

    def receive(self) -> AbstractAsyncContextManager[Webhook]:
        """Hold an address inside ``async with``.

        Raises:
            Unsupported: ``driver.no_webhooks``: it cannot listen, or too many are held.
        """
        ...


def lent(webhooks: Webhooks | None) -> Webhooks:
    """Return what a target lends (`Target.webhooks`).

    Raises:
        Unsupported: ``driver.no_webhooks``: it lends nothing; the sentence names the setting.
    """
    if webhooks is None:
        raise not_lent("webhook_receiver.url: -")
    return webhooks


def not_lent(detail: object) -> Unsupported:
    """Return why there is no address."""
    return Unsupported("driver.no_webhooks", detail=detail)
