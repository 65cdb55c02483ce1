"""Coded packets of one camera for whoever wants them: preview and, later, recording.

The camera's thread puts; viewers on the loop take. Without a viewer a packet only enters the
cache of the current group of pictures (GOP), which lets a new viewer begin at once, because a
camera cannot be asked for a keyframe over RTSP.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.contract import CodecParameters, Packet
from engine.flow import Mailbox

#: Bytes of one GOP that are cached at most; beyond it a viewer waits for the next keyframe.
GOP_LIMIT = 4 << 20
#: Packets waiting per viewer beside the cached GOP; one that falls behind loses the oldest and is told.
VIEWER_LIMIT = 256


class Viewer:
    """One viewer's end. `codec` is what the packets are coded with; it changes on reconnect."""

    def __init__(self, codec: CodecParameters | None, cached: int = 0) -> None:
        self.codec = codec
        self._box: Mailbox[tuple[CodecParameters, Packet]] = Mailbox(VIEWER_LIMIT + cached)

    async def take(self) -> tuple[int, Packet]:
        """Wait for a packet; return how many were lost just before it (resume at a keyframe)."""
        missed, (self.codec, packet) = await self._box.take()
        return missed, packet

    def __len__(self) -> int:
        """Return how many packets wait: above zero the viewer is not at the live edge."""
        return len(self._box)

    @property
    def dropped(self) -> int:
        """How many packets this viewer was too slow for."""
        return self._box.dropped

    def _offer(self, codec: CodecParameters, packet: Packet) -> None:
        self._box.put((codec, packet))


class Tap:
    """One camera's packets, fanned out.

    Attributes:
        codec: What the packets are coded with, None before the first connection.
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
        self.codec: CodecParameters | None = None
        self.reorders = False

    def begin(self, codec: CodecParameters) -> None:
        """Announce a (re)connected stream; called by the camera's thread."""
        with self._lock:
            self.codec = codec
            self.reorders, self._latest = False, None
            self._gop, self._gop_bytes = [], 0

    def put(self, packet: Packet) -> None:
        """Give one packet to every viewer; called by the camera's thread, never waits."""
        with self._lock:
            self._remember(packet)
            codec = self.codec
            if self._viewers and codec is not None:
                self._pass_on(self._viewers, codec, packet)

    def _pass_on(self, viewers: tuple[Viewer, ...], codec: CodecParameters, packet: Packet) -> None:
        try:
            self._loop.call_soon_threadsafe(self._fan_out, viewers, codec, packet)
        except RuntimeError:  # the loop has closed: the process is ending
            return

    def _remember(self, packet: Packet) -> None:
        if self._latest is not None and packet.pts < self._latest:
            self.reorders = True
        self._latest = packet.pts
        if packet.keyframe:
            self._gop, self._gop_bytes = [packet], len(packet.data)
        elif self._gop and self._gop_bytes + len(packet.data) <= GOP_LIMIT:
            self._gop.append(packet)
            self._gop_bytes += len(packet.data)
        else:
            self._gop, self._gop_bytes = [], 0

    @staticmethod
    def _fan_out(viewers: tuple[Viewer, ...], codec: CodecParameters, packet: Packet) -> None:
        for viewer in viewers:
            viewer._offer(codec, packet)

    @asynccontextmanager
    async def view(self) -> AsyncIterator[Viewer]:
        """Join for as long as the context lasts; starts with the cached GOP, without a gap to what follows."""
        viewer = self._join()
        try:
            yield viewer
        finally:
            with self._lock:
                self._viewers = tuple(other for other in self._viewers if other is not viewer)

    def _join(self) -> Viewer:
        # A packet put before the lock is taken is in the cache and not addressed to this viewer; one
        # put after it reaches the loop behind the cache.
        with self._lock:
            viewer = Viewer(self.codec, len(self._gop))
            if self.codec is not None:
                for packet in self._gop:
                    viewer._offer(self.codec, packet)
            self._viewers = (*self._viewers, viewer)
            return viewer

    @property
    def viewers(self) -> int:
        """How many are watching."""
        return len(self._viewers)
