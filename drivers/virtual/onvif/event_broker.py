"""Who wants to hear of what: properties, subscriptions, bounded queues. Time is a parameter."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

#: Subscriptions at once; one more is refused.
MOST_SUBSCRIPTIONS = 16
#: Notices waiting per subscription; the oldest goes when full.
MOST_WAITING = 100
#: Longest life of a subscription without renewal, seconds.
LONGEST_LIFE = 3600.0


@dataclass(frozen=True, slots=True)
class Property:
    """Something that is so or so of this camera: true or false, or a text.

    Attributes:
        topic: Without namespace prefix, e.g. ``VideoSource/MotionAlarm``.
        source: Name and value of the source item.
        item: Name of the data item.
        kind: Its type in the schema.
    """

    topic: str
    source: tuple[str, str]
    item: str
    kind: str = "xs:boolean"


@dataclass(frozen=True, slots=True)
class Notice:
    """A property's state. `initial`: told on subscription, not a change."""

    about: Property
    state: bool | str
    at: datetime
    initial: bool


@dataclass(slots=True)
class Subscription:
    """One client's queue.

    Attributes:
        topics: What it hears of.
        ends: When it expires, monotonic seconds.
        waiters: How many pulls wait just now.
        dropped: Notices lost because nobody pulled.
    """

    id: str
    topics: frozenset[str]
    ends: float
    waiting: deque[Notice] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    fresh: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    waiters: int = 0
    dropped: int = 0

    def put(self, notice: Notice) -> None:
        """Append a notice that it wants; drops the oldest when full."""
        if notice.about.topic not in self.topics:
            return
        self.dropped += len(self.waiting) == MOST_WAITING
        self.waiting.append(notice)
        self.fresh.set()

    async def pull(self, most: int, seconds: float) -> list[Notice]:
        """Return up to `most` notices, as soon as there is one, at the latest after `seconds`."""
        if not self.waiting and not self.closed:
            await self._change(seconds)
        return [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]

    async def _change(self, seconds: float) -> None:
        self.fresh.clear()
        self.waiters += 1
        try:
            async with asyncio.timeout(seconds):
                await self.fresh.wait()
        except TimeoutError:
            return
        finally:
            self.waiters -= 1

    def close(self) -> None:
        """End it; whoever pulls is let go."""
        self.closed = True
        self.waiting.clear()
        self.fresh.set()


def _nothing() -> None:
    """Do nothing: what is told is true already."""


_UNTOLD: tuple[bool | str, datetime | None] = (False, None)


class EventBroker:
    """The camera's properties and those who subscribed to them.

    Args:
        properties: What there is to tell.
        deaf: Tell nobody anything.

    Attributes:
        made: How many subscriptions were made; `expired`: how many of them were let run out.
        heard: Set while somebody has subscribed.
        refresh: Settable; called before somebody subscribes, so that the first states that are told are true.
    """

    def __init__(self, *properties: Property, deaf: bool = False) -> None:
        self._deaf = deaf
        self._states = dict.fromkeys(properties, _UNTOLD)
        self._subscriptions: dict[str, Subscription] = {}
        self.made = self.expired = 0
        self.heard = asyncio.Event()
        self.refresh: Callable[[], None] = _nothing

    @property
    def properties(self) -> tuple[Property, ...]:
        """Everything that can be heard of."""
        return tuple(self._states)

    @property
    def subscriptions(self) -> Mapping[str, Subscription]:
        """Those who listen, by id."""
        return self._subscriptions

    def tell(self, about: Property, state: bool | str, at: datetime) -> bool:
        """Set a property's state; return whether that was a change (then everybody is told)."""
        if self._states[about][0] == state:
            return False
        self._states[about] = (state, at)
        if self._deaf:
            return True
        for subscription in self._subscriptions.values():
            subscription.put(Notice(about, state, at, initial=False))
        return True

    def subscribe(self, key: str, topics: frozenset[str], now: float, seconds: float) -> Subscription | None:
        """Return a new subscription named `key`, or None where there is no room."""
        self.prune(now)
        if len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
            return None
        self.refresh()
        self.made += 1
        self.heard.set()
        self._subscriptions[key] = Subscription(key, topics, now + min(seconds, LONGEST_LIFE))
        return self._subscriptions[key]

    def synchronize(self, subscription: Subscription, at: datetime) -> None:
        """Tell a subscription every present state."""
        for about, (state, since) in self._states.items():
            if self._deaf or (state is False and about.kind != "xs:boolean"):
                continue  # nobody is told, or there is nothing to tell yet
            subscription.put(Notice(about, state, since or at, initial=True))

    def find(self, key: str, now: float) -> Subscription | None:
        """Return a living subscription."""
        self.prune(now)
        return self._subscriptions.get(key)

    def drop(self, key: str) -> None:
        """End a subscription."""
        if (gone := self._subscriptions.pop(key, None)) is not None:
            gone.close()
        if not self._subscriptions:
            self.heard.clear()

    def prune(self, now: float) -> None:
        """End what has expired."""
        for key in [key for key, each in self._subscriptions.items() if each.ends <= now]:
            self.expired += 1
            self.drop(key)

    def clear(self) -> None:
        """End every subscription, as a restart does."""
        for key in list(self._subscriptions):
            self.drop(key)
