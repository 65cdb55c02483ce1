"""Who watches a camera's live picture now: a watched camera shows it to everybody who sees the camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Watcher:
    """Somebody who watches.

    Attributes:
        name: For people.
        since: When they began (aware UTC); with several pages, the first of them.
    """

    name: str
    since: datetime


class Watchers:
    """Who watches one camera; who has it open twice watches once.

    Args:
        now: Returns the time (aware UTC).
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._watching: dict[str, tuple[Watcher, int]] = {}

    @contextmanager
    def watching(self, who: str, name: str) -> Iterator[None]:
        """Count somebody for as long as the context lasts.

        Args:
            who: By which they are told from others.
            name: For people.
        """
        watcher, pages = self._watching.get(who, (Watcher(name, self._now()), 0))
        self._watching[who] = watcher, pages + 1
        try:
            yield
        finally:
            watcher, pages = self._watching.pop(who)
            if pages > 1:
                self._watching[who] = watcher, pages - 1

    def now(self) -> tuple[Watcher, ...]:
        """Return who watches, who began first first."""
        return tuple(sorted((each for each, _ in self._watching.values()), key=lambda each: each.since))
