"""One stream of a camera: a profile, read in a thread of its own, whose packets go to sinks in that very thread.

A hop to the loop per packet costs a fifth of what an idle camera costs: only a sink that needs the loop makes one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Protocol

from drivers.contract import CodecParameters, Packet, Stream
from engine.errors import reason_of
from engine.fleet.device import first_of
from engine.fleet.tap import Tap
from engine.runtime import log
from engine.runtime.supervisor import Backoff, Health, Supervisor
from engine.runtime.thread import in_thread
from rules.model import Sentence

logger = log.get(__name__)
#: Seconds a thread gets to end before it is named as hanging.
STOP_DEADLINE = 8.0
#: Seconds that a stream which is read for viewers alone goes on after the last one left: pages are loaded anew.
LINGER = 10.0
#: Seconds until a stream for viewers that was refused is asked for again.
REFUSED = 60.0


class Sink(Protocol):
    """What takes a stream's packets, in the stream's thread.

    Bounded and quick: whoever waits for something else than a processor makes the camera's own buffer run over. An
    exception ends the stream; only what makes the stream worthless is one.
    """

    def begin(self, codec: CodecParameters) -> None:
        """A (re)connected stream begins."""
        ...

    def put(self, packet: Packet) -> None:
        """Take the next packet."""
        ...

    def end(self) -> None:
        """The stream is over; called once after each `begin`, but for a thread that hung and was given up."""
        ...


class ProfileStream:
    """Reads one profile for its sinks; `run` may be called again and again.

    Args:
        name: Of the thread, e.g. ``camera[gate].video``.
        sinks: In the order in which they are given each packet.
    """

    def __init__(self, name: str, sinks: Sequence[Sink]) -> None:
        self._name, self._sinks = name, tuple(sinks)
        self._stream: Stream | None = None

    async def run(self, stream: Stream) -> None:
        """Read until the stream fails (a DriverError), a sink does, or the task is cancelled; closes the stream."""
        self._stream = stream
        try:
            await in_thread(self._name, lambda: self._read(stream), stream.close, STOP_DEADLINE)
        finally:
            self._stream = None
            stream.close()

    def _read(self, stream: Stream) -> None:
        codec = stream.start()
        begun: list[Sink] = []
        try:
            for sink in self._sinks:
                begun.append(sink)
                sink.begin(codec)
            while True:
                packet = stream.read()
                if self._stream is not stream:  # this thread hung, was given up, and came back
                    return
                for sink in self._sinks:
                    sink.put(packet)
        finally:
            if self._stream is stream:
                for sink in begun:
                    sink.end()


class OnDemand:
    """A stream for viewers alone: open while somebody wants it, and for `LINGER` seconds after the last one left.

    Args:
        camera: Its name, in the log.
        tap: Who wants it, and where its packets go.
        open_stream: Opens it.
    """

    def __init__(
        self,
        camera: str,
        tap: Tap,
        open_stream: Callable[[], Awaitable[Stream]],
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self._camera, self._tap, self._open_stream = camera, tap, open_stream
        self._name = f"camera[{camera}].preview"
        self._stream = ProfileStream(self._name, [tap])
        self._fault: Sentence | None = None
        self._supervisor = Supervisor(self._report, clock, random, Backoff(), again=lambda _: REFUSED)

    @property
    def trouble(self) -> Sentence | None:
        """Why viewers see nothing, None where they do or nobody looks."""
        return self._fault if self._tap.codec is None and self._tap.wanted.is_set() else None

    async def run(self) -> None:
        """Serve viewers until cancelled; a fault costs them their picture and nobody else anything."""
        self._tap.on_demand = True
        try:
            await self._supervisor.run(self._name, self._for_ever)
        finally:
            self._tap.on_demand = False

    async def _for_ever(self) -> None:
        while True:
            await self._tap.wanted.wait()
            try:
                await self._while_wanted()
                self._fault = None
            except ExceptionGroup as group:
                raise first_of(group) from None

    async def _while_wanted(self) -> None:
        stream = await self._open_stream()
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._stream.run(stream), name=self._name)
            await self._tap.unwanted(LINGER)
            reading.cancel()

    async def _report(self, name: str, health: Health, error: BaseException | None) -> None:
        said = reason_of(error)
        if said is not None and said != self._fault:
            bug = error if health in (Health.FAILED, Health.DEGRADED) else None
            logger.warning("no preview stream", camera=self._camera, reason=str(error), exc_info=bug)
        self._fault = said
