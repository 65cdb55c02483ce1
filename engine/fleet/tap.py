"""Coded packets of one camera for whoever wants them on the loop: a sink in the thread of their stream.

That thread puts; viewers on the loop take. Without a viewer a packet only enters the
cache of the current group of pictures (GOP), which lets a new viewer begin at once, because a
camera cannot be asked for a keyframe over RTSP. A group that outgrows the cache is let go but for what its
keyframe said: a viewer who comes then waits for the next one, and can be told so.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from drivers.contract import Codec, CodecParameters, Packet
from engine.bitstream.h264 import Framing, Unreadable, framing
from engine.bitstream.parameter_sets import Sets
from engine.runtime.flow import Mailbox

#: Bytes of one GOP that are cached at most; beyond it a viewer waits for the next keyframe.
GOP_LIMIT = 4 << 20
#: Packets waiting per viewer beside the cached GOP; one that falls behind loses the oldest and is told.
VIEWER_LIMIT = 256
#: Seconds between two looks whether anybody still wants packets.
LOOK = 0.5
#: Stands for the end of everything, with no codec.
NOTHING = Packet(b"", 0, 0, keyframe=False, received=0.0)


class Viewer:
    """One viewer's end.

    Args:
        announced: What the stream told of itself at its beginning.
        known: The same with the parameter sets that came since; what this viewer's packets are told to be coded with.
        cached: Packets that it begins with.

    Attributes:
        codec: What the packets are coded with; it changes on reconnect. None after the last one: the camera is gone.
    """

    def __init__(
        self, announced: CodecParameters | None, known: CodecParameters | None = None, cached: int = 0
    ) -> None:
        self._announced, self._known = announced, known or announced
        self.codec = self._known
        self._box: Mailbox[tuple[CodecParameters | None, Packet]] = Mailbox(VIEWER_LIMIT + cached)

    async def take(self) -> tuple[int, Packet]:
        """Wait for a packet; return how many were lost just before it (resume at a keyframe)."""
        missed, (codec, packet) = await self._box.take()
        self.codec = self._known if codec is not None and codec is self._announced else codec
        return missed, packet

    def __len__(self) -> int:
        """Return how many packets wait: above zero the viewer is not at the live edge."""
        return len(self._box)

    @property
    def dropped(self) -> int:
        """How many packets this viewer was too slow for."""
        return self._box.dropped

    def _offer(self, codec: CodecParameters | None, packet: Packet) -> None:
        self._box.put((codec, packet))


class _Learned:
    """The parameter sets of an H.264 stream, read from its keyframes on their way.

    A stream may tell a set once and refer to it for ever; who joins later must be told it by us.
    """

    def __init__(self, codec: CodecParameters) -> None:
        self._announced = self.codec = codec
        self._framing: Framing | None = None
        self._last: tuple[bytes, ...] = ()
        if codec.codec is Codec.H264:
            try:
                self._framing = framing(codec.extradata)
            except Unreadable:
                return
            self._sets = Sets(self._framing.sets)

    def learn(self, keyframe: bytes) -> None:
        """Take in what a keyframe begins with; most say what the one before said."""
        if self._framing is None:
            return
        try:
            told = self._framing.leading_sets(keyframe)
        except Unreadable:
            return
        if told == self._last:
            return
        self._last = told
        news = [nal for nal in told if self._sets.learn(nal)]
        if news:
            extradata = self._framing.extradata(self._sets)
            self.codec = replace(self._announced, extradata=extradata)


class Tap:
    """One camera's packets, fanned out.

    Attributes:
        codec: What the packets are coded with, None before the first connection and while there is none.
        wanted: Set while somebody wants packets, whether or not any come.
        on_demand: Whether packets come only while somebody wants them, and would come now.
        reorders: Whether pictures are shown in another order than they are coded (B-frames); known
            after the first that was.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._viewers: tuple[Viewer, ...] = ()
        self._gop: list[Packet] = []
        self._gop_bytes = 0
        self._latest: int | None = None
        self._learned: _Learned | None = None
        self._began: float | None = None  # when the running group's keyframe was received
        self._newest = self._lasted = 0.0
        self._dropped_by_gone = 0
        self.codec: CodecParameters | None = None
        self.reorders = self.on_demand = False
        self.wanted = asyncio.Event()
        self._wishes, self._coming = 0, asyncio.Event()

    @asynccontextmanager
    async def want(self) -> AsyncIterator[None]:
        """Want packets for as long as the context lasts, before there may be any to view."""
        self._wishes += 1
        self.wanted.set()
        try:
            yield
        finally:
            self._wishes -= 1
            if not self._wishes:
                self.wanted.clear()

    async def unwanted(self, seconds: float) -> None:
        """Wait until nobody has wanted packets for so long."""
        since = self._loop.time()
        while self._loop.time() - since < seconds:
            if self.wanted.is_set():
                since = self._loop.time()
            await asyncio.sleep(min(seconds, LOOK))

    async def come(self, seconds: float) -> None:
        """Wait until packets come that are wanted, at most so long."""
        if not self.on_demand:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._coming.wait()

    def finish(self) -> None:
        """Tell all viewers that nothing will ever come again: the camera is gone."""
        for viewer in self._viewers:
            viewer._offer(None, NOTHING)

    def begin(self, codec: CodecParameters) -> None:
        """Announce a (re)connected stream; called by the camera's thread."""
        with self._lock:
            self.codec, self._learned = codec, _Learned(codec)
            self.reorders, self._latest = False, None
            self._gop, self._gop_bytes = [], 0
            self._began, self._newest, self._lasted = None, 0.0, 0.0
        self._on_loop(self._coming.set)

    def end(self) -> None:
        """Tell that the stream has ended: nothing of it is shown to new viewers as if it were live."""
        with self._lock:
            self.codec = self._learned = None
            self._gop, self._gop_bytes = [], 0
        self._on_loop(self._coming.clear)

    def _on_loop(self, call: Callable[..., None], *values: object) -> None:
        with suppress(RuntimeError):  # the loop has closed: the process is ending
            self._loop.call_soon_threadsafe(call, *values)

    def put(self, packet: Packet) -> None:
        """Give one packet to every viewer; called by the camera's thread, never waits."""
        with self._lock:
            self._remember(packet)
            codec = self.codec
            if self._viewers and codec is not None:
                self._on_loop(self._fan_out, self._viewers, codec, packet)

    def _remember(self, packet: Packet) -> None:
        if self._latest is not None and packet.pts < self._latest:
            self.reorders = True
        self._latest, self._newest = packet.pts, packet.received
        if packet.keyframe:
            self._begin_group(packet)
        elif self._gop and self._gop_bytes + len(packet.data) <= GOP_LIMIT:
            self._gop.append(packet)
            self._gop_bytes += len(packet.data)
        else:
            self._gop, self._gop_bytes = [], 0

    def _begin_group(self, packet: Packet) -> None:
        self._gop, self._gop_bytes = [packet], len(packet.data)
        if self._began is not None:
            self._lasted = packet.received - self._began
        self._began = packet.received
        if self._learned is not None:
            self._learned.learn(packet.data)

    @staticmethod
    def _fan_out(viewers: tuple[Viewer, ...], codec: CodecParameters, packet: Packet) -> None:
        for viewer in viewers:
            viewer._offer(codec, packet)

    @asynccontextmanager
    async def view(self) -> AsyncIterator[Viewer]:
        """Join for as long as the context lasts; starts with the cached GOP, without a gap to what follows."""
        viewer = self._join()
        try:
            async with self.want():
                yield viewer
        finally:
            with self._lock:
                self._viewers = tuple(other for other in self._viewers if other is not viewer)
                self._dropped_by_gone += viewer.dropped

    def _join(self) -> Viewer:
        # A packet put before the lock is taken is in the cache and not addressed to this viewer; one
        # put after it reaches the loop behind the cache.
        with self._lock:
            viewer = Viewer(self.codec, self._known, len(self._gop))
            if self.codec is not None:
                for packet in self._gop:
                    viewer._offer(self.codec, packet)
            self._viewers = (*self._viewers, viewer)
            return viewer

    @property
    def viewers(self) -> int:
        """How many are watching."""
        return len(self._viewers)

    @property
    def dropped(self) -> int:
        """How many packets viewers were too slow for, those that have left included."""
        with self._lock:
            return self._dropped_by_gone + sum(viewer.dropped for viewer in self._viewers)

    @property
    def _known(self) -> CodecParameters | None:
        return None if self._learned is None else self._learned.codec

    def beginning(self) -> tuple[CodecParameters | None, Packet | None]:
        """Return what a viewer would begin with now: the codec with all sets known, the cached keyframe."""
        with self._lock:
            return self._known, self._gop[0] if self._gop else None

    def awaited(self) -> float | None:
        """Return whether a viewer must wait for a keyframe: None if not.

        Returns:
            How many seconds the groups of pictures last, as far as is known; 0 before the first keyframe.
        """
        with self._lock:
            if self.codec is None or self._gop:
                return None
            return 0.0 if self._began is None else max(self._lasted, self._newest - self._began)
