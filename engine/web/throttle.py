"""Wrong tokens: each is counted against who showed it, and who shows many is made to wait before he is heard again."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from engine.runtime import log

logger = log.get(__name__)

#: Wrong tokens that a peer may show before it is slowed: somebody mistypes.
FREE: Final = 5
#: Seconds without a wrong token after which a peer is trusted again.
FORGIVEN: Final = 60.0
#: Seconds that a slowed peer waits before its token is looked at, right or wrong: else guesses would race.
WAIT: Final = 1.0
#: Requests of one slowed peer that may wait at once; more are refused unheard.
WAITING: Final = 4
#: Peers that are remembered; the one longest silent is forgotten first.
MOST: Final = 1024


@dataclass(slots=True)
class _Peer:
    wrong: int = 0
    last: float = 0.0
    waiting: int = 0


class Suspects:
    """Who showed wrong tokens lately.

    Attributes:
        wrong: Wrong tokens since the start.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._peers: OrderedDict[str, _Peer] = OrderedDict()
        self.wrong = 0

    async def hold(self, peer: str) -> bool:
        """Let a peer that showed many wrong tokens wait; return False where it has too many requests waiting."""
        known = self._known(peer)
        if known is None or known.wrong < FREE:
            return True
        if known.waiting >= WAITING:
            return False
        known.waiting += 1
        try:
            await self._sleep(WAIT * known.waiting)
        finally:
            known.waiting -= 1
        return True

    def failed(self, peer: str) -> None:
        """Note a wrong token; the log hears of the first and of every further hundred."""
        known = self._known(peer) or _Peer()
        known.wrong += 1
        known.last = self._clock()
        self.wrong += 1
        self._peers[peer] = known
        self._peers.move_to_end(peer)
        if len(self._peers) > MOST:
            self._peers.popitem(last=False)
        if known.wrong == 1 or known.wrong == FREE or known.wrong % 100 == 0:
            logger.warning("api.wrong_token", peer=peer, times=known.wrong, slowed=known.wrong >= FREE)

    def _known(self, peer: str) -> _Peer | None:
        known = self._peers.get(peer)
        if known is not None and not known.waiting and self._clock() - known.last >= FORGIVEN:
            del self._peers[peer]
            return None
        return known
