"""WS-Discovery: who answers a probe. Asks only where it is told to, and never logs in.

Round after round is asked, for datagrams get lost: in the network, in buffers that a burst of answers fills,
in devices that are busy. What one round lost the next one fetches. ``docs/design/discovery.md`` says why so.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sized
from contextlib import suppress
from dataclasses import dataclass
from random import Random, SystemRandom

from drivers.contract import Found, Scope
from drivers.errors import Unreachable
from drivers.onvif.discovery.probe_match import read_matches
from drivers.onvif.discovery.probe_targets import QUESTIONS, ProbeTargets
from drivers.onvif.discovery.receiver import Datagram, DatagramReceiver

#: Devices told at most, and answers remembered so that a repetition is not read again.
DEVICES, REMEMBERED = 4096, 1 << 16
#: Seconds of a round: a device may wait half a second before it answers (WS-Discovery's APP_MAX_DELAY).
ROUND = 0.7
#: By how much a round may be longer or shorter: devices that do something now and then must not be met always then.
JITTER = 0.15
#: Rounds without news after which nothing more is expected; each is twice as long as the one before.
QUIET = 2
#: Answers read before others of this process have their turn.
BATCH = 32


async def discover(scope: Scope, wait: float, random: Random | None = None) -> AsyncGenerator[Found, None]:
    """Probe in rounds and yield each device once, as it answers.

    Ends before its time when every host has answered and two rounds have brought nothing new.

    Args:
        scope: Interfaces to probe by multicast and hosts to probe one by one; nothing else is touched.
        wait: Seconds to listen at most; as many more where the caller takes them for what is yielded.

    Raises:
        Unreachable: A place cannot be probed, answers were lost in every round, or there are too many devices;
            what was found has been yielded by then.
    """
    loop, heard = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(heard.set)

    with _receiver(wake) as receiver:
        targets = await ProbeTargets.of(scope, receiver)
        receiver.start()
        reader = MatchReader(receiver, heard, wait)
        rounds = ProbeRounds(min(ROUND, wait / 2), random or SystemRandom())
        while targets and rounds.goes_on(reader.left, reader.known, targets.silent(reader.senders)):
            length = rounds.begin(reader.left, len(reader.known), receiver.lost())
            for kind in range(QUESTIONS):
                if rounds.asks:
                    await targets.ask(kind)
                until = loop.time() + length / QUESTIONS
                while (fresh := await reader.fresh(until)) is not None:
                    for found in fresh:
                        yield found
            rounds.end(reader.left, len(reader.known), receiver.lost())
    targets.complain(rounds.lost or 0, DEVICES if len(reader.known) >= DEVICES else 0)


def _receiver(wake: Callable[[], None]) -> DatagramReceiver:
    try:
        return DatagramReceiver(wake)
    except OSError as error:  # this process has too many files open
        raise Unreachable("driver.not_probed", places=error.strerror or "", lost=0, most=0) from None


@dataclass(slots=True)
class ProbeRounds:
    """Which round it is, and what the last ones have brought.

    Attributes:
        length: Seconds of the next round, more or less: see `JITTER`.
        asks: Whether there is time left to answer a question in this round.
        lost: Answers lost in the best round: one without any has brought everybody. None before the first.
    """

    length: float
    random: Random
    asks: bool = True
    lost: int | None = None
    _quiet: int = 0
    _known: int = 0
    _dropped: int = 0

    def goes_on(self, left: float, known: Sized, silent: bool) -> bool:
        """Return whether another round is due.

        Args:
            left: Seconds until the end.
            known: Devices so far.
            silent: Whether somebody who was asked by name has not answered: only the time ends that.
        """
        over = self._quiet >= QUIET and len(known) > 0 and not silent
        return left > 0 and len(known) < DEVICES and not over

    def begin(self, left: float, known: int, dropped: int) -> float:
        """Begin a round; return its seconds."""
        self._known, self._dropped = known, dropped
        self.asks = self.lost is None or left >= self.length / 2
        return self.length * self.random.uniform(1 - JITTER, 1 + JITTER) if self.asks else left

    def end(self, left: float, known: int, dropped: int) -> None:
        """Take note of what the round has brought; one that was cut short proves nothing."""
        lost = dropped - self._dropped
        if self.lost is None or (self.asks and left > 0):
            self.lost = lost if self.lost is None else min(self.lost, lost)
        quiet = known == self._known and not lost
        self._quiet, self.length = (self._quiet + 1, self.length * 2) if quiet else (0, self.length)


class MatchReader:
    """Reads what comes; tells what is new.

    Attributes:
        known: Identity and address of every device told so far.
        senders: Addresses that have sent anything.
    """

    def __init__(self, receiver: DatagramReceiver, heard: asyncio.Event, wait: float) -> None:
        self._receiver, self._heard, self._grace = receiver, heard, wait
        self._clock = asyncio.get_running_loop().time
        self._end = self._clock() + wait
        self._waiting: deque[Datagram] = deque()
        self._seen: set[tuple[str, int]] = set()
        self._gone = self._clock()
        self._last = 0.0
        self.known: set[tuple[str, str]] = set()
        self.senders: set[str] = set()

    @property
    def left(self) -> float:
        """Seconds until the end."""
        return self._end - self._clock()

    async def fresh(self, until: float) -> list[Found] | None:
        """Return what is new among the next answers, perhaps nothing; None when all that came until then is read."""
        self._delay(self._clock() - self._gone)
        await asyncio.sleep(0)  # others of this process have their turn between two batches
        found = self._read() if await self._some(min(until, self._end)) else None
        self._gone = self._clock()
        return found

    def _delay(self, seconds: float) -> None:
        """Put the end off while the caller was busy with devices, by the time of the search at most."""
        seconds = min(seconds, self._grace)
        self._end, self._grace = self._end + seconds, self._grace - seconds

    async def _some(self, until: float) -> bool:
        """Wait until there is something to read; what has come by the end is taken once more, not for ever."""
        while not self._waiting and self._last != until:
            if (left := until - self._clock()) <= 0:
                self._last = until
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):  # wait_for may swallow a cancel (3.11)
                        await self._heard.wait()
            self._heard.clear()
            self._waiting.extend(self._receiver.take())
        return bool(self._waiting)

    def _read(self) -> list[Found]:
        found = []
        for _ in range(min(BATCH, len(self._waiting))):
            data, sender = self._waiting.popleft()
            found += [each for each in self._unread(data, sender) if self._is_new(each)]
        return found

    def _unread(self, data: bytes, sender: str) -> Iterator[Found]:
        """Read an answer; one that repeats what its sender has said is not read: only its header differs."""
        mark = (sender, hash(data[max(data.find(b"Body"), 0) :]))
        if mark in self._seen:
            return
        if len(self._seen) < REMEMBERED:
            self._seen.add(mark)
        if len(self.senders) < REMEMBERED:
            self.senders.add(sender)
        yield from read_matches(data, sender)

    def _is_new(self, found: Found) -> bool:
        # Not the sender's address: behind one there may be several with the same identity.
        key = (found.identity, found.url)
        if key in self.known or len(self.known) >= DEVICES:
            return False
        self.known.add(key)
        return True
